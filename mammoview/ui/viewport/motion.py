"""How the panes of a wall move: fitted at one size, panned and zoomed together, mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mammoview.session.orientation import Side
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.placement import Placement, Whereabouts
from mammoview.ui.viewport.roam import Step, Tiles

#: A finding is shown at this multiple of the fitting size at least when it is selected in the list.
_REVEAL_TIMES = 2.0


def whereabouts(pane: Pane) -> Whereabouts | None:
    """Where the image of a pane is and how large; None without an image."""
    fitting = pane.fitting_scale()
    if fitting is None:
        return None
    at, scale = pane.placement, pane.placement.zoom[0] / pane.zoom_at(1.0)[0]
    pane.hang(scale)
    rows, col = (now - then for now, then in zip(at.origin, pane.placement.origin, strict=True))
    pane.placement = at
    outward = -col if pane.chest_wall is Side.RIGHT else col
    # On the glass: so that it means the same on another monitor.
    return Whereabouts(pane.size_group, scale * pane.pitch.mm, scale / fitting, rows, outward)


def bring(pane: Pane, where: Whereabouts) -> None:
    """Bring an image to where another one was: the chest wall, and the breast's middle or top, to the same place."""
    fitting = pane.fitting_scale()
    if fitting is not None:
        pane.hang(where.scale / pane.pitch.mm if where.group == pane.size_group else where.times * fitting)
        pane.pan(where.rows, where.outward)


@dataclass(frozen=True)
class _Back:
    """Where the panes were before a quadrant filled one."""

    is_fitted: bool
    places: list[tuple[Pane, str, Placement]]


def _image_id(pane: Pane) -> str:
    return pane.image.image_id if pane.image is not None else ""


