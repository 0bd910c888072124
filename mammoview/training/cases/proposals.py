"""What the proposer of regions suggests on the training films: hard negatives for the patch classifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.imaging.rois import propose
from mammoview.imaging.suppress import clean, suppress
from mammoview.training.cases.tiles import MM_PER_PX, isotropic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mammoview.training.cases.data import Film, ViewKey

#: Proposals kept of each film.
KEPT = 12


def film_proposals(
    films: Sequence[Film], cache: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> dict[ViewKey, tuple[Box, ...]]:
    """Propose masses on every film, best first, in pixels of `tiles.isotropic`.

    Parameters
    ----------
    films
        Index of CBIS-DDSM mammograms.
    cache
        ``.npz`` file to read where it exists, to write otherwise.
    """
    if not cache.exists():
        rows = []
        for index, film in enumerate(films):
            stop_if_cancelled(cancel)
            rows += [(index, *edges) for edges in _proposed(film)]
            progress((index + 1) / len(films), f"Proposing regions on mammogram {index + 1} of {len(films)}")
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, boxes=np.array(rows, dtype=np.float64), films=np.array([film.path.name for film in films]))
    with np.load(cache, allow_pickle=False) as stored:
        names, boxes = stored["films"].tolist(), stored["boxes"]
    by_name = {film.path.name: film.key for film in films}
    found: dict[ViewKey, tuple[Box, ...]] = {}
    for index, name in enumerate(names):
        if name in by_name:
            found[by_name[name]] = tuple(Box(*row[1:]) for row in boxes[boxes[:, 0] == index].tolist())
    return found


def _proposed(film: Film) -> list[tuple[float, float, float, float]]:
    image = isotropic(film).astype(np.uint16) * np.uint16(257)
    found = suppress(image, view=film.key.view, laterality=film.key.side)
    candidates = propose(clean(image, found), found, spacing_mm=(MM_PER_PX, MM_PER_PX), limit=KEPT)
    masses = [candidate.box for candidate in candidates if candidate.kind is LesionKind.MASS]
    return [(box.row0, box.col0, box.row1, box.col1) for box in masses]
