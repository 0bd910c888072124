"""The open studies: one group a patient, newest first, current and prior by date (MG-B11)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from mammoview.core.plain_text import date_text, name_text, printable
from mammoview.core.study import Study

_ID = Qt.ItemDataRole.UserRole


class StudiesPanel(QTreeWidget):
    """Selecting a row tells so; being told selects the row."""

    selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setIndentation(12)
        self._studies: tuple[Study, ...] = ()
        self._is_identity_shown = True
        self.currentItemChanged.connect(self._tell)

    def show_studies(self, studies: Sequence[Study]) -> None:
        """Show what is open."""
        kept = self.current()
        self._studies = tuple(studies)
        with QSignalBlocker(self):
            self.clear()
            for number, own in enumerate(self._by_patient(), start=1):
                name = name_text(own[0].patient_name) or printable(own[0].patient_id) or "unknown patient"
                head = QTreeWidgetItem([name if self._is_identity_shown else f"patient {number}"])
                head.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.addTopLevelItem(head)
                for index, study in enumerate(own):
                    head.addChild(_row(study, _role(index, study, own[0])))
                head.setExpanded(True)
        self.select(kept)

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patients are."""
        self._is_identity_shown = is_shown
        self.show_studies(self._studies)

    def current(self) -> str:
        """UID of the selected study, or empty."""
        item = self.currentItem()
        return str(item.data(0, _ID) or "") if item is not None else ""

    def select(self, study_uid: str) -> None:
        """Select the row of a study without telling."""
        item = next((row for row in self._rows() if row.data(0, _ID) == study_uid), None)
        if item is not None:
            with QSignalBlocker(self):
                self.setCurrentItem(item)

    def step(self, by: int) -> None:
        """Select the study below, or above."""
        rows = self._rows()
        if not rows:
            return
        at = next((i for i, row in enumerate(rows) if row is self.currentItem()), 0)
        self.setCurrentItem(rows[min(len(rows) - 1, max(0, at + by))])

    def _by_patient(self) -> list[list[Study]]:
        groups: dict[str, list[Study]] = {}
        for study in self._studies:
            # Without an ID nothing says that two studies belong together.
            groups.setdefault(study.patient_id or study.uid, []).append(study)
        return [sorted(own, key=lambda s: s.date, reverse=True) for own in groups.values()]

    def _rows(self) -> list[QTreeWidgetItem]:
        heads = [self.topLevelItem(index) for index in range(self.topLevelItemCount())]
        below = [head.child(index) for head in heads if head is not None for index in range(head.childCount())]
        return [row for row in below if row is not None]

    def _tell(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, _ID):
            self.selected.emit(str(item.data(0, _ID)))


def _role(index: int, study: Study, newest: Study) -> str:
    if not study.date or not newest.date:
        return ""
    return "current" if index == 0 else "prior"


def _row(study: Study, role: str) -> QTreeWidgetItem:
    count = f"{len(study.images)} image{'s' if len(study.images) != 1 else ''}"
    item = QTreeWidgetItem([f"{date_text(study.date) or 'no date'}  {role or count}"])
    item.setToolTip(0, f"{count}: {', '.join(image.label for image in study.images)}")
    item.setData(0, _ID, study.uid)
    return item
