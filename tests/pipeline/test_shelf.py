"""Packages on the shelf: what is chosen, kept, and given up; and the networks that come out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammoview.core.errors import ModelPackageError, UsageError
from mammoview.core.geometry import Box
from mammoview.core.study import Mammogram
from mammoview.models.devices import Device, DeviceKind
from mammoview.models.engines import OutOfMemoryError, TorchEngine
from mammoview.models.manifest import Task
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


def test_active_packages_are_taken_and_named_ones_win(toy_models: Path) -> None:
    assert [info.id for info in choose(())[Task.PATCH]] == ["toy-patch"]
    assert [info.id for info in choose(("toy-whole-image@1.0",))[Task.WHOLE_IMAGE]] == ["toy-whole-image"]
    with pytest.raises(ModelPackageError, match="no model called"):
        choose(("other",))


def test_two_packages_for_one_place_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    info = choose(())[Task.PATCH][0]
    twins = {name: replace(info, sha256=name * 64) for name in ("a", "b")}
    monkeypatch.setattr("mammoview.pipeline.shelf.registry.find", lambda name: twins[name])
    with pytest.raises(UsageError, match="same task"):
        choose(("a", "b"))


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
    assert score.members == (score.p_malignant,)
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


def test_nothing_is_explained_unasked(request_of: AnalysisRequest, image: PreparedImage) -> None:
    networks = Shelf().open(replace(request_of, saliency=SaliencyMethod.NONE))
    networks.score([image])
    assert networks.explain(image) is None
    assert networks.patch_map(image) == ()


def test_missing_packages_are_told_once(
    request_of: AnalysisRequest, image: PreparedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mammoview.pipeline.shelf.registry.active", lambda task: None)
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
