"""Copies of pictures without what stands beside the pixels: comments, EXIF and the like. No pixel changes."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Final

from PIL import Image, UnidentifiedImageError

from mammoview.core.errors import OutputError, TruncatedError, UnreadableError, UnsupportedError
from mammoview.core.small_files import hint_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What decoding needs; all else in a PNG is words, times and colours that are not used.
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT"})
_PNG: Final = b"\x89PNG\r\n\x1a\n"
#: JPEG segments that hold words: comments and application data, less JFIF's own and Adobe's, which says the colours.
_JPEG_WORDS: Final = frozenset({0xFE, *range(0xE1, 0xEE), 0xEF})
_SCAN, _END = 0xDA, 0xD9
_TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_COMMENT: Final = re.compile(rb"#[^\n]*\n")


def copy_picture(source: Path, target: Path) -> Path:
    """Copy a picture without the words in it.

    Parameters
    ----------
    source
        PNG, JPEG, PGM or TIFF.
    target
        Without its ending; the folder exists.

    Returns
    -------
    Path
        The copy; a TIFF becomes a PNG with the same values.

    Raises
    ------
    UnreadableError, TruncatedError, UnsupportedError
        When the picture cannot be read, or cannot be copied without a change of its pixels.
    OutputError
        When the copy cannot be written.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{source} cannot be read ({error.strerror}).", "Check its permissions.") from error
    copied, suffix = _stripped(data, source)
    target = target.with_name(f"{target.name}{suffix}")
    draft = target.with_name(f".{target.name}.tmp")
    try:
        draft.write_bytes(copied)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"{target} cannot be written ({error.strerror}).", hint_for(error)) from error
    return target


def _stripped(data: bytes, source: Path) -> tuple[bytes, str]:
    try:
        if data.startswith(_PNG):
            return _PNG + b"".join(_png(data)), ".png"
        if data.startswith(b"\xff\xd8"):
            return b"\xff\xd8" + b"".join(_jpeg(data)), ".jpg"
        if data[:2] in {b"P5", b"P2"}:
            return _pgm(data), ".pgm"
        return _as_png(data, source), ".png"
    except (IndexError, ValueError, OSError, SyntaxError, UnidentifiedImageError) as error:
        raise TruncatedError(f"{source} is damaged.", "Copy or export the file again.") from error


def _png(data: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind in _PNG_KEPT:
            yield data[at : at + 12 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise ValueError("the end is missing")


def _jpeg(data: bytes) -> Iterator[bytes]:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        if kind == _SCAN:
            # The scans follow to the end; what stands behind the end of the image is dropped.
            end = data.rfind(bytes((0xFF, _END)))
            yield data[at : end + 2] if end > at else data[at:]
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big") + 2
        if kind not in _JPEG_WORDS:
            yield data[at : at + length]
        at += length


def _pgm(data: bytes) -> bytes:
    """The header without comments; they stand before its four words end."""
    at, words = 0, 0
    while words < 4:
        if data[at : at + 1] == b"#":
            at = data.index(b"\n", at) + 1
        elif data[at : at + 1].isspace():
            at += 1
        elif at >= len(data):
            raise ValueError("the header ends early")
        else:
            words += 1
            while not data[at : at + 1].isspace() and data[at : at + 1] not in {b"#", b""}:
                at += 1
    head = _COMMENT.sub(b"\n", data[:at])
    return b" ".join(head.split()) + b"\n" + data[at + 1 :]


def _as_png(data: bytes, source: Path) -> bytes:
    with warnings.catch_warnings():
        # What Pillow finds odd is judged by whether it can be read.
        warnings.simplefilter("ignore")
        plain = _pixels_of_tiff(data, source)
    out = io.BytesIO()
    plain.save(out, format="PNG")
    return out.getvalue()


def _pixels_of_tiff(data: bytes, source: Path) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("TIFF",)) as picture:
        is_inverse = picture.getexif().get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO
        if is_inverse and picture.mode.startswith("I"):
            raise UnsupportedError(
                f"{source} has 16 bits with white as zero, which a copy would lose.", "Save it as PNG, or do not copy."
            )
        plain = Image.new(picture.mode, picture.size)
        plain.paste(picture)
    return plain
