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
from mammoview.dicom.scan import scan

FixturesDir = Callable[[str], Path]
#: Stored values of the marks; nothing else in a drawing comes near them.
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
            centre = (rows.mean() + 0.5, columns.mean() + 0.5)
            assert centre == pytest.approx(entry.landmarks[name], abs=0.6), (entry.file, name)


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
