"""Writing result folders, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.findings import ExamResult
from mammoview.core.jobs import JobDone, JobFailed, JobPartial, JobProgress
from mammoview.core.study import ScanResult
from mammoview.session.blocks import SaveRequest, TruthMask
from mammoview.session.events import Event, Level, ResultsSaved, SaveProgress
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
        Told `SaveProgress` and `ResultsSaved`.
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
            if isinstance(report, JobProgress):
                self._on_event(SaveProgress(report.fraction, report.text))
            elif isinstance(report, JobDone):
                self._on_event(SaveProgress(1.0, ""))
                self._on_event(ResultsSaved(str(report.value)))
            elif isinstance(report, JobRetried):
                self._messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobFailed):
                if not report.is_cancelled:
                    self._messages.tell(report.problem)
                self._on_event(SaveProgress(1.0, "Saving cancelled" if report.is_cancelled else "Not saved"))
            assert not isinstance(report, JobPartial)

        self._crew.submit(Order(f"save {out}", "save", str(out), lambda: request, on_report))

    def cancel(self) -> None:
        """Stop writing; `SaveProgress` tells of the end."""
        self._crew.cancel()

    def close(self) -> None:
        """End the process; what is being written is waited for."""
        self._crew.close(patience_s=_PATIENCE_S)
