"""Pixels out of files. Decoders are native code fed with hostile bytes: this runs in child processes."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom import config
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, AllTransferSyntaxes

from mammoview.core.errors import DecodeError, MissingDecoderError, TruncatedError, UnreadableError
from mammoview.core.image import StoredImage
from mammoview.core.study import Mammogram, SourceKind
from mammoview.dicom.frames import read_frame
from mammoview.dicom.raster import decode_raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

config.settings.reading_validation_mode = config.IGNORE

#: Transfer syntax and its everyday name, for the message and for ``mammoview doctor``.
SYNTAXES: dict[str, str] = {
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless SV1",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Near Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K Lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K Lossless RPCL",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.5": "RLE Lossless",
}


@dataclass(frozen=True)
class DecoderStatus:
    """Whether a transfer syntax can be read here; ``missing`` names packages of which one would help."""

    name: str
    transfer_syntax_uid: str
    is_available: bool
    missing: tuple[str, ...] = ()


def decoders() -> tuple[DecoderStatus, ...]:
    """State of every transfer syntax that mammograms come in."""
    return tuple(_status(UID(uid), name) for uid, name in SYNTAXES.items())


def _status(uid: UID, name: str) -> DecoderStatus:
    if not uid.is_encapsulated:
        return DecoderStatus(name, str(uid), is_available=True)
    decoder = get_decoder(uid)
    if decoder.is_available:
        return DecoderStatus(name, str(uid), is_available=True)
    return DecoderStatus(name, str(uid), is_available=False, missing=tuple(decoder.missing_dependencies))


def decode(image: Mammogram, position: int | None = None) -> StoredImage:
    """Read the pixels of an image, or one frame of a volume.

    Parameters
    ----------
    image
        As `mammoview.dicom.scan.scan` described it.
    position
        Which frame of a volume, counted as shown; None for the one shown first.

    Returns
    -------
    StoredImage
        Pixels of shape (image.rows, image.columns), uint16.

    Raises
    ------
    MissingDecoderError
        When no installed decoder reads the transfer syntax; the message names the packages.
    TruncatedError, DecodeError, UnreadableError
        When the pixel data are cut off or damaged, or the file is gone.
    """
    if image.kind is SourceKind.RASTER:
        return decode_raster(image)
    _require_decoder(image)
    array = _dicom_array(image, position)
    if array.shape != (image.rows, image.columns) or array.dtype.kind not in "ui" or array.dtype.itemsize > 2:
        raise DecodeError(
            f"{image.path} decodes to {array.shape} {array.dtype}, not to what its header says.",
            "Export it again from its source.",
        )
    return _stored(array, image)


def _read(path: Path, image: Mammogram, position: int | None) -> NDArray[np.generic]:
    if image.volume is None:
        return np.asarray(pixel_array(path, index=0, raw=True))
    at = image.volume.middle if position is None else position
    return read_frame(path, image.volume.stored[at])


def _require_decoder(image: Mammogram) -> None:
    uid = UID(image.transfer_syntax_uid)
    if uid not in AllTransferSyntaxes:
        raise DecodeError(f"{image.path} has the unknown transfer syntax {uid}.", "Export it in a standard one.")
    try:
        status = _status(uid, SYNTAXES.get(str(uid), uid.name))
    except NotImplementedError as error:
        raise DecodeError(
            f"{image.path} is compressed as {uid.name}, which is not read.", "Export it again."
        ) from error
    if not status.is_available:
        raise MissingDecoderError(
            f"{image.path} is compressed as {status.name}, for which no decoder is installed.",
            f"Install one of: {'; '.join(status.missing)}.",
        )


def _dicom_array(image: Mammogram, position: int | None) -> NDArray[np.generic]:
    path = Path(image.path)
    try:
        with warnings.catch_warnings():
            # Padding bytes and the like; what matters is checked on the result.
            warnings.simplefilter("ignore")
            return _read(path, image, position)
    except OSError as error:
        raise UnreadableError(
            f"{path} cannot be read ({error.strerror or error}).", "Check the file's permissions and its drive."
        ) from error
    except (EOFError, struct.error) as error:
        raise TruncatedError(f"{path} ends before its pixels do.", "Copy or export the file again.") from error
    # pydicom raises RuntimeError when all decoders fail, and the others when the header contradicts the data.
    except (RuntimeError, ValueError, AttributeError, NotImplementedError, TypeError, KeyError, IndexError) as error:
        raise DecodeError(
            f"The pixels of {path} cannot be decoded.", "The file is damaged or cut off: copy or export it again."
        ) from error
    except MemoryError as error:
        raise DecodeError(f"{path} needs more memory than there is.", "Close other programs and try again.") from error


def _stored(array: NDArray[np.generic], image: Mammogram) -> StoredImage:
    gray = image.grayscale
    if gray.signed:
        stored = _signed(array, gray.bits_stored)
        offset = -32768
        pixels = (stored + 32768).astype(np.uint16)
    else:
        offset = 0
        pixels = array.astype(np.uint16)
        if gray.bits_stored < 16 and array.dtype.itemsize == 2:
            # Old objects keep overlay planes in the unused high bits.
            pixels &= np.uint16((1 << gray.bits_stored) - 1)
    padding = None
    if gray.padding is not None:
        low, high = (max(0, min(65535, limit - offset)) for limit in gray.padding)
        padding = (pixels >= low) & (pixels <= high)
    return StoredImage(pixels, offset, padding)


def _signed(array: NDArray[np.generic], bits_stored: int) -> NDArray[np.int32]:
    """Values whose sign bit is the highest stored bit, as int32."""
    values = array.astype(np.int32) & ((1 << bits_stored) - 1)
    return np.where(values >= 1 << (bits_stored - 1), values - (1 << bits_stored), values).astype(np.int32)
