from __future__ import annotations

from dataclasses import replace

import pytest
from report_study import ACCEPTED, BY_AI, CC_MASS, MLO_MASS, REJECTED, UNSEEN, make_draft, make_exam, make_finding

from mammoview.core.reading import (
    Assessment,
    AssociatedFeature,
    AsymmetryKind,
    BreastDecision,
    CalcificationMorphology,
    Change,
    Density,
    DensityRead,
    Depth,
    Descriptors,
    Distribution,
    FindingType,
    Lesion,
    Location,
    MassDensity,
    MassMargin,
    MassShape,
    QualityFault,
    QualityNote,
    Region,
)
from mammoview.core.study import Laterality
from mammoview.report.breast_report.drafting import named_lesions, outdated, refreshed, restored, rewritten
from mammoview.report.breast_report.phrases import lesion_sentences, listed, millimetres, shipped_phrases, with_article
from mammoview.report.breast_report.values import Draft, SectionName


def text(draft: Draft, name: SectionName) -> str:
    section = draft.section(name)
    assert section is not None
    return section.text


def whole(draft: Draft) -> str:
    return "\n".join(section.text for section in draft.sections)


def test_a_linked_pair_reads_as_one_lesion() -> None:
    assert text(make_draft(), SectionName.RIGHT) == (
        "R1: There is a 13 mm irregular mass with spiculated margins and high density in the upper outer quadrant of "
        "the right breast at 10 o'clock, posterior third, 42 mm from the nipple, seen in the CC and MLO views."
    )


def test_without_the_link_they_are_two() -> None:
    lines = text(make_draft(links=()), SectionName.RIGHT).split("\n")
    assert [line[:3] for line in lines] == ["R1:", "R2:"]
    assert all("view only" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"origin": BY_AI, "verdict": ACCEPTED}, True),
        ({"origin": BY_AI}, False),
        ({"origin": BY_AI, "verdict": REJECTED}, False),
    ],
)
def test_only_drawn_and_accepted_findings_are_told(changes: dict[str, object], is_told: bool) -> None:
    odd = make_finding("x", "1.2.1", kind=FindingType.DILATED_DUCT, **changes)
    draft = make_draft(findings=(odd,), links=())
    assert ("dilated duct" in whole(draft)) is is_told
    assert len(named_lesions(draft)) == is_told


def test_an_unrevealed_finding_is_never_told_even_if_accepted() -> None:
    draft = make_draft(ai=UNSEEN, findings=(replace(CC_MASS, origin=BY_AI, verdict=ACCEPTED),), links=())
    assert "mass" not in text(draft, SectionName.RIGHT)
    assert named_lesions(draft) == ()


SENTENCES = [
    (
        make_finding("a", descriptors=Descriptors(MassShape.OVAL, MassMargin.CIRCUMSCRIBED)),
        "There is an oval mass with circumscribed margins in the right breast, seen in the CC view only.",
    ),
    (
        make_finding("a", descriptors=Descriptors(density=MassDensity.FAT_CONTAINING), size_mm=8.25),
        "There is an 8.2 mm mass with fat-containing density in the right breast, seen in the CC view only.",
    ),
    (
        make_finding("a", view=None),
        "There is a mass in the right breast.",
    ),
    (
        make_finding(
            "a",
            "1.2.1",
            kind=FindingType.CALCIFICATIONS,
            descriptors=Descriptors(
                morphology=CalcificationMorphology.FINE_PLEOMORPHIC,
                distribution=Distribution.GROUPED,
                associated=(AssociatedFeature.SKIN_RETRACTION, AssociatedFeature.DISTORTION),
            ),
            location=Location(Region.SUBAREOLAR, depth=Depth.ANTERIOR),
            size_mm=12.0,
            change=Change.MORE_NUMEROUS,
        ),
        "There are grouped fine pleomorphic calcifications spanning 12 mm in the subareolar region of the left breast, "
        "anterior third, seen in the CC view only. Associated: skin retraction and architectural distortion. They are "
        "more numerous than in the earlier exam.",
    ),
    (
        make_finding("a", kind=FindingType.CALCIFICATIONS),
        "There are calcifications in the right breast, seen in the CC view only.",
    ),
    (
        make_finding("a", kind=FindingType.ASYMMETRY, descriptors=Descriptors(asymmetry=AsymmetryKind.FOCAL)),
        "There is a focal asymmetry in the right breast, seen in the CC view only.",
    ),
    (
        make_finding("a", kind=FindingType.DISTORTION, location=Location(Region.AXILLA), comment="Old scar"),
        "There is architectural distortion in the right axilla, seen in the CC view only. Old scar.",
    ),
]


