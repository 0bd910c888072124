from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.errors import DescriptorError, ReadingError
from mammoview.core.findings import ModelUse
from mammoview.core.reading import (
    AssociatedFeature,
    Change,
    Depth,
    Descriptors,
    FindingLink,
    FindingType,
    LinkMaker,
    Location,
    Maker,
    MassDensity,
    MassMargin,
    MassShape,
    Origin,
    ReaderFinding,
    Region,
    RejectReason,
    Verdict,
    VerdictKind,
    check_link,
    lesions_of,
)
from mammoview.core.study import Laterality, ViewPosition

MODEL = ModelUse("cbis-patch-1", "0.3", "ab" * 32, "patch")
TIME = "2026-03-14T09:30:00+00:00"
AI = Origin(Maker.AI, (MODEL,), "f1", 0.81)
ACCEPTED = Verdict(VerdictKind.ACCEPTED, "reader 1", TIME)
REJECTED = Verdict(VerdictKind.REJECTED, "reader 1", TIME, RejectReason.NORMAL_TISSUE)
EDITED = Verdict(VerdictKind.EDITED, "reader 1", TIME)


def finding(name: str = "a", view: ViewPosition = ViewPosition.CC, **changes: object) -> ReaderFinding:
    plain = ReaderFinding(name, f"image {view}", Laterality.RIGHT, view, FindingType.MASS, ((10.0, 20.0), (11.0, 22.0)))
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "is_reported"),
    [
        ({}, True),
        ({"origin": AI}, False),
        ({"origin": AI, "verdict": ACCEPTED}, True),
        ({"origin": AI, "verdict": REJECTED}, False),
        ({"origin": replace(AI, maker=Maker.AI_EDITED), "verdict": EDITED}, True),
    ],
)
def test_only_what_the_reader_drew_or_accepted_is_reported(changes: dict[str, object], is_reported: bool) -> None:
    assert finding(**changes).is_reported is is_reported


@pytest.mark.parametrize(
    "changes",
    [
        {"contour": ()},
        {"contour": ((1.0, float("inf")),)},
        {"contour": ((0.0, 0.0),) * 5001},
        {"frame": -1},
        {"size_mm": 0.0},
        {"size_mm": float("nan")},
        {"verdict": ACCEPTED},
        {"origin": AI, "verdict": EDITED},
        {"origin": replace(AI, maker=Maker.AI_EDITED)},
        {"origin": replace(AI, maker=Maker.AI_EDITED), "verdict": ACCEPTED},
    ],
)
def test_findings_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(ReadingError):
        finding(**changes)


def test_words_of_another_type_are_refused() -> None:
    with pytest.raises(DescriptorError):
        finding(kind=FindingType.ASYMMETRY, descriptors=Descriptors(shape=MassShape.OVAL))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Origin(Maker.AI),
        lambda: Origin(Maker.AI, (MODEL,)),
        lambda: Origin(Maker.READER, (MODEL,)),
        lambda: replace(AI, p_malignant=1.2),
        lambda: Verdict(VerdictKind.REJECTED, "r", TIME),
        lambda: Verdict(VerdictKind.ACCEPTED, "r", TIME, RejectReason.KNOWN),
        lambda: Verdict(VerdictKind.REJECTED, "r", TIME, RejectReason.OTHER, "  "),
        lambda: Verdict(VerdictKind.ACCEPTED, "r", "now"),
        lambda: FindingLink("a", "a"),
        lambda: FindingLink("a", "b", LinkMaker.AI, 2.0),
    ],
)
def test_origins_verdicts_and_links_that_cannot_be(make: object) -> None:
    with pytest.raises(ReadingError):
        make()  # type: ignore[operator]


def test_a_rejection_for_another_reason_says_which() -> None:
    assert Verdict(VerdictKind.REJECTED, "r", TIME, RejectReason.OTHER, "old scar").comment == "old scar"


def test_linked_findings_are_one_lesion_directly_or_through_others() -> None:
    views = (ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML)
    one, two, three = (finding(name, view) for name, view in zip("abc", views, strict=True))
    alone = finding("d", ViewPosition.CC)
    links = (FindingLink("b", "c"), FindingLink("a", "b", LinkMaker.AI, 0.7), FindingLink("a", "gone"))
    found = lesions_of((one, alone, two, three), links)
    assert [[part.id for part in lesion.findings] for lesion in found] == [["a", "b", "c"], ["d"]]
    assert found[0].views == ("CC", "MLO", "ML")
    assert [len(lesion.findings) for lesion in lesions_of((one, two), ())] == [1, 1]


def test_links_that_cannot_be_one_lesion() -> None:
    one = finding("a")
    with pytest.raises(ReadingError, match="different breasts"):
        check_link(one, finding("b", ViewPosition.MLO, side=Laterality.LEFT))
    with pytest.raises(ReadingError, match="one image"):
        lesions_of((one, finding("b")), (FindingLink("a", "b"),))
    with pytest.raises(ReadingError, match="same id"):
        lesions_of((one, finding("a", ViewPosition.MLO)), ())


def test_a_lesion_says_what_its_views_say() -> None:
    craniocaudal = finding(
        "a",
        descriptors=Descriptors(MassShape.OVAL, MassMargin.SPICULATED),
        location=Location(Region.OUTER, nipple_mm=42.0),
        size_mm=11.0,
        comment="seen before",
    )
    oblique = finding(
        "b",
        ViewPosition.MLO,
        descriptors=Descriptors(MassShape.IRREGULAR, MassMargin.OBSCURED, MassDensity.HIGH),
        location=Location(Region.UPPER, 10, Depth.POSTERIOR, 45.0),
        size_mm=13.0,
        change=Change.LARGER,
        comment="seen before",
    )
    (lesion,) = lesions_of((craniocaudal, oblique), (FindingLink("a", "b"),))
    assert lesion.descriptors == Descriptors(MassShape.IRREGULAR, MassMargin.SPICULATED, MassDensity.HIGH)
    assert lesion.words("shape") == (MassShape.OVAL, MassShape.IRREGULAR)
    assert lesion.location == Location(Region.UPPER_OUTER, 10, Depth.POSTERIOR, 42.0)
    assert (lesion.size_mm, lesion.change, lesion.comments) == (13.0, Change.LARGER, ("seen before",))


def test_a_mass_in_one_view_that_is_calcifications_in_the_other_is_a_mass_with_calcifications() -> None:
    specks = finding("b", ViewPosition.MLO, kind=FindingType.CALCIFICATIONS)
    (lesion,) = lesions_of((specks, finding("a")), (FindingLink("a", "b"),))
    assert lesion.kind is FindingType.MASS
    assert lesion.descriptors.associated == (AssociatedFeature.CALCIFICATIONS,)
