"""The profile's list against `dciodvfy -profile IHEMammo` of dicom3tools."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from mammoview.core.conformance import Conformance, Presence
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.dicom.profile import OBLIGATIONS, conformance
from mammoview.dicom.scan import read_header

pytestmark = pytest.mark.meets("MG-A08")
SAID = re.compile(
    r"Error - (Missing attribute|Empty attribute \(no value\)) .*Element=<(\w+)> Module=<(?:IHEMammoProfile\w*)>"
)


@pytest.fixture
def complete(tmp_path: Path) -> Dataset:
    header = NewMammogram(
        sop_uid=make_uid("image"),
        series_uid=make_uid("series"),
        study_uid=make_uid("study"),
        view=ViewPosition.CC,
        laterality=Laterality.LEFT,
        spacing_mm=(0.07, 0.07),
        patient_id="P1",
        patient_name="SYNTHETIC^ONE",
        birth_date="19700101",
        age_years=56,
        study_date="20260101",
        study_time="101010",
        windows=(VoiWindow(2000, 1000, explanation="NORMAL"),),
    )
    write_mammogram(tmp_path / "complete.dcm", np.zeros((64, 64), np.uint16), header)
    dataset = dcmread(tmp_path / "complete.dcm")
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData, lut.LUTExplanation = [2, 0, 12], b"\x00\x00\xff\x0f", "HARD"
    dataset.VOILUTSequence = [lut]
    return dataset


def judge(dataset: Dataset, tmp_path: Path) -> set[tuple[str, str]]:
    """(keyword, "Missing" or "Empty") as dciodvfy finds them."""
    path = tmp_path / "judged.dcm"
    dataset.save_as(path)
    tool = shutil.which("dciodvfy")
    assert tool, "dicom3tools is installed by `make test`"
    done = subprocess.run([tool, "-profile", "IHEMammo", path], capture_output=True, text=True, check=False)
    return {(keyword, kind.split()[0]) for kind, keyword in SAID.findall(done.stderr + done.stdout)}


def found(dataset: Dataset) -> set[tuple[str, str]]:
    words = {Presence.MISSING: "Missing", Presence.EMPTY: "Empty"}
    judged = conformance(dataset)
    return {(row.keyword, words[judged[index]]) for index, row in enumerate(OBLIGATIONS) if judged[index] in words}


def holder(dataset: Dataset, keyword: str) -> Dataset:
    for group in ("SourceImageSequence", "VOILUTSequence"):
        if keyword in dataset[group][0]:
            return dataset[group][0]
    return dataset


def test_a_complete_image_scores_in_full(complete: Dataset, tmp_path: Path) -> None:
    assert judge(complete, tmp_path) == found(complete) == set()
    judged = conformance(complete)
    assert judged.met == judged.required
    assert judged.score == f"{judged.met} of {judged.met}"


@pytest.mark.parametrize(
    "keyword",
    [row.keyword for row in OBLIGATIONS if row.keyword not in {"GantryID", "PartialViewCodeSequence"}],
)
@pytest.mark.parametrize("is_empty", [False, True], ids=["missing", "empty"])
def test_each_attribute_is_missed_as_dciodvfy_misses_it(
    complete: Dataset, keyword: str, is_empty: bool, tmp_path: Path
) -> None:
    place = holder(complete, keyword)
    if is_empty and keyword != "PixelPaddingValue":
        setattr(place, keyword, [] if keyword.endswith("Sequence") else None)
    else:
        del place[keyword]
    # The condition hangs on the source image, which is not there then: dciodvfy asks for nothing within it.
    assert found(complete) == judge(complete, tmp_path) != set()


def test_a_plate_has_a_gantry_instead_of_a_calibration(complete: Dataset, tmp_path: Path) -> None:
    complete.DetectorType = "STORAGE"
    del complete.DateOfLastDetectorCalibration
    assert found(complete) == judge(complete, tmp_path) == {("GantryID", "Missing")}


def test_for_processing_needs_no_windows(complete: Dataset, tmp_path: Path) -> None:
    complete.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2.1"
    complete.PresentationIntentType = "FOR PROCESSING"
    for keyword in ("SourceImageSequence", "VOILUTFunction", "WindowCenterWidthExplanation", "VOILUTSequence"):
        del complete[keyword]
    assert found(complete) == judge(complete, tmp_path) == set()


def test_a_partial_view_says_which_part(complete: Dataset) -> None:
    complete.PartialView = "YES"
    assert found(complete) == {("PartialViewCodeSequence", "Missing")}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("BurnedInAnnotation", "YES"),
        ("BreastImplantPresent", "MAYBE"),
        ("PatientAge", "fifty"),
        ("VOILUTFunction", "S"),
        ("EstimatedRadiographicMagnificationFactor", "0"),
    ],
)
def test_what_cannot_be_right_is_told_with_its_value(complete: Dataset, keyword: str, value: str) -> None:
    complete[keyword].value = value
    judged = conformance(complete)
    assert judged.wrong == ((keyword, value),)
    assert judged.met == judged.required - 1


@pytest.mark.meets("MG-A09")
@pytest.mark.parametrize(
    ("value", "presence"), [("NO", Presence.PRESENT), ("YES", Presence.WRONG), (None, Presence.MISSING)]
)
def test_burned_in_text_is_never_passed_over(complete: Dataset, value: str | None, presence: Presence) -> None:
    if value is None:
        del complete["BurnedInAnnotation"]
    else:
        complete.BurnedInAnnotation = value
    index = next(i for i, row in enumerate(OBLIGATIONS) if row.keyword == "BurnedInAnnotation")
    assert conformance(complete)[index] is presence


def test_it_travels_in_the_scan_and_is_small(make_mg: Callable[..., Path]) -> None:
    judged = read_header(make_mg()).conformance
    assert isinstance(judged, Conformance)
    assert len(judged.letters) == len(OBLIGATIONS)
    assert judged.met < judged.required


@pytest.mark.data
def test_a_real_image_against_dciodvfy(data: Path, tmp_path: Path) -> None:
    dataset = dcmread(data / "fixtures" / "dicom" / "ge_senographe_r_mlo_sigmoid_voilut.dcm")
    assert found(dataset) == judge(dataset, tmp_path) == set()
    # The birth date is 00000000: there, and no date. dciodvfy says so as "Value invalid for this VR".
    assert conformance(dataset).wrong == (("PatientBirthDate", "00000000"),)


def test_every_row_says_what_is_done_instead() -> None:
    assert len({row.keyword for row in OBLIGATIONS}) == len(OBLIGATIONS)
    for row in OBLIGATIONS:
        assert re.fullmatch(r"\([0-9A-F]{4},[0-9A-F]{4}\)", row.tag)
        assert row.instead.endswith(".")