class Motion:
    """Moves the panes of one wall.

    Attributes
    ----------
    panes
        What hangs now; see `begin`.
    is_synchronous
        Whether all panes move together.
    tile
        Where a roam has come to; None where nobody roams.
    is_fitted
        Whether nothing was moved since the panes were fitted: then they are fitted anew whenever their size changes.
    """

    def __init__(self, *, is_synchronous: bool = True) -> None:
        self.panes: Sequence[Pane] = ()
        self.is_synchronous = is_synchronous
        self.is_fitted = True
        self.tile: Step | None = None
        self._back: _Back | None = None

    def begin(self, panes: Sequence[Pane]) -> None:
        """Move other panes from now on: a new hanging, still to be fitted."""
        self.panes, self.is_fitted, self._back, self.tile = panes, True, None, None

    def fit(self) -> None:
        """Hang all images at their edges and at one size (MG-C01), whatever detector and monitor they are on.

        Images without a known spacing share a size where they have the same matrix: nothing else says how they compare.
        """
        self.is_fitted, self._back, self.tile = True, None, None
        scales: dict[object, float] = {}
        for pane in self.panes:
            own = None if pane.isHidden() else pane.fitting_scale()
            if own is not None:
                on_glass = own * pane.pitch.mm
                scales[pane.size_group] = min(on_glass, scales.get(pane.size_group, on_glass))
        for pane in self.panes:
            if pane.size_group in scales:
                pane.hang(scales[pane.size_group] / pane.pitch.mm)

    def refit(self) -> None:
        """Fit again, unless the reader has moved something."""
        if self.is_fitted:
            self.fit()

    def join(self, pane: Pane) -> None:
        """Place an image that has just come: at the place and size of those that move with it, else at its own."""
        if self.is_fitted:
            self.fit()
            return
        others = (whereabouts(other) for other in self.panes if other is not pane and not other.isHidden())
        like = next((where for where in others if where is not None and where.group == pane.size_group), None)
        if like is not None and self.is_synchronous:
            bring(pane, like)
        else:
            pane.hang(pane.fitting_scale() or 1.0)

    def one_to_one(self, pane: Pane) -> None:
        """One acquired pixel to one device pixel, each image for itself; again, to two by two (MG-C06)."""
        self._begin_move()
        zoom = 2.0 if pane.placement.zoom == (1.0, 1.0) and self.tile is None else 1.0
        self.tile = None
        for moving in self._moving(pane):
            moving.set_zoom(zoom)

    def life_size(self, pane: Pane) -> None:
        """As large as life on the monitor (MG-C05), where the spacing is known."""
        self._begin_move()
        self.tile = None
        for moving in self._moving(pane):
            moving.set_life_size()

    def roam(self, pane: Pane, by: int) -> None:
        """Step through the tiles of the breast at the acquired pixels; all that move together are in step (MG-C07)."""
        if pane.image is None:
            return
        self._begin_move()
        moving = [one for one in self._moving(pane) if not one.isHidden()]
        tiles = Tiles.of(pane.extent, pane.device_size)
        for one in moving:
            tiles = tiles.merged(Tiles.of(one.extent, one.device_size))
        parts = [index for index in range(tiles.count) if any(one.has_breast_in(tiles, index) for one in moving)]
        self.tile = tiles.step(parts, by, self.tile)
        for one in moving:
            one.go_to_tile(tiles, self.tile.index)

    def quadrant(self, pane: Pane, row: float, outward: float) -> None:
        """Let the quarter of the pane around a point, device pixels, fill it; again, back to what was before."""
        if self._back is not None:
            self._go_back(self._back)
            return
        if not pane.can_zoom(2.0):
            return
        back = _Back(self.is_fitted, [(one, _image_id(one), one.placement) for one in self._moving(pane)])
        rows, columns = pane.device_size
        self.zoom(pane, 2.0, 0.0 if row < rows / 2 else float(rows), 0.0 if outward < columns / 2 else float(columns))
        self._back = back

    def _go_back(self, back: _Back) -> None:
        self._back = None
        if back.is_fitted:
            self.fit()
            return
        for pane, image_id, placement in back.places:
            # Another image of the stack may have come meanwhile.
            if _image_id(pane) == image_id:
                pane.go_to(placement)

    def _begin_move(self) -> None:
        self.is_fitted, self._back = False, None

    def reveal(self, pane: Pane, row: float, col: float) -> None:
        """Bring a native point of an image to the middle of its pane, enlarged."""
        fitting = pane.zoom_at(pane.fitting_scale() or 1.0)[0]
        edges = pane.placement.device_box
        edge = edges.col1 if pane.chest_wall is Side.RIGHT else edges.col0
        depth = abs(pane.placement.device_point(row, col)[1] - edge)
        # Large enough that the chest wall stays at or beyond its edge, unless the point lies very near to it.
        filling = pane.middle[1] / max(depth, 1.0) * pane.placement.zoom[0] / fitting
        times = min(max(_REVEAL_TIMES, filling), 2 * _REVEAL_TIMES) * fitting / pane.placement.zoom[0]
        if times > 1:
            self.zoom(pane, times, *pane.middle)
        at, middle = pane.outward_point(*pane.placement.device_point(row, col)), pane.middle
        self.pan(pane, middle[0] - at[0], middle[1] - at[1])

    def pan(self, pane: Pane, rows: float, outward: float) -> None:
        """Shift ``pane``, and with it all that move together, by device pixels."""
        self.is_fitted = False
        for moving in self._moving(pane):
            moving.pan(rows, outward)

    def zoom(self, pane: Pane, factor: float, row: float, outward: float) -> None:
        """Enlarge ``pane``, and with it all that move together, around a point of the pane, device pixels."""
        if not pane.can_zoom(factor):
            return
        self._begin_move()
        self.tile = None
        for moving in self._moving(pane):
            moving.zoom_by(factor, row, outward)

    def _moving(self, pane: Pane) -> list[Pane]:
        return [p for p in self.panes if p.image is not None] if self.is_synchronous else [pane]
