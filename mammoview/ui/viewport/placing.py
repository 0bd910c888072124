"""Where an image lies in its pane: at which size, and at which edge. The part of a canvas that paints nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage
from mammoview.session.hanging import Hung
from mammoview.session.orientation import Side
from mammoview.ui.pitch import Pitch, ScreenPitches
from mammoview.ui.viewport.beside import Beside, outline
from mammoview.ui.viewport.placement import MAX_ZOOM, MIN_ZOOM, Placement, fitting_scale, hung
from mammoview.ui.viewport.pyramid import breast_cells
from mammoview.ui.viewport.roam import Tiles


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
        self.pitches = ScreenPitches()
        self._shown = Box(0, 0, 1, 1)
        self._cells: tuple[DisplayImage, Box, NDArray[np.bool_]] | None = None

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
        """(row, column) of a laid-down pixel at the breast, mm; (1, 1) where unknown."""
        known = self.hung.image.spacing_mm if self.hung else None
        if known is None:
            return 1.0, 1.0
        return (known[1], known[0]) if self.hung and self.hung.orientation.dihedral.transpose else known

    @property
    def enlargement(self) -> float:
        """How much larger than contact views a magnification view is shown at one scale (MG-C04)."""
        image = self.hung.image if self.hung else None
        return (image.magnification or 1.0) if image is not None and image.is_magnified else 1.0

    @property
    def pitch(self) -> Pitch:
        """From one pixel of the monitor to the next."""
        return self.pitches.of(self.screen())

    @property
    def breast(self) -> Box:
        """What is fitted to the pane, native pixels."""
        laid = self.placement.dihedral.transform(self.placement.rows, self.placement.columns)
        return laid.inverse().apply_box(self._shown)

    @property
    def extent(self) -> tuple[float, float]:
        """(rows, outward) of the breast at one device pixel per acquired pixel, from the chest wall's edge."""
        return self._shown.height_px, max(1.0, self._far)

    @property
    def _far(self) -> float:
        columns = self.placement.laid_size[1]
        return {Side.LEFT: self._shown.col1, Side.RIGHT: columns - self._shown.col0, None: self._shown.width_px}[
            self.chest_wall
        ]

    @property
    def seen(self) -> Box:
        """The part of the image in the pane, native pixels."""
        on_pane = Box(0, 0, *self.device_size)
        return self.placement.to_native.apply_box(on_pane).clipped(self.placement.rows, self.placement.columns)

    @property
    def zoom_text(self) -> str:
        """How large the image is shown, in words for its corner."""
        zoom = self.placement.zoom
        if zoom[0] == zoom[1] and zoom[0] >= 1 and float(zoom[0]).is_integer():
            return f"{zoom[0]:.0f}:1 acquired pixels"
        life = self._life_zoom
        if life is not None and abs(zoom[0] / life[0] - 1) < 1e-3 and abs(zoom[1] / life[1] - 1) < 1e-3:
            return "true size" if self.pitch.is_calibrated else "true size (uncalibrated)"
        return f"zoom {zoom[1]:.2f}"

    @property
    def _life_zoom(self) -> tuple[float, float] | None:
        if self.hung is None or self.hung.image.spacing_mm is None:
            return None
        return self.spacing[0] / self.pitch.mm, self.spacing[1] / self.pitch.mm

    def fitting_scale(self) -> float | None:
        """Device pixels per mm (per native pixel where the spacing is unknown) at which the breast fits."""
        if self.image is None or self.hung is None:
            return None
        return fitting_scale(
            self._shown,
            self.placement.laid_size[1],
            self.device_size,
            spacing=self.zoom_at(1.0),
            chest_wall=self.chest_wall,
            is_top=self.hung.orientation.is_top,
        )

    @property
    def size_group(self) -> object:
        """What images share whose sizes can be compared: a physical scale, or else the size of their matrix."""
        has_scale = self.hung is not None and self.hung.image.spacing_mm is not None
        return "mm" if has_scale else (self.placement.rows, self.placement.columns)

    def zoom_at(self, scale: float) -> tuple[float, float]:
        """Device pixels per laid-down pixel at ``scale`` device pixels per mm of a contact view.

        Magnification views are larger by their magnification: it was taken to be seen.
        """
        return scale * self.spacing[0] * self.enlargement, scale * self.spacing[1] * self.enlargement

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

    def set_zoom(self, zoom: float) -> None:
        """Device pixels per acquired pixel, on whole device pixels; see `focus` for what stays where it is."""
        if self.image is not None:
            placed = self.placement.zoomed_to((zoom, zoom), *self.outward_point(*self.focus))
            self.placement = replace(placed, origin=(float(round(placed.origin[0])), float(round(placed.origin[1]))))
            self._move()

    def set_life_size(self) -> None:
        """As large on the screen as the breast was under compression (MG-C05); see `focus` for what stays."""
        zoom = self._life_zoom
        if self.image is not None and zoom is not None:
            self.placement = self.placement.zoomed_to(zoom, *self.outward_point(*self.focus))
            self._move()

    def go_to_tile(self, tiles: Tiles, index: int) -> None:
        """Show one tile of the breast at the acquired pixels."""
        if self.image is not None:
            self.placement = self._tile_placed(tiles, index)
            self._move()

    def has_breast_in(self, tiles: Tiles, index: int) -> bool:
        """Whether a tile shows any breast: corners of the box around it do not."""
        if self.image is None:
            return False
        placed = self._tile_placed(tiles, index)
        on_pane = placed.to_native.apply_box(Box(0, 0, *self.device_size)).clipped(placed.rows, placed.columns)
        step = 2.0 ** (len(self.image.levels) - 1)
        part = Box(*(edge / step for edge in (on_pane.row0, on_pane.col0, on_pane.row1, on_pane.col1)))
        return bool(self.cells[part.slices()].any())

    @property
    def cells(self) -> NDArray[np.bool_]:
        """The pixels of the coarsest level that show breast."""
        assert self.image is not None
        assert self.hung is not None
        if self._cells is None or self._cells[0] is not self.image or self._cells[1] != self.breast:
            gray = self.hung.image.grayscale
            made = breast_cells(self.image, self.breast, is_dark_high=gray.is_dark_high)
            self._cells = self.image, self.breast, made
        return self._cells[2]

    @property
    def beside(self) -> Beside | None:
        """The room beside the breast as it hangs at this size, or at the one that just fits where it is larger now.

        So lines that are left out for want of room neither come nor go while the image moves. None where it is unknown.
        """
        fit = self.fitting_scale()
        if fit is None or self.image is None or self.hung is None or self.chest_wall is None:
            return None
        most, now = self.zoom_at(fit), self.placement.zoom
        zoom = most if now[0] >= most[0] else now
        is_left = self.chest_wall is Side.LEFT
        placed = hung(
            self.placement,
            self._shown,
            self.device_size,
            zoom=zoom,
            chest_wall=self.chest_wall,
            is_top=self.hung.orientation.is_top,
        )
        step = 2.0 ** (len(self.image.levels) - 1)
        reach = outline(self.cells, self.placement.dihedral, is_wall_left=is_left)
        far = np.asarray(reach * (step * zoom[1]), np.float64)
        return Beside(far, placed.origin[0], step * zoom[0], self.device_size[1])

    def _tile_placed(self, tiles: Tiles, index: int) -> Placement:
        down, outward = tiles.start(index, self.extent, self.device_size)
        row = -(self._shown.row0 + down)
        # Rounded alike on both sides, so that two breasts stay mirrored.
        outward = float(round(outward))
        if self.chest_wall is Side.RIGHT:
            col = self.device_size[1] - self.placement.laid_size[1] + outward
        else:
            col = -outward - (self._shown.col0 if self.chest_wall is None else 0.0)
        return replace(self.placement, zoom=(1.0, 1.0), origin=(float(round(row)), float(round(col))))

    def go_to(self, placement: Placement) -> None:
        """Back to where the image was."""
        if self.image is not None:
            self.placement = placement
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
        self._move(is_gradual=True)

    def can_zoom(self, factor: float) -> bool:
        """Whether ``factor`` stays within reason."""
        return MIN_ZOOM <= self.placement.zoom[0] * factor <= MAX_ZOOM

    @property
    def middle(self) -> tuple[float, float]:
        """(row, outward) of the pane's middle, device pixels."""
        return self.device_size[0] / 2, self.device_size[1] / 2

    @property
    def focus(self) -> tuple[float, float]:
        """(row, outward) of what stays where it is when a key changes the size, device pixels: a point of the breast.

        In the middle, or at the chest wall where that is in sight: the middle of a pane may show nothing but air.
        """
        box, whole = self.placement.to_device.apply_box(self.breast), self.placement.device_box
        row = min(max(self.middle[0], box.row0), box.row1)
        near, far = sorted(self.outward_point(0, col)[1] for col in (box.col0, box.col1))
        edge = min(self.outward_point(0, col)[1] for col in (whole.col0, whole.col1))
        if self.chest_wall is not None and -0.5 <= edge < self.device_size[1]:
            return row, edge
        return row, min(max(self.middle[1], near), far)

    def outward_point(self, row: float, col: float) -> tuple[float, float]:
        """(row, outward) of a device point."""
        return row, col if self._outward > 0 else self.device_size[1] - col

    @property
    def _outward(self) -> int:
        return -1 if self.chest_wall is Side.RIGHT else 1

    def _move(self, *, is_gradual: bool = False) -> None:
        """Called when the placement has changed; ``is_gradual`` where more steps are likely to follow at once."""
