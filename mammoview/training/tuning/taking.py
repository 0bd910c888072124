"""The job ``take``: the result of a training on another machine becomes the project's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.models.registry import read_info
from mammoview.training.tuning.publishing import take_result
from mammoview.training.tuning.run_messages import RunReport, TakeRequest

if TYPE_CHECKING:
    from mammoview.core.progress import Cancel, Progress


def take(request: TakeRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> RunReport:
    """Take a result.

    Raises
    ------
    UsageError
        As `take_result`.
    ModelPackageError
        When the package is damaged.
    """
    del cancel, partial
    progress(0.1, "Checking the package")
    folder = Path(request.folder)
    package = take_result(folder, Path(request.result), read_info(Path(request.parent)))
    log = package.parent / "log.jsonl"
    epochs = len(log.read_text(encoding="utf-8").splitlines()) if log.is_file() else 0
    return RunReport(str(package), epochs)
