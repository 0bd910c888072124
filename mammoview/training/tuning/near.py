"""Images that are there twice: the same pixels, or the same picture after another export.

Pairs that look alike on a coarse scale are laid upon each other and their texture compared. The thresholds were
measured on real images; see docs/results/tuning.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from mammoview.training.tuning.looks import COARSE_PX, FINE_PX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.training.tuning.looks import Look

#: Correlation of the coarse marks from which a pair is looked at closely, and of the texture from which it is one.
COARSE: Final = 0.5
FINE: Final = 0.8
#: Pixels that a pair may be shifted, and that are left out at the border then.
_MOST_SHIFT: Final = 12
_BORDER: Final = 14
#: Closest pairs of an image that are looked at; one picture has no more copies.
_MOST_PAIRS: Final = 8


@dataclass(frozen=True)
class Double:
    """A pair: ``image`` is like ``other``, which came before it.

    Attributes
    ----------
    likeness
        Correlation of the texture; 1 for the same pixels.
    """

    image: int
    other: int
    is_exact: bool
    likeness: float


class Doubles:
    """Finds pairs while images come in.

    Parameters
    ----------
    count
        How many images there will be at the most.
    """

    def __init__(self, count: int) -> None:
        self._coarse = np.zeros((count, COARSE_PX**2), np.float32)
        self._fine = np.zeros((count, FINE_PX, FINE_PX), np.int8)
        self._images: list[int] = []
        self._first: dict[bytes, int] = {}
        self._window = cv2.createHanningWindow((FINE_PX, FINE_PX), cv2.CV_32F)

    def take(self, image: int, look: Look) -> tuple[Double, ...]:
        """Take an image, and tell which of those before it it is like.

        Parameters
        ----------
        image
            Its place among the cases.
        look
            What it is like.
        """
        place = len(self._images)
        twin = self._first.setdefault(look.sampled, image)
        found = [Double(image, twin, is_exact=True, likeness=1.0)] if twin != image else []
        alike = self._coarse[:place] @ look.coarse
        near = np.flatnonzero(alike >= COARSE)
        for other in near[np.argsort(-alike[near])][:_MOST_PAIRS]:
            if self._images[other] != twin:
                likeness = self._likeness(self._fine[other], look.fine)
                if likeness >= FINE:
                    found.append(Double(image, self._images[other], is_exact=False, likeness=likeness))
        self._coarse[place], self._fine[place] = look.coarse, look.fine
        self._images.append(image)
        return tuple(found)

    def _likeness(self, one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
        first, second = one.astype(np.float32), other.astype(np.float32)
        (right, down), _ = cv2.phaseCorrelate(first, second, self._window)
        if max(abs(right), abs(down)) > _MOST_SHIFT:
            right = down = 0.0
        move = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
        inner = (slice(_BORDER, -_BORDER), slice(_BORDER, -_BORDER))
        a = cv2.warpAffine(first, move, first.shape[::-1])[inner]
        b = second[inner]
        a, b = a - a.mean(), b - b.mean()
        return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-6))
