"""Mass candidates: every place of a grid over the breast is measured and ranked, and the best places are kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.findings import Candidate, LesionKind, Suppression
from mammoview.core.geometry import Box
from mammoview.core.paths import resource
from mammoview.imaging.boosted_trees import BoostedTrees
from mammoview.imaging.breast_frame import STEP_MM, BreastFrame, believed_spacing, lay_down
from mammoview.imaging.mass_features import measure, points

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MOST = 20
APART_MM = 12.0
# Sides of a candidate's box that the ranking may ask for, mm.
SMALLEST_MM, LARGEST_MM = 5.0, 60.0


@dataclass(frozen=True, eq=False)
class MassRanker:
    """What was learned of masses.

    Attributes
    ----------
    names
        The measurements that the trees look at, in their order.
    chance
        Log-odds that a place lies in a mass, from its measurements; their zero is arbitrary.
    side
        Logarithm of the mass's mean side, in pixels of the common frame.
    slope, intercept
        From ``chance`` at a candidate to the log-odds that the candidate is right, fitted out of fold.
    """

    names: tuple[str, ...]
    chance: BoostedTrees
    side: BoostedTrees
    slope: float = 1.0
    intercept: float = 0.0

    def save(self, path: Path) -> None:
        """Write everything to a ``.npz`` of plain arrays."""
        arrays: dict[str, Any] = {**self.chance.to_arrays("chance"), **self.side.to_arrays("side")}
        calibration = np.array([self.slope, self.intercept])
        np.savez_compressed(path, names=np.array(self.names), calibration=calibration, **arrays)

    @classmethod
    def load(cls, path: Path) -> MassRanker:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        slope, intercept = (float(number) for number in arrays["calibration"])
        return cls(
            tuple(str(name) for name in arrays["names"]),
            BoostedTrees.from_arrays(arrays, "chance"),
            BoostedTrees.from_arrays(arrays, "side"),
            slope,
            intercept,
        )


@lru_cache(maxsize=1)
def shipped_ranker() -> MassRanker:
    """The ranker that comes with the program."""
    return MassRanker.load(resource("rois/mass_ranker.npz"))


def mass_candidates(
    cleaned: NDArray[np.uint16], suppression: Suppression, *, spacing_mm: tuple[float, float] | None = None
) -> tuple[Candidate, ...]:
    """Propose places that may be masses.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with everything suppressed set to black.
    suppression
        What `imaging.suppress.suppress` found on the image.
    spacing_mm
        (row, column) millimetres a pixel; derived from the frame and the breast where unknown.

    Returns
    -------
    tuple of Candidate
        Best first, at most `MOST`. The score is the chance that a reader marked a mass there, learned on films that
        all show one.
    """
    frame = breast_frame(cleaned, suppression, spacing_mm=spacing_mm)
    places, ranker = points(frame), shipped_ranker()
    measured = measure(frame, places)
    return candidates_at(frame, places, np.stack([measured[name] for name in ranker.names], axis=1), ranker)


def breast_frame(
    cleaned: NDArray[np.uint16], suppression: Suppression, *, spacing_mm: tuple[float, float] | None = None
) -> BreastFrame:
    """Lay an image down in the common frame; arguments as in `mass_candidates`."""
    breast = suppression.breast.to_array()
    pectoral = suppression.pectoral.to_array() if suppression.pectoral else None
    return lay_down(cleaned, breast, pectoral, spacing_mm=believed_spacing(breast, spacing_mm))


def candidates_at(
    frame: BreastFrame, places: NDArray[np.intp], values: NDArray[np.float32], ranker: MassRanker
) -> tuple[Candidate, ...]:
    """Rank measured places and keep the best, at least `APART_MM` from each other.

    Parameters
    ----------
    frame
        Where the places lie; only its map and its size are read.
    places
        Shape (n, 2), (row, column) of pixels.
    values
        Shape (n, names), float32: the ranker's measurements, in its order.
    """
    log_odds = ranker.chance.predict(values)
    best = _peaks(places, log_odds)
    sides = np.exp(ranker.side.predict(values[best])).clip(SMALLEST_MM / STEP_MM, LARGEST_MM / STEP_MM)
    scores = 1.0 / (1.0 + np.exp(-(ranker.slope * log_odds[best] + ranker.intercept)))
    back = frame.transform.inverse()
    frame_box = Box(0, 0, *frame.breast.shape)
    return tuple(
        Candidate(
            back.apply_box(Box.square(row + 0.5, column + 0.5, float(side)).intersection(frame_box)),
            float(score),
            LesionKind.MASS,
        )
        for (row, column), side, score in zip(places[best], sides, scores, strict=True)
    )


def _peaks(places: NDArray[np.intp], log_odds: NDArray[np.float32]) -> list[int]:
    """Indices of the highest places, best first, at least `APART_MM` from each other."""
    left = log_odds.astype(np.float64)
    found: list[int] = []
    while len(found) < MOST and np.isfinite(left).any():
        best = int(np.argmax(left))
        found.append(best)
        left[np.square(places - places[best]).sum(axis=1) < (APART_MM / STEP_MM) ** 2] = -np.inf
    return found
