"""The wizard over one window of the viewer: its pages, and what leads from them back to the images."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QToolButton

from mammoview.models.manifest import Task
from mammoview.session.comparing import ComparedCase
from mammoview.session.tuning.worse_cases import worse_cases
from mammoview.ui.comparing.comparing_desk import Wish
from mammoview.ui.desk import Desk
from mammoview.ui.tuning.audit_page import AuditPage
from mammoview.ui.tuning.cases_page import CasesPage
from mammoview.ui.tuning.plan_page import PlanPage
from mammoview.ui.tuning.publish_page import PublishPage
from mammoview.ui.tuning.run_page import RunPage
from mammoview.ui.tuning.split_page import SplitPage
from mammoview.ui.tuning.task_page import TaskPage
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.verdict_page import VerdictPage
from mammoview.ui.tuning.window import TuningWindow


class Wizard(QObject):
    """The wizard's window, beside the viewer's.

    Parameters
    ----------
    desk
        Of the viewer.
    tuning
        The project on the table; None makes one.
    """

    def __init__(self, desk: Desk, tuning: TuningDesk | None = None) -> None:
        super().__init__(desk)
        self._desk = desk
        self.tuning = tuning or TuningDesk(self)
        self.tuning.is_identity_shown = desk.annotation.is_identity_shown
        self.audit = AuditPage(self.tuning)
        self.verdict, self.publish = VerdictPage(self.tuning), PublishPage(self.tuning, self._named)
        self.window = TuningWindow(
            self.tuning,
            [
                TaskPage(self.tuning),
                CasesPage(self.tuning, desk.reading),
                self.audit,
                SplitPage(self.tuning),
                PlanPage(self.tuning),
                RunPage(self.tuning),
                self.verdict,
                self.publish,
            ],
        )
        # The line that leads back while a job goes on without the window.
        self.notice = QToolButton()
        self.notice.setAutoRaise(True)
        self.notice.setToolTip("Show the fine-tuning window")
        self.notice.hide()
        desk.window.statusBar().addPermanentWidget(self.notice)
        self.notice.clicked.connect(self.window.bring)
        self.window.progressed.connect(self._show_notice)
        self.audit.open_wanted.connect(self._open)
        self.verdict.open_wanted.connect(self._open)
        self.publish.models_changed.connect(desk.presenter.read_models)
        self.verdict.compare_wanted.connect(self._compare)
        self.publish.compare_wanted.connect(self._compare)
        desk.comparing.reasons_changed.connect(self._set_reasons)
        self.tuning.changed.connect(lambda: self._set_reasons(*desk.comparing.reasons))
        desk.identity_shown.connect(self._set_identity)
        desk.reading.signed_out.connect(self._put_away)
        desk.listeners.append(self.tuning.hear_session)

    def _named(self, task: Task) -> str:
        settings = self._desk.session.settings
        return {
            Task.WHOLE_IMAGE: settings.model_whole_image,
            Task.PATCH: settings.model_patch,
            Task.SEGMENTATION: settings.model_segmentation,
        }.get(task, "")

    def _set_identity(self, is_shown: bool) -> None:
        self.window.set_identity(is_shown=is_shown)

    def _show_notice(self, text: str) -> None:
        self.notice.setText("Fine-tuning at work")
        self.notice.setVisible(bool(text))

    def _open(self, path: Path) -> None:
        self._desk.session.open([path])
        self._desk.stack.setCurrentWidget(self._desk.wall)
        self._desk.window.activateWindow()

    def _put_away(self) -> None:
        """The reader left: no patient stays on the screen; work goes on, and its line in the viewer leads back."""
        for dialog in self.window.findChildren(QDialog):
            dialog.close()
        self.window.close()

    def _set_reasons(self, of_table: str, of_cases: str) -> None:
        self.verdict.set_comparison(of_cases)
        standing = self.tuning.standing
        has_cases = standing is not None and standing.verdict is not None and bool(standing.verdict.worse)
        self.publish.set_comparison(of_cases if has_cases else of_table)

    def _compare(self, first: int = 0) -> None:
        """Compare old and new on the cases that got worse; where there are none, on the study on the table."""
        standing = self.tuning.standing
        if standing is None or standing.verdict is None:
            return
        old, new = standing.verdict.old.key, standing.package

        def compare(cases: tuple[ComparedCase, ...]) -> None:
            self._desk.comparing.open(Wish(old, new, cases, first))

        self.tuning.ask(lambda: worse_cases(standing), compare)

    def close(self) -> None:
        """The viewer is closed."""
        self.window.close()
        self.window.deleteLater()
        self.tuning.close()
