"""The list of studies, who reads, and under which rules."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

from mammoview.core.amounts import counted, grouped
from mammoview.session.events import StudySelected
from mammoview.session.worklist.audit import Verdict
from mammoview.session.worklist.mrmc import ExportCounts
from mammoview.session.worklist.order import to_prefetch
from mammoview.session.worklist.protocol import Protocol
from mammoview.ui.desk import Desk
from mammoview.ui.worklist.lock import Lock, Touches
from mammoview.ui.worklist.page import WorklistPage
from mammoview.ui.worklist.passphrase import PassphraseDialog
from mammoview.ui.worklist.protocol_dialog import ProtocolDialog

_SEATED = (
    "find_study",
    "import_folder",
    "import_files",
    "ai_on_list",
    "sign_out",
    "change_passphrase",
    "lock",
    "reading_protocol",
    "export_readings",
    "check_log",
)
_COORDINATOR = (
    "The table holds the signed decisions of all readers. Somebody who takes it without having read anything knows "
    "what all decided, and has no part in reader studies from then on.\n\nThe log keeps that you took it."
)


class WorklistCommands:
    """The Worklist menu; it also says which page the window shows.

    Attributes
    ----------
    lock
        Covers the windows.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._reading = desk, desk.reading
        self.lock = Lock(desk.reading, desk.window, self._take_focus)
        self._touches = Touches(desk.reading, desk.window)
        self._has_panel = True
        self._is_opening = self._has_read = False
        # Studies of a reader who left: their images are not shown any more.
        self._left: frozenset[str] = frozenset()
        desk.listeners.append(self._hear)
        self._reading.signed_in.connect(lambda _seat: self._show_what_can_be_done())
        self._reading.signed_out.connect(self._signed_out)
        self._reading.case_opening.connect(self._case_opening)
        self._reading.case_changed.connect(self._case_changed)
        desk.stack.currentChanged.connect(lambda _at: self._page_changed())
        desk.worklist.ai.progressed.connect(lambda _progress: self._show_ai())
        self._show_what_can_be_done()

    @property
    def _page(self) -> WorklistPage:
        return self._desk.worklist

    @property
    def _is_listed(self) -> bool:
        return self._desk.stack.currentWidget() is self._page

    # Which page is shown

    def _hear(self, event: object) -> None:
        if isinstance(event, StudySelected):
            self._left, left = frozenset(), self._left
            self._desk.session.release(left)
            self._desk.stack.setCurrentWidget(self._desk.wall)

    def _case_opening(self, row: int) -> None:
        self._is_opening = row >= 0
        if self._is_opening:
            self._desk.state_label.setText("Opening the case …")
            self._page.ai.prefer((row, *to_prefetch(self._reading.order, row)))
        else:
            self._desk.state_label.setText("Ready")

    def _case_changed(self, case: object) -> None:
        self._has_read = self._has_read or case is not None
        if case is not None and self._is_opening:
            self._is_opening = False
            self._desk.stack.setCurrentWidget(self._desk.wall)

    def _show_images(self) -> None:
        desk = self._desk
        if self._left:
            desk.state_label.setText("Open a case first: the images there are another reader's")
        elif self._is_listed:
            desk.stack.setCurrentIndex(desk.stack.indexOf(desk.wall) if desk.session.studies else 0)

    def _page_changed(self) -> None:
        desk, is_listed = self._desk, self._is_listed
        desk.check("worklist", is_on=is_listed)
        if is_listed:
            self._has_panel = desk.right.isVisibleTo(desk.window)
            desk.left.hide()
            desk.right.hide()
        else:
            desk.right.setVisible(self._has_panel)
            desk.left.setVisible(self._has_panel and len(desk.session.studies) > 1)
        self._take_focus()
        desk.show_checks()

    def _take_focus(self) -> None:
        self._page.take_focus() if self._is_listed else self._desk.wall.setFocus()

    def do_worklist(self) -> None:
        if self._is_listed:
            self._show_images()
            self._desk.check("worklist", is_on=self._is_listed)
        else:
            self._desk.stack.setCurrentWidget(self._page)
            self._page.open()

    def do_find_study(self) -> None:
        if not self._is_listed:
            self.do_worklist()
        self._page.list.search()

    # What is brought in

    def _import(self, names: list[str]) -> None:
        if not self._is_listed:
            self.do_worklist()
        self._page.import_paths([Path(name) for name in names])

    def do_import_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._desk.window, "Import a folder into the worklist")
        if name:
            self._import([name])

    def do_import_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self._desk.window, "Import files into the worklist")
        if names:
            self._import(names)

    def do_ai_on_list(self) -> None:
        self._page.ai.toggle()
        # It is on when the AI says so.
        self._show_ai()

    def _show_ai(self) -> None:
        self._desk.check("ai_on_list", is_on=self._page.ai.is_at_work)

    # Who reads

    def _show_what_can_be_done(self) -> None:
        is_seated = self._reading.seat is not None
        for identity in _SEATED:
            self._desk.actions[identity].setEnabled(is_seated)

    def _signed_out(self) -> None:
        self._show_what_can_be_done()
        desk = self._desk
        desk.stack.setCurrentWidget(self._page)
        if self._has_read:
            # The last case is nobody's business now, on no screen and in no dialog.
            self._left, self._has_read = frozenset(study.uid for study in desk.session.studies), False
            if desk.is_checked("second_screen"):
                desk.actions["second_screen"].trigger()
            for dialog in desk.window.findChildren(QDialog):
                dialog.close()

    def do_sign_out(self) -> None:
        self._reading.sign_out()

    def do_change_passphrase(self) -> None:
        if self._reading.seat is not None:
            self._desk.open_dialog(PassphraseDialog(self._reading, self._desk.window))

    def do_lock(self) -> None:
        self._reading.lock()

    # The rules, and what is told of them

    def do_reading_protocol(self) -> None:
        self._reading.ask(lambda worklist, _seat: worklist.protocols.current(), self._choose_protocol)

    def _choose_protocol(self, protocol: Protocol) -> None:
        dialog = ProtocolDialog(protocol, self._desk.window)
        dialog.chosen.connect(self._change_protocol)
        self._desk.open_dialog(dialog)

    def _change_protocol(self, protocol: Protocol) -> None:
        self._reading.ask(
            lambda worklist, seat: worklist.protocols.change(seat, protocol),
            lambda _done: self._reading.list_changed.emit(),
        )

    def do_export_readings(self) -> None:
        wish = QMessageBox.question(
            self._desk.window,
            "Export reader study",
            _COORDINATOR,
            QMessageBox.StandardButton.Save | QMessageBox.StandardButton.Cancel,
        )
        if wish != QMessageBox.StandardButton.Save:
            return
        name, _ = QFileDialog.getSaveFileName(
            self._desk.window, "Export reader study", "reader-study.csv", "Table (*.csv)"
        )
        if name:
            self._reading.ask(lambda worklist, seat: worklist.reader_study.write(seat, Path(name)), self._exported)

    def _exported(self, counts: ExportCounts) -> None:
        text = (
            f"{counted(counts.lines, 'decision')} on {counted(counts.cases, 'case')} by "
            f"{counted(counts.readers, 'reader')} written."
        )
        if not counts.lines:
            text = "Nothing is signed by all who read it: the table holds its header only."
        self._tell("Export reader study", text, is_good=bool(counts.lines))

    def do_check_log(self) -> None:
        self._reading.ask(lambda worklist, _seat: worklist.verify_audit(), self._checked)

    def _checked(self, verdict: Verdict) -> None:
        if verdict.is_sound:
            text = (
                f"The log is whole: {grouped(verdict.entries)} entries, each sealed by the one after it.\n\n"
                f"Its end now, to be compared later:\n{verdict.head.seq} {verdict.head.hash[:16]}"
            )
        else:
            text = (
                f"The log is not as it was written. {verdict.complaint}\n\nKeep the file, and tell who looks after it."
            )
        self._tell("Check the log", text, is_good=verdict.is_sound)

    def _tell(self, title: str, text: str, *, is_good: bool) -> None:
        icon = QMessageBox.Icon.Information if is_good else QMessageBox.Icon.Warning
        self._desk.open_dialog(QMessageBox(icon, title, text, QMessageBox.StandardButton.Ok, self._desk.window))
