"""Made-up files are what their manifest says: the validators agree, and our own reader finds what was drawn."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from mammoview.core.errors import OutputError, UsageError
from mammoview.core.study import Mammogram
from mammoview.dicom.fixtures import GROUPS, Entry, read_manifest, write_fixtures, write_group
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import scan

FixturesDir = Callable[[str], Path]
#: Stored values of the marks; nothing else in a drawing has them, but for single pixels of a wedge.
LARGE, SMALL = 3400, 3900


def program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed: apt-get install dicom3tools dcmtk (make setup does it)"
    return found


def errors_of(path: Path, *options: str) -> list[str]:
    report = subprocess.run([program("dciodvfy"), *options, str(path)], capture_output=True, text=True, check=False)
    lines = (report.stderr + report.stdout).splitlines()
    assert lines, path
    return [line for line in lines if line.startswith("Error")]


def found_in(folder: Path, below: str = ".") -> dict[str, Mammogram]:
    """Path inside the folder to what our reader makes of the image."""
    result = scan([folder / below])
    images = [image for study in result.studies for image in study.images]
    return {Path(image.path).relative_to(folder).as_posix(): image for image in images}


def entries(folder: Path) -> dict[str, Entry]:
    return {entry.file: entry for entry in read_manifest(folder)}


@pytest.mark.parametrize("group", GROUPS)
def test_the_manifest_names_every_file_and_no_other(fixtures_dir: FixturesDir, group: str) -> None:
    folder = fixtures_dir(group)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == set(entries(folder))


@pytest.mark.parametrize("group", GROUPS)
def test_dciodvfy_finds_errors_where_they_are_meant_only(fixtures_dir: FixturesDir, group: str) -> None:
    folder = fixtures_dir(group)
    for entry in read_manifest(folder):
        errors = errors_of(folder / entry.file)
        assert bool(errors) == bool(entry.invalid), (entry.file, entry.invalid, errors)
        if entry.profile:
            assert errors_of(folder / entry.file, "-profile", entry.profile) == [], entry.file


@pytest.mark.parametrize("group", GROUPS)
def test_studies_agree_with_themselves(fixtures_dir: FixturesDir, group: str) -> None:
    folder = fixtures_dir(group)
    files = [entry.file for entry in read_manifest(folder) if "is_stranger" not in entry.expect]
    report = subprocess.run([program("dcentvfy"), *files], cwd=folder, capture_output=True, text=True, check=False)
    lines = (report.stderr + report.stdout).splitlines()
    assert [line for line in lines if line.startswith("Error")] == []


@pytest.mark.parametrize("group", GROUPS)
def test_discs_lie_where_the_manifest_says(fixtures_dir: FixturesDir, group: str) -> None:
    folder = fixtures_dir(group)
    for entry in read_manifest(folder):
        if not {"large", "small"} <= entry.landmarks.keys() or entry.expect.get("values") == "changed":
            continue
        pixels = dcmread(folder / entry.file).pixel_array
        for name, value in (("large", LARGE), ("small", SMALL)):
            rows, columns = np.nonzero(pixels == value)
            centre = (np.median(rows) + 0.5, np.median(columns) + 0.5)
            assert centre == pytest.approx(entry.landmarks[name], abs=1), (entry.file, name)


@pytest.mark.parametrize("group", GROUPS)
def test_same_seed_same_bytes(fixtures_dir: FixturesDir, group: str, tmp_path: Path) -> None:
    first, second = fixtures_dir(group), write_group(tmp_path, group)
    for file in entries(first):
        assert (first / file).read_bytes() == (second / file).read_bytes(), file
    assert first.with_suffix(".json").read_bytes() == second.with_suffix(".json").read_bytes()


def test_another_seed_is_another_patient_file(tmp_path: Path) -> None:
    one, other = (write_group(tmp_path / str(seed), "dihedral", seed=seed) for seed in (1, 2))
    first, second = (dcmread(folder / "plain" / "LCC.dcm") for folder in (one, other))
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert (first.pixel_array != second.pixel_array).any()


def test_groups_are_written_one_after_the_other_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    folders = write_fixtures(tmp_path, groups=["dihedral"], progress=lambda share, text: told.append(text))
    assert folders == [tmp_path / "dihedral"]
    assert told == ["Writing dihedral", "1 groups written"]


def test_an_unknown_group_and_a_closed_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        write_group(tmp_path, "nonsense")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_group(tmp_path / "file", "dihedral")


def test_a_view_is_stored_in_eight_different_ways(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("dihedral")
    for label in ("RCC", "LCC", "RMLO", "LMLO"):
        ways = {image.patient_orientation for file, image in found_in(folder).items() if file.endswith(f"/{label}.dcm")}
        assert len(ways) == 8
        pictures = [dcmread(path).pixel_array for path in sorted(folder.glob(f"*/{label}.dcm"))]
        assert len({picture.tobytes() for picture in pictures}) == 8
        assert len({np.sort(picture, axis=None).tobytes() for picture in pictures}) == 1


def test_lookup_tables_and_windows_are_those_told(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("voi")
    images = found_in(folder)
    for file, entry in entries(folder).items():
        gray = images[file].grayscale
        if "bits" in entry.expect:
            (lut,) = gray.luts
            wanted = (entry.expect["bits"], entry.expect["first"], entry.expect["entries"])
            assert (lut.bits, lut.first, len(lut.data) // 2) == wanted, file
            data = np.frombuffer(lut.data, "<u2")
            assert (data[0], data[-1]) == (0, 2**lut.bits - 1), file
        if "windows" in entry.expect:
            assert [window.explanation for window in gray.windows] == entry.expect["windows"]
    assert [lut.explanation for lut in images["many_choices.dcm"].grayscale.luts] == [
        "NORMAL TABLE",
        "HARDER TABLE",
        "SOFTER TABLE",
    ]
    functions = {images[f"{name}.dcm"].grayscale.windows[0].function for name in ("linear", "linear_exact", "sigmoid")}
    assert len(functions) == 3


def test_the_picture_of_windows_has_every_stored_value(fixtures_dir: FixturesDir) -> None:
    pixels = dcmread(fixtures_dir("voi") / "sigmoid.dcm").pixel_array
    assert set(np.unique(pixels)) == set(range(4096))


def test_a_burned_in_sigmoid_holds_what_its_formula_gives(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("voi")
    window = found_in(folder)["sigmoid.dcm"].grayscale.windows[0]
    stored = dcmread(folder / "sigmoid.dcm").pixel_array.astype(float)
    burned = dcmread(folder / "burned_in.dcm").pixel_array / 65535
    by_formula = 1 / (1 + np.exp(-4 * (stored - window.center) / window.width))
    np.testing.assert_allclose(burned[stored > 0], by_formula[stored > 0], atol=1e-5)


def test_padding_and_polarity_are_those_told(fixtures_dir: FixturesDir) -> None:
    for group in ("padding", "truth_table"):
        folder = fixtures_dir(group)
        images = found_in(folder)
        for file, entry in entries(folder).items():
            gray = images[file].grayscale
            if "is_inverted" in entry.expect:
                assert (gray.is_monochrome1 or gray.is_inverse) == entry.expect["is_inverted"], file
            if "padding_pixels" in entry.expect:
                padding = decode(images[file]).padding
                assert (0 if padding is None else padding.sum()) == entry.expect["padding_pixels"], file


@pytest.mark.meets("MG-A10", "MG-C03")
def test_a_disc_measures_the_same_from_every_detector(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("detectors")
    for file, entry in entries(folder).items():
        image = found_in(folder)[file]
        if entry.expect["spacing_mm"] is None:
            assert image.spacing_mm is None
            continue
        assert image.spacing_mm is not None
        assert image.spacing_mm == pytest.approx([entry.expect["spacing_mm"]] * 2), file
        width_px = entry.landmarks["right"][1] - entry.landmarks["left"][1]
        assert width_px * image.spacing_mm[1] == pytest.approx(entry.expect["disc_mm"], rel=1e-4), file
        pixels = dcmread(folder / file).pixel_array.astype(float)
        area_px = (np.clip(pixels - 1200, 0, None) / (3400 - 1200)).sum()
        diameter_mm = 2 * np.sqrt(area_px / np.pi) * image.spacing_mm[0]
        assert diameter_mm == pytest.approx(entry.expect["disc_mm"], rel=0.005), file
