"""A reader's masks beside the outlines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import UsageError
from mammoview.core.findings import (
    ExamResult,
    Finding,
    ImageResult,
    LayerPart,
    LayerSource,
    LesionKind,
    LesionLayer,
    LesionLayers,
    Provenance,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Grayscale, Mammogram, ScanResult, SourceKind, Study
from mammoview.report.build import write_result
from mammoview.report.truth import HEIGHT_PX, RED, YELLOW, TruthMasks, compare, draw_truth, words

ROWS, COLUMNS = 600, 400
IMAGE = Mammogram("a", "/study/lesion.png", SourceKind.RASTER, ROWS, COLUMNS, Grayscale(bits_stored=16))
SHOWN = np.full((ROWS, COLUMNS), 20_000, np.uint16)


def mask_of(*boxes: Box) -> np.ndarray:
    mask = np.zeros((ROWS, COLUMNS), dtype=bool)
    for box in boxes:
        mask[box.slices()] = True
    return mask


def outlined(*boxes: Box) -> ImageResult:
    return ImageResult(
        "a",
        findings=tuple(
            Finding(f"a#{n}", LesionKind.MASS, box, box.centre, 0.7, (0.2,) * 5, mask=Mask.from_array(mask_of(box)))
            for n, box in enumerate(boxes, start=1)
        ),
    )


TRUTH, FOUND = Box(100, 100, 200, 200), Box(100, 150, 200, 250)


def test_agreement_is_with_all_outlines_together() -> None:
    found = compare(mask_of(TRUTH), outlined(FOUND), file="t.png")
    assert found.dice == pytest.approx(0.5)
    assert found.iou == pytest.approx(1 / 3)
    both = compare(mask_of(TRUTH), outlined(Box(100, 100, 200, 150), Box(100, 150, 200, 200)), file="t.png")
    assert both.dice == both.iou == 1.0
    assert compare(mask_of(TRUTH), ImageResult("a"), file="t.png").dice == 0.0
    nothing = compare(mask_of(), ImageResult("a"), file="t.png")
    assert nothing.dice is nothing.iou is None
    assert words(found) == "Dice 0.50, IoU 0.33"


def test_truth_is_red_and_prediction_yellow() -> None:
    result = outlined(FOUND)
    picture = draw_truth(result, compare(mask_of(TRUTH), result, file="t.png"), shown=SHOWN, name="LCC")
    scale = HEIGHT_PX / ROWS

    def colours_near(row: float, col: float) -> set[tuple[int, ...]]:
        at = round(row * scale), round(col * scale)
        near = picture[at[0] - 3 : at[0] + 3, at[1] - 3 : at[1] + 3].reshape(-1, 3)
        return {tuple(int(v) for v in colour) for colour in near}

    assert RED in colours_near(150, 100)
    assert YELLOW not in colours_near(150, 100)
    assert YELLOW in colours_near(150, 250)
    assert RED not in colours_near(150, 250)
    assert {RED, YELLOW} <= colours_near(100, 175), "where they agree both show"
    assert colours_near(150, 175) == {(78, 78, 78)}, "the lesion itself stays visible"
    close_up = picture[:HEIGHT_PX, round(COLUMNS * scale) + 6 :]
    assert (close_up == RED).all(axis=2).any()
    assert (close_up == YELLOW).all(axis=2).any()
    whole_red = (picture[:HEIGHT_PX, : round(COLUMNS * scale)] == RED).all(axis=2).sum()
    assert (close_up == RED).all(axis=2).sum() > 1.5 * whole_red, "larger beside it"


def test_an_image_without_any_contour_has_no_close_up() -> None:
    result = ImageResult("a")
    picture = draw_truth(result, compare(mask_of(), result, file="t.png"), shown=SHOWN)
    assert picture.shape[1] == round(COLUMNS * HEIGHT_PX / ROWS) + 6


def save(path: Path, mask: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), mask.astype(np.uint8) * 255)
    return path


def test_masks_are_found_by_name(tmp_path: Path) -> None:
    save(tmp_path / "lesion.jpg", mask_of(TRUTH))
    save(tmp_path / "other.png", mask_of(FOUND))
    other = replace(IMAGE, id="b", path="/study/more.png")
    masks = TruthMasks.of(tmp_path, [IMAGE, other])
    result, problem = masks.beside(IMAGE, outlined(FOUND))
    assert problem is None
    assert result.truth is not None
    assert result.truth.file == "lesion.jpg"
    assert result.truth.dice == pytest.approx(0.5, abs=0.01)
    assert masks.beside(other, ImageResult("b")) == (ImageResult("b"), None)


def test_one_mask_is_for_the_one_image_there_is(tmp_path: Path) -> None:
    one = save(tmp_path / "whatever.png", mask_of(TRUTH))
    assert TruthMasks.of(one, [IMAGE]).path_for(IMAGE) == one
    with pytest.raises(UsageError, match="bears the name of an image"):
        TruthMasks.of(one, [IMAGE, replace(IMAGE, id="b", path="/study/b.png")])


def test_what_cannot_be_compared_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        TruthMasks.of(tmp_path / "absent", [IMAGE])
    with pytest.raises(UsageError) as told:
        TruthMasks.of(tmp_path, [IMAGE])
    assert "lesion.png" in told.value.hint


def test_a_mask_of_another_size_costs_its_own_entry(tmp_path: Path) -> None:
    save(tmp_path / "lesion.png", np.ones((30, 20), dtype=bool))
    result, problem = TruthMasks.of(tmp_path, [IMAGE]).beside(IMAGE, outlined(FOUND))
    assert result.truth is None
    assert problem is not None
    assert "30 × 20" in problem.message
    assert "600 × 400" in problem.message
    assert "size" in problem.hint


def test_layers_and_truth_are_in_the_result(tmp_path: Path) -> None:
    result = outlined(FOUND, TRUTH)
    benign, malignant = mask_of(FOUND) & ~mask_of(TRUTH), mask_of(TRUTH)
    layers = LesionLayers(
        Mask.from_array(benign),
        Mask.from_array(malignant),
        (
            LayerPart("a#1", FOUND, 0.2, LesionLayer.BENIGN),
            LayerPart("a#2", TRUTH, 0.75, LesionLayer.MALIGNANT, LayerSource.SEGMENTER),
        ),
        is_experimental=True,
    )
    result = replace(result, layers=layers, truth=compare(mask_of(TRUTH), result, file="t.png"))
    exam = ExamResult("s", "f", Provenance("mammoview", "cpu", "onnx", (), "2026-01-01T00:00:00+0000", 1.0), (result,))
    scan = ScanResult((Study("s", "P", "", "", (replace(IMAGE, study_uid="s"),)),))
    written = write_result(tmp_path / "out", scan, [exam], pixels={"a": SHOWN})
    (image,) = json.loads(written.read_text(encoding="utf-8"))["studies"][0]["images"]
    for name, expected in (("benign", benign), ("malignant", malignant)):
        picture = cv2.imread(str(written.parent / image["layers"][name]), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(picture, expected.astype(np.uint8) * 255)
    assert image["layers"]["experimental"] is True
    assert image["layers"]["parts"] == [
        {
            "finding": "a#1",
            "bbox": FOUND.as_list(),
            "p_malignant": 0.2,
            "layer": "benign",
            "source": "patch_classifier",
        },
        {"finding": "a#2", "bbox": TRUTH.as_list(), "p_malignant": 0.75, "layer": "malignant", "source": "segmenter"},
    ]
    assert image["truth"]["file"] == "t.png"
    assert image["truth"]["dice"] == pytest.approx(2 * 10_000 / 25_000)
    assert (written.parent / image["truth"]["overlay"]).is_file()
    overlay = cv2.imread(str(written.parent / image["overlay"]))
    blue, _, red = (int(value) for value in overlay[150, 225])
    assert blue > red + 20, "the benign layer"
    blue, _, red = (int(value) for value in overlay[150, 125])
    assert red > blue + 20, "the malignant layer"
