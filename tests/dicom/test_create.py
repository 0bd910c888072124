"""Written objects are valid: `dciodvfy` finds no error, and our own reader reads back what was asked for."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from mammoview.core.errors import OutputError
from mammoview.core.study import (
    Laterality,
    Mammogram,
    PresentationIntent,
    ViewModifier,
    ViewPosition,
    VoiFunction,
    VoiLut,
    VoiWindow,
)
from mammoview.dicom.create import NewMammogram, SourceReference, make_uid, write_mammogram
from mammoview.dicom.tags import describe

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
ORIENTATION = {
    ("CC", "L"): ("A", "R"),
    ("CC", "R"): ("P", "L"),
    ("MLO", "L"): ("A", "FR"),
    ("MLO", "R"): ("P", "FL"),
    ("ML", "L"): ("A", "F"),
    ("ML", "R"): ("P", "F"),
}


def header(view: ViewPosition = ViewPosition.MLO, laterality: Laterality = Laterality.RIGHT) -> NewMammogram:
    return NewMammogram(
        sop_uid=make_uid("test", view, laterality),
        series_uid=make_uid("test", "series"),
        study_uid=make_uid("test", "study"),
        view=view,
        laterality=laterality,
        spacing_mm=(0.07, 0.07),
        patient_id="PHANTOM-1",
        patient_name="SYNTHETIC^PHANTOM",
        birth_date="19700102",
        age_years=55,
        study_date="20250203",
        study_time="101500",
        windows=(
            VoiWindow(2048.0, 4096.0, VoiFunction.LINEAR, "NORMAL"),
            VoiWindow(1900.0, 2900.0, VoiFunction.LINEAR, "HARDER"),
        ),
    )


def errors_of(path: Path, *options: str) -> list[str]:
    """What `dciodvfy` calls an error in a file."""
    program = shutil.which("dciodvfy")
    assert program, "dciodvfy is not installed: apt-get install dicom3tools (make setup does it)"
    report = subprocess.run([program, *options, str(path)], capture_output=True, text=True, check=False)
    lines = (report.stderr + report.stdout).splitlines()
    assert any(line.startswith("MammographyImageFor") for line in lines), lines
    return [line for line in lines if line.startswith("Error")]


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML])
@pytest.mark.parametrize("laterality", list(Laterality))
def test_dciodvfy_finds_no_error(tmp_path: Path, view: ViewPosition, laterality: Laterality) -> None:
    path = tmp_path / "image.dcm"
    write_mammogram(path, RAMP, header(view, laterality))
    assert errors_of(path) == []
    assert errors_of(path, "-profile", "IHEMammo") == []


def test_dciodvfy_finds_no_error_in_a_film_of_14_bits(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    write_mammogram(path, RAMP * 4, replace(header(), is_film=True, padding=None, bits_stored=14))
    assert errors_of(path) == []


@pytest.mark.parametrize("view", [view for view in ViewPosition if view not in {"CC", "MLO", "ML"}])
def test_every_other_view_can_be_written(tmp_path: Path, view: ViewPosition) -> None:
    path = tmp_path / "image.dcm"
    write_mammogram(path, RAMP, header(view))
    assert errors_of(path, "-profile", "IHEMammo") == []
    image = describe(dcmread(path), str(path))
    assert (image.view, image.inferred) == (view, ())


def lut(bits: int, first: int = 10) -> VoiLut:
    return VoiLut(first, bits, np.linspace(0, 2**bits - 1, 3000).astype("<u2").tobytes(), "SOFT")


SOURCE = SourceReference("1.2.3", locations_preserved="NO")
CHANGES: dict[str, dict[str, object]] = {
    "all modifiers": {"modifiers": tuple(ViewModifier)},
    "partial": {"partial": ("superior", "anterior")},
    "implant": {"has_implant": True, "modifiers": (ViewModifier.IMPLANT_DISPLACED,)},
    "magnified": {"magnification": 1.8, "modifiers": (ViewModifier.MAGNIFICATION,)},
    "turned": {"orientation": ("F", "P"), "fov_rotation": 90, "is_fov_flipped": True},
    "monochrome1": {"is_monochrome1": True},
    "range of padding": {"padding": 30, "padding_limit": 0},
    "sigmoid": {"windows": (VoiWindow(2048.0, 900.0, VoiFunction.SIGMOID, "S"),)},
    "linear exact": {"windows": (VoiWindow(2048.0, 900.0, VoiFunction.LINEAR_EXACT, "E"),)},
    "table of 10 bits": {"windows": (), "luts": (lut(10),), "lut_vr": "US"},
    "tables of 16 bits": {"luts": (lut(16), lut(16, 500))},
    "raw": {"intent": PresentationIntent.FOR_PROCESSING, "windows": ()},
    "source moved": {"sources": (SOURCE,)},
    "film with a table": {"is_film": True, "padding": None, "luts": (lut(12),)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_asked_is_valid(tmp_path: Path, name: str) -> None:
    path = tmp_path / "image.dcm"
    write_mammogram(path, RAMP, replace(header(), **CHANGES[name]))
    assert errors_of(path) == []
    if "film" not in name:
        assert errors_of(path, "-profile", "IHEMammo") == []


def test_our_reader_reads_back_what_else_was_asked(tmp_path: Path) -> None:
    def written(name: str) -> Mammogram:
        path = tmp_path / "image.dcm"
        write_mammogram(path, RAMP, replace(header(), **CHANGES[name]))
        return describe(dcmread(path), str(path))

    assert written("all modifiers").modifiers == tuple(ViewModifier)
    assert written("partial").is_partial
    assert written("implant").has_implant
    assert written("magnified").spacing_mm == pytest.approx((0.07 / 1.8, 0.07 / 1.8))
    assert written("turned").patient_orientation == ("F", "P")
    gray = written("monochrome1").grayscale
    assert (gray.is_monochrome1, gray.is_inverse) == (True, True)
    assert written("range of padding").grayscale.padding == (0, 30)
    assert written("linear exact").grayscale.windows == CHANGES["linear exact"]["windows"]
    assert written("tables of 16 bits").grayscale.luts == (lut(16), lut(16, 500))
    assert written("table of 10 bits").grayscale.luts == (lut(10),)
    raw = written("raw")
    assert (raw.intent, raw.grayscale.windows) == (PresentationIntent.FOR_PROCESSING, ())


@pytest.mark.parametrize("syntax", ["1.2.5", "1.2.4.57", "1.2.4.70", "1.2.4.80", "1.2.4.90"])
def test_compressed_pixels_are_the_same_pixels(tmp_path: Path, syntax: str) -> None:
    uid = f"1.2.840.10008.{syntax}"
    for name in ("one", "two"):
        write_mammogram(tmp_path / name, RAMP, replace(header(), transfer_syntax=uid))
    dataset = dcmread(tmp_path / "one")
    assert dataset.file_meta.TransferSyntaxUID == uid
    np.testing.assert_array_equal(dataset.pixel_array, RAMP)
    assert errors_of(tmp_path / "one") == []
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_is_omitted_is_not_in_the_file(tmp_path: Path) -> None:
    write_mammogram(tmp_path / "poor", RAMP, replace(header(), omitted=("ViewCodeSequence", "ImagerPixelSpacing")))
    dataset = dcmread(tmp_path / "poor")
    assert "ViewCodeSequence" not in dataset
    assert len(errors_of(tmp_path / "poor")) == 2


def test_dciodvfy_is_asked_in_earnest(tmp_path: Path) -> None:
    path = tmp_path / "broken.dcm"
    write_mammogram(path, RAMP, header())
    dataset = dcmread(path)
    del dataset.ImageLaterality
    dataset.save_as(path)
    assert errors_of(path)


@pytest.mark.parametrize(("view", "laterality"), list(ORIENTATION))
def test_our_reader_reads_back_what_was_written(tmp_path: Path, view: str, laterality: str) -> None:
    path = tmp_path / "image.dcm"
    asked = header(ViewPosition(view), Laterality(laterality))
    write_mammogram(path, RAMP, asked)
    dataset = dcmread(path)
    image = describe(dataset, str(path))
    assert (image.view, image.laterality, image.inferred) == (asked.view, asked.laterality, ())
    assert image.patient_orientation == ORIENTATION[view, laterality]
    assert image.spacing_mm == (0.07, 0.07)
    assert image.grayscale.windows == asked.windows
    assert image.grayscale.padding == (0, 0)
    assert image.intent is PresentationIntent.FOR_PRESENTATION
    assert image.is_synthetic
    assert image.warnings == ()
    assert dataset.ImageComments == "Synthetic phantom image, no patient."
    np.testing.assert_array_equal(dataset.pixel_array, RAMP)


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_mammogram(tmp_path / name, RAMP, header())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_uids_are_valid_and_tell_their_parts_apart() -> None:
    one, two = make_uid("a", 1), make_uid("a", 2)
    assert one == make_uid("a", 1)
    assert one != two
    root, number = one[:5], one[5:]
    assert root == "2.25."
    assert number.isdigit()
    assert len(one) <= 64
    assert 0 < int(number) < 2**128


def test_values_beyond_the_bits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="12 bits"):
        write_mammogram(tmp_path / "image.dcm", RAMP + 1, header())


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_mammogram(tmp_path / "absent" / "image.dcm", RAMP, header())
