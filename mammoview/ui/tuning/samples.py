"""What the net says of a few samples, epoch after epoch: a score below each picture, or an outline on it."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from mammoview.training.tuning.run_messages import SamplesTold
from mammoview.ui import theme

_SIDE: Final = 88


class Samples(QListWidget):
    """The samples in a row, in the order in which they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setFlow(QListWidget.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListWidget.Movement.Static)
        self.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(theme.px(_SIDE), theme.px(_SIDE)))
        self.setFixedHeight(theme.px(_SIDE + 54))
        self.hide()

    def show_samples(self, told: SamplesTold) -> None:
        """Show the samples as they are told now."""
        self.clear()
        self.show()
        for image, truth, said in zip(told.images, told.truth, told.told, strict=True):
            is_mask = np.ndim(truth) == 2
            image, truth, said = (_enlarged(part) if np.ndim(part) == 2 else part for part in (image, truth, said))
            picture = _outlined(image, truth, said) if is_mask else np.repeat(image[..., None], 3, axis=2)
            item = QListWidgetItem(QIcon(_pixmap(picture)), _overlap(truth, said) if is_mask else f"{float(said):.2f}")
            if not is_mask:
                item.setToolTip(f"{'Malignant' if truth else 'Not malignant'}; the score is {float(said):.3f}")
                item.setForeground(theme.WARNING if truth else theme.TEXT)
            else:
                item.setToolTip("Blue is the reader's outline, yellow the net's; Dice below")
            self.addItem(item)

    def forget(self) -> None:
        """Show none, and leave their room to others."""
        self.clear()
        self.hide()

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands below the pictures."""
        return tuple(self.item(row).text() for row in range(self.count()))


def _outlined(image: NDArray[Any], truth: NDArray[Any], said: NDArray[Any]) -> NDArray[Any]:
    picture = np.ascontiguousarray(np.repeat(image[..., None], 3, axis=2))
    for mask, colour in ((truth, theme.ACCENT), (said, theme.WARNING)):
        contours, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, contours, -1, _rgb(colour), 1)
    return picture


def _enlarged(part: NDArray[Any]) -> NDArray[Any]:
    """At least as large as it is shown, so that lines on it stay thin."""
    factor = theme.px(_SIDE) / max(part.shape)
    if factor <= 1:
        return part
    return np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST))


def _overlap(truth: NDArray[Any], said: NDArray[Any]) -> str:
    ours, theirs = truth > 0, said > 0
    total = int(ours.sum() + theirs.sum())
    return f"{2 * int((ours & theirs).sum()) / total:.2f}" if total else ""


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def _pixmap(picture: NDArray[Any]) -> QPixmap:
    data = np.ascontiguousarray(picture, np.uint8)
    rows, columns, _ = data.shape
    return QPixmap.fromImage(QImage(data.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy())
