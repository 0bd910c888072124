"""Small signs for the types of findings, for the images and for the list."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from mammoview.core.reading import FindingType

_DOTS: Final = ((-0.5, -0.35), (0.4, -0.55), (0.55, 0.3), (-0.15, 0.1), (-0.45, 0.6), (0.15, 0.65))


def sign(kind: FindingType, rect: QRectF) -> QPainterPath:
    """The lines of a type's sign, to be stroked."""
    path, middle, half = QPainterPath(), rect.center(), rect.width() / 2
    if kind is FindingType.MASS:
        path.addEllipse(middle, half * 0.8, half * 0.8)
    elif kind is FindingType.CALCIFICATIONS:
        for x, y in _DOTS:
            path.addEllipse(middle + QPointF(x, y) * half, half * 0.12, half * 0.12)
    elif kind is FindingType.DISTORTION:
        for k in range(4):
            along = QPointF(math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)) * half
            path.moveTo(middle - along)
            path.lineTo(middle + along)
    elif kind is FindingType.ASYMMETRY:
        path.moveTo(middle - QPointF(0, half * 0.8))
        path.arcTo(rect.adjusted(half * 0.2, half * 0.2, -half * 0.2, -half * 0.2), 90, 180)
        path.closeSubpath()
    elif kind is FindingType.LYMPH_NODE:
        path.addEllipse(middle, half * 0.9, half * 0.55)
        path.addEllipse(middle, half * 0.25, half * 0.15)
    elif kind is FindingType.DILATED_DUCT:
        for side in (-0.3, 0.3):
            path.moveTo(middle + QPointF(-half, side * half))
            path.lineTo(middle + QPointF(half, side * half))
    else:
        path.addRect(QRectF(middle.x() - half * 0.7, middle.y() - half * 0.7, half * 1.4, half * 1.4))
    return path


@lru_cache(maxsize=64)
def icon(kind: FindingType, colour: str, side: int = 16) -> QIcon:
    """A type's sign as an icon of ``side`` pixels."""
    pixmap = QPixmap(QSize(side * 2, side * 2))
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colour), 1.5))
    painter.drawPath(sign(kind, QRectF(1, 1, side - 2, side - 2)))
    painter.end()
    return QIcon(pixmap)
