"""Writing result folders, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.findings import ExamResult
from mammoview.core.jobs import JobDone, JobFailed, JobPartial
from mammoview.core.study import ScanResult
from mammoview.session.blocks import SaveRequest, TruthMask
from mammoview.session.events import Event, Level, ResultsSaved
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.messages import Messages

WRITER: Final = "mammoview.session.saveproc:main"
#: How long a result folder that is being written is waited for at the end.
_PATIENCE_S: Final = 20.0


class Saver:
    """Has result folders written as the command line does.

    Parameters
    ----------
    on_event
        Told `ResultsSaved`.
    messages
        Told what went wrong.
    """

    def __init__(self, on_event: Callable[[Event], None], messages: Messages) -> None:
        self._on_event, self._messages = on_event, messages
        self._crew = Crew(WRITER, size=1, name="writer")

    def save(
        self,
        out: str | Path,
        scan: ScanResult,
        results: tuple[ExamResult, ...],
        *,
        truths: tuple[TruthMask, ...] = (),
        overwrite: bool = False,
    ) -> None:
        """Write a folder; `ResultsSaved` or a `Message` follows."""
        self._messages.start_over()
        if not results:
            text = "There is no result to save yet."
            self._messages.tell(Problem(str(out), "usage", text, "Analyse a study first."))
            return
        request = SaveRequest(str(Path(out).absolute()), scan, results, overwrite, truths)

        def on_report(report: Report) -> None:
            if isinstance(report, JobDone):
                self._on_event(ResultsSaved(str(report.value)))
            elif isinstance(report, JobRetried):
                self._messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobFailed) and not report.is_cancelled:
                self._messages.tell(report.problem)
            assert not isinstance(report, JobPartial)

        self._crew.submit(Order(f"save {out}", "save", str(out), lambda: request, on_report))

    def close(self) -> None:
        """End the process; what is being written is waited for."""
        self._crew.close(patience_s=_PATIENCE_S)
