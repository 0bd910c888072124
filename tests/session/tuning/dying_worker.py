"""The tuning child, which is killed once over each kind of job, before the first file is put in its place."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mammoview.core.jobs import Handler
from mammoview.training import worker

_NAMED, _REPLACE = worker._named, Path.replace


def main(connection: Connection) -> None:
    """As the worker's own."""
    worker._named = _dying
    worker.main(connection)


def _dying(name: str) -> Handler:
    handle = _NAMED(name)
    kind = next(kind for kind, known in worker._JOBS.items() if known == name)
    mark = Path(os.environ["DIED_FOLDER"]) / f"died-{kind}"

    def put(self: Path, target: Any) -> Path:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return _REPLACE(self, target)

    def do(payload: Any, progress: Any, cancel: Any, partial: Callable[[object], None]) -> object:
        Path.replace = put  # type: ignore[method-assign,assignment]
        return handle(payload, progress, cancel, partial)

    return do
