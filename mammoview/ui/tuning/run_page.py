"""Page 6: the model learns; curves, samples and what happened on the way."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox

from mammoview.core.amounts import counted
from mammoview.session.tuning.plan_words import length_words
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing
from mammoview.session.tuning.tuner import JobEnded
from mammoview.training.tuning.run_messages import RUN, EpochTold, Notice, NoticeKind, RunReport
from mammoview.ui.tuning.curves import RunCurves
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.samples import Samples
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import TuningDesk

_MOST_NOTICES = 200
_WAITS = (NoticeKind.PAUSED, NoticeKind.YIELDED)


class RunPage(TuningPage):
    """Start, pause and stop a run, and see how it goes."""

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.RUN)
        self._path = ""
        self._seen: Standing | None = None
        self._epochs: dict[int, EpochTold] = {}
        self._notices: list[tuple[str, str]] = []
        self._is_paused = False
        self._waits = ""
        self._skipped = 0
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.curves, self.samples = RunCurves(), Samples()
        self.notices = ReadTable(("Epoch", "What happened"), stretched=1)
        self.notices.setMaximumHeight(120)
        self.notices.setMinimumHeight(64)
        self.body.addWidget(self.state)
        self.body.addWidget(self.curves, 1)
        self.body.addWidget(self.samples)
        self.body.addWidget(self.notices)
        self.take = self.button(
            "Take a result…", self._take, "Take what another machine trained with this project's config"
        )
        self.anew = self.button("Start anew…", self._anew, "Forget what was trained, and learn from the beginning")
        self.foot.addStretch(1)
        self.pause = self.button("Pause", self._pause)
        self.stop = self.button("Stop", desk.cancel, "Finished epochs are kept; the run can be gone on with")
        self.start = self.button("Start", self._start, is_step=True)

    def show_standing(self, standing: Standing) -> None:
        if str(standing.path) != self._path:
            self._path = str(standing.path)
            self._notices, self._epochs, self._waits = [], {}, ""
            self.notices.fill([])
            self.samples.forget()
            self.curves.show_epochs(())
        # What was read before the last epochs were told is no news.
        is_news, self._seen = standing is not self._seen, standing
        if is_news and self.desk.busy != RUN and {one.epoch for one in standing.epochs} != set(self._epochs):
            self._epochs = {one.epoch: one for one in standing.epochs}
            self._show_epochs()
        if is_news and self.desk.busy != RUN:
            self._skipped = len(standing.skipped)
            self._note_once(f"Skipped {name}: {reason}" for name, reason in standing.skipped)
        self._show_notices()
        is_running, is_done = self.desk.busy == RUN, Page.RUN in standing.finished
        self.start.setEnabled(self.is_idle and Page.PLAN in standing.finished and not is_done)
        self.take.setEnabled(self.start.isEnabled())
        self.anew.setEnabled(self.is_idle and Page.PLAN in standing.finished and standing.has_run)
        self.start.setText("Done" if is_done else "Go on" if self._epochs else "Start")
        self.pause.setEnabled(is_running)
        self.pause.setText("Go on" if self._is_paused and is_running else "Pause")
        self.stop.setEnabled(is_running)
        self._show_state(is_running=is_running, is_done=is_done)

    def hear(self, event: object) -> None:
        if isinstance(event, EpochTold):
            self._epochs[event.epoch] = event
            self._show_epochs()
            if event.samples is not None:
                self.samples.show_samples(event.samples)
            self._show_state(is_running=True, is_done=False)
        elif isinstance(event, Notice):
            self._is_paused = event.kind is NoticeKind.PAUSED
            self._waits = event.text if event.kind in _WAITS else ""
            self._skipped = event.count if event.kind is NoticeKind.SKIPPED else self._skipped
            self._note(event.text)
            self._show_state(is_running=True, is_done=False)
        elif isinstance(event, JobEnded) and event.kind == RUN:
            self._is_paused, self._waits = False, ""
            if isinstance(event.result, RunReport):
                self._note_once(event.result.notes)
            elif event.is_cancelled:
                self._note("The run was stopped; “Go on” continues from the last finished epoch.")

    def _show_epochs(self) -> None:
        self.curves.show_epochs([self._epochs[epoch] for epoch in sorted(self._epochs)])

    def _show_state(self, *, is_running: bool, is_done: bool) -> None:
        last = self._epochs[max(self._epochs)] if self._epochs else None
        waits = self._waits if is_running else ""
        skipped = f"Skipped, since unreadable: {counted(self._skipped, 'image')}." if self._skipped else ""
        if last is None:
            done = "It is done, without an epoch: the weights stay as they were."
            begun = "The first epoch is under way." if is_running else done if is_done else "Nothing is trained yet."
            self.state.setText(f"{waits or begun} {skipped}".rstrip())
            return
        left = f"; {length_words(last.minutes_left)} left" if is_running and last.minutes_left is not None else ""
        end = "The training is done." if is_done else ""
        self.state.setText(" ".join(part for part in (f"{last.text}{left}.", waits, end, skipped) if part))

    def _note_once(self, texts: Iterable[str]) -> None:
        """What a run's files tell, and its report at the end, may have been told while it went on."""
        for text in texts:
            if all(text != told for _, told in self._notices):
                self._note(text)

    def _note(self, text: str) -> None:
        epoch = str(max(self._epochs)) if self._epochs else ""
        self._notices = [(epoch, text), *self._notices][:_MOST_NOTICES]
        self._show_notices()

    def _show_notices(self) -> None:
        self.notices.fill([(epoch, self.desk.worded(text)) for epoch, text in self._notices])

    def _pause(self) -> None:
        self.desk.pause(wanted=not self._is_paused)

    def _take(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the finished training (its --out)")
        if folder:
            self.desk.start(lambda tuner: tuner.take(folder))

    def _start(self) -> None:
        self.desk.start(lambda tuner: tuner.run())

    def _anew(self) -> None:
        asked = QMessageBox(
            QMessageBox.Icon.NoIcon,
            "Start anew",
            "Forget what this project has trained and judged, and learn from the beginning? Published packages stay.",
            QMessageBox.StandardButton.Cancel,
            self,
        )
        forget = asked.addButton("Start anew", QMessageBox.ButtonRole.AcceptRole)
        asked.exec()
        if asked.clickedButton() is forget:
            self._notices, self._epochs, self._skipped = [], {}, 0
            self._show_epochs()
            self.samples.forget()
            self.desk.start(lambda tuner: tuner.run(is_anew=True))
