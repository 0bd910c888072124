"""Imports as the window has them: one after the other, with progress, and one summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.amounts import counted
from mammoview.session.jobs import Crew
from mammoview.session.worklist.importer import Import, ImportEnded, ImportProgress
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui import theme
from mammoview.ui.hiding import HIDDEN_PATH
from mammoview.ui.worklist.strip import Strip
from mammoview.ui.worklist.words import ended_text, progress_text, reason
from mammoview.ui.wrapped import WrappedLabel

#: More lines help nobody; the summary counts them all.
_MOST_LINES: Final = 1000


class Importer(QObject):
    """Brings folders into the worklist, and says so in its strip.

    Parameters
    ----------
    crew
        The decoders.
    """

    #: How far it is, in words, and as a fraction or None; studies may have come.
    progressed = Signal(str, object)
    ended = Signal(object)
    _told = Signal(object)

    def __init__(self, crew: Crew, parent: QWidget) -> None:
        super().__init__(parent)
        self._crew, self._window = crew, parent
        self._waiting: list[tuple[Worklist, tuple[str, ...]]] = []
        self._running: Import | None = None
        self._is_cancelled = self._is_closed = False
        self._is_identity_shown = True
        self._ended: ImportEnded | None = None
        self.strip = Strip()
        self._told.connect(self._show, Qt.ConnectionType.QueuedConnection)

    @property
    def is_running(self) -> bool:
        """Whether an import is at work."""
        return self._running is not None

    def start(self, worklist: Worklist, paths: Sequence[str]) -> None:
        """Import these absolute paths, after those that were asked for before."""
        if paths:
            self._waiting.append((worklist, tuple(paths)))
            self._next()

    def offer(
        self, worklist: Worklist, unfinished: Sequence[tuple[str, ...]], forget: Callable[[], None] = lambda: None
    ) -> None:
        """Offer imports that were cut short.

        Parameters
        ----------
        forget
            Called when they are not to be offered again.
        """
        if not unfinished or self.is_running:
            return
        ones = counted(len(unfinished), "import")

        def go_on() -> None:
            for paths in unfinished:
                self.start(worklist, paths)

        text = f"{ones} {'was' if len(unfinished) == 1 else 'were'} not finished. Go on with what is left?"

        def drop() -> None:
            self.strip.hide()
            forget()

        self.strip.say(text, {"Go on": go_on, "Later": self.strip.hide, "Forget": drop})

    def cancel(self) -> None:
        """Stop the import and those that wait; what is stored stays."""
        self._waiting.clear()
        if self._running is not None:
            self._is_cancelled = True
            self._running.cancel()

    def close(self) -> None:
        """The window is closed: stop, and say nothing any more."""
        self._is_closed = True
        self.cancel()

    def set_identity(self, *, is_shown: bool) -> None:
        """Names of files are often names of patients."""
        self._is_identity_shown = is_shown
        for dialog in self._window.findChildren(RefusedDialog):
            dialog.close()

    def _next(self) -> None:
        if self._running is None and self._waiting and not self._is_closed:
            worklist, paths = self._waiting.pop(0)
            self._is_cancelled = False
            self.strip.run("Importing: looking for files", None, {"Cancel": self.cancel})
            self._running = worklist.start_import(self._crew, paths, on_report=self._tell)

    def _tell(self, report: object) -> None:
        if not self._is_closed:
            self._told.emit(report)

    def _show(self, report: object) -> None:
        if isinstance(report, ImportProgress):
            text = "Stopping the import" if self._is_cancelled else progress_text(report)
            if self._waiting:
                text = f"{text}; {counted(len(self._waiting), 'import')} after it"
            self.strip.run(text, report.fraction, {"Cancel": self.cancel})
            self.progressed.emit(text, report.fraction)
        elif isinstance(report, ImportEnded):
            self._running = None
            self._ended = report
            buttons = {"Details": self.show_details} if report.refused else {}
            self.strip.say(ended_text(report), {**buttons, "Close": self.strip.hide})
            self.ended.emit(report)
            self._next()

    def show_details(self) -> None:
        """Show which files cannot be used, and why."""
        if self._ended is not None:
            dialog = RefusedDialog(self._ended, self._window, is_identity_shown=self._is_identity_shown)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.show()


class RefusedDialog(QDialog):
    """The files that an import could not use."""

    def __init__(self, ended: ImportEnded, parent: QWidget | None = None, *, is_identity_shown: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("Files that cannot be used")
        self.resize(theme.room(860, 420))
        counts = Counter(reason(code) for _, code in ended.refused)
        lines = [f"{text}: {counted(number, 'file')}" for text, number in counts.most_common()]
        shown = ended.refused[:_MOST_LINES]
        if len(shown) < len(ended.refused):
            lines.append(f"The first {_MOST_LINES} are listed.")
        self.table = QTableWidget(len(shown), 2)
        self.table.setHorizontalHeaderLabels(["Why", "File"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        for row, (path, code) in enumerate(shown):
            name = path if is_identity_shown else HIDDEN_PATH
            for column, text in enumerate((reason(code), name or "A folder that cannot be looked into")):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(WrappedLabel("\n".join(lines)))
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
