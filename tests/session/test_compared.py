"""The rows and the remarks of a comparison: what each task has to show, and what to know before believing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mammoview.core.errors import Problem
from mammoview.core.findings import (
    BreastResult,
    ExamResult,
    Finding,
    ImageResult,
    LesionKind,
    Provenance,
    ScoreMeaning,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.pipeline.comparing import ComparedExams, Side, SideExam, SideImage
from mammoview.session.compared import Row, SoFar, remarks, rows, why_nothing

MADE = Provenance("test", "cpu", "onnx", (), "2026-01-01T00:00:00Z", 0.1)
MLO_REFUSED = "Not scored. MLO views are not scored by this model."


def image(view: ViewPosition, spacing: tuple[float, float] | None = (0.1, 0.2), **changes: Any) -> Mammogram:
    values = {"rows": 10, "columns": 8, "grayscale": Grayscale(bits_stored=12), "spacing_mm": spacing, **changes}
    name = f"L{view.value}"
    path = f"/secret/Doe-{name}.png"
    return Mammogram(name, path, SourceKind.RASTER, laterality=Laterality.LEFT, view=view, **values)


CC, MLO = image(ViewPosition.CC), image(ViewPosition.MLO)


def finding(p_malignant: float, *, is_outlined: bool = False) -> Finding:
    box = Box(1, 1, 3, 3)
    mask = None
    if is_outlined:
        import numpy as np

        drawn = np.zeros((10, 8), bool)
        drawn[box.slices()] = True
        mask = Mask.from_array(drawn)
    return Finding("1", LesionKind.MASS, box, box.centre, p_malignant, (0.2,) * 5, mask=mask)


def view(side: Side, result: ImageResult, **changes: Any) -> SideImage:
    return SideImage(side, result, **{"is_calibrated": True, **changes})


def side_exam(side: Side, results: list[ImageResult], **changes: Any) -> SideExam:
    made = ExamResult("1.2", "", MADE, tuple(results), meaning=ScoreMeaning("Malignant.", 0.5))
    is_calibrated = changes.pop("is_calibrated", True)
    return SideExam(side, ("m@1",), is_calibrated, replace(made, **changes))


def so_far(task: str, views: list[SideImage], *, exams: ComparedExams | None = None) -> SoFar:
    return SoFar(task, (CC, MLO), {(one.side, one.result.image_id): one for one in views}, exams)


def both(old: SideExam, new: SideExam) -> ComparedExams:
    return ComparedExams(old, new)


def test_whole_image_scores_of_views_breasts_and_exam() -> None:
    scored = [(Side.OLD, 0.25), (Side.NEW, 0.75)]
    views = [view(side, ImageResult(one.id, p_malignant=score)) for side, score in scored for one in (CC, MLO)]
    breasts = [(BreastResult(Laterality.LEFT, score, (), is_single_view=False),) for _, score in scored]
    exams = both(
        side_exam(Side.OLD, [], breasts=breasts[0], p_malignant=0.25),
        side_exam(Side.NEW, [], breasts=breasts[1], p_malignant=0.75),
    )
    told = rows(so_far("whole_image", views, exams=exams))
    assert [(row.what, row.old, row.new, row.change) for row in told] == [
        ("LCC", 0.25, 0.75, 0.5),
        ("LMLO", 0.25, 0.75, 0.5),
        ("Left breast", 0.25, 0.75, 0.5),
        ("Exam", 0.25, 0.75, 0.5),
    ]
    assert remarks(so_far("whole_image", views, exams=exams)) == ()


def test_before_the_end_rows_are_views_alone_and_say_what_is_missing() -> None:
    views = [view(Side.OLD, ImageResult(CC.id, p_malignant=0.25))]
    told = rows(so_far("whole_image", views))
    assert [(row.what, row.old, row.new, row.is_told) for row in told] == [
        ("LCC", 0.25, None, False),
        ("LMLO", None, None, False),
    ]
    assert remarks(so_far("whole_image", views)) == ()


def test_patch_classifiers_show_their_highest_finding_and_how_many() -> None:
    old = ImageResult(CC.id, findings=(finding(0.4), finding(0.6)))
    views = [view(Side.OLD, old), view(Side.NEW, ImageResult(CC.id))]
    exams = both(side_exam(Side.OLD, []), side_exam(Side.NEW, []))
    told = rows(so_far("patch", views, exams=exams))
    assert (told[0].old, told[0].new, told[0].change, told[0].counts) == (0.6, None, None, (2, 0))
    assert [row.what for row in told] == ["LCC", "LMLO"], "no breast and no exam"
    assert "no score of breast or exam" in remarks(so_far("patch", views, exams=exams))[0]


@pytest.mark.parametrize(("spacing", "area", "unit"), [((0.1, 0.2), 0.08, "mm²"), (None, 4.0, "px")])
def test_segmenters_show_areas_outlines_and_dice(spacing: Any, area: float, unit: str) -> None:
    own = image(ViewPosition.CC, spacing)
    result = ImageResult(own.id, findings=(finding(0.5, is_outlined=True), finding(0.4)))
    views = [view(Side.OLD, result, outlined_px=4), view(Side.NEW, ImageResult(own.id), outlined_px=0, dice=0.0)]
    told = SoFar("segmentation", (own,), {(one.side, own.id): one for one in views})
    assert rows(told) == (Row("LCC", own.id, pytest.approx(area), 0.0, unit, (1, 0), 0.0),)


def test_who_outlines_what_a_segmenter_leaves_out_is_named() -> None:
    exams = both(side_exam(Side.OLD, []), replace(side_exam(Side.NEW, []), others=("usual@1",)))
    told = remarks(so_far("segmentation", [], exams=exams))
    assert "What the new model does not outline is outlined by usual@1." in told


def test_a_refused_view_has_no_number_and_the_reason_stands_below_once() -> None:
    views = [
        view(Side.OLD, ImageResult(CC.id, p_malignant=0.25)),
        view(Side.NEW, ImageResult(CC.id, warnings=(MLO_REFUSED,)), refusal=MLO_REFUSED),
        view(Side.NEW, ImageResult(MLO.id, warnings=(MLO_REFUSED,)), refusal=MLO_REFUSED),
    ]
    told = so_far("whole_image", views)
    assert (rows(told)[0].old, rows(told)[0].new) == (0.25, None)
    assert remarks(told) == ("New model, LCC, LMLO: MLO views are not scored by this model.",)
    assert why_nothing(told) == ""
    everywhere = so_far("whole_image", [view(side, ImageResult(MLO.id), refusal=MLO_REFUSED) for side in Side])
    assert remarks(everywhere) == ("Both models, LMLO: MLO views are not scored by this model.",)
    assert why_nothing(everywhere) == "MLO views are not scored by this model."


def test_a_file_that_could_not_be_read_is_told_by_its_view() -> None:
    problem = Problem(MLO.path, "decode", "The pixels cannot be decoded.", "Export it again.")
    exams = both(side_exam(Side.OLD, [], problems=(problem,)), side_exam(Side.NEW, [], problems=(problem,)))
    told = so_far("whole_image", [], exams=exams)
    assert told.problem_of(CC) == ""
    assert remarks(told) == ("LMLO: The pixels cannot be decoded. Export it again.",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (True, True, ""),
        (True, False, "The new model is not calibrated"),
        (False, True, "The old model is not calibrated"),
        (False, False, "Neither model is calibrated"),
    ],
)
def test_it_is_said_how_far_scores_can_be_compared(old: bool, new: bool, said: str) -> None:
    exams = both(side_exam(Side.OLD, [], is_calibrated=old), side_exam(Side.NEW, [], is_calibrated=new))
    told = remarks(so_far("whole_image", [], exams=exams))
    assert [text for text in told if said in text] == list(told)
    assert bool(told) is bool(said)


def test_scores_that_mean_something_else_are_named() -> None:
    other = side_exam(Side.NEW, [], meaning=ScoreMeaning("Recall against no recall.", 0.1))
    told = remarks(so_far("whole_image", [], exams=both(side_exam(Side.OLD, []), other)))
    assert told == ("The scores do not mean the same. Old: Malignant. New: Recall against no recall.",)


def test_warnings_name_views_and_no_files_and_leave_out_what_the_image_says_itself() -> None:
    known = replace(CC, warnings=("No physical scale: sizes are in pixels.",))
    result = ImageResult(CC.id, p_malignant=0.5, warnings=(*known.warnings, "The map lies outside the breast."))
    exam = [f"Doe-LCC.png: {text}" for text in result.warnings]
    exams = both(
        side_exam(Side.OLD, [result], warnings=tuple(exam)),
        side_exam(Side.NEW, [result], warnings=(*exam, "Out of memory: computed on the processor.")),
    )
    views = {(side, CC.id): view(side, result) for side in Side}
    assert remarks(SoFar("whole_image", (known,), views, exams)) == (
        "LCC: The map lies outside the breast.",
        "Out of memory: computed on the processor.",
    )
