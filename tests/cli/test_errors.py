"""Nothing lost, nothing silent: each kind of bad file costs its own entry, and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.imaging.phantom import make_view

Run = Callable[..., tuple[int, str, str]]
Spoil = Callable[[Path], None]

CPU = ("--device", "cpu", "--threads", 1, "--saliency", "none")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good mammogram, 256 × 208."""
    drawn = make_view(4, rows=256, columns=208)
    header = NewMammogram(
        sop_uid=make_uid("good"),
        series_uid=make_uid("series"),
        study_uid=make_uid("study"),
        view=ViewPosition.MLO,
        laterality=Laterality.LEFT,
        spacing_mm=(1.1, 1.1),
        patient_id="P",
        patient_name="SYNTHETIC^P",
        birth_date="19600101",
        age_years=60,
        study_date="20200101",
        study_time="100000",
        windows=(VoiWindow(2048.0, 4096.0),),
        bits_stored=12,
    )
    path = tmp_path_factory.mktemp("base") / "good.dcm"
    write_mammogram(path, (drawn.pixels >> 4).astype(np.uint16), header)
    return path


def edited(change: Callable[[Dataset], None]) -> Callable[[Path, Path], None]:
    """A file like the good one with another identity and a change."""

    def write(good: Path, target: Path) -> None:
        dataset = pydicom.dcmread(good)
        uid = make_uid(target.name)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
        change(dataset)
        dataset.save_as(target)

    return write


def without_pixels(dataset: Dataset) -> None:
    del dataset.PixelData


