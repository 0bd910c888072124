"""Two models on the same images: each side says what the pipeline says with that model, and nothing less honest."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammoview.core.errors import CancelledError, ModelPackageError
from mammoview.dicom.scan import scan
from mammoview.imaging.truth import agreement, outlined
from mammoview.pipeline.comparing import ComparedExams, ComparisonRequest, Side, SideImage, compare
from mammoview.pipeline.request import AnalysisRequest
from mammoview.pipeline.runner import run
from mammoview.pipeline.shelf import Shelf


def twin(models: Path, task: str, name: str, files: dict[str, Any] | None = None, **changes: Any) -> str:
    """Another package with the weights of a task's toy, and other words."""
    folder = Path(shutil.copytree(models / task, models / f"{name}-1.0"))
    words = json.loads((folder / "manifest.json").read_text())
    for file, content in (files or {}).items():
        data = json.dumps(content).encode()
        (folder / file).write_bytes(data)
        words["files"][file] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({**words, "id": name, **changes}))
    return f"{name}@1.0"


@pytest.fixture
def request_of(toy_models: Path, small_study: Path) -> AnalysisRequest:
    (study,) = scan([small_study]).studies
    return AnalysisRequest(study.images, study.uid, device="cpu", threads=1)


def asked(base: AnalysisRequest, task: str, old: str, new: str) -> ComparisonRequest:
    return ComparisonRequest(replace(base, models=(old,)), replace(base, models=(new,)), task)


def answer(
    request: ComparisonRequest, shelf: Shelf | None = None
) -> tuple[ComparedExams, list[SideImage], list[tuple[float, str]]]:
    told: list[Any] = []
    steps: list[tuple[float, str]] = []
    done = compare(
        shelf or Shelf(), request, lambda fraction, text: steps.append((fraction, text)), lambda: False, told.append
    )
    return done, told, steps


def test_each_side_says_what_the_pipeline_says_with_its_model(request_of: AnalysisRequest, toy_models: Path) -> None:
    cold = {"temperature": 4.0, "operating_points": [], "fitted_on": "some patients", "n_patients": 9}
    other = twin(toy_models, "whole_image", "cold", {"calibration.json": cold})
    request = asked(request_of, "whole_image", "toy-whole-image@1.0", other)
    done, told, steps = answer(request)
    for side, one in ((done.old, request.old), (done.new, request.new)):
        direct = run(one, networks=Shelf().open(one))
        assert [image.p_malignant for image in side.exam.images] == [image.p_malignant for image in direct.images]
        assert side.exam.breasts == direct.breasts
        assert side.exam.p_malignant == direct.p_malignant
        assert side.models == one.models
    assert done.old.exam.p_malignant != done.new.exam.p_malignant
    assert (done.old.is_calibrated, done.new.is_calibrated) == (False, True)
    assert [one.side for one in told] == [Side.OLD] * 4 + [Side.NEW] * 4
    assert [one.result for one in told] == [*done.old.exam.images, *done.new.exam.images]
    assert all(not one.refusal and one.dice is None and one.outlined_px is None for one in told)
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    assert {text.partition(":")[0] for fraction, text in steps if text != "Loading the models"} == {
        "Old model",
        "New model",
    }


@pytest.mark.slow
def test_outlines_are_measured_against_each_other(small_study: Path) -> None:
    (study,) = scan([small_study]).studies
    base = AnalysisRequest(study.images, study.uid, device="cpu", threads=2)
    models = [(f"cesm-bcir-unet-{number}@0.2", "cbis-patch-1@0.3") for number in (1, 2)]
    requests = [replace(base, models=own) for own in models]
    done, told, _ = answer(ComparisonRequest(*requests, "segmentation"))
    assert [side.is_calibrated for side in (done.old, done.new)] == [None, None], "it gives no score of its own"
    assert (done.old.models, done.new.models) == (models[0][:1], models[1][:1])
    sizes = {image.id: (image.rows, image.columns) for image in base.images}
    compared: list[float | None] = []
    for one, another in zip(told[:4], told[4:], strict=True):
        masks = [outlined(side.result, sizes[side.result.image_id]) for side in (one, another)]
        assert (one.outlined_px, another.outlined_px) == tuple(int(np.count_nonzero(mask)) for mask in masks)
        assert another.dice == agreement(*masks).dice
        compared.append(another.dice)
    assert any(dice is not None and 0 < dice < 1 for dice in compared)


def test_a_model_that_does_not_take_an_image_says_so(request_of: AnalysisRequest, toy_models: Path) -> None:
    only_cc = twin(toy_models, "patch", "only-cc", input={"views": ["CC"]})
    _, told, _ = answer(asked(request_of, "patch", "toy-patch@1.0", only_cc))
    views = {image.id: image.label for image in request_of.images}
    said = {(one.side, views[one.result.image_id]): one.refusal for one in told}
    assert not any(text for (side, _), text in said.items() if side is Side.OLD)
    assert said[Side.NEW, "LMLO"] == "Not scored. MLO views are not scored by this model."
    assert said[Side.NEW, "LCC"] == ""


def test_a_segmenter_of_one_kind_names_who_outlines_the_others(request_of: AnalysisRequest, toy_models: Path) -> None:
    clusters = twin(toy_models, "segmentation", "clusters", kinds=["calcification"])
    request = asked(replace(request_of, images=()), "segmentation", "toy-segmentation@1.0", clusters)
    done, _, _ = answer(request)
    assert (done.old.models, done.old.others) == (("toy-segmentation@1.0",), ())
    assert (done.new.models, done.new.others) == ((clusters,), ("toy-segmentation@1.0",))


@pytest.mark.parametrize("how", ["missing", "damaged", "newer"])
def test_a_package_that_cannot_be_opened_ends_it_before_anything_is_computed(
    request_of: AnalysisRequest, toy_models: Path, how: str
) -> None:
    name = twin(toy_models, "whole_image", "spoiled")
    folder = toy_models / "spoiled-1.0"
    if how == "missing":
        shutil.rmtree(folder)
    elif how == "damaged":
        weights = next(folder.glob("*.safetensors"))
        weights.write_bytes(weights.read_bytes()[:-4] + b"oops")
    else:
        words = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**words, "schema_version": 99}))
    request = asked(request_of, "whole_image", "toy-whole-image@1.0", name)
    told: list[object] = []
    with pytest.raises(ModelPackageError) as caught:
        compare(Shelf(), request, lambda *_: None, lambda: False, told.append)
    assert told == []
    assert caught.value.hint
    expected = {"missing": "no model called", "damaged": "hash mismatch", "newer": "newer MammoView"}
    assert expected[how] in caught.value.user_message


def test_it_ends_when_nobody_wants_it_any_more(request_of: AnalysisRequest, toy_models: Path) -> None:
    request = asked(request_of, "whole_image", "toy-whole-image@1.0", twin(toy_models, "whole_image", "other"))
    told: list[object] = []
    with pytest.raises(CancelledError):
        compare(Shelf(), request, lambda *_: None, lambda: bool(told), told.append)
    assert len(told) == 1
