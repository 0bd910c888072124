"""Research images that are not DICOM: PNG, PGM, TIFF and JPEG with 8 or 16 bits (MG-K01 to MG-K03)."""

from __future__ import annotations

import hashlib
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mammoview.core.errors import DecodeError, NotAnImageError, TruncatedError, UnsupportedError
from mammoview.core.image import StoredImage
from mammoview.core.study import Grayscale, Inferred, Laterality, Mammogram, SourceKind, ViewPosition

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = ("PNG", "PPM", "TIFF", "JPEG")
#: Pillow's name for the pixel layout, and the bits of each.
MODES = {
    "1": 1,
    "L": 8,
    "LA": 8,
    "P": 8,
    "RGB": 8,
    "RGBA": 8,
    "YCbCr": 8,
    "I;16": 16,
    "I;16B": 16,
    "I;16L": 16,
    "I": 16,
}
TIFF_PHOTOMETRIC, TIFF_WHITE_IS_ZERO = 262, 0
#: JPEG's colour conversion moves the channels of a gray picture apart by a few steps at most.
GRAY_TOLERANCE = 6
SIDES = {"L": Laterality.LEFT, "LEFT": Laterality.LEFT, "R": Laterality.RIGHT, "RIGHT": Laterality.RIGHT}
VIEWS = {view.value: view for view in ViewPosition if view is not ViewPosition.SPECIMEN}
JOINED = re.compile(rf"^(L|R|LEFT|RIGHT)({'|'.join(sorted(VIEWS, key=len, reverse=True))})$")


def read_name(stem: str) -> tuple[Laterality | None, ViewPosition | None, str]:
    """Side, view and case of a file name such as ``00221_RIGHT_MLO``, ``P102_R_DM_CC``, ``L-CC`` or ``case7 RCC``.

    Returns
    -------
    laterality, view, case
        The case is what is left of the name. A name that says two sides or two views says none.
    """
    sides: set[Laterality] = set()
    views: set[ViewPosition] = set()
    rest: list[str] = []
    for token in re.split(r"[^A-Za-z0-9]+", stem):
        word = token.upper()
        joined = JOINED.match(word)
        if word in SIDES:
            sides.add(SIDES[word])
        elif word in VIEWS:
            views.add(VIEWS[word])
        elif joined:
            sides.add(SIDES[joined.group(1)])
            views.add(VIEWS[joined.group(2)])
        elif token:
            rest.append(token)
    side = sides.pop() if len(sides) == 1 else None
    view = views.pop() if len(views) == 1 else None
    return side, view, "_".join(rest)


def describe_raster(path: Path, root: int = 0, relative_path: str = "") -> Mammogram:
    """Read the header of a picture and the meaning of its name.

    Raises
    ------
    InputError
        When the file is no picture, or of a kind that is not read.
    """
    rows, columns, gray = _header(path)
    laterality, view, case = read_name(path.stem)
    inferred = [
        Inferred(name, value.value, "file name")
        for name, value in (("laterality", laterality), ("view", view))
        if value is not None
    ]
    # Pictures without a side and a view in their names say nothing of belonging together.
    case = case or path.parent.name if inferred else path.name
    study = hashlib.sha256(f"{path.parent.resolve()}\0{case}".encode()).hexdigest()[:32]
    return Mammogram(
        id=f"sha256:{_hash(path)}",
        path=str(path),
        kind=SourceKind.RASTER,
        rows=rows,
        columns=columns,
        grayscale=gray,
        root=root,
        relative_path=relative_path,
        laterality=laterality,
        view=view,
        inferred=tuple(inferred),
        patient_id=case,
        study_uid=f"folder:{study}",
        is_lossy=path.suffix.lower() in {".jpg", ".jpeg"},
        warnings=("No physical scale: sizes are in pixels.",),
    )


def _header(path: Path) -> tuple[int, int, Grayscale]:
    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures above 89 Mpx; mammograms may be that large, and the size is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                columns, rows = picture.size
                mode = picture.mode
                is_inverse = picture.format == "TIFF" and picture.getexif().get(TIFF_PHOTOMETRIC) == TIFF_WHITE_IS_ZERO
                # Pillow has turned bilevel and 8-bit pictures round already.
                is_inverse = is_inverse and MODES.get(mode) == 16
                is_pgm = picture.format == "PPM"
    except UnidentifiedImageError as error:
        raise NotAnImageError(
            f"{path} is neither DICOM nor a PNG, PGM, TIFF or JPEG picture.", "Open mammograms in one of these formats."
        ) from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise TruncatedError(f"{path} has a damaged header.", "Copy or export the file again.") from error
    if mode not in MODES:
        raise UnsupportedError(
            f"{path} has pixels of the kind {mode}, which is not read.", "Save it as gray with 8 or 16 bits."
        )
    bits = _pgm_bits(path) if is_pgm else MODES[mode]
    return rows, columns, Grayscale(bits_stored=bits, is_monochrome1=is_inverse)


def _pgm_bits(path: Path) -> int:
    """Bits of a PGM's largest value, which its header states."""
    with path.open("rb") as file:
        head = re.sub(rb"#[^\n]*\n", b" ", file.read(1024))
    match = re.match(rb"P[2356]\s+\d+\s+\d+\s+(\d+)\s", head)
    return min(16, int(match.group(1)).bit_length()) if match else 8


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decode_raster(image: Mammogram) -> StoredImage:
    """Read a picture's pixels.

    Raises
    ------
    InputError
        When the picture is damaged or coloured.
    """
    path = Path(image.path)
    pixels = _read(path)
    if pixels.ndim == 3:
        pixels = _gray(pixels, path)
    if pixels.shape != (image.rows, image.columns):
        raise DecodeError(f"{path} changed while it was read.", "Open it again.")
    return StoredImage(pixels.astype(np.uint16))


def _read(path: Path) -> NDArray[np.generic]:
    if path.suffix.lower() in {".pgm", ".pnm", ".ppm"}:
        # Pillow stretches values of a PGM to 16 bits; OpenCV keeps them.
        read = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
        if read is None or read.dtype not in (np.uint8, np.uint16):
            raise DecodeError(f"{path} is damaged.", "Copy or export the file again.")
        return read
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                if picture.mode in {"P", "YCbCr"}:
                    return np.asarray(picture.convert("RGB"))
                if picture.mode in {"LA", "1"}:
                    return np.asarray(picture.convert("L"))
                return np.asarray(picture)
    except (OSError, ValueError, SyntaxError) as error:
        raise TruncatedError(f"{path} ends before its picture does.", "Copy or export the file again.") from error


def _gray(pixels: NDArray[np.generic], path: Path) -> NDArray[np.generic]:
    """One channel of a picture whose colours are all gray.

    Raises
    ------
    UnsupportedError
        When it has real colours.
    """
    colours = pixels[..., :3]
    # int16 holds the differences of 8-bit channels; 16-bit colour pictures are rare enough to pay for int32.
    apart = int(np.abs(np.diff(colours.astype(np.int32), axis=-1)).max())
    if apart > GRAY_TOLERANCE * (257 if pixels.dtype == np.uint16 else 1):
        raise UnsupportedError(f"{path} is a colour picture.", "Mammograms are gray: open the original.")
    return np.asarray(colours[..., 1])
