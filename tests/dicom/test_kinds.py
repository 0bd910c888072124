"""Which objects are taken, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mammoview.core.errors import NotShownError
from mammoview.core.study import PresentationIntent
from mammoview.dicom.scan import read_header, scan

Make = Callable[..., Path]
CLASSES = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.meets("MG-A01")
@pytest.mark.parametrize(
    ("sop_class", "intent"),
    [("1.2", PresentationIntent.FOR_PRESENTATION), ("1.2.1", PresentationIntent.FOR_PROCESSING)],
)
def test_digital_mammograms_are_taken(make_mg: Make, sop_class: str, intent: PresentationIntent) -> None:
    image = read_header(make_mg(SOPClassUID=CLASSES + sop_class, PresentationIntentType=intent.value))
    assert image.intent is intent
    assert not [warning for warning in image.warnings if "Intent" in warning]


@pytest.mark.meets("MG-A01")
def test_an_intent_that_contradicts_the_class_is_told(make_mg: Make) -> None:
    image = read_header(make_mg(SOPClassUID=CLASSES + "1.2", PresentationIntentType="FOR PROCESSING"))
    assert image.intent is PresentationIntent.FOR_PROCESSING, "the cautious one"
    assert any("FOR PRESENTATION" in warning for warning in image.warnings)


@pytest.mark.meets("MG-A02")
@pytest.mark.parametrize(("sop_class", "modality"), [("7", "SC"), ("7", "OT"), ("1", "CR"), ("1.1", "DX")])
def test_other_images_of_a_breast_are_taken(make_mg: Make, sop_class: str, modality: str) -> None:
    image = read_header(make_mg(SOPClassUID=CLASSES + sop_class, Modality=modality, BodyPartExamined="BREAST"))
    assert image.modality == modality


@pytest.mark.meets("MG-A02")
@pytest.mark.parametrize(
    ("sop_class", "name"),
    [
        ("88.50", "Mammography CAD report"),
        ("88.33", "structured report"),
        ("88.67", "radiation dose report"),
        ("11.1", "presentation state"),
        ("11.8", "presentation state"),
        ("88.59", "key object selection"),
        ("66.4", "segmentation"),
        ("30", "parametric map"),
        ("104.1", "document"),
    ],
)
def test_what_is_no_image_is_named(make_mg: Make, sop_class: str, name: str) -> None:
    path = make_mg(SOPClassUID=CLASSES + sop_class, Modality="SR", PixelData=None, Rows=None, Columns=None)
    with pytest.raises(NotShownError, match=name) as caught:
        read_header(path)
    assert str(path) in caught.value.user_message
    assert caught.value.hint


@pytest.mark.meets("MG-A02")
def test_a_report_beside_images_costs_one_problem_and_no_image(make_mg: Make) -> None:
    image = make_mg("in/image.dcm")
    make_mg("in/report.dcm", SOPClassUID=CLASSES + "88.50", Modality="SR", PixelData=None, Rows=None)
    found = scan([image.parent])
    assert [problem.code for problem in found.problems] == ["not_shown"]
    assert len(found.studies[0].images) == 1


@pytest.mark.meets("MG-A02")
def test_many_reports_of_one_kind_are_told_once(make_mg: Make) -> None:
    make_mg("in/image.dcm")
    for number in range(3):
        last = make_mg(
            f"in/report{number}.dcm", SOPClassUID=CLASSES + "88.50", Modality="SR", PixelData=None, Rows=None
        )
    make_mg("in/state.dcm", SOPClassUID=CLASSES + "11.1", Modality="PR", PixelData=None, Rows=None)
    problems = scan([last.parent]).problems
    assert len(problems) == 2
    assert ["2 more" in problem.message for problem in problems] == [True, False]


@pytest.mark.meets("MG-A09")
def test_burned_in_text_is_warned_of(make_mg: Make) -> None:
    assert read_header(make_mg(BurnedInAnnotation="YES")).is_burned_in
    assert any("burned-in" in warning for warning in read_header(make_mg(BurnedInAnnotation="YES")).warnings)
    assert not read_header(make_mg(BurnedInAnnotation="NO")).is_burned_in
