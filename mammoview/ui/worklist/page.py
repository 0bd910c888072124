"""The worklist's page of the window: who reads, then what there is to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from mammoview.core.errors import MammoViewError, OutputError
from mammoview.session.reading.ai_queue import AiProgress
from mammoview.session.session import Session
from mammoview.session.worklist import list_view
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.actions import ACTIONS, Group
from mammoview.ui.desk import Desk
from mammoview.ui.worklist.ai_list import AiOnList
from mammoview.ui.worklist.importing import Importer
from mammoview.ui.worklist.list_page import ListPage
from mammoview.ui.worklist.sign_in import SignInPage

_BUTTONS: Final = ("import_folder", "ai_on_list", "reading_protocol", "lock", "sign_out")
#: Of the other menus' keys only these work while the list is shown: the rest would change images that nobody sees.
_GROUPS: Final = frozenset({Group.FILE, Group.WORKLIST, Group.QUALITY, Group.HELP})
_IDS: Final = frozenset({"identity", "next_case", "previous_case"})
_IMPORT, _AI = "import", "ai on the list"
_EMPTY: Final = (
    "The worklist is empty\n\nDrop folders with studies here, or press {key} to import one.\n\n"
    "Files stay where they are; only their headers are read."
)


class WorklistPage(QStackedWidget):
    """Shows the sign-in until somebody reads, then the list.

    Parameters
    ----------
    desk
        The window's parts.
    """

    #: Somebody sat down.
    ready = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._reading = desk, desk.reading
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.closed_text = QLabel("Opening the worklist …")
        self.closed_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.closed_text.setWordWrap(True)
        self.again = QPushButton("Try again")
        self.again.clicked.connect(self.open)
        self.sign_in = SignInPage(self._reading)
        actions = [desk.actions[identity] for identity in _BUTTONS]
        self.list = ListPage(self._reading, actions, lambda: _EMPTY.format(key=desk.keys.text("import_folder")))
        self.importer = Importer(desk.session.decoders, self)
        self.list.add_strip(self.importer.strip)
        self.ai = AiOnList(desk.session, self)
        self.list.add_strip(self.ai.strip)
        self._closed = self._closed_page()
        for page in (self._closed, self.sign_in, self.list):
            self.addWidget(page)
        self.sign_in.wanted.connect(self._sign_in)
        self._reading.worklist_opened.connect(self._opened)
        self._reading.signed_in.connect(lambda _seat: self._signed_in())
        self._reading.signed_out.connect(self._signed_out)
        self.importer.progressed.connect(self._import_progressed)
        self.ai.progressed.connect(self._ai_progressed)
        self.importer.ended.connect(lambda _ended: self._import_ended())

    def _closed_page(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.addStretch(2)
        column.addWidget(self.closed_text)
        column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.again.hide()
        return made

    @property
    def session(self) -> Session:
        """The window's session."""
        return self._desk.session

    # Opening, and who reads

    def open(self) -> None:
        """Open the worklist, if that was not done; then somebody may sign in."""
        if self._reading.worklist is None:
            self.closed_text.setText("Opening the worklist …")
            self.again.hide()
            self._reading.open_worklist(failed=self._not_opened)
        self.take_focus()

    def _not_opened(self, error: MammoViewError) -> None:
        text = f"{error.user_message}\n\n{error.hint}\n\nImages can be opened without the worklist.".strip()
        self.closed_text.setText(text)
        self.again.show()

    def _opened(self) -> None:
        self.setCurrentWidget(self.sign_in)
        self.sign_in.refresh()
        self._reading.do(list_view.load, self.list.show_view)
        if self._reading.worklist is not None:
            self.ai.open(self._reading.worklist)

    def _sign_in(self, reader: str, passphrase: str) -> None:
        minutes = self.session.settings.lock_minutes
        self._reading.sign_in(
            reader, passphrase, idle_s=60.0 * minutes if minutes else None, failed=self.sign_in.refused
        )

    def _signed_in(self) -> None:
        self.sign_in.reset()
        self.setCurrentWidget(self.list)
        self.list.begin()
        self.take_focus()
        self.ready.emit()
        worklist = self._reading.worklist
        if worklist is not None:
            self._reading.do(worklist.ingest.unfinished, lambda paths: self._offer(worklist, paths))

    def _offer(self, worklist: Worklist, unfinished: Sequence[tuple[str, ...]]) -> None:
        def forget() -> None:
            self._reading.do(lambda: _forget(worklist, unfinished), lambda _done: None)

        self.importer.offer(worklist, unfinished, forget)

    def _signed_out(self) -> None:
        self.list.end()
        self.setCurrentWidget(self.sign_in)
        self.sign_in.refresh()

    def take_focus(self) -> None:
        """Put the keys where they are needed."""
        if self.isVisible():
            shown = self.currentWidget()
            shown.take_focus() if isinstance(shown, SignInPage | ListPage) else self.setFocus()

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patients are."""
        self.list.set_identity(is_shown=is_shown)
        self.importer.set_identity(is_shown=is_shown)

    # Importing

    def import_paths(self, paths: list[Path]) -> None:
        """Bring files and folders into the worklist."""
        worklist = self._reading.worklist
        if worklist is not None and self._reading.seat is not None and not self._reading.seat.is_locked:
            self.importer.start(worklist, [str(path.absolute()) for path in paths])

    def _import_progressed(self, text: str, fraction: float | None) -> None:
        self.list.follow()
        if self.isVisible():
            # The strip below the list says it, and more.
            self._desk.jobs.end(_IMPORT)
        else:
            self._desk.jobs.tell(_IMPORT, text, fraction, self.importer.cancel)

    def _ai_progressed(self, progress: AiProgress) -> None:
        self.list.follow()
        if self.isVisible() or not self.ai.is_at_work:
            self._desk.jobs.end(_AI)
        else:
            fraction = progress.done / progress.total if progress.total else None
            self._desk.jobs.tell(_AI, "AI on the list", fraction, self.ai.toggle)

    def _import_ended(self) -> None:
        self._desk.jobs.end(_IMPORT)
        self._reading.list_changed.emit()

    def close_all(self) -> None:
        """The window is closed: stop the import, and keep how the list was."""
        self.importer.close()
        self.ai.close()
        if self._reading.seat is not None or self._reading.worklist is not None:
            view = self.list.view
            self._reading.do(lambda: _keep(view), lambda _done: None)

    # Qt

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            pressed = QKeySequence(event.keyCombination())
            if not any(pressed in self._desk.actions[identity].shortcuts() for identity in _ALLOWED):
                event.accept()
                return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and self._reading.seat is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.import_paths([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])


_ALLOWED: Final = tuple(row.id for row in ACTIONS if row.group in _GROUPS or row.id in _IDS)


def _forget(worklist: Worklist, unfinished: Sequence[tuple[str, ...]]) -> None:
    for paths in unfinished:
        # The same paths go on under their old number.
        worklist.ingest.finish(worklist.ingest.begin(paths))


def _keep(view: list_view.ListView) -> None:
    try:
        list_view.save(view)
    except OutputError:
        # The window is closing; a list in its usual order is no loss.
        return
