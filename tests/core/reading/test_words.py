from __future__ import annotations

from itertools import pairwise

import pytest

from mammoview.core.errors import DescriptorError, ReadingError
from mammoview.core.reading import (
    ALLOWED,
    EXPECTED,
    Assessment,
    AssessmentGroup,
    AssociatedFeature,
    AsymmetryKind,
    CalcificationMorphology,
    Density,
    Depth,
    Descriptors,
    Distribution,
    FindingType,
    Location,
    MassDensity,
    MassMargin,
    MassShape,
    QualityNote,
    ReadingState,
    Recommendation,
    Region,
    check_descriptors,
    check_step,
    check_time,
    clock_fits,
    hours_of,
    is_suspicious,
    lacking,
    may_follow,
    now,
)
from mammoview.core.reading.location import joined
from mammoview.core.study import Laterality

ONE_OF_EACH = {
    "shape": MassShape.OVAL,
    "margin": MassMargin.OBSCURED,
    "density": MassDensity.EQUAL,
    "morphology": CalcificationMorphology.ROUND,
    "distribution": Distribution.GROUPED,
    "asymmetry": AsymmetryKind.FOCAL,
    "associated": (AssociatedFeature.SKIN_RETRACTION,),
}


def test_categories_are_those_of_the_lexicon_and_each_says_what_it_means() -> None:
    assert [category.value for category in Assessment] == ["0", "1", "2", "3", "4", "4A", "4B", "4C", "5", "6"]
    assert all(category.label for category in Assessment)
    assert all(grade.label for grade in Density)
    assert {category.value for category in Assessment if category.is_suspicious} == {"4", "4A", "4B", "4C", "5"}


def test_categories_are_ordered_by_what_follows() -> None:
    ordered = sorted(Assessment, key=lambda category: category.rank)
    assert [category.value for category in ordered] == ["1", "2", "3", "0", "4", "4A", "4B", "4C", "5", "6"]
    assert Assessment.NEGATIVE.group is Assessment.BENIGN.group is AssessmentGroup.NORMAL
    assert Assessment.LOW_SUSPICION.group is Assessment.HIGHLY_SUGGESTIVE.group is AssessmentGroup.SUSPICIOUS
    assert len({category.group for category in Assessment}) == 5


def test_recommendations_are_of_one_kind_at_most() -> None:
    assert not [word for word in Recommendation if word.is_workup and word.is_tissue]
    assert Recommendation.ULTRASOUND.is_workup
    assert Recommendation.CORE_BIOPSY.is_tissue


@pytest.mark.parametrize("kind", FindingType)
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_words_belong_to_their_type_alone(kind: FindingType, name: str) -> None:
    said = Descriptors(**{name: ONE_OF_EACH[name]})  # type: ignore[arg-type]
    if name in ALLOWED[kind]:
        check_descriptors(kind, said)
    else:
        with pytest.raises(DescriptorError, match=f"“{name}” does not belong to a finding of type {kind}") as caught:
            check_descriptors(kind, said)
        assert "associated features" in caught.value.hint


def test_what_is_expected_may_also_be_said() -> None:
    assert all(set(names) <= ALLOWED[kind] for kind, names in EXPECTED.items())
    assert lacking(FindingType.MASS, Descriptors(margin=MassMargin.SPICULATED)) == ("shape", "density")
    assert lacking(FindingType.SKIN_LESION, Descriptors()) == ()


def test_a_feature_is_no_companion_of_itself_or_its_twin() -> None:
    for kind, feature in (
        (FindingType.DISTORTION, AssociatedFeature.DISTORTION),
        (FindingType.CALCIFICATIONS, AssociatedFeature.CALCIFICATIONS),
    ):
        with pytest.raises(DescriptorError, match="itself"):
            check_descriptors(kind, Descriptors(associated=(feature,)))
    twice = (AssociatedFeature.SKIN_RETRACTION,) * 2
    with pytest.raises(DescriptorError, match="twice"):
        check_descriptors(FindingType.MASS, Descriptors(associated=twice))


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        (FindingType.MASS, Descriptors(MassShape.OVAL, MassMargin.CIRCUMSCRIBED, MassDensity.EQUAL), False),
        (FindingType.MASS, Descriptors(MassShape.OVAL, MassMargin.OBSCURED), False),
        (FindingType.MASS, Descriptors(MassShape.IRREGULAR), True),
        (FindingType.MASS, Descriptors(margin=MassMargin.INDISTINCT), True),
        (FindingType.MASS, Descriptors(associated=(AssociatedFeature.DISTORTION,)), True),
        (FindingType.CALCIFICATIONS, Descriptors(morphology=CalcificationMorphology.VASCULAR), False),
        (FindingType.CALCIFICATIONS, Descriptors(morphology=CalcificationMorphology.FINE_PLEOMORPHIC), True),
        (FindingType.CALCIFICATIONS, Descriptors(distribution=Distribution.SEGMENTAL), True),
        # Rod-like calcifications follow the ducts and are benign.
        (
            FindingType.CALCIFICATIONS,
            Descriptors(morphology=CalcificationMorphology.ROD_LIKE, distribution=Distribution.SEGMENTAL),
            False,
        ),
        (FindingType.ASYMMETRY, Descriptors(asymmetry=AsymmetryKind.DEVELOPING), True),
        (FindingType.ASYMMETRY, Descriptors(asymmetry=AsymmetryKind.GLOBAL), False),
        (FindingType.DISTORTION, Descriptors(), True),
    ],
)
def test_suspicious_words(kind: FindingType, said: Descriptors, expected: bool) -> None:
    assert is_suspicious(kind, said) is expected


