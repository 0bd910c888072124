"""Small pictures of images, as the audit tells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from mammoview.ui import theme

_PLACE = Qt.ItemDataRole.UserRole
#: More are not looked at one by one, and each takes memory; all are kept as they came, compressed.
MOST: Final = 200


class Thumbs(QListWidget):
    """Pictures by the place of their image; a choice of them can be shown, and one of them wanted."""

    #: A click or Return on a picture: the place of its image.
    wanted = Signal(int)

    def __init__(self, side: int = 96) -> None:
        super().__init__()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setMovement(QListWidget.Movement.Static)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(theme.px(side), theme.px(side)))
        self._pictures: dict[int, bytes] = {}
        self._chosen: frozenset[int] | None = None
        self.itemClicked.connect(lambda item: self.wanted.emit(item.data(_PLACE)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if item is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.wanted.emit(item.data(_PLACE))
        else:
            super().keyPressEvent(event)

    def start_over(self) -> None:
        """Forget all pictures."""
        self._pictures = {}
        self._chosen = None
        self.clear()

    def add(self, place: int, jpeg: bytes) -> None:
        """Keep one image's picture, and show it where there is room."""
        is_new = place not in self._pictures
        self._pictures[place] = jpeg
        if is_new and self.count() < MOST and (self._chosen is None or place in self._chosen):
            self._show(place)

    def choose(self, places: Iterable[int] | None) -> None:
        """Show these alone; None shows the first of all."""
        chosen = None if places is None else frozenset(places)
        if chosen == self._chosen:
            return
        self._chosen = chosen
        self.clear()
        wanted = sorted(self._pictures if chosen is None else chosen & self._pictures.keys())
        for place in wanted[:MOST]:
            self._show(place)

    @property
    def shown(self) -> tuple[int, ...]:
        """Places of the pictures that are shown."""
        return tuple(self.item(row).data(_PLACE) for row in range(self.count()))

    def _show(self, place: int) -> None:
        jpeg = self._pictures[place]
        icon = QIcon(QPixmap.fromImage(QImage.fromData(jpeg))) if jpeg else QIcon()
        # As the table counts, with its line of titles.
        item = QListWidgetItem(icon, f"Row {place + 2}")
        item.setData(_PLACE, place)
        item.setToolTip("Click to open it in the viewer" if jpeg else "Its pixels cannot be read")
        self.addItem(item)
