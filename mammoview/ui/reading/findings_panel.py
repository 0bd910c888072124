"""The list of the case's findings, one row a lesion, with what can be done to it and the form of the selected one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtGui import QAction, QColor, QFont, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.reading import Lesion, RejectReason
from mammoview.ui import theme
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_form import FindingForm
from mammoview.ui.reading.finding_overlay import COLOURS
from mammoview.ui.reading.reject_box import RejectBox
from mammoview.ui.reading.shown import Standing, Tie, names, standing, ties
from mammoview.ui.reading.type_icons import icon
from mammoview.ui.wrapped import WrappedLabel

_ID: Final = Qt.ItemDataRole.UserRole
_ROWS: Final = 4
_OWN_KEYS: Final = frozenset(
    {
        Qt.Key.Key_Tab,
        Qt.Key.Key_Backtab,
        Qt.Key.Key_Space,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)
#: These end a number or a word; elsewhere they are the reading's.
_ENDING_KEYS: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
_NONE: Final = "No findings. Draw one with the tools above; the AI's appear here after its reveal."
_NO_CASE: Final = "Open a case of the worklist to describe findings."
_SHORT: Final = {"architectural distortion": "distortion", "intramammary lymph node": "lymph node"}
_SHORT_STANDING: Final[dict[Standing, str]] = {
    Standing.OWN: "",
    Standing.UNJUDGED: "open",
    Standing.ACCEPTED: "accepted",
    Standing.EDITED: "edited",
    Standing.REJECTED: "rejected",
}


class CaseFindings(QWidget):
    """The findings of the case on the table."""

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._rows = _ROWS
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["", "Finding", "Views", "mm", "AI"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        self.list.setAccessibleName("Findings")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.list.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(24)
        header.setStretchLastSection(True)
        self.set_rows(_ROWS)
        self.hint = WrappedLabel()
        self.reject_box = RejectBox()
        self.form = FindingForm(board)
        self._draw = QToolButton()
        self._more = QToolButton()
        self.buttons: list[QToolButton] = []
        self._bar = QHBoxLayout()
        self._lay_out()
        self.list.currentItemChanged.connect(self._chosen)
        self.reject_box.rejected.connect(self._reject)
        board.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        self._bar.setContentsMargins(6, 4, 6, 2)
        self._bar.setSpacing(3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._bar)
        column.addWidget(self.list)
        column.addWidget(self.hint)
        column.addWidget(self.reject_box)
        column.addWidget(self.form, 1)
        self.hint.setContentsMargins(8, 2, 8, 2)
        self.reject_box.hide()

    def set_rows(self, rows: int) -> None:
        """Give the list room for so many rows."""
        self._rows = rows
        high = self.list.fontMetrics().lineSpacing() + 6
        self.list.setFixedHeight(high * (rows + 1) + 8)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self.set_rows(self._rows)

    def set_actions(self, draw: list[QAction], plain: list[QAction], more: list[QAction]) -> None:
        """Give the panel its buttons: a list of tools to draw with, buttons of their own, and a list of the rest."""
        for button, text, rows in ((self._draw, "Draw", draw), (self._more, "More", more)):
            menu = QMenu(button)
            menu.addActions(rows)
            menu.setToolTipsVisible(True)
            button.setText(text)
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._bar.addWidget(self._draw)
        for row in plain:
            button = QToolButton()
            button.setDefaultAction(row)
            self._bar.addWidget(button)
            self.buttons.append(button)
        self._bar.addWidget(self._more)
        for button in (self._draw, *self.buttons, self._more):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setObjectName("choice")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            is_typing = isinstance(self.focusWidget(), QAbstractSpinBox | QLineEdit)
            is_own = event.key() in _OWN_KEYS or (is_typing and event.key() in _ENDING_KEYS)
            if is_own and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                # What moves within a form is no shortcut while the reader is in it.
                event.accept()
                return True
        return super().event(event)

    def ask_reason(self) -> None:
        """Ask why the selected finding of the AI is none."""
        if self._board.lesion is not None:
            self.reject_box.begin()

    def _reject(self, reason: RejectReason, comment: str) -> None:
        self._board.reject(reason, comment)
        self.list.setFocus()

    # The list

    def refresh(self) -> None:
        """Show the board's findings, and which is selected."""
        draft = self._board.draft
        lesions = self._board.lesions
        if not self._can_reject():
            self.reject_box.hide()
        with QSignalBlocker(self.list):
            self._fill(lesions)
            self._select()
        if draft is None:
            self.hint.setText(_NO_CASE)
        else:
            self.hint.setText(self._said() or ("" if lesions else _NONE))
        self.hint.setVisible(bool(self.hint.text()))

    def _fill(self, lesions: tuple[Lesion, ...]) -> None:
        draft = self._board.draft
        named = names(draft) if draft is not None else {}
        while self.list.topLevelItemCount() > len(lesions):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        for row, lesion in enumerate(lesions):
            item = self.list.topLevelItem(row)
            if item is None:
                item = QTreeWidgetItem()
                self.list.addTopLevelItem(item)
            _write(item, lesion, named)

    def _select(self) -> None:
        lesion = self._board.lesion
        ids = {one.id for one in lesion.findings} if lesion is not None else set()
        rows = (self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount()))
        found = next((item for item in rows if item is not None and item.data(0, _ID) in ids), None)
        if found is not self.list.currentItem():
            self.list.setCurrentItem(found)  # type: ignore[arg-type]  # None is allowed, and selects none
        if found is None:
            self.list.clearSelection()
        else:
            self.list.scrollToItem(found)

    def _said(self) -> str:
        """What cannot be seen from the row: how the views of the selected lesion belong together."""
        draft, finding = self._board.draft, self._board.finding
        if draft is None or finding is None:
            return ""
        named, tied = names(draft), ties(draft, finding.id, self._board.candidates)
        if Tie.PROPOSED in tied.values():
            return "The AI took both views for one lesion. Link keeps that, Unlink parts them."
        likely = [named[one] for one, tie in tied.items() if tie is Tie.CANDIDATE and one in named]
        if finding.verdict is not None and finding.verdict.reason is not None:
            comment = f": {finding.verdict.comment}" if finding.verdict.comment else ""
            return f"Rejected, {finding.verdict.reason}{comment}."
        return f"May be the same lesion as {', '.join(likely)}: Link joins the first." if likely else ""

    def _can_reject(self) -> bool:
        lesion = self._board.lesion
        return lesion is not None and any(standing(one) is not Standing.OWN for one in lesion.findings)

    def _chosen(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        self._board.select(str(item.data(0, _ID)) if item is not None else "", is_brought=True)


def _write(item: QTreeWidgetItem, lesion: Lesion, named: dict[str, str]) -> None:
    first = lesion.findings[0]
    how = standing(first)
    kind = _SHORT.get(lesion.kind.value, lesion.kind.value)
    size = f"{lesion.size_mm:.0f}" if lesion.size_mm is not None else ""
    texts = (named.get(first.id, ""), kind, " + ".join(lesion.views), size, _SHORT_STANDING[how])
    item.setData(0, _ID, first.id)
    colour = COLOURS[how]
    for column, text in enumerate(texts):
        item.setText(column, text)
        item.setForeground(column, theme.QUIET if how is Standing.REJECTED else theme.TEXT)
        font = QFont(item.font(column))
        font.setStrikeOut(how is Standing.REJECTED and column < len(texts) - 1)
        font.setItalic(how is Standing.UNJUDGED)
        item.setFont(column, font)
    item.setForeground(0, QColor(colour))
    item.setIcon(1, icon(lesion.kind, colour.name()))
    drawn = ", outline by the AI" if any(one.outlined_by for one in lesion.findings) else ""
    item.setToolTip(1, f"{lesion.kind.value.capitalize()}, {how.value}{drawn}")
