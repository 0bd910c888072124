"""The remarks of an audit by kind: a kind in a row that opens, and the images that each is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from mammoview.core.amounts import counted
from mammoview.training.tuning.audit_messages import Remark, RemarkKind, Severity
from mammoview.ui import theme
from mammoview.ui.hiding import HIDDEN
from mammoview.ui.tuning.tables import MOST_ROWS

_TITLES: Final = ("", "About", "Remark", "Patients")
_SEVERITIES: Final = tuple(Severity)
_KINDS: Final = tuple(RemarkKind)
_ROW = Qt.ItemDataRole.UserRole
#: Patients that are named in a row; its tip names all.
_NAMED: Final = 3


@dataclass(frozen=True)
class RemarkRow:
    """A kind of remark, or one of them: what its row says.

    Attributes
    ----------
    key
        Where it stands: severity, kind, and place among those of its kind, -1 for all of them.
    images
        Places in ``cases.csv``.
    """

    key: tuple[Severity, RemarkKind, int]
    text: str
    images: tuple[int, ...]
    patients: tuple[str, ...]


class RemarkTree(QTreeWidget):
    """The gravest first; a kind that has one remark alone needs no opening."""

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels(list(_TITLES))
        self.setUniformRowHeights(True)
        self.setIndentation(theme.px(18))
        header = self.header()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._is_identity_shown = True
        self._groups: dict[tuple[Severity, RemarkKind], list[Remark]] = {}
        self.itemExpanded.connect(self._fill)

    def show_remarks(self, remarks: Sequence[Remark], *, is_identity_shown: bool) -> None:
        """Show these; what was open and chosen stays so."""
        chosen, opened = self.chosen, {row.key for row, item in self._tops() if item.isExpanded()}
        self._is_identity_shown = is_identity_shown
        self._groups = {}
        for remark in remarks:
            self._groups.setdefault((remark.severity, remark.kind), []).append(remark)
        with QSignalBlocker(self):
            self.clear()
            for severity, kind in sorted(self._groups, key=_order):
                row = self._row_of(severity, kind)
                top = self._item(row, severity.value, kind.value)
                self.addTopLevelItem(top)
                if row.key[2] < 0:
                    top.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
                    if row.key in opened:
                        top.setExpanded(True)
                        self._fill(top)
            if chosen is not None:
                self.choose(chosen.key)

    def choose(self, key: tuple[Severity, RemarkKind, int]) -> None:
        """Choose a row, where it is there."""
        for _, top in self._tops():
            for item in (top, *(top.child(place) for place in range(top.childCount()))):
                row = _row(item)
                if item is not None and row is not None and row.key == key:
                    self.setCurrentItem(item)

    @property
    def chosen(self) -> RemarkRow | None:
        """What is chosen."""
        items = self.selectedItems()
        return _row(items[0]) if items else None

    @property
    def rows(self) -> tuple[RemarkRow, ...]:
        """The kinds, in their order."""
        return tuple(row for row, _ in self._tops())

    def _tops(self) -> list[tuple[RemarkRow, QTreeWidgetItem]]:
        items = (self.topLevelItem(place) for place in range(self.topLevelItemCount()))
        return [(row, item) for item in items if item is not None and (row := _row(item)) is not None]

    def _row_of(self, severity: Severity, kind: RemarkKind) -> RemarkRow:
        remarks = self._groups[severity, kind]
        if len(remarks) == 1:
            return self._single(remarks[0], 0)
        images = tuple(sorted({place for remark in remarks for place in remark.images}))
        patients = tuple(sorted({name for remark in remarks for name in remark.patients}))
        many = f", {counted(len(images), 'image')}" if images else ""
        return RemarkRow((severity, kind, -1), f"{counted(len(remarks), 'remark')}{many}", images, patients)

    def _single(self, remark: Remark, place: int) -> RemarkRow:
        text = remark.text if self._is_identity_shown else f"{HIDDEN} ({counted(len(remark.images), 'image')})"
        return RemarkRow((remark.severity, remark.kind, place), text, remark.images, remark.patients)

    def _fill(self, top: QTreeWidgetItem) -> None:
        """List the remarks of a kind, when somebody wants to see them."""
        row = _row(top)
        if row is None or row.key[2] >= 0 or top.childCount():
            return
        severity, kind, _ = row.key
        remarks = self._groups[severity, kind]
        shown = [self._item(self._single(one, place), "", "") for place, one in enumerate(remarks[:MOST_ROWS])]
        top.addChildren(shown)
        if len(remarks) > MOST_ROWS:
            rest = QTreeWidgetItem(["", "", f"and {counted(len(remarks) - MOST_ROWS, 'more', 'more')}"])
            rest.setFlags(Qt.ItemFlag.ItemIsEnabled)
            top.addChild(rest)

    def _item(self, row: RemarkRow, severity: str, kind: str) -> QTreeWidgetItem:
        named, more = ", ".join(row.patients[:_NAMED]), len(row.patients) - _NAMED
        if not self._is_identity_shown or row.key[2] < 0:
            patients = counted(len(row.patients), "patient") if row.patients else ""
        else:
            patients = f"{named} and {more} more" if more > 0 else named
        item = QTreeWidgetItem([severity, kind, row.text, patients])
        item.setData(0, _ROW, row)
        # As high as a row of the tables beside it; the column that stretches does not go by its width.
        item.setSizeHint(2, QSize(0, theme.px(24)))
        item.setToolTip(2, row.text)
        if self._is_identity_shown:
            item.setToolTip(3, ", ".join(row.patients))
        colour = {Severity.STOP: theme.LOUD, Severity.WARNING: theme.WARNING}.get(row.key[0])
        if colour is not None and severity:
            for column in range(len(_TITLES)):
                item.setForeground(column, colour)
        return item


def _order(key: tuple[Severity, RemarkKind]) -> tuple[int, int]:
    return _SEVERITIES.index(key[0]), _KINDS.index(key[1])


def _row(item: QTreeWidgetItem | None) -> RemarkRow | None:
    found = item.data(0, _ROW) if item is not None else None
    return found if isinstance(found, RemarkRow) else None
