"""How much of each breast was seen at the acquired pixels or larger. Values only, no Qt."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Box


class Coverage:
    """What was seen of one image, on a coarse grid.

    Parameters
    ----------
    breast
        Shape (rows, columns), bool: the cells that show breast.
    step_px
        Acquired pixels of a cell along each axis.
    size
        (rows, columns) of the image, acquired pixels.

    Attributes
    ----------
    news
        How many times something new was seen.
    """

    def __init__(self, breast: NDArray[np.bool_], step_px: int, size: tuple[int, int]) -> None:
        self.breast = breast
        self.step_px = step_px
        self._size = size
        self.seen = np.zeros(breast.shape, bool)
        self.news = 0
        self._share: float | None = None

    def see(self, box: Box) -> bool:
        """Count the cells that lie wholly in ``box``, native pixels, as seen: whether any is new."""
        first = [max(0, math.ceil(low / self.step_px - 1e-6)) for low in (box.row0, box.col0)]
        # The last cell of an axis may reach beyond the image.
        is_whole = box.row1 >= self._size[0] - 1e-6, box.col1 >= self._size[1] - 1e-6
        ends = [max(0, math.floor(end / self.step_px + 1e-6)) for end in (box.row1, box.col1)]
        last = [
            len(row) if whole else end for row, whole, end in zip((self.seen, self.seen.T), is_whole, ends, strict=True)
        ]
        part = self.seen[first[0] : last[0], first[1] : last[1]]
        is_new = not bool(part.all())
        if is_new:
            part[...] = True
            self.news += 1
            self._share = None
        return is_new

    @property
    def share(self) -> float:
        """The share of the breast that was seen, in [0, 1]; 1 where there is no breast."""
        # Asked for with every frame.
        if self._share is None:
            total = int(self.breast.sum())
            self._share = float((self.seen & self.breast).sum() / total) if total else 1.0
        return self._share


class Coverages:
    """What was seen in this session, by image id."""

    def __init__(self) -> None:
        self._of: dict[str, Coverage] = {}

    def get(self, image_id: str) -> Coverage | None:
        """What was seen of an image; None where it was never shown."""
        return self._of.get(image_id)

    def begin(self, image_id: str, breast: NDArray[np.bool_], *, step_px: int, size: tuple[int, int]) -> Coverage:
        """The coverage of an image; a new one, as in `Coverage`, where there is none of these cells yet."""
        known = self._of.get(image_id)
        if known is None or known.breast.shape != breast.shape:
            known = self._of[image_id] = Coverage(breast, step_px, size)
        return known
