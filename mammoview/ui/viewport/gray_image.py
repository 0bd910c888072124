"""Gray pixels of a renderer as an image that Qt paints."""

from __future__ import annotations

from PySide6.QtGui import QImage

from mammoview.ui.viewport.render import Gray


def as_image(gray: Gray) -> QImage:
    """An image over the array's own memory: paint it before the array is used again."""
    rows, columns = gray.shape
    is_wide = gray.dtype.itemsize == 4
    kind = QImage.Format.Format_RGB30 if is_wide else QImage.Format.Format_Grayscale8
    return QImage(gray.data, columns, rows, columns * gray.dtype.itemsize, kind)
