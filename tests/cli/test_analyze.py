"""``mammoview analyze`` from files to a checked result folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from mammoview.cli.analyze import Options, analyze_paths
from mammoview.core.paths import resource
from mammoview.core.progress import no_progress
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.imaging.phantom import make_view

Run = Callable[..., tuple[int, str, str]]

CPU = ("--device", "cpu", "--threads", 1)

#: Keys as the design names them, and what came to them since.
KEYS = {
    "file": "schema software device backend models started seconds warnings studies errors",
    "study": "study_uid images breasts exam links",
    "image": "id path root laterality view inferred rows columns spacing_mm breast artifacts cleaned overlay pectoral "
    "pectoral_reason candidates findings p_malignant p_malignant_members member_models uncertainty uncertainty_method "
    "operating_point patch_map saliency layers truth timings_s",
    "finding": "id kind bbox centre p_malignant p_malignant_members member_models class_probabilities mask contour "
    "area_mm2 uncertainty uncertainty_method operating_point",
    "breast": "laterality p_malignant p_malignant_members member_models from single_view",
    "exam": "p_malignant p_malignant_members member_models rule score_meaning training_prevalence operating_points "
    "finding_score_meaning finding_operating_points priors_score",
    "operating point": "name threshold sensitivity specificity fitted_on n_patients",
    "model": "id version sha256",
}


def names(kind: str) -> set[str]:
    return set(KEYS[kind].split())


def read(out: Path) -> dict[str, Any]:
    text = (out / "result.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    jsonschema.validate(content, json.loads(resource("schema/result-1.json").read_text()))
    return dict(content)


def images_of(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for study in content["studies"]:
        yield from study["images"]


@pytest.fixture(scope="module")
def pristine(small_study: Path, toy_packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result that no test changes."""
    home, out = tmp_path_factory.mktemp("pristine-home"), tmp_path_factory.mktemp("pristine") / "out"
    shutil.copytree(toy_packages, home / "models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MAMMOVIEW_HOME", str(home))
        analyze_paths([small_study], Options(out=out, device="cpu", threads=1), no_progress)
    return out


@pytest.fixture
def analysed(pristine: Path, tmp_path: Path) -> Path:
    """The same result, to be changed."""
    shutil.copytree(pristine, tmp_path / "out")
    return tmp_path / "out"


def test_result_has_the_keys_and_files_that_the_design_names(pristine: Path, small_study: Path) -> None:
    content = read(pristine)
    assert set(content) == names("file")
    assert content["schema"] == "mammoview.result/1"
    assert {model["id"] for model in content["models"]} == {"toy-whole-image", "toy-patch", "toy-segmentation"}
    assert all(set(model) == names("model") for model in content["models"])
    (study,) = content["studies"]
    assert set(study) == names("study")
    assert set(study["exam"]) == names("exam")
    assert study["exam"]["training_prevalence"] == 0.5
    assert "malignant against benign" in study["exam"]["score_meaning"]
    assert {image["path"] for image in study["images"]} == {path.name for path in small_study.iterdir()}
    for image in study["images"]:
        assert set(image) == names("image")
        assert all(set(finding) == names("finding") for finding in image["findings"])
        files = [image["cleaned"], image["overlay"], image["breast"]["mask"], image["patch_map"]]
        files += [image["saliency"]["file"], *(f["mask"] for f in image["findings"] if f["mask"])]
        assert all((pristine / name).is_file() for name in files)


def test_scores_are_fused_from_views_to_the_exam(pristine: Path) -> None:
    (study,) = read(pristine)["studies"]
    scores = {image["id"]: image["p_malignant"] for image in study["images"]}
    assert len(study["breasts"]) == 2
    for breast in study["breasts"]:
        assert set(breast) == names("breast")
        assert not breast["single_view"]
        assert breast["p_malignant"] == pytest.approx(np.mean([scores[one] for one in breast["from"]]))
    assert study["exam"]["p_malignant"] == max(breast["p_malignant"] for breast in study["breasts"])


