"""Where the score of an ensemble comes from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from mammoview.core.geometry import PixelTransform
from mammoview.models.networks import Network, WholeImageNet, build
from mammoview.models.saliency import attention_weights
from mammoview.pipeline import whole_image
from mammoview.pipeline.request import SaliencyMethod

BODY: dict[str, Any] = {"depths": (1, 1, 1, 1), "width": 4, "in_channels": 1}


def seen_by(seed: int, architecture: str = "resnet-attention", shape: tuple[int, int] = (128, 64)) -> whole_image.Seen:
    """What a small net saw of an image; its runner is the net itself."""
    torch.manual_seed(seed)
    sizes = {**BODY, "attention": 4} if architecture == "resnet-attention" else {**BODY, "top": ((2, 2, 4),)}
    net = build(architecture, sizes).eval()
    assert isinstance(net, WholeImageNet)
    if architecture == "resnet-attention":
        torch.nn.init.normal_(net.head.get_submodule("score").weight)
    image = np.random.default_rng(0).standard_normal((1, *shape)).astype(np.float32)
    with torch.inference_mode():
        features = net.body(torch.from_numpy(image)[None])[0].numpy()
    manifest = SimpleNamespace(labels=("benign", "malignant"))
    runner: Any = SimpleNamespace(net=net, package=SimpleNamespace(manifest=manifest))
    return whole_image.Seen(runner, image, features, PixelTransform.identity())


def module_of(runner: Any) -> Network:
    net: Network = runner.net
    return net


def weights_of(seen: whole_image.Seen) -> np.ndarray:
    found = attention_weights(module_of(seen.runner), seen.features)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_attention_is_the_mean_over_the_networks() -> None:
    both = [seen_by(1), seen_by(2)]
    found = whole_image.explain(module_of, both, SaliencyMethod.ATTENTION)
    assert found.name == "attention"
    mean = (weights_of(both[0]) + weights_of(both[1])) / 2
    np.testing.assert_allclose(found.to_array(), mean / mean.max(), atol=1e-3)
    assert not np.allclose(found.to_array(), weights_of(both[0]) / weights_of(both[0]).max(), atol=1e-2)


@pytest.mark.parametrize(
    "other", [seen_by(2, "resnet-whole-image"), seen_by(2, shape=(160, 64))], ids=["no attention", "other places"]
)
def test_gradcam_of_the_first_stands_in_where_attention_cannot_be_averaged(other: whole_image.Seen) -> None:
    first = seen_by(1)
    found = whole_image.explain(module_of, [first, other], SaliencyMethod.ATTENTION)
    alone = whole_image.explain(module_of, [first], SaliencyMethod.GRADCAM)
    assert found == alone
    assert found.name == "gradcam"
