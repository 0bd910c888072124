from __future__ import annotations

import math
from dataclasses import replace

import pytest

from mammoview.core.errors import ReadingError
from mammoview.core.findings import Finding, LesionKind, ModelUse
from mammoview.core.geometry import Box
from mammoview.core.reading import (
    FindingType,
    Maker,
    ReaderFinding,
    RejectReason,
    VerdictKind,
    accepted,
    edited,
    longest_mm,
    proposed,
    rejected,
    unjudged,
)
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition

TIME = "2026-03-14T09:30:00+00:00"
MODELS = (ModelUse("cbis-patch-1", "0.3", "ab" * 32, "patch"),)
IMAGE = Mammogram(
    "1.2.3",
    "/a",
    SourceKind.DICOM,
    100,
    80,
    Grayscale(12),
    laterality=Laterality.LEFT,
    view=ViewPosition.MLO,
    spacing_mm=(0.1, 0.2),
)
FOUND = Finding("f1", LesionKind.CALCIFICATION, Box(10, 20, 30, 50), (20.0, 35.0), 0.7, (0.1, 0.1, 0.6, 0.1, 0.1))
WHO = {"reader": "Dr. Grün", "time": TIME}


def test_a_proposal_says_all_that_the_models_said_and_is_not_reported() -> None:
    finding = proposed(FOUND, IMAGE, MODELS)
    assert (finding.side, finding.view, finding.kind) == (Laterality.LEFT, ViewPosition.MLO, FindingType.CALCIFICATIONS)
    assert (finding.origin.maker, finding.origin.models, finding.origin.p_malignant) == (Maker.AI, MODELS, 0.7)
    assert finding.origin.ai_finding_id == "f1"
    assert set(finding.contour) == {(10.0, 20.0), (10.0, 50.0), (30.0, 50.0), (30.0, 20.0)}
    # A box is no outline: its diagonal is no size.
    assert finding.size_mm is None
    assert not finding.is_reported


def test_an_outline_is_taken_and_measured() -> None:
    ring = tuple(
        (50 + 30 * math.sin(turn), 40 + 10 * math.cos(turn)) for turn in (k * math.tau / 7000 for k in range(7000))
    )
    finding = proposed(replace(FOUND, contour=ring), IMAGE, MODELS)
    # 60 rows of 0.1 mm are longer than 20 columns of 0.2 mm.
    assert finding.size_mm == pytest.approx(6.0, abs=0.01)
    assert 1000 < len(finding.contour) <= 5000


@pytest.mark.parametrize(
    ("outline", "spacing", "expected"),
    [
        (((0.0, 0.0), (30.0, 40.0)), (0.1, 0.1), 5.0),
        (((0.0, 0.0), (0.0, 10.0), (10.0, 0.0)), (0.5, 0.1), math.hypot(5, 1)),
        (((0.0, 0.0),), (0.1, 0.1), None),
        (((2.0, 2.0), (2.0, 2.0)), (0.1, 0.1), None),
        (((0.0, 0.0), (30.0, 40.0)), None, None),
    ],
)
def test_longest_diameters(
    outline: tuple[tuple[float, float], ...], spacing: tuple[float, float] | None, expected: float | None
) -> None:
    assert longest_mm(outline, spacing) == (None if expected is None else pytest.approx(expected))


def test_findings_of_two_images_have_two_ids() -> None:
    assert proposed(FOUND, IMAGE, MODELS).id != proposed(FOUND, replace(IMAGE, id="1.2.4"), MODELS).id


def test_an_image_without_a_side_has_no_findings_to_judge() -> None:
    with pytest.raises(ReadingError, match="which breast"):
        proposed(FOUND, replace(IMAGE, laterality=None), MODELS)


def test_verdicts() -> None:
    finding = proposed(FOUND, IMAGE, MODELS)
    yes = accepted(finding, **WHO)
    no = rejected(finding, reason=RejectReason.OTHER, comment="hair", **WHO)
    other = edited(yes, ((1.0, 1.0), (5.0, 5.0)), size_mm=0.9, **WHO)
    assert [one.is_reported for one in (yes, no, other)] == [True, False, True]
    kinds = [one.verdict.kind for one in (yes, no, other) if one.verdict is not None]
    assert kinds == [VerdictKind.ACCEPTED, VerdictKind.REJECTED, VerdictKind.EDITED]
    assert other.origin.maker is Maker.AI_EDITED
    assert other.origin.models == MODELS
    assert unjudged(no) == finding
    assert edited(other, ((1.0, 1.0),), size_mm=None, **WHO).contour == ((1.0, 1.0),)
    # A reader may change their mind.
    assert accepted(no, **WHO) == yes


def test_what_cannot_be_judged() -> None:
    finding = proposed(FOUND, IMAGE, MODELS)
    own = ReaderFinding("o", "1.2.3", Laterality.LEFT, None, FindingType.MASS, ((1.0, 1.0),))
    drawn = edited(finding, ((1.0, 1.0),), size_mm=None, **WHO)
    for one in (own, drawn):
        for judge in (
            lambda it: accepted(it, **WHO),
            lambda it: rejected(it, reason=RejectReason.KNOWN, **WHO),
            unjudged,
        ):
            with pytest.raises(ReadingError):
                judge(one)
    with pytest.raises(ReadingError):
        edited(own, ((1.0, 1.0),), size_mm=None, **WHO)
