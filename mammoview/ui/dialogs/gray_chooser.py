"""The chooser of windows, tables and presets: each by its name, with a small picture of the active image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage
from mammoview.core.study import Grayscale
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.choices import Choice, ChoiceKind, current
from mammoview.ui.viewport.output import PLAIN
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.pyramid import breast_box
from mammoview.ui.viewport.render import apply_table
from mammoview.ui.viewport.shade import Shade

Level = TypeVar("Level", NDArray[np.uint8], NDArray[np.uint16])

_PICTURE = QSize(66, 80)
#: So many choices have keys.
_KEYS = 4


def pictures(
    image: DisplayImage, gray: Grayscale, dihedral: Dihedral, shade: Shade, choices: Sequence[Choice]
) -> list[NDArray[np.uint8]]:
    """The image as each choice would show it, small: one (rows, columns) array, uint8, for each."""
    # The coarsest level, cut to the breast.
    step = 2.0 ** (len(image.levels) - 1)
    seen = breast_box(image, is_dark_high=gray.is_dark_high)
    cut = Box(seen.row0 / step, seen.col0 / step, seen.row1 / step, seen.col1 / step).slices()
    small = _fitted(image.levels[-1][cut])
    is_padding = _fitted(image.padding[-1][cut]) > 127 if image.padding else None
    made = []
    for choice in choices:
        shown = replace(shade, voi=choice.voi, adjustment=choice.adjustment, output=PLAIN, state=choice.state)
        out = np.empty(small.shape, np.uint8)
        apply_table(small, shown.table(gray, image.value_offset), out)
        if is_padding is not None:
            out[is_padding] = 0
        made.append(laid_down(out, dihedral))
    return made


def _fitted(level: Level) -> Level:
    """A part of a level, made small enough for a picture."""
    scale = min(_PICTURE.height() / max(level.shape), 1.0)
    return np.asarray(cv2.resize(level, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), level.dtype)


def laid_down(picture: NDArray[np.uint8], dihedral: Dihedral) -> NDArray[np.uint8]:
    """A picture turned as its pane shows it."""
    turned = picture.T if dihedral.transpose else picture
    turned = turned[::-1] if dihedral.flip_rows else turned
    return np.ascontiguousarray(turned[:, ::-1] if dihedral.flip_columns else turned)


class GrayChooser(QDialog):
    """Lists what can be chosen; a click or the arrow keys put it in force at once. Stays open beside the images."""

    chosen = Signal(int)
    linked = Signal(bool)
    kept = Signal(str)
    removed = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setWindowTitle("Gray scale")
        self._background = background
        self._pane: Pane | None = None
        self._choices: tuple[Choice, ...] = ()
        self._pictured: object = None
        self.heading = QLabel()
        self.list = QListWidget()
        self.list.setIconSize(_PICTURE)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.currentRowChanged.connect(self._row_changed)
        self.link_box = QCheckBox("In all views together")
        self.link_box.setToolTip("Off: in the active view alone")
        self.link_box.clicked.connect(self.linked)
        self.keep_button, self.remove_button = QPushButton("Keep as preset …"), QPushButton("Remove")
        self.keep_button.setToolTip("Keep the contrast of the active image, relative to its own window")
        self.keep_button.clicked.connect(self._ask_name)
        self.remove_button.setToolTip("Remove the selected preset of yours")
        self.remove_button.clicked.connect(self._remove)
        row = QHBoxLayout()
        row.addWidget(self.keep_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self.heading)
        column.addWidget(self.list, 1)
        column.addWidget(self.link_box)
        column.addLayout(row)

    def place_beside(self, images: QWidget, dock: QWidget) -> None:
        """Come up over the panel, where no image is covered; without a panel, over the edge of the images."""
        window = self.parentWidget()
        if window is None:
            return
        below = images.mapTo(window, QPoint(0, 0)).y()
        wide = dock.width() if dock.isVisible() else 320
        self.resize(max(wide, self.minimumSizeHint().width()), min(680, images.height()))
        self.move(window.mapToGlobal(QPoint(window.width() - self.width(), below)))

    def show_choices(self, pane: Pane | None, choices: tuple[Choice, ...], *, is_linked: bool) -> None:
        """List what is offered for the image of a pane."""
        self._pane = pane
        self.link_box.setChecked(is_linked)
        is_same = choices == self._choices
        self._choices = choices
        label = pane.hung.image.label if pane is not None and pane.hung is not None else ""
        self.heading.setText(f"{label}: windows, tables and presets" if choices else "No image is shown here")
        self.keep_button.setEnabled(bool(choices))
        self.list.blockSignals(True)
        if not is_same:
            # Pictures on their way belong to the old list.
            self._pictured = None
            self.list.clear()
            for number, choice in enumerate(choices, 1):
                key = f"\nCtrl+{number}" if number <= _KEYS else ""
                item = QListWidgetItem(f"{choice.label}\n{choice.detail}{key}")
                item.setToolTip(item.text())
                item.setIcon(_icon(np.zeros((_PICTURE.height(), _PICTURE.width()), np.uint8)))
                self.list.addItem(item)
        self._select_current()
        self.list.blockSignals(False)
        self._request_pictures()

    def _select_current(self) -> None:
        pane = self._pane
        shade = pane.shade if pane is not None else None
        found = current(self._choices, shade.voi, shade.adjustment, shade.state) if shade is not None else None
        self.list.setCurrentRow(self._choices.index(found) if found is not None else -1)
        self.remove_button.setEnabled(found is not None and found.kind is ChoiceKind.OWN)

    def _request_pictures(self) -> None:
        """Draw the small pictures off the GUI thread; those that are no longer wanted are dropped."""
        pane = self._pane
        if pane is None or pane.hung is None or pane.image is None or not self._choices:
            return
        wanted = (pane.image.image_id, pane.hung.orientation.dihedral, self._choices, pane.shade.is_inverted)
        if wanted == self._pictured:
            return
        self._pictured = wanted
        image, gray, dihedral = pane.image, pane.hung.image.grayscale, pane.hung.orientation.dihedral
        shade, choices = pane.shade, self._choices
        self._background.run(
            lambda: pictures(image, gray, dihedral, shade, choices), lambda made: self._pictures_ready(wanted, made)
        )

    def _pictures_ready(self, wanted: object, made: list[NDArray[np.uint8]]) -> None:
        if wanted == self._pictured:
            for row, picture in enumerate(made):
                self.list.item(row).setIcon(_icon(picture))

    def _row_changed(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)

    def _ask_name(self) -> None:
        name, is_given = QInputDialog.getText(self, "Keep as preset", "Name")
        if is_given and name.strip():
            self.kept.emit(name.strip())

    def _remove(self) -> None:
        row = self.list.currentRow()
        if row >= 0 and self._choices[row].kind is ChoiceKind.OWN:
            self.removed.emit(self._choices[row].name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.hide()
            return
        super().keyPressEvent(event)


def _icon(gray: NDArray[np.uint8]) -> QIcon:
    rows, columns = gray.shape
    picture = QImage(gray.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
    icon = QIcon()
    # A selected picture keeps its grays, too.
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Active):
        icon.addPixmap(QPixmap.fromImage(picture), mode)
    return icon
