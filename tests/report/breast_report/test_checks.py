from __future__ import annotations

from dataclasses import replace

import pytest
from report_study import ACCEPTED, BY_AI, CC_MASS, MLO_MASS, SPICULATED, UNSEEN, make_draft, make_exam, make_finding

from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    Descriptors,
    FindingLink,
    FindingType,
    Location,
    MassMargin,
    MassShape,
    QualityFault,
    QualityNote,
    Recommendation,
    Region,
)
from mammoview.core.study import Laterality
from mammoview.report.breast_report.checks import Rules, remarks
from mammoview.report.breast_report.drafting import rewritten
from mammoview.report.breast_report.values import SectionName

RIGHT, LEFT = Laterality.RIGHT, Laterality.LEFT
NORMAL_LEFT = BreastDecision(LEFT, Assessment.NEGATIVE, recommendations=(Recommendation.ROUTINE,))


def right(category: str | None, *asked: Recommendation, **changes: object) -> dict[str, object]:
    breast = BreastDecision(RIGHT, Assessment(category) if category else None, recommendations=asked)
    return {"breasts": (replace(breast, **changes), NORMAL_LEFT)}  # type: ignore[arg-type]


PLAIN: dict[str, object] = {"findings": (), "links": ()}
BENIGN = make_finding(
    "b", descriptors=replace(SPICULATED, shape=MassShape.OVAL, margin=MassMargin.CIRCUMSCRIBED), size_mm=9.0
)
REPEAT = QualityNote("1.2.2", "RMLO", (QualityFault.MOTION,), needs_repeat=True)
LEFT_ONLY = tuple(image for image in make_exam().images if image.side is LEFT)


def test_a_report_that_fits_has_no_remark() -> None:
    assert remarks(make_draft()) == ()


CASES: list[tuple[dict[str, object], str, bool]] = [
    ({"density": None}, "density", True),
    ({"breasts": (NORMAL_LEFT,)}, "undecided", True),
    (right(None), "undecided", True),
    (right(None, is_recalled=True), "no_category", True),
    ({"exam": make_exam(images=LEFT_ONLY)}, "not_imaged", True),
    ({"exam": make_exam(images=())}, "no_side", True),
    (right("1", Recommendation.ROUTINE), "normal_but_suspicious", True),
    (right("2", Recommendation.ROUTINE), "normal_but_suspicious", False),
    ({**PLAIN, "findings": (BENIGN,), **right("1", Recommendation.ROUTINE)}, "negative_but_described", False),
    ({**PLAIN, **right("4B", Recommendation.BIOPSY)}, "nothing_described", False),
    ({**PLAIN, **right("3", Recommendation.SHORT_INTERVAL)}, "nothing_described", False),
    ({**PLAIN, **right("0")}, "incomplete_why", False),
    (right("5", Recommendation.ROUTINE), "suspicious_but_routine", True),
    (right("4", Recommendation.ULTRASOUND), "recommendation", False),
    (right("3", Recommendation.ROUTINE), "recommendation", False),
    (right("0", Recommendation.ROUTINE), "recommendation", False),
    ({**PLAIN, **right("1", Recommendation.BIOPSY)}, "recommendation", False),
    (right("4C"), "no_recommendation", False),
    (right("6"), "no_recommendation", False),
    (right("5", Recommendation.CORE_BIOPSY, is_recalled=False), "no_recall", True),
    (right("0", Recommendation.MRI, is_recalled=False), "no_recall", True),
    ({**PLAIN, **right("2", Recommendation.ROUTINE, is_recalled=True)}, "recall_but_normal", False),
    ({**PLAIN, **right("2", Recommendation.ROUTINE), "quality": (REPEAT,)}, "repeat_but_normal", False),
    ({"ai": UNSEEN}, "ai_unseen", True),
    ({"findings": (CC_MASS, MLO_MASS, make_finding("u", origin=BY_AI))}, "ai_unjudged", False),
    ({"findings": (replace(CC_MASS, image_id="9.9"), MLO_MASS)}, "foreign_image", True),
    ({"findings": (replace(CC_MASS, side=LEFT),), "links": ()}, "wrong_side", True),
    ({"findings": (replace(CC_MASS, location=Location(Region.UPPER_OUTER, 2)),), "links": ()}, "clock", False),
    ({"findings": (replace(CC_MASS, descriptors=Descriptors(MassShape.OVAL)),), "links": ()}, "descriptors", False),
    (
        {"findings": (replace(CC_MASS, descriptors=replace(SPICULATED, margin=MassMargin.OBSCURED)), MLO_MASS)},
        "views_differ",
        False,
    ),
    ({"findings": (make_finding("o", kind=FindingType.OTHER),), "links": ()}, "other", False),
    ({"findings": (CC_MASS, replace(MLO_MASS, side=LEFT))}, "link", True),
    ({"findings": (CC_MASS, CC_MASS)}, "same_id", True),
]


@pytest.mark.parametrize(
    ("changes", "code", "blocks"), CASES, ids=[f"{code}-{n}" for n, (_, code, _) in enumerate(CASES)]
)
def test_what_does_not_fit_is_told(changes: dict[str, object], code: str, blocks: bool) -> None:
    links = changes.get("links", (FindingLink("m1", "m2"),))
    # A draft with a link that cannot be is not written anew; it may come from a store.
    draft = replace(make_draft(), **{**changes, "links": links})  # type: ignore[arg-type]
    found = {remark.code: remark for remark in remarks(draft)}
    assert found[code].blocks is blocks
    assert found[code].message.endswith(".")
    assert found[code].hint.endswith(".")


def test_what_blocks_comes_first() -> None:
    found = remarks(make_draft(density=None, **right("4C")))
    assert [remark.blocks for remark in found] == sorted((remark.blocks for remark in found), reverse=True)
    assert {remark.blocks for remark in found} == {True, False}


def test_a_site_may_ask_for_less() -> None:
    screening = Rules(needs_density=False, needs_category=False)
    draft = make_draft(
        **PLAIN,
        density=None,
        breasts=(BreastDecision(RIGHT, is_recalled=True), BreastDecision(LEFT, is_recalled=False)),
    )
    assert [(remark.code, remark.blocks) for remark in remarks(draft, screening)] == [("density", False)]
    assert {remark.code for remark in remarks(draft) if remark.blocks} == {"density", "no_category"}


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        ("A mass in the left breast.", True),
        ("A mass in the LEFT breast.", True),
        ("A cleft is seen.", False),
        ("A mass in the right breast.", False),
    ],
)
def test_the_other_sides_name_in_a_breasts_own_words_is_told(words: str, is_told: bool) -> None:
    draft = rewritten(make_draft(), SectionName.RIGHT, words)
    assert ("side_word" in {remark.code for remark in remarks(draft)}) is is_told


def test_words_older_than_what_they_tell_of_are_told() -> None:
    draft = replace(rewritten(make_draft(), SectionName.RIGHT, "A mass."), findings=(CC_MASS,))
    assert {remark.code for remark in remarks(draft)} == {"outdated_text"}


def test_an_accepted_finding_of_the_ai_counts_as_described() -> None:
    only = replace(MLO_MASS, origin=BY_AI, verdict=ACCEPTED)
    assert remarks(make_draft(findings=(only,), links=())) == ()
