"""Paint a case's findings over their images: outlines, never fills; the AI's dashed until they are judged."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from mammoview.core.geometry import PixelTransform
from mammoview.core.marks import Point
from mammoview.ui import theme
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.shown import Shown, Standing, Tie
from mammoview.ui.reading.type_icons import sign
from mammoview.ui.viewport.annotation import Tone
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.marks import outlined_text
from mammoview.ui.viewport.markup import Labels, device_points

#: The reader's own in a colour that no overlay and no mark has; the AI's in one of theirs.
COLOURS: Final[dict[Standing, QColor]] = {
    Standing.OWN: QColor(190, 230, 90),
    Standing.UNJUDGED: QColor(255, 130, 95),
    Standing.ACCEPTED: QColor(255, 130, 95),
    Standing.EDITED: QColor(255, 130, 95),
    Standing.REJECTED: theme.QUIET,
}
_HALO: Final = QColor(0, 0, 0, 190)
_PLATE: Final = QColor(0, 0, 0, 120)
_DASHED: Final = frozenset({Standing.UNJUDGED, Standing.REJECTED})
_PLACE_PX: Final = 11.0


class FindingOverlay:
    """Paints the findings of the case on the table; see `mammoview.ui.viewport.mouse.Rider`.

    Attributes
    ----------
    held
        Id of the finding that a tool paints itself while it changes it.
    """

    def __init__(self, board: FindingBoard) -> None:
        self._board = board
        self.held = ""

    def _shown(self, canvas: Canvas) -> tuple[Shown, ...]:
        return tuple(one for one in self._board.shown(canvas) if one.finding.id != self.held)

    def state_on(self, canvas: Canvas) -> tuple[object, ...]:
        """What there is to paint on a pane."""
        return self._shown(canvas)

    def hidden_on(self, canvas: Canvas) -> str:  # noqa: ARG002 - hiding the AI means all of it
        """Nothing is told of what the reader hides."""
        return ""

    def paint_on(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        """Paint what belongs on a pane."""
        shown = self._shown(canvas)
        paint_findings(painter, shown, canvas.placement.to_device, fonts, self._room(canvas, shown))

    def _room(self, canvas: Canvas, shown: tuple[Shown, ...]) -> Labels:
        """Room for names: beside the findings and what is written."""
        taken = [_edges(box_of(one.finding.contour, canvas.placement.to_device)) for one in shown]
        if canvas.written is not None:
            written = (one.rect for one in (*canvas.written.lines, *canvas.written.letters, *canvas.written.badges))
            taken += [(rect.left, rect.top, rect.right, rect.bottom) for rect in (*written, canvas.written.caption)]
        return Labels(canvas.device_size, taken)


def paint_findings(
    painter: QPainter, shown: tuple[Shown, ...], to_device: PixelTransform, fonts: Fonts, labels: Labels
) -> None:
    """Paint findings and their names.

    Parameters
    ----------
    painter
        Works in device pixels.
    labels
        Finds room for the names.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for one in shown:
        _outline(painter, one, to_device, fonts)
    inside = QRectF(0, 0, labels.size[1], labels.size[0])
    for one in shown:
        box = box_of(one.finding.contour, to_device)
        if box.intersects(inside):
            _name(painter, one, box, fonts, labels)


def box_of(contour: tuple[Point, ...], to_device: PixelTransform) -> QRectF:
    """The box around an outline on the pane; a place has the size of its sign."""
    points = to_device.apply(contour)
    (top, left), (bottom, right) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    grown = _PLACE_PX if len(points) < 3 else 0.0
    return QRectF(left - grown, top - grown, right - left + 2 * grown, bottom - top + 2 * grown)


def outline_path(contour: tuple[Point, ...], to_device: PixelTransform, fonts: Fonts) -> QPainterPath:
    """The line of a finding; around a single place a ring."""
    path = QPainterPath()
    points = device_points(contour, to_device)
    if len(points) > 2:
        path.addPolygon(QPolygonF(points))
        path.closeSubpath()
        return path
    for point in points:
        path.addEllipse(point, _PLACE_PX * fonts.line_px, _PLACE_PX * fonts.line_px)
    if len(points) == 2:
        path.moveTo(points[0])
        path.lineTo(points[1])
    return path


def pen(colour: QColor, width: float, *, is_dashed: bool = False) -> QPen:
    """A round pen; its dashes keep their length whatever its width."""
    made = QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    if is_dashed:
        made.setDashPattern([4.0, 3.0])
    return made


def _outline(painter: QPainter, one: Shown, to_device: PixelTransform, fonts: Fonts) -> None:
    path = outline_path(one.finding.contour, to_device, fonts)
    width = fonts.line_px * (1.9 if one.tie is Tie.SELECTED else 1.1)
    is_dashed = one.standing in _DASHED
    painter.setPen(pen(_HALO, width + 1.6 * fonts.line_px))
    if not is_dashed:
        painter.drawPath(path)
    painter.setPen(pen(COLOURS[one.standing], width, is_dashed=is_dashed))
    painter.drawPath(path)
    if one.tie is not Tie.NONE:
        frame = box_of(one.finding.contour, to_device).adjusted(*(7 * fonts.line_px * k for k in (-1, -1, 1, 1)))
        is_guess = one.tie in {Tie.PROPOSED, Tie.CANDIDATE}
        painter.setPen(pen(theme.TEXT.lighter(115), fonts.line_px, is_dashed=is_guess))
        _corners(painter, frame)


def _corners(painter: QPainter, rect: QRectF) -> None:
    """The four corners of a box: they frame a finding without a line across its edge."""
    arm = min(max(9.0, min(rect.width(), rect.height()) * 0.28), min(rect.width(), rect.height()) / 2)
    for x, right in ((rect.left(), 1), (rect.right(), -1)):
        for y, down in ((rect.top(), 1), (rect.bottom(), -1)):
            painter.drawPolyline(QPolygonF([QPointF(x + right * arm, y), QPointF(x, y), QPointF(x, y + down * arm)]))


def _name(painter: QPainter, one: Shown, box: QRectF, fonts: Fonts, labels: Labels) -> None:
    """The sign of the type, the name, and the note."""
    text = f"{one.name}  {one.note}".strip()
    side = fonts.height(Tone.PLAIN) * 0.8
    gap = 4 * fonts.line_px
    wide = side + gap + fonts.width(text, Tone.PLAIN)
    rect = labels.place(box.adjusted(-gap, -gap, gap, gap), wide, fonts.height(Tone.PLAIN), 3 * fonts.line_px)
    colour = COLOURS[one.standing].lighter(112 if one.tie is Tie.SELECTED else 100)
    painter.fillRect(rect.adjusted(-gap, 0, gap, 0).toAlignedRect(), _PLATE)
    sign_rect = QRectF(rect.left(), rect.top() + (rect.height() - side) / 2, side, side)
    painter.setPen(QPen(colour, 1.2 * fonts.line_px))
    painter.drawPath(sign(one.finding.kind, sign_rect))
    painter.setFont(fonts.plain)
    at = QPointF(rect.left() + side + gap, rect.top() + fonts.ascent(Tone.PLAIN))
    outlined_text(painter, at, text, colour)


def _edges(rect: QRectF) -> tuple[float, float, float, float]:
    return rect.left(), rect.top(), rect.right(), rect.bottom()
