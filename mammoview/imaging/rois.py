"""Regions of interest: where a reader, or a network, should look first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.findings import Candidate, Suppression
from mammoview.imaging.calcifications import calcification_candidates
from mammoview.imaging.mass_candidates import mass_candidates

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

# Share of the smaller box that two candidates may have in common.
MOST_OVERLAP = 0.5


def propose(
    cleaned: NDArray[np.uint16],
    suppression: Suppression,
    *,
    spacing_mm: tuple[float, float] | None = None,
    limit: int = 5,
) -> tuple[Candidate, ...]:
    """Propose masses and clusters of calcifications, best first.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with everything suppressed set to black (`imaging.suppress.clean`).
    suppression
        What `imaging.suppress.suppress` found on the same image.
    spacing_mm
        (row, column) millimetres a pixel; derived from the frame and the breast where unknown.
    limit
        The most candidates of both kinds together.

    Returns
    -------
    tuple of Candidate
        Boxes in native pixels, inside the image. Clusters are looked for only where the pixels are fine enough.
    """
    found = (
        *mass_candidates(cleaned, suppression, spacing_mm=spacing_mm),
        *calcification_candidates(cleaned, suppression, spacing_mm=spacing_mm),
    )
    return distinct(found)[:limit]


def distinct(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Candidates best first, without those that mostly cover a better one or are covered by it."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: -one.score):
        if all(_overlap(candidate, other) <= MOST_OVERLAP for other in kept):
            kept.append(candidate)
    return tuple(kept)


def _overlap(one: Candidate, other: Candidate) -> float:
    """The common area over the smaller of two boxes, 0 to 1."""
    smaller = min(one.box.area_px, other.box.area_px)
    return one.box.intersection(other.box).area_px / smaller if smaller else 0.0
