"""The demo study: valid DICOM with its truth beside it, written once, whole or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import dcmread

from mammoview.core.errors import CancelledError, OutputError
from mammoview.core.paths import demo_study
from mammoview.core.study import ViewPosition
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import scan
from mammoview.imaging.phantom import make_exam
from mammoview.imaging.windowing import to_presentation
from mammoview.session import demo
from mammoview.session.demo import ensure_demo_study, write_phantom

write_small = partial(write_phantom, rows=512, columns=416)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digital study with a prior and a film study."""
    out = tmp_path_factory.mktemp("phantom")
    write_small(out, seed=5, priors=1)
    write_small(out, seed=5, is_film=True)
    return out


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "write_phantom", write_small)


def test_scan_finds_three_studies_and_no_truth(written: Path) -> None:
    result = scan([written])
    assert result.problems == ()
    assert len(result.studies) == 3
    for study in result.studies:
        assert sorted(image.label for image in study.images) == ["LCC", "LMLO", "RCC", "RMLO"]
        assert all(image.is_synthetic and not image.inferred for image in study.images)
        assert study.patient_name == "SYNTHETIC^PHANTOM"
    assert len({study.patient_id for study in result.studies}) == 1
    dates = {study.date for study in result.studies}
    assert len(dates) == 2
    assert int(max(dates)[:4]) - int(min(dates)[:4]) == 1


def test_dciodvfy_finds_no_error_in_any_view(written: Path) -> None:
    program = shutil.which("dciodvfy")
    assert program, "dciodvfy is not installed: apt-get install dicom3tools (make setup does it)"
    files = sorted(written.rglob("*.dcm"))
    assert len(files) == 12
    for file in files:
        profile = [] if "film" in file.parent.name else ["-profile", "IHEMammo"]
        report = subprocess.run([program, *profile, str(file)], capture_output=True, text=True, check=False)
        assert "MammographyImageForPresentation" in report.stderr
        assert "Error" not in report.stderr + report.stdout, report.stderr


def test_files_show_the_phantom_pixels(written: Path) -> None:
    exam = make_exam(5, rows=512, columns=416)
    (folder,) = (path for path in written.glob("phantom-0005-2025*"))
    images = {image.label: image for image in scan([folder]).studies[0].images}
    for view in exam.views:
        image = images[view.label]
        shown = to_presentation(decode(image), image.grayscale)
        step = 65535 / 4095
        assert np.abs(shown.astype(float) - view.pixels)[view.truth.breast].max() <= step
        assert not shown[~view.truth.breast].any()


def test_truth_names_what_the_masks_hold(written: Path) -> None:
    for truth_file in written.rglob("truth.json"):
        truth = json.loads(truth_file.read_text())
        assert [entry["file"] for entry in truth["views"]] == ["RCC.dcm", "LCC.dcm", "RMLO.dcm", "LMLO.dcm"]
        for entry in truth["views"]:
            masks = {
                name: cv2.imread(str(truth_file.parent / file), cv2.IMREAD_UNCHANGED)
                for name, file in entry["masks"].items()
            }
            assert ("pectoral" in masks) == (entry["view"] == ViewPosition.MLO)
            assert all(mask.shape == (entry["rows"], entry["columns"]) for mask in masks.values())
            for kind in ("lesions", "artifacts"):
                assert set(np.unique(masks[kind])) - {0} == {found["value"] for found in entry[kind]}
                for found in entry[kind]:
                    rows, columns = np.nonzero(masks[kind] == found["value"])
                    assert found["bbox"] == [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
            assert bool(entry["artifacts"]) <= entry["is_film"]


def test_lesions_have_one_distance_from_the_nipple_in_both_views(written: Path) -> None:
    truth = json.loads(next(written.glob("phantom-0005-2025*/truth/truth.json")).read_text())
    distances: dict[str, list[float]] = {}
    for entry in truth["views"]:
        for lesion in entry["lesions"]:
            offset = np.subtract(lesion["centre"], entry["nipple"]) * entry["spacing_mm"]
            distances.setdefault(lesion["id"], []).append(float(np.hypot(*offset)))
    assert len(distances) == 4
    for both in distances.values():
        assert len(both) == 2
        assert both[0] == pytest.approx(both[1], abs=0.1)


def test_same_seed_writes_the_same_bytes(tmp_path: Path, written: Path) -> None:
    files = write_small(tmp_path, seed=5, is_film=True)
    for file in files:
        assert file.read_bytes() == (written / file.relative_to(tmp_path)).read_bytes()


def test_priors_keep_the_woman_and_change_the_uids(written: Path) -> None:
    headers = [dcmread(file, stop_before_pixels=True) for file in written.glob("phantom-*/LCC.dcm")]
    assert len({header.PatientBirthDate for header in headers}) == 1
    assert len({header.SOPInstanceUID for header in headers}) == 3
    assert len({header.StudyInstanceUID for header in headers}) == 3


@pytest.mark.usefixtures("small_demo")
def test_demo_is_written_once_and_anew_when_the_generator_changed() -> None:
    folder = ensure_demo_study()
    assert folder == demo_study()
    assert len(scan([folder]).studies) == 2
    stamp = folder / ".mammoview-demo"
    (folder / "kept").touch()
    assert ensure_demo_study() == folder
    assert (folder / "kept").exists()
    stamp.write_text("an older generation")
    assert ensure_demo_study() == folder
    assert not (folder / "kept").exists()
    assert len(scan([folder]).studies) == 2
    assert [path.name for path in folder.parent.iterdir()] == ["demo"]


@pytest.mark.usefixtures("small_demo")
def test_an_interrupted_demo_leaves_nothing_behind() -> None:
    asked = iter((False, False, True))
    with pytest.raises(CancelledError):
        ensure_demo_study(cancel=lambda: next(asked))
    assert list(demo_study().parent.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_small(tmp_path / "file", seed=1)
