"""The list of findings. Selecting a row tells so; being told selects the row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from mammoview.core.findings import Finding, ImageResult, Link, ScoreMeaning
from mammoview.core.score_words import point_words, short_point_words, spread_words, thresholds_of
from mammoview.core.study import Mammogram
from mammoview.ui.panels.scores import meaning_text

_ID = Qt.ItemDataRole.UserRole


class FindingsPanel(QTreeWidget):
    """One row a finding, the highest score first."""

    selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(["View", "Kind", "Score", "Area", "Also in"])
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        self.setUniformRowHeights(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(True)
        self.header().setMinimumSectionSize(36)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(90)
        self.currentItemChanged.connect(self._tell)

    def show_findings(
        self,
        images: Sequence[Mammogram],
        results: Sequence[ImageResult],
        links: Sequence[Link],
        meaning: ScoreMeaning | None = None,
    ) -> None:
        """Show what was found, each score with its ``meaning``; the selection stays where its finding does."""
        labels = {image.id: image.label for image in images}
        found = [(f, labels.get(r.image_id, "?")) for r in results for f in r.findings]
        views = {finding.id: label for finding, label in found}
        peers = {link.cc: link.mlo for link in links} | {link.mlo: link.cc for link in links}
        kept = self.current()
        with QSignalBlocker(self):
            self.clear()
            for finding, label in sorted(found, key=lambda pair: -pair[0].p_malignant):
                self.addTopLevelItem(_row(finding, label, views.get(peers.get(finding.id, ""), ""), meaning))
        self.select(kept)

    def current(self) -> str:
        """Id of the selected finding, or empty."""
        item = self.currentItem()
        return str(item.data(0, _ID)) if item is not None else ""

    def select(self, finding_id: str) -> None:
        """Select the row of a finding without telling; the empty id selects none."""
        rows = (self.topLevelItem(index) for index in range(self.topLevelItemCount()))
        item = next((row for row in rows if row is not None and row.data(0, _ID) == finding_id), None)
        with QSignalBlocker(self):
            if item is None:
                self.setCurrentIndex(QModelIndex())
                self.clearSelection()
            else:
                self.setCurrentItem(item)
                self.scrollToItem(item)

    def step(self, by: int) -> None:
        """Select the next row, or the one before; the first one where none is selected."""
        count = self.topLevelItemCount()
        if not count:
            return
        item = self.currentItem()
        index = (self.indexOfTopLevelItem(item) + by) % count if item is not None else 0
        following = self.topLevelItem(index)
        if following is not None:
            self.setCurrentItem(following)

    def _tell(self, item: QTreeWidgetItem | None) -> None:
        self.selected.emit(str(item.data(0, _ID)) if item is not None else "")


def _row(finding: Finding, label: str, seen_in: str, meaning: ScoreMeaning | None) -> QTreeWidgetItem:
    area = f"{finding.area_mm2:.0f} mm²" if finding.area_mm2 is not None else "–"
    kind = "calc." if finding.kind.value == "calcification" else finding.kind.value
    item = QTreeWidgetItem([label, kind, f"{finding.p_malignant:.2f}", area, seen_in])
    item.setData(0, _ID, finding.id)
    item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setToolTip(2, "\n".join((f"{finding.p_malignant:.3f}", *score_lines(finding, meaning))))
    return item


def score_lines(finding: Finding, meaning: ScoreMeaning | None) -> tuple[str, ...]:
    """What stands beside a finding's score: its spread, its operating point, each model's own score."""
    members = " · ".join(f"{member.model} {member.p_malignant:.2f}" for member in finding.members)
    lines = (
        spread_words(finding.uncertainty, finding.spread_over),
        point_words(finding.p_malignant, thresholds_of(meaning, finding.members)),
        members if len(finding.members) > 1 else "",
    )
    return tuple(line for line in lines if line)


def caption_of(findings: Sequence[Finding], chosen: str, meaning: ScoreMeaning | None) -> tuple[str, str]:
    """What stands below the list, and its details: what the scores say, and what is known of the selected finding's.

    Parameters
    ----------
    findings
        All of the list.
    chosen
        Id of the selected one; without it, the one that scores highest is told of.
    meaning
        Of their scores.
    """
    if not findings:
        return "No findings", ""
    highest = max(findings, key=lambda finding: finding.p_malignant)
    shown = next((finding for finding in findings if finding.id == chosen), highest)
    spread = spread_words(shown.uncertainty, shown.spread_over)
    point = short_point_words(shown.p_malignant, thresholds_of(meaning, shown.members))
    told = ", ".join(filter(None, (spread, point)))
    lines = [f"{len(findings)} findings. Score: {meaning_text(meaning)}"]
    lines += [f"{shown.p_malignant:.2f}: {told}"] if told else []
    return "\n".join(lines), "\n".join(score_lines(shown, meaning))
