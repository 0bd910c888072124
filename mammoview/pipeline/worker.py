"""The engine child: owns the device and the models, keeps them loaded between requests.

The parent names this module by a string and starts it in a fresh process; torch is imported here and nowhere in the
parent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial as bind
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.core.findings import ExamResult
from mammoview.core.jobs import Handler, serve
from mammoview.core.progress import Cancel, Progress
from mammoview.pipeline.request import AnalysisRequest, EngineNote

if TYPE_CHECKING:
    from mammoview.pipeline.shelf import Shelf

__all__ = ["EngineNote", "main"]

#: Payload `AnalysisRequest`, partial values `ImageResult` and `EngineNote`, result `ExamResult`.
ANALYZE = "analyze"
#: Payload `ComparisonRequest`, partial values `SideImage`, result `ComparedExams`.
COMPARE = "compare"
#: Payload the path of a model package, result ``id@version`` of what was installed.
INSTALL = "install"
#: Payloads and results are those of `mammoview.pipeline.question`.
ASK_POINT, CONTOUR, GET_READY = "ask_point", "contour", "get_ready"


def main(connection: Connection) -> None:
    """Serve analyses, what is done with models, and a reader's questions until the parent closes ``connection``."""
    from mammoview.pipeline.answering import Answering
    from mammoview.pipeline.comparing import compare
    from mammoview.pipeline.shelf import Shelf

    shelf = Shelf()
    asked = Answering(shelf)
    questions: dict[str, Handler] = {ASK_POINT: asked.ask_point, CONTOUR: asked.contour, GET_READY: asked.get_ready}
    others: dict[str, Handler] = {COMPARE: bind(compare, shelf), INSTALL: _install}
    serve(connection, {ANALYZE: bind(_analyze, shelf), **others, **questions})


def _analyze(
    shelf: Shelf,
    request: AnalysisRequest,
    progress: Progress,
    cancel: Cancel,
    partial: Callable[[object], None],
) -> ExamResult:
    from mammoview.pipeline.runner import run

    progress(0.0, "Loading the models")
    networks = shelf.open(request)
    models = tuple(use.id for use in networks.uses)
    partial(EngineNote(networks.device, models, f"{networks.device}, {networks.backend}"))
    return run(request, progress, cancel, networks=networks, on_image=partial, on_note=partial)


def _install(path: str, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> str:
    from mammoview.models.importing import import_package

    del cancel, partial
    progress(0.0, "Trying the model out")
    return import_package(Path(path)).key
