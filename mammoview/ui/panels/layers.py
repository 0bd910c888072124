"""Switches of the benign and malignant layers and of the truth, each with its colour in words."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QSlider, QWidget

from mammoview.ui.viewport.layers import Layer, OverlayOptions
from mammoview.ui.viewport.marks import COLOURS

_TEXTS = {
    Layer.BENIGN: "Benign (blue)",
    Layer.MALIGNANT: "Malignant (orange)",
    Layer.TRUTH: "Truth (red) beside outlines (yellow)",
}


class LayersPanel(QWidget):
    """Tells every change as new `OverlayOptions`."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = OverlayOptions()
        self.boxes = {layer: self._box(layer) for layer in _TEXTS}
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setPageStep(10)
        self.opacity.valueChanged.connect(lambda value: self._change(replace(self._options, layer_opacity=value / 100)))
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 4, 8, 4)
        grid.addWidget(self.boxes[Layer.BENIGN], 0, 0)
        grid.addWidget(self.boxes[Layer.MALIGNANT], 1, 0)
        grid.addWidget(QLabel("Opacity"), 0, 1)
        grid.addWidget(self.opacity, 1, 1)
        grid.addWidget(self.boxes[Layer.TRUTH], 2, 0, 1, 2)
        self.set_options(self._options)

    def _box(self, layer: Layer) -> QCheckBox:
        box = QCheckBox(_TEXTS[layer])
        swatch = QPixmap(12, 12)
        swatch.fill(COLOURS[layer])
        box.setIcon(QIcon(swatch))
        box.clicked.connect(lambda: self._change(self._options.toggled(layer)))
        return box

    def set_options(self, options: OverlayOptions) -> None:
        """Show the options in force."""
        self._options = options
        for layer, box in self.boxes.items():
            box.setChecked(layer in options.visible)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(options.layer_opacity * 100))

    def _change(self, options: OverlayOptions) -> None:
        self.changed.emit(options)
