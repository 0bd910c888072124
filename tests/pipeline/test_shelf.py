"""Packages on the shelf: what is chosen, kept, and given up; and the networks that come out of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammoview.core.errors import ModelPackageError
from mammoview.core.findings import MemberScore, Threshold
from mammoview.core.geometry import Box
from mammoview.core.study import Mammogram
from mammoview.models.calibration import probabilities
from mammoview.models.devices import Device, DeviceKind
from mammoview.models.engines import OutOfMemoryError, TorchEngine
from mammoview.models.manifest import Task
from mammoview.pipeline import whole_image
from mammoview.pipeline.request import AnalysisRequest, Backend, SaliencyMethod
from mammoview.pipeline.shelf import Shelf, choose
from mammoview.pipeline.stages import PreparedImage

Make = Callable[..., Mammogram]
Prepare = Callable[..., PreparedImage]

pytestmark = pytest.mark.usefixtures("toy_models")


@pytest.fixture
def request_of(make_mammogram: Make) -> AnalysisRequest:
    return AnalysisRequest((make_mammogram(),), "study", device="cpu", threads=1)


@pytest.fixture
def image(make_mammogram: Make, make_prepared: Prepare) -> PreparedImage:
    return make_prepared(make_mammogram(rows=300, columns=200), [Box(50, 20, 90, 60)])


@pytest.fixture
def twins(toy_models: Path) -> tuple[str, str]:
    """Copies of the patch package under two names of their own."""
    return _copy(toy_models, Task.PATCH, "left"), _copy(toy_models, Task.PATCH, "right")


def _copy(models: Path, task: Task, name: str, *, files: dict[str, Any] | None = None, **changes: Any) -> str:
    """Another package like the toy of a task, with other words and files."""
    folder = Path(shutil.copytree(models / task.value, models / name))
    words = json.loads((folder / "manifest.json").read_text())
    for file, content in (files or {}).items():
        data = json.dumps(content).encode()
        (folder / file).write_bytes(data)
        words["files"][file] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({**words, "id": name, **changes}))
    return name


def test_active_packages_are_taken_and_named_ones_win(toy_models: Path) -> None:
    assert [info.id for info in choose(())[Task.PATCH]] == ["toy-patch"]
    assert [info.id for info in choose(("toy-whole-image@1.0",))[Task.WHOLE_IMAGE]] == ["toy-whole-image"]
    with pytest.raises(ModelPackageError, match="no model called"):
        choose(("other",))


def test_several_packages_of_one_task_are_an_ensemble(twins: tuple[str, str]) -> None:
    assert [info.id for info in choose((*twins, f"{twins[0]}@1.0"))[Task.PATCH]] == list(twins)
    assert [info.id for info in choose(twins)[Task.WHOLE_IMAGE]] == ["toy-whole-image"]


def test_packages_stay_loaded(request_of: AnalysisRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    first = shelf.open(request_of)
    monkeypatch.setattr("mammoview.pipeline.shelf.load", lambda info: pytest.fail("loaded again"))
    again = shelf.open(replace(request_of, saliency=SaliencyMethod.NONE))
    assert again.scorers[0] is first.scorers[0]
    assert shelf.open(replace(request_of, threads=2)).scorers[0] is not first.scorers[0]


def test_onnx_and_torch_agree(request_of: AnalysisRequest, image: PreparedImage) -> None:
    shelf = Shelf()
    scores = [
        shelf.open(replace(request_of, backend=backend)).score([image])[0] for backend in (Backend.ONNX, Backend.TORCH)
    ]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[0].p_malignant == pytest.approx(scores[1].p_malignant, abs=1e-4)


def test_the_score_is_the_mean_over_flips(request_of: AnalysisRequest, image: PreparedImage) -> None:
    networks = Shelf().open(request_of)
    (score,) = networks.score([image])
    assert score is not None
    assert score.uncertainty > 0
    assert score.members == (MemberScore("toy-whole-image@1.0", score.p_malignant),)
    assert image.suppression is not None
    # A breast on the right is turned round first, so the mirrored image has the same four flips.
    mirrored = replace(
        image,
        cleaned=np.ascontiguousarray(image.cleaned[:, ::-1]),
        suppression=replace(
            image.suppression,
            breast=type(image.suppression.breast).from_array(image.suppression.breast.to_array()[:, ::-1]),
        ),
    )
    (other,) = networks.score([mirrored])
    assert other is not None
    assert other.p_malignant == pytest.approx(score.p_malignant, abs=1e-5)


def test_a_batch_gives_what_single_images_give(
    request_of: AnalysisRequest, make_mammogram: Make, make_prepared: Prepare
) -> None:
    images = [make_prepared(make_mammogram(name, rows=300, columns=200)) for name in "abc"]
    networks = Shelf().open(request_of)
    alone = [networks.score([one])[0] for one in images]
    networks.batch = 3
    together = networks.score(images)
    for one, other in zip(alone, together, strict=True):
        assert one is not None
        assert other is not None
        assert one.p_malignant == pytest.approx(other.p_malignant, abs=1e-5)


@pytest.mark.parametrize("method", [SaliencyMethod.GRADCAM, SaliencyMethod.GUIDED])
def test_explanations_cover_the_breast(
    request_of: AnalysisRequest, image: PreparedImage, method: SaliencyMethod
) -> None:
    networks = Shelf().open(replace(request_of, saliency=method))
    networks.score([image])
    saliency = networks.explain(image)
    assert saliency is not None
    assert saliency.name == method.value
    assert saliency.box.as_list() == [0, 0, 300, 133]
    assert networks.explain(image) is None, "what was seen is not kept"


def test_gradcam_stands_in_where_there_is_no_attention(request_of: AnalysisRequest, image: PreparedImage) -> None:
    networks = Shelf().open(replace(request_of, saliency=SaliencyMethod.ATTENTION))
    networks.score([image])
    found = networks.explain(image)
    assert found is not None
    assert found.name == "gradcam", "the map says how it was made"


def test_nothing_is_explained_unasked(request_of: AnalysisRequest, image: PreparedImage) -> None:
    networks = Shelf().open(replace(request_of, saliency=SaliencyMethod.NONE))
    networks.score([image])
    assert networks.explain(image) is None
    assert networks.patch_map(image) == ()


def test_missing_packages_are_told_once(
    request_of: AnalysisRequest, image: PreparedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mammoview.pipeline.shelf.registry.active", lambda task, **_: ())
    networks = Shelf().open(request_of)
    assert networks.score([image]) == [None]
    assert networks.classify([image]) == [()]
    assert networks.device == "none"
    notes = networks.notes()
    assert len(notes) == 3
    assert any("whole image" in note for note in notes)
    assert networks.notes() == ()


def test_out_of_memory_goes_on_with_less_and_is_told(
    request_of: AnalysisRequest, image: PreparedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that always runs out: smaller batches, then tiles, then the CPU, and the score is the same."""
    shelf = Shelf()
    (expected,) = shelf.open(request_of).score([image])
    card = Device(DeviceKind.CUDA, 0, "Toy card")
    run = TorchEngine.run

    def refuse(engine: TorchEngine, images: Any) -> Any:
        if engine._device == card:
            raise OutOfMemoryError
        return run(engine, images)

    monkeypatch.setattr(TorchEngine, "run", refuse)
    monkeypatch.setattr(TorchEngine, "run_tile", refuse)
    monkeypatch.setattr(
        "mammoview.models.engines.TorchEngine.__init__",
        lambda self, package, device, **_: self.__dict__.update(_device=device, _network=package.network()),
    )
    monkeypatch.setattr("mammoview.models.runtime.torch.cuda.empty_cache", lambda: None)
    monkeypatch.setattr("mammoview.pipeline.shelf.resolve_device", lambda wish: card)
    networks = shelf.open(request_of)
    assert networks.device == "cuda:0 (Toy card)"
    (score,) = networks.score([image])
    notes = networks.notes()
    assert score is not None
    assert expected is not None
    assert score.p_malignant == pytest.approx(expected.p_malignant, abs=1e-4)
    assert [word in "".join(notes) for word in ("2 at a time", "tiles", "CPU")] == [True] * 3
    assert "cpu" in networks.device
    assert shelf.open(request_of).scorers[0] is not networks.scorers[0], "the next request tries the card again"


