"""Where an image lies on the device pixels of its pane. Pure geometry, no Qt.

An image is laid down first (one of eight ways, `Dihedral`), then scaled and shifted. A pane's own frame is device
pixels, (row, column), continuous, (0, 0) at its upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from mammoview.core.geometry import Box, Dihedral, PixelTransform
from mammoview.session.orientation import Side

#: Native pixels that become one device pixel at the most, and device pixels that one native pixel becomes at the most.
MIN_ZOOM, MAX_ZOOM = 1 / 64, 32.0


@dataclass(frozen=True)
class Placement:
    """An image on its pane.

    Attributes
    ----------
    rows, columns
        Size of the native image.
    dihedral
        How it is laid down.
    zoom
        Device pixels per laid-down pixel along (rows, columns); they differ where the spacing does.
    origin
        Device (row, column) of the laid-down image's upper left corner.
    """

    rows: int
    columns: int
    dihedral: Dihedral = Dihedral()  # noqa: RUF009 - frozen, so one default serves all
    zoom: tuple[float, float] = (1.0, 1.0)
    origin: tuple[float, float] = (0.0, 0.0)

    @cached_property
    def laid_size(self) -> tuple[int, int]:
        """(rows, columns) after the transposition, if any."""
        return (self.columns, self.rows) if self.dihedral.transpose else (self.rows, self.columns)

    @cached_property
    def to_device(self) -> PixelTransform:
        """The map from native pixels to the pane's device pixels."""
        laid = self.dihedral.transform(self.rows, self.columns)
        return laid.then(PixelTransform(((self.zoom[0], 0.0, self.origin[0]), (0.0, self.zoom[1], self.origin[1]))))

    @cached_property
    def to_native(self) -> PixelTransform:
        """The map back."""
        return self.to_device.inverse()

    @cached_property
    def device_box(self) -> Box:
        """The device pixels that the whole image covers."""
        return self.to_device.apply_box(Box(0, 0, self.rows, self.columns))

    def native_point(self, row: float, col: float) -> tuple[float, float]:
        """Native (row, column) under a device point."""
        point = self.to_native.apply([(row, col)])[0]
        return float(point[0]), float(point[1])

    def device_point(self, row: float, col: float) -> tuple[float, float]:
        """Device (row, column) of a native point."""
        point = self.to_device.apply([(row, col)])[0]
        return float(point[0]), float(point[1])

    def panned(self, rows: float, columns: float) -> Placement:
        """Shifted by device pixels."""
        return replace(self, origin=(self.origin[0] + rows, self.origin[1] + columns))

    def zoomed(self, factor: float, row: float, col: float) -> Placement:
        """Enlarged by ``factor`` while the device point (row, col) stays."""
        return replace(
            self,
            zoom=(self.zoom[0] * factor, self.zoom[1] * factor),
            origin=(row + (self.origin[0] - row) * factor, col + (self.origin[1] - col) * factor),
        )

    def zoomed_to(self, zoom: tuple[float, float], row: float, col: float) -> Placement:
        """At another zoom while the device point (row, col) stays."""
        by_row, by_col = zoom[0] / self.zoom[0], zoom[1] / self.zoom[1]
        return replace(
            self,
            zoom=zoom,
            origin=(row + (self.origin[0] - row) * by_row, col + (self.origin[1] - col) * by_col),
        )


@dataclass(frozen=True)
class Whereabouts:
    """Where and how large an image is, in terms that hold for other images of the same view.

    Attributes
    ----------
    group
        What images share whose sizes can be compared, see `Canvas.size_group`.
    scale
        Device pixels per mm, or per native pixel where the spacing is unknown.
    times
        The same as a multiple of the size at which the breast fits.
    rows, outward
        Device pixels between where it hangs at that size and where it is, outward from the chest wall.
    """

    group: object
    scale: float
    times: float
    rows: float
    outward: float


def laid_box(box: Box, placement: Placement) -> Box:
    """A box of native pixels in laid-down pixels."""
    return placement.dihedral.transform(placement.rows, placement.columns).apply_box(box)


def hung(
    placement: Placement,
    shown: Box,
    size: tuple[int, int],
    *,
    zoom: tuple[float, float],
    chest_wall: Side | None,
    is_top: bool,
) -> Placement:
    """Hang an image at the chest wall's edge of its pane.

    Parameters
    ----------
    placement
        The image; its zoom and origin are replaced.
    shown
        The breast in laid-down pixels. Its middle goes to the pane's middle row unless ``is_top``.
    size
        (rows, columns) of the pane, device pixels.
    zoom
        Device pixels per laid-down pixel along (rows, columns).
    chest_wall
        The edge of the pane where the image's own edge goes (MG-B07); None puts the breast in the middle.
    is_top
        Whether the image's upper edge goes to the pane's (lateral and oblique views, MG-B07).
    """
    width = placement.laid_size[1] * zoom[1]
    middle = size[1] / 2 - shown.centre[1] * zoom[1]
    col = {Side.LEFT: 0.0, Side.RIGHT: size[1] - width, None: middle}[chest_wall]
    row = 0.0 if is_top else size[0] / 2 - shown.centre[0] * zoom[0]
    return replace(placement, zoom=zoom, origin=(row, col))


def fitting_scale(
    shown: Box,
    laid_columns: int,
    size: tuple[int, int],
    *,
    spacing: tuple[float, float],
    chest_wall: Side | None,
    is_top: bool,
) -> float:
    """Device pixels per unit of ``spacing`` at which the breast just fits its pane (MG-C01, MG-C02).

    Parameters
    ----------
    shown
        The breast in laid-down pixels.
    laid_columns
        Width of the laid-down image.
    size
        (rows, columns) of the pane, device pixels.
    spacing
        (row, column) of a laid-down pixel, mm, or (1, 1) where unknown.
    chest_wall, is_top
        As in `hung`: the room between the edge and the breast belongs to what is shown.
    """
    far = {Side.LEFT: shown.col1, Side.RIGHT: laid_columns - shown.col0, None: shown.width_px}[chest_wall]
    deep = shown.row1 if is_top else shown.height_px
    return min(size[0] / max(1.0, deep * spacing[0]), size[1] / max(1.0, far * spacing[1]))
