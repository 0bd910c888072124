"""Made-up files are what their manifest says: the validators agree, and our own reader finds what was drawn."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from mammoview.core.errors import OutputError, UsageError
from mammoview.core.study import Mammogram, PresentationIntent, ViewPosition
from mammoview.dicom.fixtures import GROUPS, Entry, read_manifest, write_fixtures, write_group
from mammoview.dicom.fixtures.drawing import COLUMNS, ROWS
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
            picture = pixels[entry.expect["sharp_in"][name]] if pixels.ndim == 3 else pixels
            rows, columns = np.nonzero(picture == value)
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


@pytest.mark.meets("MG-F03", "MG-G04", "MG-G05")
@pytest.mark.parametrize("group", ["dihedral", "special_views"])
def test_views_are_named_as_readers_name_them(fixtures_dir: FixturesDir, group: str) -> None:
    folder = fixtures_dir(group)
    images = found_in(folder)
    for file, entry in entries(folder).items():
        assert images[file].label == entry.expect["label"], file
        assert images[file].inferred == ()
        assert images[file].is_partial == bool(entry.expect.get("parts")), file
        assert images[file].has_implant == file.startswith("implant/")


def test_parts_of_a_mosaic_are_pieces_of_one_picture(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("special_views")
    found = entries(folder)
    for view, parts in (("LCC", ("anterior", "posterior")), ("LMLO", ("superior", "inferior"))):
        pieces = [found[f"mosaic/{view}_{part}.dcm"] for part in parts]
        pixels = [dcmread(folder / piece.file).pixel_array for piece in pieces]
        whole = np.full((2 * ROWS, 2 * COLUMNS), -1, np.int32)
        for piece, image in zip(pieces, pixels, strict=True):
            row, col = piece.expect["offset"]
            place = whole[row : row + image.shape[0], col : col + image.shape[1]]
            assert ((place == image) | (place == -1)).all()
            place[:] = image
        assert (whole >= 0).all()


def test_raw_and_processed_twins_are_told_apart(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("processing_pair")
    images = found_in(folder)
    for file, entry in entries(folder).items():
        is_raw = file.endswith("processing.dcm")
        wanted = PresentationIntent.FOR_PROCESSING if is_raw else PresentationIntent.FOR_PRESENTATION
        assert images[file].intent is wanted
        assert bool(images[file].grayscale.windows) is not is_raw
        if not is_raw:
            (source,) = dcmread(folder / file).SourceImageSequence
            assert source.ReferencedSOPInstanceUID == images[entry.expect["twin"]].id
            assert source.get("SpatialLocationsPreserved", "") == entry.expect["preserved"]


def test_twins_show_the_same_anatomy_shifted_by_what_is_told(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("processing_pair")
    found = entries(folder)
    for file, entry in found.items():
        if "twin" in entry.expect:
            raw = found[entry.expect["twin"]].landmarks["large"]
            assert np.subtract(raw, entry.landmarks["large"]) == pytest.approx(entry.expect["cut"]), file
            signal = dcmread(folder / entry.expect["twin"]).pixel_array
            row, col = (int(part) for part in raw)
            # Dense tissue lets less through.
            assert signal[row, col] < signal[row, col + 30] < signal[0, 0]


def test_priors_are_the_womans_and_strangers_are_kept_away(fixtures_dir: FixturesDir) -> None:
    result = scan([fixtures_dir("priors")])
    found = [(study.patient_id.rpartition("-")[2], study.date, len(study.images)) for study in result.studies]
    assert sorted(found) == [
        ("STRANGER", "20230207", 1),
        ("STRANGER", "20250310", 1),
        ("WOMAN", "20230206", 4),
        ("WOMAN", "20250310", 4),
    ]
    assert {study.patient_name for study in result.studies} == {"SYNTHETIC^FIXTURE"}


def test_dcentvfy_is_asked_in_earnest(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("priors")
    files = [entry.file for entry in read_manifest(folder)]
    report = subprocess.run([program("dcentvfy"), *files], cwd=folder, capture_output=True, text=True, check=False)
    assert any(line.startswith("Error") for line in (report.stderr + report.stdout).splitlines())


def test_what_a_bare_image_lacks_is_not_made_up(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("bare")
    images = found_in(folder)
    nothing = images["no_everything.dcm"]
    assert (nothing.view, nothing.laterality, nothing.spacing_mm, nothing.patient_orientation) == (None,) * 4
    assert (nothing.grayscale.windows, nothing.grayscale.padding, nothing.patient_id) == ((), None, "")
    assert nothing.label == "??"
    assert images["no_view_code.dcm"].view is ViewPosition.MLO
    assert [entry.attribute for entry in images["no_view_code.dcm"].inferred] == ["view"]
    assert images["no_spacing.dcm"].spacing_mm is None
    assert images["no_orientation.dcm"].patient_orientation is None
    for file, entry in entries(folder).items():
        dataset = dcmread(folder / file, stop_before_pixels=True)
        assert not [keyword for keyword in entry.expect["missing"] if keyword in dataset], file


@pytest.mark.meets("MG-I01", "MG-I02")
def test_slices_stored_from_the_top_down_are_shown_from_the_bottom_up(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("volume")
    images = found_in(folder)
    volumes = {file: entry for file, entry in entries(folder).items() if entry.expect["frames"] > 1}
    assert sorted(entry.expect["frames"] for entry in volumes.values()) == [6, 60]
    for file, entry in volumes.items():
        volume = images[file].volume
        assert volume is not None
        assert (volume.kind, volume.frames) == (entry.expect["kind"], entry.expect["frames"]), file
        assert volume.is_ordered
        assert list(volume.stored) == entry.expect["stored"], file
        assert volume.warnings == ()
        stored = [volume.position_of(number) or 0 for number in range(volume.frames)]
        centers = [volume.gray_at(position).windows[0].center for position in stored]
        assert centers == entry.expect["window_centers"], file


def test_a_disc_is_sharp_in_the_slice_that_is_told_and_in_no_other(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("volume")
    images = found_in(folder)
    for file, entry in entries(folder).items():
        volume = images[file].volume
        if volume is None:
            continue
        frames = [decode(images[file], position).pixels for position in range(volume.frames)]
        assert len({frame.tobytes() for frame in frames}) == volume.frames
        for name, value in (("large", LARGE), ("small", SMALL)):
            where = [position for position, frame in enumerate(frames) if (frame == value).sum() > 9]
            assert where == [volume.position_of(entry.expect["sharp_in"][name])], (file, name)


def test_the_plain_view_lies_beside_its_volume(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("volume")
    found, images = entries(folder), found_in(folder)
    volume, plain = found["LCC_volume.dcm"], found["LCC.dcm"]
    assert volume.expect["plain"] == plain.file
    assert volume.landmarks == plain.landmarks
    assert images[plain.file].volume is None
    assert {images[file].label for file in (volume.file, plain.file)} == {"LCC"}
    assert len({dcmread(folder / file, stop_before_pixels=True).StudyInstanceUID for file in found}) == 1


def tree(item: Dataset) -> Iterator[Dataset]:
    """An item of a report and all below it."""
    yield item
    for child in item.get("ContentSequence", []):
        yield from tree(child)


def reports(folder: Path) -> dict[str, Entry]:
    return {file: entry for file, entry in entries(folder).items() if "is_report" in entry.expect}


def test_reports_are_taken_by_independent_readers(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("cad_sr")
    assert len(reports(folder)) == 17
    for file in reports(folder):
        # dsrdump refuses relations that the object does not allow; dcsrdump walks the tree and its references.
        for reader, bad in (("dsrdump", ("E:", "F:")), ("dcsrdump", ("Error",))):
            done = subprocess.run([program(reader), file], cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, file
            lines = (done.stdout + done.stderr).splitlines()
            assert not [line for line in lines if line.startswith(bad)], file


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("DicomSRValidator") is None, reason="needs DicomSRValidator (Debian's pixelmed-apps)")
def test_a_report_follows_its_template(fixtures_dir: FixturesDir) -> None:
    # Java counts the operators of the validator's rules and finds them too many.
    limits = " ".join(f"-Djdk.xml.xpath{name}Limit=0" for name in ("TotalOp", "ExprOp", "ExprGrp"))
    command = [program("DicomSRValidator"), "-checktemplateid", "-checkcontentitemorder", "mixed.dcm"]
    environment = {**os.environ, "JAVA_TOOL_OPTIONS": limits}
    folder = fixtures_dir("cad_sr")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    lines = (done.stdout + done.stderr).splitlines()
    assert "Root Template Validation Complete" in lines
    # The unit of an operating point names the number of points; the validator knows the placeholder only.
    assert not [line for line in lines if line.startswith("Error") and "{1:3}" not in line]
    assert not [line for line in lines if "not in template" in line]


def test_reports_say_how_it_went(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("cad_sr")
    seen: set[str] = set()
    for file, entry in reports(folder).items():
        dataset = dcmread(folder / file)
        codes = {
            item.ConceptNameCodeSequence[0].CodeValue: item.ConceptCodeSequence[0].CodeValue
            for item in dataset.ContentSequence
            if item.ValueType == "CODE"
        }
        assert codes["111017"] == entry.expect["summary"], file
        seen.add(codes["111017"])
        is_found = codes["111017"] in {"111242", "111244"}
        assert bool(entry.expect["marks"]) == is_found, file
    assert seen == {"111241", "111242", "111243", "111244", "111245"}


def test_marks_lie_on_their_landmarks_in_the_image_that_they_refer_to(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("cad_sr")
    pictures = {
        dcmread(path, stop_before_pixels=True).SOPInstanceUID: path
        for group in ("cad_sr", "dihedral")
        for path in fixtures_dir(group).rglob("*.dcm")
    }
    total = 0
    for file, entry in reports(folder).items():
        dataset = dcmread(folder / file)
        library = dataset.ContentSequence[1].ContentSequence
        marks = []
        for item in tree(dataset):
            if item.get("ValueType") == "SCOORD" and item.GraphicType == "POINT":
                root, second, place = item.ContentSequence[0].ReferencedContentItemIdentifier
                assert (root, second) == (1, 2)
                uid = library[place - 1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
                column, row = item.GraphicData
                marks.append([uid, round(row, 2), round(column, 2)])
                pixel = dcmread(pictures[uid]).pixel_array[int(row), int(column)]
                assert pixel in (LARGE, SMALL), file
        told = [[mark["image"], *(round(part, 2) for part in mark["centre"])] for mark in entry.expect["marks"]]
        assert sorted(marks) == sorted(told), file
        total += len(marks)
    assert total > 40


def test_reports_are_no_images(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("cad_sr")
    result = scan([folder])
    assert {Path(problem.path).name for problem in result.problems} <= set(reports(folder))
    # One message tells of all that are alike.
    assert len(result.problems) == 1
    assert f"{len(reports(folder)) - 1} more" in result.problems[0].message
    assert [len(study.images) for study in result.studies] == [4]
