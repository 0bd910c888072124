"""Masks as NIfTI-1 files, which need no patient and no study (MG-K04).

The header is that of nifti1.h (NIH, 2003): 348 bytes, four that say that nothing follows, then the voxels.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER_BYTES: Final = 348
_VOXELS_AT: Final = 352
_UINT8: Final = 2
_MILLIMETRES: Final = 2


def write_nifti_mask(path: Path, mask: NDArray[np.bool_], spacing_mm: tuple[float, float] | None) -> None:
    """Write a mask as compressed NIfTI-1: 1 inside, 0 outside.

    The first axis runs along the image's rows, from left to right; the second one from top to bottom. There is no
    patient's coordinate system: both forms of orientation are 0.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``.
    mask
        Shape (rows, columns), bool.
    spacing_mm
        (row, column) at the breast, mm; None where unknown: then a pixel is 1 of an unknown unit.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    rows, columns = mask.shape
    header = bytearray(_VOXELS_AT)
    struct.pack_into("<i", header, 0, _HEADER_BYTES)
    struct.pack_into("<8h", header, 40, 2, columns, rows, 1, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, _UINT8, 8)
    down, across = spacing_mm or (1.0, 1.0)
    struct.pack_into("<8f", header, 76, 1.0, across, down, 1.0, 1.0, 1.0, 1.0, 1.0)
    struct.pack_into("<3f", header, 108, _VOXELS_AT, 1.0, 0.0)
    header[123] = _MILLIMETRES if spacing_mm else 0
    struct.pack_into("<4s", header, 344, b"n+1")
    # No time stamp: the same mask gives the same bytes.
    path.write_bytes(gzip.compress(bytes(header) + mask.astype(np.uint8).tobytes(), 1, mtime=0))