def test_an_image_without_a_breast_is_not_scored(request_of: AnalysisRequest, image: PreparedImage) -> None:
    networks = Shelf().open(request_of)
    without = replace(image, candidates=(), has_breast=False)
    assert networks.score([without]) == [None]
    assert networks.patch_map(without) == ()


def test_an_ensemble_is_the_mean_of_its_members_alone(
    toy_models: Path, request_of: AnalysisRequest, image: PreparedImage
) -> None:
    """Members differ in weights, in temperature and in what they see."""
    other = _copy(toy_models, Task.WHOLE_IMAGE, "other", files={"calibration.json": {"temperature": 0.25}})
    small = _copy(
        toy_models, Task.WHOLE_IMAGE, "small", files={"preprocess.json": {"image": {"rows": 64, "columns": 64}}}
    )
    names = ("toy-whole-image", other, small)
    shelf = Shelf()
    alone = [shelf.open(replace(request_of, models=(name,))).score([image])[0] for name in names]
    (score,) = shelf.open(replace(request_of, models=names)).score([image])
    assert score is not None
    own = [one.p_malignant for one in alone if one is not None]
    assert len(set(own)) == 3
    assert [member.model for member in score.members] == [f"{name}@1.0" for name in names]
    assert [member.p_malignant for member in score.members] == pytest.approx(own)
    assert score.p_malignant == pytest.approx(np.mean(own))
    assert score.spread_over == "4 flips × 3 models"


