"""A reader's questions, answered by the packages that ship, on phantoms whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mammoview.core.errors import CancelledError, QuestionError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Laterality, Mammogram, PresentationIntent, ViewModifier, ViewPosition
from mammoview.dicom.raster import describe_raster
from mammoview.imaging.phantom import make_view
from mammoview.imaging.phantom_truth import LesionShape, TrueLesion
from mammoview.models.preprocess import prepare_patch
from mammoview.models.runtime import Runner
from mammoview.pipeline.answering import Answering
from mammoview.pipeline.contouring import box_at
from mammoview.pipeline.question import ContourQuestion, PointQuestion, ReadyQuestion
from mammoview.pipeline.request import AnalysisRequest
from mammoview.pipeline.shelf import Shelf
from mammoview.pipeline.stages import prepare

HOW = AnalysisRequest((), "study", device="cpu", threads=1)


@dataclass(frozen=True)
class Case:
    image: Mammogram
    lesion: TrueLesion


@pytest.fixture(scope="module")
def answering() -> Answering:
    """One for all: the models are loaded once."""
    return Answering(Shelf())


@pytest.fixture(scope="module")
def case_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    folder = tmp_path_factory.mktemp("asked")

    def make(seed: int, shape: LesionShape = LesionShape.SPICULATED_MASS, side: Laterality = Laterality.LEFT) -> Case:
        drawn = make_view(seed, view=ViewPosition.CC, laterality=side, rows=1280, columns=1040, lesions=(shape,))
        path = folder / f"{seed}-{shape}-{side.value}-CC.png"
        assert cv2.imwrite(str(path), drawn.pixels)
        image = replace(
            describe_raster(path), laterality=side, view=ViewPosition.CC, spacing_mm=(drawn.spacing_mm,) * 2
        )
        (lesion,) = drawn.truth.lesions
        return Case(image, lesion)

    return make


def ask(answer: Callable[..., Any], question: ReadyQuestion) -> Any:
    return answer(question, no_progress, never_cancel, lambda _: None)


def filled(image: Mammogram, contour: tuple[tuple[float, float], ...]) -> np.ndarray:
    mask = np.zeros((image.rows, image.columns), np.uint8)
    points = np.round(np.array(contour)[:, ::-1] - 0.5).astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    return mask > 0


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other)))


def test_a_point_is_answered_as_the_pipeline_classifies_patches(answering: Answering, case_of: Any) -> None:
    case = case_of(3)
    told = ask(answering.ask_point, PointQuestion(case.image, HOW, case.lesion.centre))
    row, col = case.lesion.centre
    half = 7.5 / case.image.spacing_mm[0]
    expected = Box(row - half, col - half, row + half, col + half)
    assert vars(told.box) == pytest.approx(vars(expected))

    # The same worked out by hand: each model's own input, its four mirror images, its temperature; then the mean.
    prepared = prepare(case.image, is_scored=False)
    means = []
    runners = answering.shelf.open(HOW).patches
    for runner in runners:
        seen, _ = prepare_patch(
            prepared.cleaned, expected, runner.package.preprocess.patch, spacing_mm=case.image.spacing_mm
        )
        flips = np.stack([seen, seen[..., ::-1], seen[..., ::-1, :], seen[..., ::-1, ::-1]])
        logits = runner.run(flips)["logits"] / runner.package.calibration.temperature
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        labels = runner.package.manifest.labels
        means.append(shares.mean(axis=0)[[labels.index(kind.value) for kind in PatchClass]])
    assert told.probabilities == pytest.approx(np.mean(means, axis=0), abs=1e-5)
    assert sum(told.probabilities) == pytest.approx(1, abs=1e-6)
    assert told.p_malignant == pytest.approx(told.probabilities[2] + told.probabilities[4])
    assert [use.task for use in told.models] == ["patch"] * 5
    assert [member.model for member in told.members] == [runner.package.info.key for runner in runners]
    assert told.classes[0][1] == max(told.probabilities)
    assert told.meaning is not None


def test_a_mass_is_less_like_background_than_plain_tissue(answering: Answering, case_of: Any) -> None:
    nearer = 0
    for seed in (3, 4, 5, 6):
        case = case_of(seed)
        prepared = prepare(case.image, is_scored=False)
        inside = prepared.suppression.breast.to_array()
        # As far from the skin, and away from the lesion.
        depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
        rows, cols = np.nonzero(depth > depth[int(case.lesion.centre[0]), int(case.lesion.centre[1])] * 0.9)
        far = np.hypot(rows - case.lesion.centre[0], cols - case.lesion.centre[1]).argmax()
        there = ask(answering.ask_point, PointQuestion(case.image, HOW, case.lesion.centre))
        elsewhere = ask(answering.ask_point, PointQuestion(case.image, HOW, (float(rows[far]), float(cols[far]))))
        nearer += there.probabilities[0] < elsewhere.probabilities[0]
    assert nearer >= 3


@pytest.mark.parametrize("point", [(-3.0, 100.0), (5.0, 1030.0), (2000.0, 10.0)])
def test_a_place_outside_the_breast_is_refused(answering: Answering, case_of: Any, point: tuple[float, float]) -> None:
    image = case_of(3).image
    with pytest.raises(QuestionError, match="does not lie in the breast"):
        ask(answering.ask_point, PointQuestion(image, HOW, point))
    with pytest.raises(QuestionError, match="does not lie in the breast"):
        ask(answering.contour, ContourQuestion(image, HOW, at=point))


@pytest.mark.parametrize(
    "changes",
    [
        {"intent": PresentationIntent.FOR_PROCESSING},
        {"modifiers": (ViewModifier.SPOT,)},
        {"view": None},
        {"view": ViewPosition.ML},
    ],
)
def test_images_that_the_models_do_not_know_are_refused(
    answering: Answering, case_of: Any, changes: dict[str, Any]
) -> None:
    case = case_of(3)
    image = replace(case.image, **changes)
    with pytest.raises(QuestionError, match="do not know this image"):
        ask(answering.ask_point, PointQuestion(image, HOW, case.lesion.centre))


def test_a_click_and_a_box_give_the_border_of_the_mass(answering: Answering, case_of: Any) -> None:
    clicked: list[float] = []
    boxed: list[float] = []
    sizes: list[float] = []
    for seed in (3, 4, 5, 6, 7, 8):
        side = Laterality.LEFT if seed % 2 else Laterality.RIGHT
        case = case_of(seed, LesionShape.SMOOTH_MASS, side)
        row, col = case.lesion.centre
        off = 0.15 * case.lesion.diameter_mm / case.image.spacing_mm[0]
        by_click = ask(answering.contour, ContourQuestion(case.image, HOW, at=(row + off, col - off)))
        by_box = ask(answering.contour, ContourQuestion(case.image, HOW, box=case.lesion.box))
        clicked.append(dice(filled(case.image, by_click.contour), case.lesion.mask))
        boxed.append(dice(filled(case.image, by_box.contour), case.lesion.mask))
        spacing = case.image.spacing_mm[0]
        true_mm = max(case.lesion.box.height_px, case.lesion.box.width_px) * spacing
        sizes.append(by_box.size_mm / true_mm)
        assert by_box.area_mm2 == pytest.approx(filled(case.image, by_box.contour).sum() * spacing**2, rel=0.1)
        assert 8 <= len(by_box.contour) <= 400, "few points, and still round"
        assert {use.task for use in by_box.models} == {"segmentation"}
    assert np.median(boxed) > 0.85, boxed
    assert np.median(clicked) > 0.75, clicked
    assert 0.85 < np.median(sizes) < 1.2, sizes


def test_without_a_spacing_a_contour_has_no_size(answering: Answering, case_of: Any) -> None:
    case = case_of(3)
    told = ask(answering.contour, ContourQuestion(replace(case.image, spacing_mm=None), HOW, box=case.lesion.box))
    assert told.contour
    assert (told.size_mm, told.area_mm2) == (None, None)


def test_where_the_segmenter_sees_nothing_it_says_so(
    answering: Answering, case_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(self: Runner, images: np.ndarray) -> dict[str, np.ndarray]:
        return {"probabilities": np.full((len(images), 1, *images.shape[2:]), 0.49, np.float32)}

    case = case_of(3)
    monkeypatch.setattr(Runner, "run", blind)
    for question in (
        ContourQuestion(case.image, HOW, at=case.lesion.centre),
        ContourQuestion(case.image, HOW, box=case.lesion.box),
    ):
        with pytest.raises(QuestionError, match="sees no border there") as caught:
            ask(answering.contour, question)
        assert "by hand" in caught.value.hint


def test_segmenters_of_windows_answer_as_well(answering: Answering, case_of: Any) -> None:
    how = replace(HOW, models=("phantom-calcification-unet",))
    case = case_of(4, LesionShape.PLEOMORPHIC_CLUSTER)
    question = ContourQuestion(case.image, how, box=case.lesion.box, kind=LesionKind.CALCIFICATION)
    told = ask(answering.contour, question)
    assert told.box.intersection(case.lesion.box).area_px > 0
    assert told.is_experimental
    assert [use.id for use in told.models] == ["phantom-calcification-unet"]


def test_a_question_can_be_cancelled(answering: Answering, case_of: Any) -> None:
    case = case_of(3)
    with pytest.raises(CancelledError):
        answering.ask_point(PointQuestion(case.image, HOW, case.lesion.centre), no_progress, lambda: True, print)


def test_images_stay_prepared_and_no_more_than_an_exam(answering: Answering, case_of: Any) -> None:
    images = [case_of(seed).image for seed in (3, 4, 5, 6, 7)]
    for image in images:
        assert ask(answering.get_ready, ReadyQuestion(image, HOW)) is True
    assert len(answering._images) == 4
    Path(images[-1].path).rename(f"{images[-1].path}.gone")
    assert ask(answering.get_ready, ReadyQuestion(images[-1], HOW)), "it is not read again"
    Path(f"{images[-1].path}.gone").rename(images[-1].path)


def test_a_contour_is_asked_for_at_a_place_or_in_a_box(case_of: Any) -> None:
    image = case_of(3).image
    with pytest.raises(ValueError, match="at a place or in a box"):
        ContourQuestion(image, HOW)
    with pytest.raises(ValueError, match="at a place or in a box"):
        ContourQuestion(image, HOW, at=(1.0, 1.0), box=Box(0, 0, 2, 2))


def test_a_lesion_is_as_long_both_ways_on_an_uneven_grid() -> None:
    box = box_at((100.0, 200.0), 15.0, (0.1, 0.3))
    assert (box.height_px, box.width_px) == pytest.approx((150.0, 50.0))
    assert box.centre == (100.0, 200.0)
