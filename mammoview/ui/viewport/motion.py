"""How the panes of a wall move: fitted at one size, panned and zoomed together, mirrored."""

from __future__ import annotations

from collections.abc import Sequence

from mammoview.session.orientation import Side
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.placement import Whereabouts

#: A finding is shown at this multiple of the fitting size at least when it is selected in the list.
_REVEAL_TIMES = 2.0


def whereabouts(pane: Pane) -> Whereabouts | None:
    """Where the image of a pane is and how large; None without an image."""
    fitting = pane.fitting_scale()
    if fitting is None:
        return None
    at, scale = pane.placement, pane.placement.zoom[0] / pane.spacing[0]
    pane.hang(scale)
    rows, col = (now - then for now, then in zip(at.origin, pane.placement.origin, strict=True))
    pane.placement = at
    outward = -col if pane.chest_wall is Side.RIGHT else col
    return Whereabouts(pane.size_group, scale, scale / fitting, rows, outward)


def bring(pane: Pane, where: Whereabouts) -> None:
    """Bring an image to where another one was: the chest wall, and the breast's middle or top, to the same place."""
    fitting = pane.fitting_scale()
    if fitting is not None:
        pane.hang(where.scale if where.group == pane.size_group else where.times * fitting)
        pane.pan(where.rows, where.outward)


class Motion:
    """Moves the panes of one wall.

    Attributes
    ----------
    panes
        What hangs now; replaced by the wall with each hanging.
    is_synchronous
        Whether all panes move together.
    is_fitted
        Whether nothing was moved since the panes were fitted: then they are fitted anew whenever their size changes.
    """

    def __init__(self, *, is_synchronous: bool = True) -> None:
        self.panes: Sequence[Pane] = ()
        self.is_synchronous = is_synchronous
        self.is_fitted = True

    def fit(self) -> None:
        """Hang all images at their edges and at one size (MG-C01).

        Images without a known spacing share a size where they have the same matrix: nothing else says how they compare.
        """
        self.is_fitted = True
        scales: dict[object, float] = {}
        for pane in self.panes:
            own = None if pane.isHidden() else pane.fitting_scale()
            if own is not None:
                scales[pane.size_group] = min(own, scales.get(pane.size_group, own))
        for pane in self.panes:
            if pane.size_group in scales:
                pane.hang(scales[pane.size_group])

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
        """One native pixel of the image to one device pixel."""
        if pane.image is not None:
            self.zoom(pane, 1.0 / pane.placement.zoom[1], *pane.middle)

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
        self.is_fitted = False
        for moving in self._moving(pane):
            moving.zoom_by(factor, row, outward)

    def _moving(self, pane: Pane) -> list[Pane]:
        return [p for p in self.panes if p.image is not None] if self.is_synchronous else [pane]
