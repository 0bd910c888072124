"""From images to breasts to the exam, and links between views."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.findings import Finding, LesionKind
from mammoview.core.geometry import Box
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.models.fusion import ViewGeometry, fuse_breasts, fuse_exam, link_findings, view_geometry


def image(name: str, side: Laterality | None, view: ViewPosition | None) -> Mammogram:
    return Mammogram(name, "/" + name, SourceKind.DICOM, 10, 10, Grayscale(12), laterality=side, view=view)


R, L = Laterality.RIGHT, Laterality.LEFT
CC, MLO = ViewPosition.CC, ViewPosition.MLO
FOUR = [image("lmlo", L, MLO), image("rcc", R, CC), image("lcc", L, CC), image("rmlo", R, MLO)]


def test_breast_is_the_mean_of_its_views_and_the_exam_the_maximum() -> None:
    breasts = fuse_breasts(FOUR, {"rcc": 0.2, "rmlo": 0.4, "lcc": 0.9, "lmlo": 0.1})
    assert [(b.laterality, pytest.approx(b.p_malignant), b.image_ids, b.is_single_view) for b in breasts] == [
        (R, 0.3, ("rcc", "rmlo"), False),
        (L, 0.5, ("lcc", "lmlo"), False),
    ]
    assert fuse_exam(breasts) == pytest.approx(0.5)


def test_single_view_is_flagged_and_missing_scores_are_left_out() -> None:
    breasts = fuse_breasts(FOUR, {"rmlo": 0.4})
    assert [(b.laterality, b.p_malignant, b.is_single_view) for b in breasts] == [(R, 0.4, True)]
    assert fuse_breasts(FOUR, {}) == ()
    assert fuse_exam(()) is None


def test_repeat_does_not_count_twice_and_others_do_not_take_part() -> None:
    images = [*FOUR, image("rcc2", R, CC), image("rml", R, ViewPosition.ML), image("?", None, CC)]
    (breast,) = fuse_breasts(images, {"rcc": 0.2, "rcc2": 0.4, "rmlo": 0.7, "rml": 1.0, "?": 1.0})
    assert breast.p_malignant == pytest.approx(0.5)
    assert breast.image_ids == ("rcc", "rcc2", "rmlo")


def breast_mask(side: str) -> np.ndarray:
    row, col = np.mgrid[:200, :100] + 0.5
    mask = ((row - 120) / 70) ** 2 + (col / 80) ** 2 < 1
    return mask if side == "left" else mask[:, ::-1].copy()


@pytest.mark.parametrize(("side", "column"), [("left", 79.5), ("right", 20.5)])
def test_nipple_is_the_point_farthest_from_the_chest_wall(side: str, column: float) -> None:
    geometry = view_geometry(breast_mask(side), (0.1, 0.1))
    assert geometry is not None
    assert geometry.nipple == pytest.approx((120, column), abs=1)
    assert geometry.distance((geometry.nipple[0] + 30, geometry.nipple[1] + 40)) == pytest.approx(5)


def test_distance_without_spacing_is_in_depths_of_the_breast() -> None:
    geometry = view_geometry(breast_mask("left"), None)
    assert geometry is not None
    assert geometry.distance((geometry.nipple[0], 0)) == pytest.approx(1, abs=0.02)
    assert view_geometry(np.zeros((4, 4), bool), None) is None


def finding(name: str, row: float, column: float, kind: LesionKind = LesionKind.MASS) -> Finding:
    return Finding(name, kind, Box.square(row, column, 10), (row, column), 0.5, (0.2,) * 5)


def test_links_pair_equal_distances_of_the_same_kind_once() -> None:
    cc = ViewGeometry((100, 0), (0.1, 0.1), 10)
    mlo = ViewGeometry((500, 1000), (0.1, 0.1), 10)
    links = link_findings(
        [finding("near", 100, 100), finding("far", 100, 700), finding("dust", 100, 400, LesionKind.CALCIFICATION)],
        [finding("far'", 500, 320), finding("near'", 500, 880), finding("mass", 500, 600)],
        cc,
        mlo,
    )
    assert [(link.cc, link.mlo) for link in links] == [("far", "far'"), ("near", "near'")]
    assert links[0].score == pytest.approx(np.exp(-0.5 * 0.2**2))
    assert link_findings([finding("a", 100, 0)], [finding("b", 500, 400)], cc, mlo) == ()


def test_millimetres_and_shares_are_not_compared() -> None:
    one = finding("a", 0, 0)
    two = finding("b", 0, 0)
    known, unknown = ViewGeometry((0, 0), (0.1, 0.1), 10), ViewGeometry((0, 0), (0.01, 0.01), 0.1)
    assert link_findings([one], [two], known, unknown) == ()
