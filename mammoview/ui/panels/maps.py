"""The colour bar of the map that is shown, with its opacity and threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from mammoview.core.findings import PatchClass
from mammoview.imaging.colormaps import rgb_table
from mammoview.ui import theme
from mammoview.ui.viewport.layers import MALIGNANT, Layer, OverlayOptions
from mammoview.ui.viewport.marks import MAP_COLOURS


class ColourBar(QWidget):
    """0 to 1 in colours, dark below the threshold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._layer = Layer.SALIENCY
        self._threshold = 0.0

    def sizeHint(self) -> QSize:
        return QSize(theme.px(220), theme.px(18) + self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def set_map(self, layer: Layer, threshold: float) -> None:
        """Show the colours of a map."""
        self._layer, self._threshold = layer, threshold
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = rgb_table(MAP_COLOURS[self._layer]).copy()
        colours[: round(self._threshold * 255)] //= 6
        row = np.ascontiguousarray(colours)
        high = theme.px(14)
        bar = QRectF(4, 2, self.width() - 8, high)
        painter.drawImage(bar, QImage(row.data, 256, 1, 768, QImage.Format.Format_RGB888))
        painter.setPen(theme.TEXT)
        x = bar.left() + bar.width() * self._threshold
        painter.drawLine(int(x), 0, int(x), high + 4)
        painter.setPen(theme.QUIET)
        under = QRectF(4, high + 4, self.width() - 8, self.height() - high - 4)
        painter.drawText(under, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, "0.5")
        painter.drawText(under, Qt.AlignmentFlag.AlignRight, "1")


class MapsPanel(QWidget):
    """Controls of the colour maps; tells every change as new `OverlayOptions`."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = OverlayOptions()
        self.title = QLabel()
        self.title.setObjectName("quiet")
        self.bar = ColourBar()
        self.opacity, self.threshold = _slider(), _slider()
        self.channel = QComboBox()
        self.channel.addItem("Malignant, either kind", MALIGNANT)
        for name in PatchClass:
            self.channel.addItem(name.value.replace("_", " ").capitalize(), name.value)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Opacity", self.opacity)
        form.addRow("Threshold", self.threshold)
        form.addRow("Patch class", self.channel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self.title)
        layout.addWidget(self.bar)
        layout.addLayout(form)
        self.opacity.valueChanged.connect(lambda value: self._change(opacity=value / 100))
        self.threshold.valueChanged.connect(lambda value: self._change(threshold=value / 100))
        self.channel.currentIndexChanged.connect(lambda index: self._change(patch_channel=self.channel.itemData(index)))
        self.set_options(self._options)

    def set_options(self, options: OverlayOptions) -> None:
        """Show the options in force."""
        self._options = options
        with QSignalBlocker(self.opacity), QSignalBlocker(self.threshold), QSignalBlocker(self.channel):
            self.opacity.setValue(round(options.opacity * 100))
            self.threshold.setValue(round(options.threshold * 100))
            self.channel.setCurrentIndex(self.channel.findData(options.patch_channel))
        layer = Layer.PATCH_MAP if Layer.PATCH_MAP in options.visible else Layer.SALIENCY
        is_shown = layer in options.visible
        self.title.setText(f"{layer.value}{'' if is_shown else ' (off)'}: share of the map's range")
        if layer is Layer.PATCH_MAP:
            self.title.setText("Patch map: probability of the class")
        self.channel.setEnabled(layer is Layer.PATCH_MAP)
        self.bar.set_map(layer, options.threshold)

    def _change(self, **values: float | str) -> None:
        self.changed.emit(replace(self._options, **values))  # type: ignore[arg-type]  # named by the callers above


def _slider() -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setPageStep(10)
    return slider