def test_pictures_are_what_the_result_says(pristine: Path, small_study: Path) -> None:
    for image in images_of(read(pristine)):
        cleaned = cv2.imread(str(pristine / image["cleaned"]), cv2.IMREAD_UNCHANGED)
        original = cv2.imread(str(small_study / image["path"]), cv2.IMREAD_UNCHANGED)
        breast = cv2.imread(str(pristine / image["breast"]["mask"]), cv2.IMREAD_UNCHANGED) > 0
        assert cleaned.dtype == np.uint16
        assert cleaned.shape == original.shape == breast.shape == (image["rows"], image["columns"])
        assert not cleaned[0, 0 if image["laterality"] == "R" else -1], "air is black"
        assert cleaned[breast].mean() > 100 * max(1.0, float(cleaned[~breast].mean())) / 50
        saliency = cv2.imread(str(pristine / image["saliency"]["file"]), cv2.IMREAD_UNCHANGED)
        assert saliency.dtype == np.uint8
        assert saliency.shape[0] / saliency.shape[1] == pytest.approx(image["rows"] / image["columns"], rel=0.01)
        sheet = cv2.imread(str(pristine / image["patch_map"]), cv2.IMREAD_UNCHANGED)
        five = sheet.reshape(5, -1, sheet.shape[1]).astype(int).sum(axis=0)
        assert np.percentile(five, 90) == pytest.approx(255, abs=5), "the five classes share one probability"


def test_outlined_findings_agree_with_their_masks(pristine: Path) -> None:
    for image in images_of(read(pristine)):
        scores = [finding["p_malignant"] for finding in image["findings"]]
        assert scores == sorted(scores, reverse=True)
        outlined = [finding for finding in image["findings"] if finding["mask"]]
        assert len(outlined) <= 2
        for finding in outlined:
            mask = cv2.imread(str(pristine / finding["mask"]), cv2.IMREAD_UNCHANGED) > 0
            drawn = np.zeros(mask.shape, np.uint8)
            corners = np.array(finding["contour"])[:, ::-1] - 0.5
            cv2.fillPoly(drawn, [corners.astype(np.int32)], 1)
            assert (drawn.astype(bool) & mask).sum() >= 0.99 * mask.sum()
            assert finding["area_mm2"] is None, "a picture has no physical scale"


def test_two_runs_give_the_same_numbers(
    mammoview: Run, toy_models: Path, pristine: Path, small_study: Path, tmp_path: Path
) -> None:
    assert mammoview("analyze", small_study, "--out", tmp_path / "two", *CPU)[0] == 0
    contents = []
    for out in (pristine, tmp_path / "two"):
        content = read(out)
        for key in ("started", "seconds"):
            del content[key]
        for image in images_of(content):
            del image["timings_s"]
        contents.append(content)
    assert contents[0] == contents[1]


def test_an_earlier_result_inside_the_input_is_no_input(
    mammoview: Run, toy_models: Path, small_study: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_study, tmp_path / "study")
    out = tmp_path / "study" / "out"
    for _ in range(2):
        assert mammoview("analyze", tmp_path / "study", "--out", out, *CPU, "--overwrite", "--saliency", "none")[0] == 0
        content = read(out)
        assert len(list(images_of(content))) == 4
        assert not content["errors"]


def test_existing_result_is_kept_without_overwrite(
    mammoview: Run, toy_models: Path, analysed: Path, small_study: Path
) -> None:
    before = {path: path.read_bytes() for path in sorted(analysed.rglob("*")) if path.is_file()}
    code, _, err = mammoview("analyze", small_study, "--out", analysed, *CPU)
    assert code == 2
    assert "--overwrite" in err
    assert {path: path.read_bytes() for path in sorted(analysed.rglob("*")) if path.is_file()} == before
    code, _, _ = mammoview("analyze", small_study / "L-CC.png", "--out", analysed, *CPU, "--overwrite")
    assert code == 0
    named = {image["path"] for image in images_of(read(analysed))}
    assert named == {"L-CC.png"}
    stems = {path.name[:4] for path in (analysed / "result_files").iterdir() if path.suffix != ".csv"}
    assert stems == {"0001"}, "files of the replaced result are gone"
    assert sorted(path.name for path in analysed.iterdir()) == ["result.json", "result_files"]


