"""Room for pages that are taller or wider than their place: nothing of them is cut off, and none widens the window."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QStackedWidget, QWidget


def scrolled(page: QWidget) -> QScrollArea:
    """The page in an area with scroll bars that show only where they are needed."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    return area


class Pages(QStackedWidget):
    """Pages of which only the shown one says how much room there must be: a hidden one must not widen the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._policies: dict[QWidget, QSizePolicy] = {}
        self.currentChanged.connect(self._fit)
        self.widgetRemoved.connect(self._fit)

    def addWidget(self, page: QWidget) -> int:
        self._policies[page] = page.sizePolicy()
        index = super().addWidget(page)
        self._fit()
        return index

    def _fit(self) -> None:
        ignored = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        for index in range(self.count()):
            page = self.widget(index)
            assert page is not None
            page.setSizePolicy(self._policies[page] if index == self.currentIndex() else ignored)
