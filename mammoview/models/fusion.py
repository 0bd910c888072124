"""From images to breasts to the exam, and which findings of two views belong together. No torch here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import BreastResult, Finding, Link, MemberScore
from mammoview.core.study import Laterality, Mammogram, ViewPosition
from mammoview.models.preprocess import is_chest_wall_left

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How the exam's score comes about, as the result names it.
RULE = "maximum over breasts of the mean over views"

_STANDARD = (ViewPosition.CC, ViewPosition.MLO)

# Compression moves tissue: the same lesion lies within about 2 cm at the same distance from the nipple in both views.
_SPREAD_MM = 10.0
# Without millimetres, in parts of the distance from nipple to chest wall.
_SPREAD_SHARE = 0.1
_LEAST_SCORE = 0.1


def fuse_breasts(images: Sequence[Mammogram], scores: Mapping[str, float]) -> tuple[BreastResult, ...]:
    """The score of each breast: the mean of its CC and its MLO view.

    Several images of the same view are averaged first, so that a repeat does not count twice. Images without a score,
    of unknown side, or of another view do not take part.

    Parameters
    ----------
    images
        Of one study.
    scores
        Malignancy of the scored images, by `Mammogram.id`.

    Returns
    -------
    tuple of BreastResult
        Right before left, as readers hang them; a breast without any score has none.
    """
    results = []
    for side in (Laterality.RIGHT, Laterality.LEFT):
        views: dict[ViewPosition, list[str]] = {}
        for image in images:
            if image.laterality is side and image.view in _STANDARD and image.id in scores:
                views.setdefault(image.view, []).append(image.id)
        if views:
            means = [math.fsum(scores[one] for one in ids) / len(ids) for ids in views.values()]
            ids = tuple(one for view in _STANDARD for one in views.get(view, ()))
            results.append(BreastResult(side, math.fsum(means) / len(means), ids, len(views) == 1))
    return tuple(results)


def fuse_members(
    images: Sequence[Mammogram], scores: Mapping[str, Sequence[MemberScore]]
) -> tuple[dict[Laterality, tuple[MemberScore, ...]], tuple[MemberScore, ...]]:
    """What each model of an ensemble would say of the breasts and of the exam if it were alone.

    Parameters
    ----------
    images
        Of one study.
    scores
        Each model's own scores of the scored images, by `Mammogram.id`.

    Returns
    -------
    dict
        By breast; a model that scored none of its views is not there.
    tuple
        Of the exam. The mean of these is not the exam's score: that is the maximum of the means.
    """
    models = dict.fromkeys(member.model for members in scores.values() for member in members)
    of_breasts: dict[Laterality, tuple[MemberScore, ...]] = {}
    of_exam = []
    for model in models:
        own = {image: m.p_malignant for image, members in scores.items() for m in members if m.model == model}
        breasts = fuse_breasts(images, own)
        for breast in breasts:
            said = MemberScore(model, breast.p_malignant)
            of_breasts[breast.laterality] = (*of_breasts.get(breast.laterality, ()), said)
        exam = fuse_exam(breasts)
        of_exam += [MemberScore(model, exam)] if exam is not None else []
    return of_breasts, tuple(of_exam)


def fuse_exam(breasts: Sequence[BreastResult]) -> float | None:
    """The exam's score: the larger of its breasts'; None where no breast has one."""
    return max((breast.p_malignant for breast in breasts), default=None)


@dataclass(frozen=True)
class ViewGeometry:
    """Where distances in one view start from.

    Attributes
    ----------
    nipple
        (row, column), native pixels.
    spacing
        (row, column): length of a pixel, in millimetres or in parts of the breast's depth.
    spread
        How far apart the two distances of one lesion may be, in the same unit.
    """

    nipple: tuple[float, float]
    spacing: tuple[float, float]
    spread: float

    def distance(self, point: tuple[float, float]) -> float:
        """From the nipple to ``point``."""
        return math.hypot((point[0] - self.nipple[0]) * self.spacing[0], (point[1] - self.nipple[1]) * self.spacing[1])


def view_geometry(breast: NDArray[np.bool_], spacing_mm: tuple[float, float] | None) -> ViewGeometry | None:
    """Find the nipple: the point of the breast that lies farthest from the chest wall.

    Parameters
    ----------
    breast
        Shape (rows, columns), bool.
    spacing_mm
        (row, column) millimetres a pixel, or None: distances are then parts of the breast's depth.

    Returns
    -------
    ViewGeometry or None
        None for an empty mask.
    """
    columns = np.flatnonzero(breast.any(axis=0))
    if not columns.size:
        return None
    tip = int(columns[-1] if is_chest_wall_left(breast) else columns[0])
    nipple = (float(np.flatnonzero(breast[:, tip]).mean()) + 0.5, tip + 0.5)
    if spacing_mm is not None:
        return ViewGeometry(nipple, spacing_mm, _SPREAD_MM)
    depth = float(columns[-1] + 1 - columns[0])
    return ViewGeometry(nipple, (1 / depth, 1 / depth), _SPREAD_SHARE)


def link_findings(
    cc: Sequence[Finding], mlo: Sequence[Finding], geometry_cc: ViewGeometry, geometry_mlo: ViewGeometry
) -> tuple[Link, ...]:
    """Pair the findings of two views of one breast that lie equally far from the nipple and are of the same kind.

    The arc method of readers, with a Gaussian for how far off the distances may be; each finding takes part in one
    link at most, the best pairs first.

    Returns
    -------
    tuple of Link
        Best first, scores in (0, 1]; empty where one view has millimetres and the other none.
    """
    if geometry_cc.spread != geometry_mlo.spread:
        return ()
    pairs = []
    for one in cc:
        for other in mlo:
            if one.kind is other.kind:
                apart = geometry_cc.distance(one.centre) - geometry_mlo.distance(other.centre)
                pairs.append(Link(one.id, other.id, math.exp(-0.5 * (apart / geometry_cc.spread) ** 2)))
    taken: set[str] = set()
    links = []
    for pair in sorted(pairs, key=lambda link: (-link.score, link.cc, link.mlo)):
        if pair.score >= _LEAST_SCORE and not {pair.cc, pair.mlo} & taken:
            links.append(pair)
            taken |= {pair.cc, pair.mlo}
    return tuple(links)