@pytest.mark.parametrize(
    ("side", "region", "hour"),
    [
        (Laterality.RIGHT, Region.UPPER_OUTER, 10),
        (Laterality.LEFT, Region.UPPER_OUTER, 2),
        (Laterality.RIGHT, Region.UPPER_INNER, 1),
        (Laterality.LEFT, Region.UPPER_INNER, 11),
        (Laterality.RIGHT, Region.LOWER_OUTER, 8),
        (Laterality.LEFT, Region.LOWER_OUTER, 4),
        (Laterality.RIGHT, Region.LOWER_INNER, 5),
        (Laterality.LEFT, Region.LOWER_INNER, 7),
    ],
)
def test_hour_and_quadrant_fit_on_their_own_side_alone(side: Laterality, region: Region, hour: int) -> None:
    other = Laterality.LEFT if side is Laterality.RIGHT else Laterality.RIGHT
    assert clock_fits(side, Location(region, hour))
    assert not clock_fits(other, Location(region, hour))


def test_hours_of_halves_and_of_no_quadrant() -> None:
    assert hours_of(Laterality.LEFT, Region.OUTER) == {12, 1, 2, 3, 4, 5, 6}
    assert hours_of(Laterality.LEFT, Region.UPPER) == hours_of(Laterality.RIGHT, Region.UPPER)
    assert hours_of(Laterality.LEFT, Region.CENTRAL) == set(range(1, 13))
    assert clock_fits(Laterality.LEFT, Location(clock=3))
    assert clock_fits(Laterality.LEFT, Location(Region.LOWER_INNER))


def test_halves_of_two_views_make_a_quadrant() -> None:
    assert joined([Region.OUTER, Region.UPPER]) is Region.UPPER_OUTER
    assert joined([Region.LOWER, Region.INNER]) is Region.LOWER_INNER
    assert joined([Region.OUTER, Region.SUBAREOLAR]) is Region.SUBAREOLAR
    assert joined([Region.OUTER, Region.INNER]) is Region.OUTER
    assert joined([Region.UPPER]) is Region.UPPER
    assert joined([]) is None


@pytest.mark.parametrize("wrong", [{"clock": 0}, {"clock": 13}, {"nipple_mm": -1.0}, {"nipple_mm": float("nan")}])
def test_places_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ReadingError):
        Location(**wrong)  # type: ignore[arg-type]


def test_a_place_may_say_nothing() -> None:
    assert Location().is_empty
    assert not Location(depth=Depth.MIDDLE).is_empty


def test_a_note_on_quality_names_a_fault() -> None:
    with pytest.raises(ReadingError, match="RMLO names no fault"):
        QualityNote("1.2.3", "RMLO", ())


def test_states_go_forward_only() -> None:
    chain = [
        ReadingState.NEW,
        ReadingState.OPENED,
        ReadingState.FIRST_READ,
        ReadingState.SECOND_READ,
        ReadingState.ARBITRATION,
        ReadingState.SIGNED,
    ]
    for earlier, later in pairwise(chain):
        check_step(earlier, later)
        assert not may_follow(later, earlier)
    with pytest.raises(ReadingError, match="new"):
        check_step(ReadingState.NEW, ReadingState.SIGNED)
    with pytest.raises(ReadingError, match="cannot go") as caught:
        check_step(ReadingState.SIGNED, ReadingState.OPENED)
    assert "Amend" in caught.value.hint


@pytest.mark.parametrize("wrong", ["", "yesterday", "2026-03-14", "2026-03-14T09:30:00"])
def test_moments_have_a_time_zone(wrong: str) -> None:
    with pytest.raises(ReadingError, match="time zone"):
        check_time(wrong)


def test_this_moment_is_one() -> None:
    check_time(now())
    check_time("2026-03-14T09:30:00+01:00")
