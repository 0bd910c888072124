"""Weights of the common torch layout in our bodies."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mammoview.core.errors import ModelPackageError
from mammoview.models.loading import load_pretrained
from mammoview.models.networks import Classifier, build
from mammoview.models.networks.bodies import Body, body_for, load_torch_layout
from mammoview.models.sizes import BodySizes, ResNetSizes, VggSizes

RESNET = {"depths": (1, 1, 1, 1), "width": 8}
VGG = {"depths": (1, 1, 1, 1, 2), "width": 8}


def resnet_50_layout() -> dict[str, tuple[int, ...]]:
    """Names and shapes of a 50-layer network in the common torch layout, written from its description."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, channels: int) -> None:
        shapes.update((f"{name}.{part}", (channels,)) for part in ("weight", "bias", "running_mean", "running_var"))

    norm("bn1", 64)
    before = 64
    for layer, units in enumerate((3, 4, 6, 3), start=1):
        inner = 64 * 2 ** (layer - 1)
        for unit in range(units):
            prefix = f"layer{layer}.{unit}."
            sides = ((inner, before, 1), (inner, inner, 3), (4 * inner, inner, 1))
            for k, (after, coming, side) in enumerate(sides, start=1):
                shapes[f"{prefix}conv{k}.weight"] = (after, coming, side, side)
                norm(f"{prefix}bn{k}", after)
            if unit == 0:
                shapes[f"{prefix}downsample.0.weight"] = (4 * inner, before, 1, 1)
                norm(f"{prefix}downsample.1", 4 * inner)
            before = 4 * inner
    return shapes


def vgg_16_layout() -> dict[str, tuple[int, ...]]:
    """The same for the 16-layer network without batch norms; the numbers between are those of ReLUs and poolings."""
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    channels = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
    shapes: dict[str, tuple[int, ...]] = {}
    for k, place in enumerate(places):
        shapes[f"features.{place}.weight"] = (channels[k + 1], channels[k], 3, 3)
        shapes[f"features.{place}.bias"] = (channels[k + 1],)
    return shapes


@pytest.mark.parametrize(
    ("sizes", "layout"), [(ResNetSizes(conv_bias=False), resnet_50_layout()), (VggSizes(), vgg_16_layout())]
)
def test_bodies_carry_the_names_and_shapes_of_the_torch_layout(
    sizes: BodySizes, layout: dict[str, tuple[int, ...]]
) -> None:
    with torch.device("meta"):
        state = body_for(sizes).state_dict()
    found = {name: tuple(value.shape) for name, value in state.items() if not name.endswith("num_batches_tracked")}
    assert found == layout


def standard_checkpoint(body: Body) -> dict[str, Tensor]:
    """What a file from elsewhere holds: the body, and a classifier of a thousand classes."""
    state = {name: value for name, value in body.state_dict().items() if not name.endswith("num_batches_tracked")}
    return {**state, f"{body.classifier}weight": torch.zeros(1000, 2), f"{body.classifier}bias": torch.zeros(1000)}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("architecture", "source", "notes"),
    [
        (
            "resnet-patch",
            ResNetSizes(**RESNET, conv_bias=False),
            (
                "the classifier was left out",
                "the first kernels were summed over colour",
                "convolution biases, which the weights lack, were set to zero",
            ),
        ),
        (
            "vgg-patch",
            VggSizes(**VGG),
            ("the classifier was left out", "the first kernels were summed over colour"),
        ),
    ],
)
def test_a_checkpoint_file_gives_a_gray_net_the_answers_of_the_colour_net(
    tmp_path: Path, architecture: str, source: BodySizes, notes: tuple[str, ...], suffix: str
) -> None:
    import safetensors.torch

    torch.manual_seed(0)
    colour = body_for(source).train()
    with torch.no_grad():
        colour(torch.randn(2, 3, 64, 64))
    colour.eval()
    path = tmp_path / f"imagenet{suffix}"
    state = standard_checkpoint(colour)
    if suffix == ".pth":
        torch.save(state, path)
    else:
        safetensors.torch.save_file(state, path)
    net = build(architecture, {**source.model_dump(include={"depths", "width"}), "in_channels": 1}).eval()
    assert isinstance(net, Classifier)
    # Biases that training left behind would change the answer.
    for module in net.body.modules():
        if isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.ones_(module.bias)
    assert load_pretrained(net, path) == notes
    image = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(net.body(image), colour(image.expand(-1, 3, -1, -1)), atol=1e-4, rtol=1e-4)


def test_without_biases_nothing_is_said_of_them() -> None:
    source, target = (body_for(ResNetSizes(**RESNET, conv_bias=False)) for _ in range(2))
    assert load_torch_layout(target, source.state_dict()) == ()


def test_weights_that_do_not_fit_are_refused() -> None:
    resnet = body_for(ResNetSizes(**RESNET))
    with pytest.raises(ModelPackageError, match="do not fit"):
        load_torch_layout(resnet, {"conv1.weight": torch.zeros(8, 1, 7, 7)})
    with pytest.raises(ModelPackageError, match=r"Unexpected.*conv1.bias"):
        load_torch_layout(body_for(ResNetSizes(**RESNET, conv_bias=False)), resnet.state_dict())


def test_biases_that_are_missing_in_part_are_damage() -> None:
    state = body_for(ResNetSizes(**RESNET)).state_dict()
    del state["layer2.0.conv1.bias"]
    with pytest.raises(ModelPackageError, match=r"layer2\.0\.conv1\.bias"):
        load_torch_layout(body_for(ResNetSizes(**RESNET)), state)
    plain = body_for(VggSizes(**VGG)).state_dict()
    weights = {name: value for name, value in plain.items() if name.endswith("weight")}
    with pytest.raises(ModelPackageError, match=r"Missing.*features\.0\.bias"):
        load_torch_layout(body_for(VggSizes(**VGG)), weights)
