"""Where an image lies in its pane: at which size, and at which edge. The part of a canvas that paints nothing."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage
from mammoview.session.hanging import Hung
from mammoview.session.orientation import Side
from mammoview.ui.viewport.placement import MAX_ZOOM, MIN_ZOOM, Placement, fitting_scale, hung


class Placing(QWidget):
    """A place for one image.

    Positions count rows from the top and columns from the chest wall's edge outwards, in device pixels: so that the
    same numbers mean the same place of the anatomy in a pane that mirrors this one.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hung: Hung | None = None
        self.image: DisplayImage | None = None
        self.placement = Placement(1, 1)
        self._shown = Box(0, 0, 1, 1)

    @property
    def chest_wall(self) -> Side | None:
        """The edge where the chest wall lies."""
        return self.hung.orientation.chest_wall if self.hung else None

    @property
    def device_size(self) -> tuple[int, int]:
        """(rows, columns) in device pixels."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.height() * ratio)), max(1, round(self.width() * ratio))

    @property
    def spacing(self) -> tuple[float, float]:
        """(row, column) of a laid-down pixel, mm; (1, 1) where unknown."""
        known = self.hung.image.spacing_mm if self.hung else None
        if known is None:
            return 1.0, 1.0
        return (known[1], known[0]) if self.hung and self.hung.orientation.dihedral.transpose else known

    def fitting_scale(self) -> float | None:
        """Device pixels per mm (per native pixel where the spacing is unknown) at which the breast fits."""
        if self.image is None or self.hung is None:
            return None
        return fitting_scale(
            self._shown,
            self.placement.laid_size[1],
            self.device_size,
            spacing=self.spacing,
            chest_wall=self.chest_wall,
            is_top=self.hung.orientation.is_top,
        )

    @property
    def size_group(self) -> object:
        """What images share whose sizes can be compared: a physical scale, or else the size of their matrix."""
        has_scale = self.hung is not None and self.hung.image.spacing_mm is not None
        return "mm" if has_scale else (self.placement.rows, self.placement.columns)

    def zoom_at(self, scale: float) -> tuple[float, float]:
        """Device pixels per laid-down pixel at ``scale`` device pixels per mm."""
        return scale * self.spacing[0], scale * self.spacing[1]

    def hang(self, scale: float) -> None:
        """Hang the image at its edge of the pane at ``scale`` device pixels per mm."""
        if self.image is None or self.hung is None:
            return
        self.placement = hung(
            self.placement,
            self._shown,
            self.device_size,
            zoom=self.zoom_at(scale),
            chest_wall=self.chest_wall,
            is_top=self.hung.orientation.is_top,
        )
        self._move()

    def pan(self, rows: float, outward: float) -> None:
        """Shift by device pixels."""
        self.placement = self.placement.panned(rows, outward * self._outward)
        self._move()

    def zoom_by(self, factor: float, row: float, outward: float) -> None:
        """Enlarge around a point of the pane, device pixels."""
        if self.image is None:
            return
        col = outward if self._outward > 0 else self.device_size[1] - outward
        self.placement = self.placement.zoomed(factor, row, col)
        self._move()

    def can_zoom(self, factor: float) -> bool:
        """Whether ``factor`` stays within reason."""
        return MIN_ZOOM <= self.placement.zoom[0] * factor <= MAX_ZOOM

    @property
    def middle(self) -> tuple[float, float]:
        """(row, outward) of the pane's middle, device pixels."""
        return self.device_size[0] / 2, self.device_size[1] / 2

    def outward_point(self, row: float, col: float) -> tuple[float, float]:
        """(row, outward) of a device point."""
        return row, col if self._outward > 0 else self.device_size[1] - col

    @property
    def _outward(self) -> int:
        return -1 if self.chest_wall is Side.RIGHT else 1

    def _move(self) -> None:
        """Called when the placement has changed."""
