"""Paint overlays on the device pixels of a pane. Everything comes in native pixels and goes through one transform."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from mammoview.core.findings import Finding
from mammoview.core.geometry import Box, PixelTransform
from mammoview.imaging.colormaps import ColorMap, rgba_table
from mammoview.ui.viewport.layers import Layer, Map, Outlines, OverlayOptions, Prepared, Stack, Truth
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.render import Target, target_of, warp

COLOURS: dict[Layer, QColor] = {
    Layer.BREAST: QColor(80, 200, 235),
    Layer.PECTORAL: QColor(240, 160, 70),
    Layer.ARTIFACTS: QColor(235, 90, 200),
    Layer.CANDIDATES: QColor(240, 220, 90),
    Layer.FINDINGS: QColor(255, 95, 80),
    Layer.BENIGN: QColor(80, 150, 255),
    Layer.MALIGNANT: QColor(255, 140, 40),
    Layer.TRUTH: QColor(255, 40, 40),
}
#: Outlines beside a reader's own, as published figures show them.
PREDICTED = QColor(255, 230, 0)
SELECTED = QColor(110, 255, 150)
MAP_COLOURS: dict[Layer, ColorMap] = {Layer.SALIENCY: ColorMap.HEAT, Layer.PATCH_MAP: ColorMap.SPECTRUM}


def paint_marks(
    painter: QPainter,
    prepared: Prepared,
    placement: Placement,
    options: OverlayOptions,
    *,
    size: tuple[int, int],
    selected: frozenset[str],
    line_px: float,
    truth: Truth | None = None,
) -> None:
    """Paint all visible layers of one image.

    Parameters
    ----------
    painter
        Works in device pixels.
    size
        (rows, columns) of the pane, device pixels.
    selected
        Ids of the findings to highlight.
    line_px
        Width of an ordinary line, device pixels.
    truth
        A reader's own mask; while it is shown the findings are yellow and it is red.
    """
    shown = shown_map(prepared, options)
    if shown is not None:
        layer, values = shown
        _paint_map(painter, values, placement, options, layer=layer, size=size)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if prepared.stack is not None:
        _paint_stack(painter, prepared.stack, placement.to_device, options, line_px=line_px)
    for layer, lines in (
        (Layer.BREAST, prepared.breast),
        (Layer.PECTORAL, prepared.pectoral),
        (Layer.ARTIFACTS, prepared.artifact_outlines),
    ):
        if layer in options.visible:
            fill = 50 if layer is Layer.ARTIFACTS else 0
            _paint_outlines(painter, lines, placement.to_device, COLOURS[layer], line_px, fill=fill)
    if Layer.ARTIFACTS in options.visible:
        _name_artifacts(painter, prepared, placement.to_device)
    if Layer.CANDIDATES in options.visible:
        _paint_candidates(painter, prepared, placement.to_device, line_px)
    is_compared = truth is not None and Layer.TRUTH in options.visible
    if truth is not None and is_compared:
        _paint_outlines(painter, truth.outlines, placement.to_device, COLOURS[Layer.TRUTH], line_px * 2.2)
    is_read = prepared.image_id in options.read
    if not is_read and (Layer.FINDINGS in options.visible or selected or is_compared):
        _paint_findings(
            painter,
            prepared,
            placement.to_device,
            options,
            selected=selected,
            line_px=line_px,
            is_compared=is_compared,
        )


def shown_map(prepared: Prepared, options: OverlayOptions) -> tuple[Layer, Map] | None:
    """The colour map that is switched on and there, if any."""
    if Layer.SALIENCY in options.visible and prepared.saliency is not None:
        return Layer.SALIENCY, prepared.saliency
    channel = prepared.patch_map(options.patch_channel)
    if Layer.PATCH_MAP in options.visible and channel is not None:
        return Layer.PATCH_MAP, channel
    return None


def map_pixels(
    values: Map, placement: Placement, options: OverlayOptions, *, layer: Layer, size: tuple[int, int]
) -> tuple[Target, np.ndarray]:
    """A colour map's device pixels, premultiplied BGRA, shape (rows, columns, 4), and where they go."""
    rows, columns = values.values.shape
    on_map = PixelTransform.scale_crop(values.box, rows, columns).inverse().then(placement.to_device)
    target = target_of(on_map, rows, columns, size)
    table = rgba_table(MAP_COLOURS[layer], opacity=options.opacity, threshold=options.threshold)
    if target.is_empty:
        return target, np.zeros((0, 0, 4), np.uint8)
    # Maps are coarse: half of the device pixels are enough, and a look-up of whole words is the fastest.
    half = Target(target.row0 // 2, target.col0 // 2, -(-target.row1 // 2), -(-target.col1 // 2))
    shrunk = PixelTransform(((0.5, 0.0, 0.0), (0.0, 0.5, 0.0)))
    coarse = warp(values.values, on_map.then(shrunk), half, step=1.0)
    twice = 2 * half.size[1], 2 * half.size[0]
    full = np.asarray(cv2.resize(coarse, twice, interpolation=cv2.INTER_LINEAR), np.uint8)
    down, across = target.row0 - 2 * half.row0, target.col0 - 2 * half.col0
    part = full[down : down + target.size[0], across : across + target.size[1]]
    words = np.ascontiguousarray(table).view(np.uint32).ravel()
    return target, words.take(part).view(np.uint8).reshape(*target.size, 4)


def _paint_map(
    painter: QPainter,
    values: Map,
    placement: Placement,
    options: OverlayOptions,
    *,
    layer: Layer,
    size: tuple[int, int],
) -> None:
    target, pixels = map_pixels(values, placement, options, layer=layer, size=size)
    if target.is_empty:
        return
    rows, columns = target.size
    image = QImage(pixels.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied)
    painter.drawImage(target.col0, target.row0, image)


def _points(to_device: PixelTransform, line: np.ndarray) -> QPolygonF:
    return QPolygonF([QPointF(col, row) for row, col in to_device.apply(line).tolist()])


def _rect(to_device: PixelTransform, box: Box) -> QRectF:
    on = to_device.apply_box(box)
    return QRectF(on.col0, on.row0, on.width_px, on.height_px)


def _paint_outlines(
    painter: QPainter, lines: Outlines, to_device: PixelTransform, colour: QColor, line_px: float, *, fill: int = 0
) -> None:
    painter.setPen(QPen(colour, line_px))
    painter.setBrush(
        QBrush(QColor(colour.red(), colour.green(), colour.blue(), fill)) if fill else Qt.BrushStyle.NoBrush
    )
    for line in lines:
        painter.drawPolygon(_points(to_device, line))


def _name_artifacts(painter: QPainter, prepared: Prepared, to_device: PixelTransform) -> None:
    for artifact in prepared.artifacts:
        under = _rect(to_device, artifact.box).bottomLeft() + QPointF(0, 1)
        _label(painter, under, artifact.kind.value.replace("_", " "), Layer.ARTIFACTS)


def _paint_stack(
    painter: QPainter, stack: Stack, to_device: PixelTransform, options: OverlayOptions, *, line_px: float
) -> None:
    """Fill lesions, without their holes, with a colour that the tissue shows through."""
    for layer, lines in ((Layer.BENIGN, stack.benign), (Layer.MALIGNANT, stack.malignant)):
        if layer not in options.visible:
            continue
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.OddEvenFill)
        for line in lines:
            path.addPolygon(_points(to_device, line))
            path.closeSubpath()
        colour = QColor(COLOURS[layer])
        painter.setPen(QPen(colour, line_px))
        colour.setAlphaF(options.layer_opacity)
        painter.setBrush(colour)
        painter.drawPath(path)


