"""One view twice: the old model's overlays at the left, the new one's at the right, moving together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from mammoview.core.study import Mammogram
from mammoview.imaging.air import Air
from mammoview.pipeline.comparing import Side
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.orientation import Orientation
from mammoview.ui import theme
from mammoview.ui.comparing.words import SIDES
from mammoview.ui.viewport.layers import Prepared
from mammoview.ui.viewport.look import Look
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall


def side_id(image_id: str, side: Side) -> str:
    """The name that an image bears in the pane of a side: one wall holds it twice."""
    return f"{image_id}#{side}"


@dataclass(frozen=True)
class Heading:
    """What stands above a pane."""

    model: str
    value: str


class Pair(QWidget):
    """Two panes of one image with their headings.

    Attributes
    ----------
    wall
        Its panes are linked as those of the viewer are.
    """

    #: The panes lie another way: what hangs there must be shown anew.
    turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.wall = Wall()
        self.headings = {side: QLabel() for side in Side}
        self._is_stacked = False
        self._top = QGridLayout()
        self._top.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._top.setSpacing(theme.px(4))
        for label in self.headings.values():
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._top)
        layout.addWidget(self.wall, 1)
        self._lay_headings()
        self.wall.image_shown.connect(self._name)

    def pane(self, side: Side) -> Pane | None:
        """The pane of a side; None while nothing hangs."""
        panes = self.wall.panes
        return panes[list(Side).index(side)] if len(panes) == len(Side) else None

    def hang(self, image: Mammogram, orientation: Orientation) -> None:
        """Hang an image twice; its pixels come later."""
        slots = []
        for place, side in enumerate(Side):
            own = Hung(replace(image, id=side_id(image.id, side)), orientation)
            row, column = (place, 0) if self._is_stacked else (0, place)
            slots.append(Slot(row, column, image.label, (own,)))
        rows, columns = (2, 1) if self._is_stacked else (1, 2)
        self.wall.show_hanging(Hanging(image.study_uid, "comparison", rows, columns, tuple(slots)))
        for pane in self.wall.panes:
            self._name(pane)

    def show_pixels(self, look: Look) -> None:
        """Show the pixels of what hangs."""
        for side in Side:
            own = replace(look.image, image_id=side_id(look.image.image_id, side))
            self.wall.show_image(own, look.shown, look.default, look.computed)

    def show_air(self, image_id: str, air: Air | None) -> None:
        """Take an estimate of the air around the breast."""
        for side in Side:
            self.wall.tones.found_air(side_id(image_id, side), air)

    def show_said(self, side: Side, heading: Heading, notes: tuple[str, ...], prepared: Prepared | None) -> None:
        """Say what a side says of what hangs."""
        name = f"<b>{SIDES[side]}</b>&nbsp; {escape(heading.model)}"
        large = f'<span style="font-size:{theme.points(13)}; font-weight:bold">{escape(heading.value)}</span>'
        self.headings[side].setText(f"{name}<br>{large}" if heading.model else "")
        pane = self.pane(side)
        if pane is not None:
            pane.set_notes(notes)
            if pane.prepared is not prepared:
                pane.set_prepared(prepared)

    def clear(self, text: str = "") -> None:
        """Show nothing, and why."""
        self.wall.show_hanging(Hanging("", "", 1, 1, (Slot(0, 0, "", ()),)))
        self.wall.panes[0].set_empty(text)
        for label in self.headings.values():
            label.clear()

    def _name(self, pane: Pane) -> None:
        """Have the pane itself say whose it is: one of them can fill the window."""
        panes = self.wall.panes
        if pane in panes and len(panes) == len(Side):
            pane.badges = (SIDES[list(Side)[panes.index(pane)]],)
            pane.refresh()

    def _lay_headings(self) -> None:
        for place, label in enumerate(self.headings.values()):
            row, column = (place, 0) if self._is_stacked else (0, place)
            self._top.addWidget(label, row, column)
        for column in range(2):
            self._top.setColumnStretch(column, int(column == 0 or not self._is_stacked))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.turn()

    def turn(self) -> None:
        """Lay the panes above each other where the breast is larger so."""
        pane = self.pane(Side.OLD)
        if pane is None or pane.image is None:
            return
        rows, columns = pane.extent
        # The wall itself has its size a moment later.
        wide, high = self.width(), self.height() - self._top.sizeHint().height()
        beside, above = min(high / rows, wide / 2 / columns), min(high / 2 / rows, wide / columns)
        if (above > beside) is not self._is_stacked:
            self._is_stacked = above > beside
            self._lay_headings()
            self.turned.emit()
