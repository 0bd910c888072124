"""Research images that are not DICOM: PNG, PGM, TIFF and JPEG with 8 or 16 bits (MG-K01 to MG-K03)."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mammoview.core.errors import DecodeError, NotAnImageError, Problem, TruncatedError, UnsupportedError
from mammoview.core.image import StoredImage
from mammoview.core.study import Grayscale, Inferred, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.dicom.file_names import NameRules, load_rules
from mammoview.dicom.sidecar import NAME, SidecarRow, read_sidecar

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


class Pictures:
    """What is known of pictures besides their pixels: rules for names, and tables beside them, read once a folder."""

    def __init__(self, rules: NameRules | None = None) -> None:
        self.problems: list[Problem] = []
        if rules is None:
            rules, problems = load_rules()
            self.problems.extend(problems)
        self._rules = rules
        self._tables: dict[Path, Mapping[str, SidecarRow]] = {}

    def said_of(self, path: Path) -> tuple[SidecarRow, dict[str, str]]:
        """What is said of a picture, and by what: the table first, then the name."""
        if path.parent not in self._tables:
            rows, problems = read_sidecar(path.parent, self._rules)
            self._tables[path.parent] = rows
            self.problems.extend(problems)
        row = self._tables[path.parent].get(path.name, SidecarRow())
        name = self._rules.read(path.stem)
        sources = {
            "laterality": f"table {NAME}" if row.laterality else "file name" if name.laterality else "",
            "view": f"table {NAME}" if row.view else "file name" if name.view else "",
        }
        merged = SidecarRow(
            row.laterality or name.laterality,
            row.view or name.view,
            row.case or name.case,
            row.date or name.date,
            row.spacing_mm,
        )
        return merged, {attribute: source for attribute, source in sources.items() if source}


def read_name(stem: str) -> tuple[Laterality | None, ViewPosition | None, str]:
    """Side, view and case of a file name such as ``00221_RIGHT_MLO``, ``P102_R_DM_CC``, ``L-CC`` or ``case7 RCC``.

    Returns
    -------
    laterality, view, case
        The case is what is left of the name. A name that says two sides or two views says none.
    """
    said = Pictures(load_rules()[0]).said_of(Path("/", f"{stem}.png"))[0]
    return said.laterality, said.view, said.case


def describe_raster(
    path: Path, root: int = 0, relative_path: str = "", *, pictures: Pictures | None = None
) -> Mammogram:
    """Read the header of a picture, and what its name or a table beside it says.

    Parameters
    ----------
    path, root, relative_path
        As in `Mammogram`.
    pictures
        Rules and tables read before; None reads them.

    Raises
    ------
    InputError
        When the file is no picture, or of a kind that is not read.
    """
    rows, columns, gray = _header(path)
    said, sources = (pictures or Pictures()).said_of(path)
    values = {"laterality": said.laterality, "view": said.view}
    inferred = [Inferred(name, value.value, sources[name]) for name, value in values.items() if value is not None]
    # Pictures without a side and a view in their names say nothing of belonging together.
    case = said.case or path.parent.name if inferred else path.name
    parts = (str(path.parent.resolve()), case, *((said.date,) if said.date else ()))
    study = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    return Mammogram(
        id=f"sha256:{_hash(path)}",
        path=str(path),
        kind=SourceKind.RASTER,
        rows=rows,
        columns=columns,
        grayscale=gray,
        root=root,
        relative_path=relative_path,
        laterality=said.laterality,
        view=said.view,
        inferred=tuple(inferred),
        spacing_mm=said.spacing_mm,
        spacing_source=f"table {NAME}" if said.spacing_mm else "",
        patient_id=case,
        study_uid=f"folder:{study}",
        study_date=said.date,
        is_lossy=path.suffix.lower() in {".jpg", ".jpeg"},
        warnings=() if said.spacing_mm else ("No physical scale: sizes are in pixels.",),
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
