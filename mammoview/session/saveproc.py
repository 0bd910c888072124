"""The child that writes result folders, so that the window never waits for a disk. Imported in the child only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from mammoview.core.findings import ImageResult
from mammoview.core.jobs import serve
from mammoview.core.progress import Cancel, Progress
from mammoview.report.build import write_result
from mammoview.report.truth import compare
from mammoview.session.blocks import SaveRequest, TruthMask


def main(connection: Connection) -> None:
    """Serve the job ``save``: `SaveRequest` to the path of ``result.json``."""
    serve(connection, {"save": _save})


def _save(request: SaveRequest, progress: Progress, cancel: Cancel, _partial: Callable[[object], None]) -> str:
    truths = {truth.image_id: truth for truth in request.truths}
    results = [
        replace(exam, images=tuple(_compared(image, truths.get(image.image_id)) for image in exam.images))
        for exam in request.results
    ]
    written = write_result(
        Path(request.out), request.scan, results, overwrite=request.overwrite, progress=progress, cancel=cancel
    )
    return str(written)


def _compared(result: ImageResult, truth: TruthMask | None) -> ImageResult:
    if truth is None:
        return result
    return replace(result, truth=compare(truth.mask.to_array(), result, file=truth.file))
