"""The page beside the images: scores, the change since the earlier exam, findings, the controls of layers and maps."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGroupBox, QScrollArea, QSplitter, QVBoxLayout, QWidget

from mammoview.ui.panels.findings import FindingsPanel
from mammoview.ui.panels.layers import LayersPanel
from mammoview.ui.panels.maps import MapsPanel
from mammoview.ui.panels.prior_change import PriorChangePanel
from mammoview.ui.panels.scores import ScoresPanel
from mammoview.ui.wrapped import WrappedLabel


class AnalysisPanel(QWidget):
    """Holds the panels; each shows what it is given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scores, self.findings, self.maps = ScoresPanel(), FindingsPanel(), MapsPanel()
        self.layers, self.change = LayersPanel(), PriorChangePanel()
        self.caption = WrappedLabel()
        scores = QScrollArea()
        scores.setWidget(_stacked(self.scores, self.change))
        scores.setWidgetResizable(True)
        scores.setFrameShape(QScrollArea.Shape.NoFrame)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(scores)
        splitter.addWidget(_stacked(self.findings, self.caption))
        splitter.setChildrenCollapsible(False)
        splitter.setSizes([360, 320])
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(splitter, 1)
        column.addWidget(_framed("Lesion layers", self.layers))
        column.addWidget(_framed("Map", self.maps))


def _framed(title: str, content: QWidget) -> QGroupBox:
    frame = QGroupBox(title)
    inside = QVBoxLayout(frame)
    inside.setContentsMargins(0, 0, 0, 0)
    inside.addWidget(content)
    return frame


def _stacked(upper: QWidget, lower: QWidget) -> QWidget:
    panel = QWidget()
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(upper, 1)
    column.addWidget(lower)
    return panel