def of_a_chest(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.ComputedRadiographyImageStorage
    dataset.Modality, dataset.BodyPartExamined = "CR", "CHEST"
    for keyword in ("ViewCodeSequence", "AnatomicRegionSequence", "ImageLaterality", "ViewPosition"):
        if keyword in dataset:
            del dataset[keyword]


def in_colour(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelData = np.random.default_rng(0).integers(0, 255, (256, 208, 3), np.uint8).tobytes()


def in_frames(dataset: Dataset) -> None:
    dataset.NumberOfFrames = 3
    dataset.PixelData = dataset.PixelData * 3


def as_tomosynthesis(dataset: Dataset) -> None:
    in_frames(dataset)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.BreastTomosynthesisImageStorage


def claiming_more(dataset: Dataset) -> None:
    dataset.Rows = dataset.Columns = 60_000


#: name of the file: (how it is made, code in errors[], a word of the message)
BAD: dict[str, tuple[Callable[[Path, Path], None], str, str]] = {
    "empty.dcm": (lambda good, target: target.write_bytes(b"") and None, "truncated", "0 bytes"),
    "cut.dcm": (lambda good, target: target.write_bytes(good.read_bytes()[:20_000]) and None, "truncated", ""),
    "notes.txt": (lambda good, target: target.write_text("notes") and None, "not_an_image", "neither DICOM"),
    "liar.dcm": (lambda good, target: target.write_bytes(b"no" * 500) and None, "not_an_image", "not"),
    "no-pixels.dcm": (edited(without_pixels), "no_pixels", "pixels"),
    "chest.dcm": (edited(of_a_chest), "not_a_breast", ""),
    "colour.dcm": (edited(in_colour), "unsupported", "colour"),
    "frames.dcm": (edited(in_frames), "other_tomosynthesis", "not shown"),
    "huge.dcm": (edited(claiming_more), "truncated", "more than the file can hold"),
}


@pytest.fixture
def analyse(mammoview: Run, toy_models: Path, base: Path, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Analyse what lies in ``study`` beside the good image; the good image always comes through."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "good.dcm").write_bytes(base.read_bytes())

    def run(*more: Path) -> dict[str, Any]:
        code, _, err = mammoview("analyze", tmp_path / "study", *more, "--out", tmp_path / "out", *CPU)
        assert code == 0
        assert "Traceback" not in err
        content = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
        images = {image["path"]: image for study in content["studies"] for image in study["images"]}
        assert images["good.dcm"]["p_malignant"] is not None
        for problem in content["errors"]:
            assert problem["message"] in err
        return {"images": images, **content}

    return run


def test_each_bad_file_has_one_entry_and_the_rest_goes_on(
    analyse: Callable[..., dict[str, Any]], base: Path, tmp_path: Path
) -> None:
    for name, (make, _, _) in BAD.items():
        make(base, tmp_path / "study" / name)
    (tmp_path / "nothing").mkdir()
    content = analyse(tmp_path / "nothing")
    found = {Path(problem["path"]).name: problem for problem in content["errors"]}
    assert len(found) == len(content["errors"]) == len(BAD) + 1
    for name, (_, code, word) in {**BAD, "nothing": (None, "empty_folder", "no files")}.items():
        assert found[name]["code"] == code, found[name]
        assert word in found[name]["message"], found[name]
        assert name in found[name]["message"]
        assert found[name]["hint"]
    assert set(content["images"]) == {"good.dcm"}


def test_a_file_that_may_not_be_read(
    analyse: Callable[..., dict[str, Any]], base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs as root may read everything, so the refusal is played."""
    secret = tmp_path / "study" / "secret.dcm"
    secret.write_bytes(base.read_bytes())
    opened = Path.open

    def refuse(path: Path, *words: Any, **more: Any) -> Any:
        if path.name == "secret.dcm":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *words, **more)

    monkeypatch.setattr(Path, "open", refuse)
    (problem,) = analyse()["errors"]
    assert problem["code"] == "unreadable"
    assert "Permission denied" in problem["message"]
    assert "permissions" in problem["hint"]


def test_a_file_that_vanishes_after_the_scan(
    analyse: Callable[..., dict[str, Any]], base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammoview.dicom import scan as scan_module

    edited(lambda dataset: None)(base, tmp_path / "study" / "gone.dcm")
    scan = scan_module.scan

    def scan_and_remove(*words: Any, **more: Any) -> Any:
        found = scan(*words, **more)
        (tmp_path / "study" / "gone.dcm").unlink()
        return found

    monkeypatch.setattr(scan_module, "scan", scan_and_remove)
    (problem,) = analyse()["errors"]
    assert problem["code"] == "unreadable"
    assert "gone.dcm" in problem["message"]


@pytest.mark.meets("MG-A02")
def test_a_volume_is_passed_over_with_one_sentence(
    analyse: Callable[..., dict[str, Any]], base: Path, tmp_path: Path
) -> None:
    edited(as_tomosynthesis)(base, tmp_path / "study" / "volume.dcm")
    content = analyse()
    assert content["errors"] == []
    assert content["images"]["volume.dcm"]["p_malignant"] is None
    said = [text for text in content["warnings"] if "volume.dcm" in text and "ot scored" in text]
    assert len(said) == 1
    assert "tomosynthesis" in said[0]
    assert "two-dimensional" in said[0]


def test_missing_spacing_costs_the_areas_alone(
    analyse: Callable[..., dict[str, Any]], base: Path, tmp_path: Path
) -> None:
    def spoil(dataset: Dataset) -> None:
        for keyword in ("ImagerPixelSpacing", "PixelSpacing", "EstimatedRadiographicMagnificationFactor"):
            if keyword in dataset:
                del dataset[keyword]

    edited(spoil)(base, tmp_path / "study" / "unscaled.dcm")
    content = analyse()
    image = content["images"]["unscaled.dcm"]
    assert image["spacing_mm"] is None
    assert image["breast"]["area_mm2"] is None
    assert image["p_malignant"] is not None
    assert any("unscaled.dcm" in text and "spacing" in text for text in content["warnings"])


@pytest.mark.parametrize(("center", "width"), [("NaN", "4096"), ("2048", "-100"), ("2048", "0")])
def test_impossible_windows_are_told_and_passed_over(
    analyse: Callable[..., dict[str, Any]], base: Path, tmp_path: Path, center: str, width: str
) -> None:
    target = tmp_path / "study" / "window.dcm"
    edited(lambda dataset: None)(base, target)
    with pydicom.config.disable_value_validation():
        dataset = pydicom.dcmread(target)
        # Written as text: the library itself refuses to write such numbers.
        dataset.add_new(0x00281050, "LO", center)
        dataset.add_new(0x00281051, "LO", width)
        dataset[0x00281050].VR = dataset[0x00281051].VR = "LO"
        dataset.save_as(target, implicit_vr=False, little_endian=True, overwrite=True)
    raw = target.read_bytes()
    for element in (b"\x28\x00\x50\x10", b"\x28\x00\x51\x10"):
        raw = raw.replace(element + b"LO", element + b"DS")
    target.write_bytes(raw)
    content = analyse()
    assert content["images"]["window.dcm"]["p_malignant"] is not None
    cleaned = cv2.imread(str(tmp_path / "out" / content["images"]["window.dcm"]["cleaned"]), cv2.IMREAD_UNCHANGED)
    assert np.ptp(cleaned) > 20_000, "the image is still shown with its contrast"
    assert any("window.dcm" in text and "indow" in text for text in content["warnings"])


def test_a_black_image_is_shown_but_not_scored(analyse: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "study" / "L_MLO_black.png"), np.zeros((300, 200), np.uint16))
    content = analyse()
    assert content["images"]["L_MLO_black.png"]["p_malignant"] is None
    assert any("L_MLO_black.png" in text and "no breast" in text for text in content["warnings"])
