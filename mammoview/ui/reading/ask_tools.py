"""Ask the AI at a place of an image, once it may be seen: what it takes the place for, or where a border runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.marks import Point
from mammoview.core.reading import FindingType
from mammoview.core.score_words import spread_words
from mammoview.pipeline.question import ContourAnswer, PointAnswer
from mammoview.ui import theme
from mammoview.ui.reading.contour_tool import is_plain_press
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_overlay import pen
from mammoview.ui.reading.questions import Asking
from mammoview.ui.reading.shown import finding_at
from mammoview.ui.viewport.annotation import Tone
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.corners import elided
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.marks import outlined_text
from mammoview.ui.viewport.markup import CHOSEN, device_points
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import CLICK_PX

_NAMES: Final[dict[PatchClass, str]] = {one: one.value.replace("_", " ") for one in PatchClass}
_PLATE: Final = QColor(12, 13, 15, 225)
_BAR: Final = theme.ACCENT
_MALIGNANT: Final = QColor(255, 130, 95)
_BAR_WIDE: Final = 90.0


class AskTool:
    """A click asks what the AI says there; the answer stands beside the place until Escape."""

    cursor = Qt.CursorShape.WhatsThisCursor

    def __init__(self, board: FindingBoard, asking: Asking) -> None:
        self._board, self._asking = board, asking
        self._pane: Pane | None = None
        self._image_id = ""
        self._at: Point = (0.0, 0.0)
        self.answer: PointAnswer | None = None

    def cancel(self) -> bool:
        """Take the answer away; whether there was one, or one was waited for."""
        pane, self._pane, self.answer = self._pane, None, None
        self._asking.drop()
        if pane is not None:
            pane.update()
        return pane is not None

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not self._board.is_revealed or not is_plain_press(pane, row, col, event) or pane.hung is None:
            return False
        self.cancel()
        self._pane, self._image_id, self._at = pane, pane.hung.image.id, (row, col)
        self._asking.point(self._image_id, self._at, self._told)
        pane.update()
        return True

    def _told(self, answer: PointAnswer | None) -> None:
        if answer is None:
            self.cancel()
        self.answer = answer
        if self._pane is not None:
            self._pane.update()

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return pane is self._pane and bool(event.buttons() & Qt.MouseButton.LeftButton)

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return pane is self._pane and event.button() == Qt.MouseButton.LeftButton

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return self.pressed(pane, row, col, event)

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        if pane is not self._pane or pane.hung is None or pane.hung.image.id != self._image_id:
            return
        at, reach = device_points([self._at], pane.placement.to_device)[0], 7 * fonts.line_px
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen(CHOSEN, fonts.line_px))
        painter.drawLine(at - QPointF(reach, 0), at + QPointF(reach, 0))
        painter.drawLine(at - QPointF(0, reach), at + QPointF(0, reach))
        painter.setFont(fonts.plain)
        if self.answer is None:
            outlined_text(painter, at + QPointF(reach * 1.5, -reach), "asking the AI …", theme.TEXT)
        else:
            _paint_bars(painter, self.answer, at, pane, fonts)


def _paint_bars(painter: QPainter, answer: PointAnswer, at: QPointF, pane: Canvas, fonts: Fonts) -> None:
    """The classes as a small list of bars on a plate beside the point, inside the pane."""
    line, pad, gap = fonts.height(Tone.PLAIN) * 1.1, 7 * fonts.line_px, 6 * fonts.line_px
    name_wide = max(fonts.width(_NAMES[one], Tone.PLAIN) for one, _ in answer.classes)
    bar_wide, number_wide = _BAR_WIDE * fonts.line_px / 1.4, fonts.width("0.00", Tone.PLAIN)
    rows, cols = pane.device_size
    notes = _notes(answer)
    inside = max(name_wide + gap + bar_wide + gap + number_wide, *(fonts.width(note, Tone.PLAIN) for note in notes))
    wide = min(pad * 2 + inside, cols - 4.0)
    high = pad * 2 + line * (len(answer.classes) + len(notes))
    left = at.x() + 2 * gap if at.x() + 2 * gap + wide <= cols else at.x() - 2 * gap - wide
    left = min(max(left, 2.0), max(2.0, cols - wide - 2))
    top = min(max(at.y() - high / 2, 2.0), max(2.0, rows - high - 2))
    painter.fillRect(QRectF(left, top, wide, high).toAlignedRect(), _PLATE)
    for number, (one, share) in enumerate(answer.classes):
        y = top + pad + number * line
        colour = _MALIGNANT if one.value.startswith("malignant") else _BAR
        painter.setPen(theme.TEXT)
        painter.drawText(QPointF(left + pad, y + fonts.ascent(Tone.PLAIN)), _NAMES[one])
        bar = QRectF(left + pad + name_wide + gap, y + line * 0.25, bar_wide, line * 0.45)
        painter.fillRect(bar, theme.RAISED)
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), colour)
        painter.drawText(QPointF(bar.right() + gap, y + fonts.ascent(Tone.PLAIN)), f"{share:.2f}")
    painter.setPen(theme.QUIET)
    for number, note in enumerate(notes, start=len(answer.classes)):
        text = elided(note, Tone.PLAIN, wide - 2 * pad, fonts)
        painter.drawText(QPointF(left + pad, top + pad + number * line + fonts.ascent(Tone.PLAIN)), text)


def _notes(answer: PointAnswer) -> tuple[str, ...]:
    """What must stand beside the numbers: how sure they are, and what the models were taught to tell apart."""
    spread = spread_words(answer.uncertainty, answer.spread_over)
    return tuple(filter(None, (spread, answer.meaning.text if answer.meaning is not None else "", "Research only.")))


class AssistTool:
    """A click in a lesion, or a box dragged around it, asks the segmenters for its outline.

    Where it lies in the selected finding it gives that another outline; elsewhere it begins a new one.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(
        self, board: FindingBoard, asking: Asking, done: Callable[[bool], None], say: Callable[[str], None]
    ) -> None:
        self._board, self._asking, self._done, self._say = board, asking, done, say
        self._pane: Pane | None = None
        self._pressed_at = QPointF()
        self._from: Point = (0.0, 0.0)
        self._to: Point = (0.0, 0.0)
        self._is_waiting = False

    def cancel(self) -> bool:
        """Drop what was begun or asked; whether there was something."""
        pane, self._pane, self._is_waiting = self._pane, None, False
        self._asking.drop()
        if pane is not None:
            pane.update()
        return pane is not None

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        can_ask = self._board.is_revealed and not self._board.why_not(pane)
        if not can_ask or not is_plain_press(pane, row, col, event):
            return False
        self.cancel()
        self._pane, self._pressed_at = pane, event.position()
        self._from = self._to = (row, col)
        return True

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if pane is not self._pane or self._is_waiting:
            return False
        self._to = min(max(row, 0.0), pane.placement.rows), min(max(col, 0.0), pane.placement.columns)
        pane.update()
        return True

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if pane is not self._pane or self._is_waiting or pane.hung is None:
            return False
        image_id, frame = pane.hung.image.id, self._board.frame_of(pane)
        is_click = (event.position() - self._pressed_at).manhattanLength() < CLICK_PX
        box = self._box()
        seed: Point | Box = self._from if is_click else box
        middle = self._from if is_click else box.centre
        at = pane.placement.device_point(*middle)
        shown = [one for one in self._board.shown(pane) if one.finding.id == self._board.selected]
        finding = finding_at(shown, pane.placement.to_device, *at, 0.0)
        is_kept = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._is_waiting = True

        def told(answer: ContourAnswer | None) -> None:
            self.cancel()
            is_there = pane.hung is not None and pane.hung.image.id == image_id
            if answer is None or not is_there or self._board.frame_of(pane) != frame or len(answer.contour) < 3:
                return
            if finding:
                self._board.set_outline(finding, answer.contour, outlined_by=answer.models)
            else:
                self._board.add(pane, answer.contour, outlined_by=answer.models)
            self._done(is_kept)
            doubt = "a segmenter that is experimental" if answer.is_experimental else "the segmenters"
            self._say(f"Outlined by {doubt}; look at it, and change it where it is wrong")

        known = self._board.of(finding)
        is_cluster = known is not None and known.kind is FindingType.CALCIFICATIONS
        self._asking.contour(image_id, seed, told, LesionKind.CALCIFICATION if is_cluster else LesionKind.MASS)
        pane.update()
        return True

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return self.pressed(pane, row, col, event)

    def _box(self) -> Box:
        (row0, row1), (col0, col1) = (sorted(side) for side in zip(self._from, self._to, strict=True))
        return Box(row0, col0, row1, col1)

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        if pane is not self._pane:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen(CHOSEN, fonts.line_px, is_dashed=self._is_waiting))
        on = pane.placement.to_device.apply_box(self._box())
        rect = QRectF(on.col0, on.row0, on.width_px, on.height_px)
        if rect.width() < CLICK_PX and rect.height() < CLICK_PX:
            painter.drawEllipse(rect.center(), 8 * fonts.line_px, 8 * fonts.line_px)
        else:
            painter.drawRect(rect)
        if self._is_waiting:
            painter.setFont(fonts.plain)
            outlined_text(painter, rect.topRight() + QPointF(10 * fonts.line_px, 0), "looking for the border …", CHOSEN)
