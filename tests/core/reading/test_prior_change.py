"""What the AI says now against then: what is compared, and what is not, with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.findings import LesionKind
from mammoview.core.reading.prior_change import AnalysedView, Place, Spot, Tolerance, compare_views
from mammoview.core.study import Laterality, ViewPosition

TOLERANCES = {"mm": Tolerance(25.0, 21.0), "depths": Tolerance(0.35, 0.24)}
RCC = AnalysedView(Laterality.RIGHT, ViewPosition.CC, "now", 0.5, 0.03, "above the 80 % specificity point", ("a",))


def spot(name: str, distance: float, depth: float, across: float, p: float = 0.5, unit: str = "mm") -> Spot:
    return Spot(name, LesionKind.MASS, p, Place(distance, depth, across, unit))


def only(now: AnalysedView | None, then: AnalysedView | None):
    (change,) = compare_views([now] if now else [], [then] if then else [], TOLERANCES)
    return change


def test_scores_are_told_with_their_difference_and_its_spread() -> None:
    change = only(RCC, replace(RCC, image_id="then", score=0.2, uncertainty=0.04))
    assert change.label == "RCC"
    assert change.reason == ""
    assert change.is_compared
    assert change.difference == pytest.approx(0.3)
    assert change.uncertainty == pytest.approx(0.05)
    assert change.is_beyond_spread is True
    near = only(RCC, replace(RCC, score=0.46, uncertainty=0.04))
    assert near.is_beyond_spread is False
    unknown = only(RCC, replace(RCC, score=0.2, uncertainty=None))
    assert (unknown.uncertainty, unknown.is_beyond_spread) == (None, None)


@pytest.mark.parametrize(
    ("now", "then", "reason"),
    [
        (RCC, None, "The earlier exam has no RCC view."),
        (None, RCC, "This exam has no RCC view."),
        (RCC, replace(RCC, score=None, why_not="Not scored: a spot view."), "The earlier exam: Not scored: a spot"),
        (replace(RCC, score=None), RCC, "This exam was not scored."),
        (RCC, replace(RCC, models=("b",)), "Other models"),
    ],
)
def test_what_is_not_compared_has_no_difference_and_says_why(now, then, reason) -> None:
    with_spot = None if now is None else replace(now, spots=(spot("n", 40, 30, 10),))
    change = only(with_spot, then)
    assert change.reason.startswith(reason)
    assert (change.difference, change.uncertainty, change.is_beyond_spread) == (None, None, None)
    assert not change.new
    assert not change.persisting


def test_views_come_right_before_left_and_cc_before_mlo() -> None:
    made = [
        replace(RCC, side=side, view=view)
        for side in (Laterality.LEFT, Laterality.RIGHT)
        for view in (ViewPosition.MLO, ViewPosition.CC)
    ]
    assert [one.label for one in compare_views(made[:3], made[2:], TOLERANCES)] == ["RCC", "RMLO", "LCC", "LMLO"]


def test_findings_persist_come_and_go_by_their_places() -> None:
    now = replace(RCC, spots=(spot("n1", 40, 30, 20, 0.9), spot("n2", 70, 60, -30, 0.4)))
    then = replace(RCC, spots=(spot("t1", 45, 35, 25, 0.3), spot("t2", 20, 18, 5)))
    change = only(now, then)
    assert [(one.id, other.id) for one, other in change.persisting] == [("n1", "t1")]
    assert [one.id for one in change.new] == ["n2"]
    assert [one.id for one in change.gone] == ["t2"]


@pytest.mark.parametrize(
    ("moved", "is_same"),
    [
        (spot("t", 64.9, 50.9, 20), True),
        (spot("t", 65.1, 30, 20), False),
        (spot("t", 40, 51.1, 20), False),
        (spot("t", 40, 30, -20), False),
        (replace(spot("t", 40, 30, 20), kind=LesionKind.CALCIFICATION), False),
    ],
)
def test_tolerance_in_distance_depth_and_across_and_of_one_kind(moved: Spot, is_same: bool) -> None:
    change = only(replace(RCC, spots=(spot("n", 40, 30, 20),)), replace(RCC, spots=(moved,)))
    assert bool(change.persisting) is is_same
    assert bool(change.new) is bool(change.gone) is not is_same


def test_each_finding_has_one_partner_the_nearest() -> None:
    now = replace(RCC, spots=(spot("far", 50, 40, 20), spot("near", 41, 31, 20)))
    change = only(now, replace(RCC, spots=(spot("t", 40, 30, 20),)))
    assert [(one.id, other.id) for one, other in change.persisting] == [("near", "t")]
    assert [one.id for one in change.new] == ["far"]
    back = only(replace(RCC, spots=(spot("t", 40, 30, 20),)), now)
    assert [(one.id, other.id) for one, other in back.persisting] == [("t", "near")]
    assert [one.id for one in back.gone] == ["far"]


def test_nothing_is_said_of_findings_without_a_place_or_of_another_unit() -> None:
    nowhere = Spot("n", LesionKind.MASS, 0.5, None)
    change = only(replace(RCC, spots=(nowhere,)), replace(RCC, spots=(spot("t", 40, 30, 20),)))
    assert change.unplaced == (nowhere,)
    assert [one.id for one in change.gone] == ["t"]
    shares = spot("s", 0.4, 0.3, 0.2, unit="depths")
    mixed = only(replace(RCC, spots=(shares,)), replace(RCC, spots=(spot("t", 40, 30, 20),)))
    assert [one.id for one in mixed.unplaced] == ["s", "t"]
    assert mixed.new == mixed.gone == mixed.persisting == ()
    both = only(replace(RCC, spots=(shares,)), replace(RCC, spots=(spot("t", 0.45, 0.35, 0.2, unit="depths"),)))
    assert len(both.persisting) == 1
