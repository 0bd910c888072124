"""Which images are scored, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mammoview.core.study import Mammogram, PresentationIntent, ViewModifier, ViewPosition
from mammoview.models.manifest import InputContract
from mammoview.pipeline.eligibility import has_breast_outline, why_not_scored

Make = Callable[..., Mammogram]

#: A package that claims it can score everything.
GREEDY = InputContract(intents=tuple(PresentationIntent), views=tuple(ViewPosition), modifiers=tuple(ViewModifier))


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_standard_views_are_scored(make_mammogram: Make, view: ViewPosition) -> None:
    assert why_not_scored(make_mammogram(view=view), InputContract()) == ""


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"intent": PresentationIntent.FOR_PROCESSING}, "For Processing"),
        ({"modifiers": (ViewModifier.SPOT,)}, "spot"),
        ({"modifiers": (ViewModifier.MAGNIFICATION,)}, "magnification"),
        ({"view": ViewPosition.SPECIMEN}, "specimen"),
        ({"is_tomosynthesis": True}, "tomosynthesis"),
        ({"frames": 40}, "tomosynthesis"),
        ({"rows": 8, "columns": 3000}, "8 × 3000"),
        ({"rows": 3000, "columns": 300}, "shape"),
        ({"rows": 20, "columns": 20}, "20 × 20"),
    ],
)
def test_what_no_package_may_score(make_mammogram: Make, changes: dict[str, object], word: str) -> None:
    reason = why_not_scored(make_mammogram(**changes), GREEDY)
    assert reason.startswith("Not scored")
    assert word in reason
    assert why_not_scored(make_mammogram(**changes)) == reason, "also where no package is installed"


@pytest.mark.parametrize(
    "changes", [{"view": ViewPosition.ML}, {"view": None}, {"modifiers": (ViewModifier.IMPLANT_DISPLACED,)}]
)
def test_what_a_package_was_not_made_for(make_mammogram: Make, changes: dict[str, object]) -> None:
    image = make_mammogram(**changes)
    assert why_not_scored(image, InputContract()).startswith("Not scored")
    if image.view is not None:
        assert why_not_scored(image, GREEDY) == ""


def test_outline_is_looked_for_where_there_is_one(make_mammogram: Make) -> None:
    assert has_breast_outline(make_mammogram(modifiers=(ViewModifier.SPOT,)))
    assert not has_breast_outline(make_mammogram(intent=PresentationIntent.FOR_PROCESSING))
    assert not has_breast_outline(make_mammogram(view=ViewPosition.SPECIMEN))
