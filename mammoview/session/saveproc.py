"""The child that writes result folders, so that the window never waits for a disk. Imported in the child only."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from mammoview.core.jobs import serve
from mammoview.core.progress import Cancel, Progress
from mammoview.report.build import write_result
from mammoview.session.blocks import SaveRequest


def main(connection: Connection) -> None:
    """Serve the job ``save``: `SaveRequest` to the path of ``result.json``."""
    serve(connection, {"save": _save})


def _save(request: SaveRequest, progress: Progress, cancel: Cancel, _partial: Callable[[object], None]) -> str:
    written = write_result(
        Path(request.out), request.scan, request.results, overwrite=request.overwrite, progress=progress, cancel=cancel
    )
    return str(written)
