"""The decode child: hostile headers and pixels are read here, in a process that may die. No torch, no Qt.

Imported in the child only; `mammoview.session.jobs` names it by a string. What is imported here stands between the
program's start and the first image.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from mammoview.core.errors import DecodeError
from mammoview.core.image import Mask, StoredImage, level_shapes
from mammoview.core.jobs import Handler, serve
from mammoview.core.progress import Cancel, Progress
from mammoview.core.study import Mammogram, ScanResult
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import scan
from mammoview.imaging import pyramid
from mammoview.imaging.chestwall import chest_wall_is_left
from mammoview.imaging.truth import read_mask
from mammoview.imaging.windowing import to_presentation
from mammoview.session.anatomy import ANATOMY, Anatomy, AnatomyRequest
from mammoview.session.blocks import Decoded, DecodeRequest, FrameRequest, Layout, ScanRequest, TruthRequest, opened
from mammoview.session.orientation import Side
from mammoview.session.worklist.ingestproc import read_headers, walk


def main(connection: Connection) -> None:
    """Serve the jobs ``scan`` (`ScanRequest` to `ScanResult`), ``decode`` (`DecodeRequest` to `Decoded`), ``frame``
    (`FrameRequest` to `Decoded`), ``truth`` (`TruthRequest` to `Mask`) and ``anatomy`` (`AnatomyRequest` to `Anatomy`);
    for imports ``walk`` (`WalkRequest` to `Walked`) and ``headers`` (`HeadersRequest` to `HeadersDone`).
    """
    # There are as many decoders as the user wants to be busy.
    cv2.setNumThreads(1)
    handlers: dict[str, Handler] = {
        "scan": _scan,
        "decode": _decode,
        "frame": _frame,
        "truth": _truth,
        ANATOMY: _anatomy,
    }
    serve(connection, {**handlers, "walk": walk, "headers": read_headers})


def _scan(request: ScanRequest, progress: Progress, cancel: Cancel, _partial: Callable[[object], None]) -> ScanResult:
    return scan(request.paths, progress=progress, cancel=cancel)


def _decode(request: DecodeRequest, progress: Progress, _cancel: Cancel, _partial: Callable[[object], None]) -> Decoded:
    image = request.image
    progress(0.0, f"decoding {image.label}")
    stored = decode(image)
    if stored.pixels.shape != (image.rows, image.columns):
        rows, columns = stored.pixels.shape
        raise DecodeError(
            f"The header promises {image.rows} × {image.columns} pixels, the file holds {rows} × {columns}.",
            "Export the image again from its source.",
        )
    layout = Layout.of(image)
    with opened(request.block, layout) as memory:
        is_left = _fill(stored, image, layout, memory)
    side = None if is_left is None else Side.LEFT if is_left else Side.RIGHT
    return Decoded(stored.value_offset, side)


def _frame(request: FrameRequest, progress: Progress, _cancel: Cancel, _partial: Callable[[object], None]) -> Decoded:
    image = request.image
    progress(0.0, f"decoding a frame of {image.label}")
    stored = decode(image)
    layout = Layout.of_frame(image)
    # The averages leave padding out, but its shares are not kept.
    shares = tuple(np.empty(shape, np.uint8) for shape in level_shapes(image.rows, image.columns))
    with opened(request.block, layout) as memory:
        _fill_frame(stored, layout, memory, shares if stored.padding is not None else ())
    return Decoded(stored.value_offset, None)


def _fill_frame(stored: StoredImage, layout: Layout, memory: np.ndarray, shares: tuple[np.ndarray, ...]) -> None:
    """Fill the block; the views of it end with this frame of the interpreter."""
    levels, _ = layout.views(memory)
    pyramid.fill(stored, levels, shares)


def _truth(request: TruthRequest, progress: Progress, _cancel: Cancel, _partial: Callable[[object], None]) -> Mask:
    progress(0.0, "reading a mask")
    return Mask.from_array(read_mask(Path(request.path), request.rows, request.columns))


def _anatomy(request: AnatomyRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> Anatomy:
    from mammoview.session.anatomyproc import measure

    return measure(request, progress, cancel, partial)


def _fill(stored: StoredImage, image: Mammogram, layout: Layout, memory: np.ndarray) -> bool | None:
    """Fill the block; the views of it end with this frame."""
    levels, padding = layout.views(memory)
    pyramid.fill(stored, levels, padding)
    coarse = StoredImage(levels[-1].copy(), stored.value_offset, padding[-1] > 127 if padding else None)
    return chest_wall_is_left(to_presentation(coarse, image.grayscale))