def test_members_that_take_the_same_input_share_it(
    toy_models: Path, request_of: AnalysisRequest, image: PreparedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _copy(toy_models, Task.WHOLE_IMAGE, "other", files={"calibration.json": {"temperature": 0.5}})
    made = []
    prepare = whole_image.prepare_image

    def counted(*given: Any, **words: Any) -> Any:
        made.append(given)
        return prepare(*given, **words)

    monkeypatch.setattr(whole_image, "prepare_image", counted)
    networks = Shelf().open(replace(request_of, models=("toy-whole-image", other)))
    networks.score([image])
    networks.patch_map(image)
    assert len(made) == 1
    networks.score([image])
    assert len(made) == 2, "nothing is kept for the next images"


def test_an_image_is_scored_by_the_members_that_know_its_kind(
    toy_models: Path, request_of: AnalysisRequest, image: PreparedImage
) -> None:
    contract = {"views": ["CC"]}
    only_cc = _copy(toy_models, Task.WHOLE_IMAGE, "only-cc", input=contract)
    networks = Shelf().open(replace(request_of, models=("toy-whole-image", only_cc)))
    (score,) = networks.score([image])
    assert score is not None
    assert [member.model for member in score.members] == ["toy-whole-image@1.0"]
    assert networks.why_not_scored(image.image) == ""
    assert networks.left_out(image.image) == ("only-cc@1.0 takes no part: MLO views are not scored by this model.",)
    alone = Shelf().open(replace(request_of, models=(only_cc,)))
    assert alone.score([image]) == [None]
    assert "MLO views" in alone.why_not_scored(image.image)
    assert alone.left_out(image.image) == ()


def test_without_flips_a_score_is_that_of_the_image_as_it_is(request_of: AnalysisRequest, image: PreparedImage) -> None:
    shelf = Shelf()
    (plain,) = shelf.open(replace(request_of, flips=False)).score([image])
    networks = shelf.open(request_of)
    runner = networks.scorers[0]
    seen, _ = whole_image.Inputs().of(runner, image)
    views = [seen, seen[..., ::-1], seen[..., ::-1, :], seen[..., ::-1, ::-1]]
    own = [probabilities(runner.run(np.ascontiguousarray(view)[None])["logits"])[0, 1] for view in views]
    (score,) = networks.score([image])
    assert plain is not None
    assert score is not None
    assert plain.p_malignant == pytest.approx(own[0], abs=1e-6)
    assert (plain.uncertainty, plain.spread_over) == (None, "")
    assert score.p_malignant == pytest.approx(np.mean(own), abs=1e-6)
    assert score.uncertainty == pytest.approx(np.std(own), abs=1e-6)
    assert score.spread_over == "4 flips"


def test_dropout_passes_widen_the_spread_and_leave_the_score(request_of: AnalysisRequest, image: PreparedImage) -> None:
    shelf = Shelf()
    (score,) = shelf.open(request_of).score([image])
    asked = replace(request_of, dropout_passes=30)
    (varied,) = shelf.open(asked).score([image])
    (again,) = Shelf().open(asked).score([image])
    assert score is not None
    assert varied is not None
    assert again is not None
    assert varied.p_malignant == score.p_malignant
    assert varied.spread_over == "4 flips × 30 dropout passes"
    assert score.uncertainty is not None
    assert varied.uncertainty is not None
    assert varied.uncertainty > score.uncertainty
    assert again.uncertainty == varied.uncertainty


def test_operating_points_stand_beside_the_score_that_they_were_fitted_for(
    toy_models: Path, request_of: AnalysisRequest
) -> None:
    words = {
        "operating_points": [
            {"name": "specificity 90%", "threshold": 0.6, "sensitivity": 0.3, "specificity": 0.9},
            {"name": "specificity 90%", "threshold": 0.7, "sensitivity": 0.3, "specificity": 0.9, "precision": "bf16"},
        ],
        "fitted_on": "ten patients",
        "n_patients": 10,
    }
    fitted = _copy(toy_models, Task.WHOLE_IMAGE, "fitted", files={"calibration.json": words})
    shelf = Shelf()
    one = replace(request_of, models=(fitted,))
    expected = Threshold("specificity 90%", 0.6, 0.3, 0.9, "ten patients", 10)
    meaning = shelf.open(one).meaning
    assert meaning is not None
    assert meaning.thresholds == (expected,)
    other = [replace(one, flips=False), replace(one, models=(fitted, "toy-whole-image"))]
    for request in other:
        meaning = shelf.open(request).meaning
        assert meaning is not None
        assert meaning.thresholds == (), "the points were fitted for another score"
    meaning = shelf.open(replace(one, backend=Backend.TORCH_BF16)).meaning
    assert meaning is not None
    assert [point.threshold for point in meaning.thresholds] == [0.7]


def test_a_package_that_cannot_answer_its_task_is_refused(toy_models: Path) -> None:
    odd = _copy(toy_models, Task.WHOLE_IMAGE, "odd", labels=["dog", "cat"])
    with pytest.raises(ModelPackageError, match="none of its outputs is called malignant"):
        choose((odd,))


def test_a_segmenter_for_some_kinds_leaves_the_others_to_those_in_use(toy_models: Path) -> None:
    name = _copy(toy_models, Task.SEGMENTATION, "toy-points", kinds=["calcification"], experimental=True)
    assert [info.id for info in choose(())[Task.SEGMENTATION]] == ["toy-segmentation"], "experimental ones are named"
    assert [info.id for info in choose((name,))[Task.SEGMENTATION]] == [name, "toy-segmentation"]