@pytest.mark.parametrize(("finding", "expected"), SENTENCES)
def test_sentences(finding: object, expected: str) -> None:
    assert lesion_sentences(Lesion((finding,)), shipped_phrases()) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FindingType)
@pytest.mark.parametrize("change", Change)
def test_every_type_and_change_has_a_sentence(kind: FindingType, change: Change) -> None:
    said = lesion_sentences(Lesion((make_finding("a", kind=kind, change=change),)), shipped_phrases())
    assert said.startswith("There ")
    assert said.count(". ") == 1
    assert "  " not in said
    assert " ." not in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        *((words, "an") for words in ("oval mass", "irregular", "8 mm", "8.5 mm", "11 mm", "18 mm", "80 mm")),
        *((words, "a") for words in ("13 mm", "1 mm", "110 mm", "round", " 9 mm ")),
    ],
)
def test_articles(words: str, expected: str) -> None:
    assert with_article(words).split()[0] == expected


def test_lists_and_lengths() -> None:
    assert [listed(["a", "b", "c"][:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert [millimetres(length) for length in (None, 3.0, 3.26, 9.94, 9.96, 42.4)] == [
        "",
        "3 mm",
        "3.3 mm",
        "9.9 mm",
        "10 mm",
        "42 mm",
    ]


def test_the_other_sections() -> None:
    repeat = QualityNote("1.2.3", "LMLO", (QualityFault.MOTION, QualityFault.POSITIONING), True, "Patient moved")
    draft = make_draft(quality=(repeat,))
    assert text(draft, SectionName.TECHNIQUE) == "Right breast: CC and MLO; left breast: CC and MLO."
    assert text(draft, SectionName.COMPARISON) == "Compared with 2024-03-01."
    assert text(draft, SectionName.COMPOSITION) == (
        "The breasts are heterogeneously dense, which may obscure small masses (ACR c). Dense tissue: 31 % of the "
        "breast area. The program proposed b; the reader chose c."
    )
    assert text(draft, SectionName.IMPRESSION).split("\n") == [
        "Right breast: BI-RADS 5. Highly suggestive of malignancy. Recommendation: image-guided core biopsy.",
        "Left breast: BI-RADS 1. Negative. Recommendation: routine screening.",
        "Image quality, LMLO: motion blur and positioning. This view must be repeated (technical recall). "
        "Patient moved.",
    ]
    assert "No suspicious mass" in text(draft, SectionName.LEFT)
    plain = make_draft(exam=make_exam(priors=()), density=DensityRead(Density.FATTY, Density.FATTY))
    assert text(plain, SectionName.COMPARISON) == "No earlier mammograms were compared."
    assert "proposed" not in text(plain, SectionName.COMPOSITION)


def test_a_breast_that_nobody_decided_is_not_called_normal() -> None:
    right = BreastDecision(Laterality.RIGHT)
    for breasts in ((), (right,)):
        draft = make_draft(breasts=breasts, findings=(), links=())
        assert text(draft, SectionName.RIGHT) == ""
    screening = make_draft(breasts=(BreastDecision(Laterality.LEFT, is_recalled=False),))
    assert text(screening, SectionName.LEFT) == "No suspicious finding is seen."
    assert text(screening, SectionName.IMPRESSION) == "Left breast: No recall."
    suspicious = make_draft(findings=(), links=())
    assert text(suspicious, SectionName.RIGHT) == "No finding is described."


def test_one_imaged_breast_has_one_section() -> None:
    exam = make_exam()
    left = replace(exam, images=tuple(image for image in exam.images if image.side is Laterality.LEFT))
    draft = make_draft(exam=left, findings=(), links=(), breasts=(BreastDecision(Laterality.LEFT, Assessment("2")),))
    assert draft.section(SectionName.RIGHT) is None
    assert text(draft, SectionName.TECHNIQUE) == "Left breast: CC and MLO."


def test_what_the_reader_wrote_stays_and_what_it_was_written_against_is_remembered() -> None:
    draft = rewritten(make_draft(), SectionName.RIGHT, "My own words.")
    assert outdated(draft) == ()
    changed = refreshed(replace(draft, findings=(MLO_MASS,), links=(), density=None))
    assert text(changed, SectionName.RIGHT) == "My own words."
    assert text(changed, SectionName.COMPOSITION) == ""
    assert outdated(changed) == (SectionName.RIGHT,)
    back = restored(changed, SectionName.RIGHT)
    assert "MLO view only" in text(back, SectionName.RIGHT)
    assert outdated(back) == ()