def test_full_disk_leaves_no_half_result(
    mammoview: Run, toy_models: Path, small_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name.startswith("0002") and path.suffix == ".png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    code, _, err = mammoview("analyze", small_study, "--out", tmp_path / "new" / "out", *CPU)
    assert code == 3
    assert os.strerror(errno.ENOSPC) in err
    assert "Traceback" not in err
    assert not (tmp_path / "new").exists()


def test_roots_tell_which_argument_an_image_came_from(
    mammoview: Run, toy_models: Path, small_study: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(("L-CC.png", "R-MLO.png")):
        (tmp_path / f"p{number}" / "deep").mkdir(parents=True)
        shutil.copy(small_study / name, tmp_path / f"p{number}" / "deep" / name)
    mammoview("analyze", tmp_path / "p0", tmp_path / "p1", "--out", tmp_path / "out", *CPU)
    found = {(image["root"], image["path"]) for image in images_of(read(tmp_path / "out"))}
    assert found == {(0, "deep/L-CC.png"), (1, "deep/R-MLO.png")}


def test_views_outside_the_contract_are_shown_but_not_scored(mammoview: Run, toy_models: Path, tmp_path: Path) -> None:
    pixels = np.clip(make_view(2, rows=512, columns=416).pixels >> 4, 1, None).astype(np.uint16)
    for name, view in (("standard", ViewPosition.MLO), ("lateral", ViewPosition.ML)):
        header = NewMammogram(
            sop_uid=make_uid(name),
            series_uid=make_uid("series"),
            study_uid=make_uid("study"),
            view=view,
            laterality=Laterality.LEFT,
            spacing_mm=(0.5, 0.5),
            patient_id="P",
            patient_name="SYNTHETIC^P",
            birth_date="19600101",
            age_years=60,
            study_date="20200101",
            study_time="100000",
            windows=(VoiWindow(2048.0, 4096.0),),
            bits_stored=12,
        )
        write_mammogram(tmp_path / f"{name}.dcm", pixels, header)
    code, _, _ = mammoview("analyze", tmp_path, "--out", tmp_path / "out", *CPU)
    content = read(tmp_path / "out")
    assert code == 0
    by_path = {image["path"]: image for image in images_of(content)}
    assert by_path["standard.dcm"]["p_malignant"] is not None
    assert by_path["standard.dcm"]["breast"]["area_mm2"] > 0
    assert by_path["lateral.dcm"]["p_malignant"] is None
    assert not by_path["lateral.dcm"]["findings"]
    assert by_path["lateral.dcm"]["cleaned"], "suppression is shown all the same"
    assert any("lateral.dcm" in text and "ML" in text for text in content["warnings"])
    assert content["studies"][0]["breasts"][0]["single_view"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--device", "toaster"), "toaster"),
        (("--device", "cuda:99"), "CUDA"),
        (("--models", "no-such-model"), "no-such-model"),
        (("--threads", "0"), "threads"),
        (("--backend", "abacus"), "backend"),
    ],
)
def test_wrong_usage_writes_nothing(
    mammoview: Run, toy_models: Path, small_study: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    code, _, err = mammoview("analyze", small_study, "--out", tmp_path / "out", *words)
    assert code == 2
    assert said in err
    assert not (tmp_path / "out").exists()


def test_nothing_to_analyse_is_told_and_counted(mammoview: Run, toy_models: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = mammoview("analyze", tmp_path / "empty", tmp_path / "gone", "--out", tmp_path / "out")
    content = read(tmp_path / "out")
    assert code == 3
    assert [error["code"] for error in content["errors"]] == ["empty_folder", "unreadable"]
    assert content["studies"] == []
    assert all(str(tmp_path) in error["path"] and error["hint"] for error in content["errors"])
    assert "holds no files" in err


def test_models_are_named_after_one_option_or_several(
    mammoview: Run, toy_models: Path, small_study: Path, tmp_path: Path
) -> None:
    one = small_study / "L-CC.png"
    wishes = (
        ("--models", "toy-whole-image", "toy-patch", one),
        ("--models", "toy-whole-image,toy-patch", one),
        (one, "--models", "toy-whole-image", "--models", "toy-patch"),
    )
    for number, words in enumerate(wishes):
        out = tmp_path / str(number)
        assert mammoview("analyze", *words, "--out", out, *CPU, "--saliency", "none")[0] == 0
        assert [image["path"] for image in images_of(read(out))] == ["L-CC.png"]
