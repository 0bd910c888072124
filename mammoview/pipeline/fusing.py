"""From the images of a study to its breasts, the exam, and the findings that two views share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mammoview.core.findings import BreastResult, ImageResult, Link, MemberScore
from mammoview.core.study import Laterality, Mammogram, ViewPosition
from mammoview.models.fusion import RULE, fuse_breasts, fuse_exam, fuse_members, link_findings, view_geometry


@dataclass(frozen=True)
class Fused:
    """What a study's images say together."""

    breasts: tuple[BreastResult, ...]
    p_malignant: float | None
    rule: str
    members: tuple[MemberScore, ...]
    links: tuple[Link, ...]


def fuse(images: Sequence[Mammogram], results: Sequence[ImageResult]) -> Fused:
    """Fuse the results of one study.

    Parameters
    ----------
    images
        The study's images.
    results
        Of those that were analysed.
    """
    scores = {result.image_id: result.p_malignant for result in results if result.p_malignant is not None}
    own = {result.image_id: result.members for result in results if result.p_malignant is not None}
    of_breasts, of_exam = fuse_members(images, own)
    breasts = tuple(
        replace(breast, members=of_breasts.get(breast.laterality, ())) for breast in fuse_breasts(images, scores)
    )
    by_id = {result.image_id: result for result in results}
    links = [link for side in Laterality for link in _links(images, by_id, side)]
    return Fused(breasts, fuse_exam(breasts), RULE, of_exam, tuple(links))


def _links(images: Sequence[Mammogram], results: dict[str, ImageResult], side: Laterality) -> list[Link]:
    def of(view: ViewPosition) -> list[tuple[Mammogram, ImageResult]]:
        return [
            (image, results[image.id])
            for image in images
            if image.laterality is side and image.view is view and image.id in results and results[image.id].findings
        ]

    return [link for cc in of(ViewPosition.CC) for mlo in of(ViewPosition.MLO) for link in _pair(cc, mlo)]


def _pair(cc: tuple[Mammogram, ImageResult], mlo: tuple[Mammogram, ImageResult]) -> tuple[Link, ...]:
    geometries = [
        view_geometry(result.suppression.breast.to_array(), image.spacing_mm) if result.suppression else None
        for image, result in (cc, mlo)
    ]
    if geometries[0] is None or geometries[1] is None:
        return ()
    return link_findings(cc[1].findings, mlo[1].findings, geometries[0], geometries[1])