def _paint_candidates(painter: QPainter, prepared: Prepared, to_device: PixelTransform, line_px: float) -> None:
    pen = QPen(COLOURS[Layer.CANDIDATES], line_px, Qt.PenStyle.DashLine)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for candidate in prepared.candidates:
        painter.setPen(pen)
        rect = _rect(to_device, candidate.box)
        painter.drawRect(rect)
        _label(
            painter,
            rect.bottomLeft() + QPointF(0, 1),
            f"{candidate.kind.value[0].upper()} {candidate.score:.2f}",
            Layer.CANDIDATES,
        )


def _paint_findings(
    painter: QPainter,
    prepared: Prepared,
    to_device: PixelTransform,
    options: OverlayOptions,
    *,
    selected: frozenset[str],
    line_px: float,
    is_compared: bool,
) -> None:
    for finding, lines in zip(prepared.findings, prepared.finding_outlines, strict=True):
        is_selected = finding.id in selected
        is_shown = Layer.FINDINGS in options.visible or (is_compared and bool(lines))
        if not is_selected and not is_shown:
            continue
        # Nothing takes the two colours of a comparison away: a selection shows by its corners.
        plain = PREDICTED if is_compared and lines else COLOURS[Layer.FINDINGS]
        colour = SELECTED if is_selected and not (is_compared and lines) else plain
        width = line_px * (2.0 if is_selected else 1.2)
        if lines:
            _paint_outlines(painter, lines, to_device, colour, width)
        if not lines or is_selected:
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine))
            _corners(painter, _rect(to_device, finding.box))
        _paint_score(painter, finding, to_device, colour)


def _corners(painter: QPainter, rect: QRectF) -> None:
    """The four corners of a box: they frame a lesion without a line across its edge."""
    arm = max(4.0, min(rect.width(), rect.height()) * 0.22)
    for x, right in ((rect.left(), 1), (rect.right(), -1)):
        for y, down in ((rect.top(), 1), (rect.bottom(), -1)):
            painter.drawLine(QPointF(x, y), QPointF(x + right * arm, y))
            painter.drawLine(QPointF(x, y), QPointF(x, y + down * arm))


def _paint_score(painter: QPainter, finding: Finding, to_device: PixelTransform, colour: QColor) -> None:
    at = _rect(to_device, finding.box).topLeft() - QPointF(0, 3)
    outlined_text(painter, at, f"{finding.p_malignant:.2f}", colour)


def _label(painter: QPainter, under: QPointF, text: str, layer: Layer) -> None:
    outlined_text(painter, under + QPointF(0, painter.fontMetrics().ascent()), text, COLOURS[layer])


def outlined_text(painter: QPainter, at: QPointF, text: str, colour: QColor) -> None:
    """Paint text with its baseline at ``at`` so that it can be read on bright tissue, too."""
    painter.setPen(QColor(0, 0, 0, 220))
    for dx, dy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        painter.drawText(at + QPointF(dx, dy), text)
    painter.setPen(colour)
    painter.drawText(at, text)


def hit(prepared: Prepared, placement: Placement, row: float, col: float, reach_px: float) -> str | None:
    """Id of the smallest finding whose box lies within ``reach_px`` device pixels of a device point."""
    hits = []
    for finding in prepared.findings:
        box = placement.to_device.apply_box(finding.box)
        wide = Box(box.row0 - reach_px, box.col0 - reach_px, box.row1 + reach_px, box.col1 + reach_px)
        if wide.contains(row, col):
            hits.append((finding.box.area_px, finding.id))
    return min(hits)[1] if hits else None
