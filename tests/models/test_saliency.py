"""Saliency maps: where they point, what randomisation does to them, and the way back to native pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box, PixelTransform
from mammoview.models.architectures import ResNetImageSizes, ResNetPatchSizes
from mammoview.models.networks import Classifier, PatchNet, WholeImageNet
from mammoview.models.networks.heads import AttentionHead
from mammoview.models.networks.resnet import ResNetBody
from mammoview.models.saliency import attention_map, attention_weights, gradcam, guided_backprop, patch_map

from .compact import COMPACT, compact_net  # noqa: TID252 - tests are no package that could be named

SMALL = {"depths": (1, 1, 1, 1), "width": 8, "in_channels": 1}
STRAIGHT = PixelTransform.scale_crop(Box(0, 0, 512, 384), 256, 192)
MIRRORED = PixelTransform.scale_crop(Box(0, 0, 512, 384), 256, 192, flip_columns=True)


def whole_net(*, seed: int = 0) -> WholeImageNet:
    torch.manual_seed(seed)
    net = WholeImageNet(ResNetImageSizes(**SMALL, top=((8, 8, 16),), top_units=1)).train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(2, 1, 256, 192))
    return net.eval()


class BrightBody(nn.Module):
    """Averages of 32 × 32 pixels: a body whose map is known."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(images, 32)


def bright_net() -> Classifier:
    """Says malignant where it is bright."""
    fc = nn.Linear(1, 2, bias=False)
    fc.weight = nn.Parameter(torch.tensor([[-1.0], [1.0]]))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), fc)
    net = Classifier.__new__(Classifier)
    nn.Module.__init__(net)
    net.body, net.head, net.sizes = BrightBody(), head, ResNetPatchSizes(classes=2)  # type: ignore[assignment]
    return net.eval()


def with_spot() -> np.ndarray:
    image = np.zeros((1, 256, 192), np.float32)
    image[0, 64:96, 128:160] = 1.0
    return image


def features_of(net: nn.Module, image: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return net.body(torch.from_numpy(image)[None])[0].numpy()


@pytest.mark.parametrize(("transform", "column"), [(STRAIGHT, 4), (MIRRORED, 1)])
def test_gradcam_points_at_the_spot_in_native_pixels(transform: PixelTransform, column: int) -> None:
    net = bright_net()
    found = gradcam(net, features_of(net, with_spot()), target=1, transform=transform)
    values = found.to_array()
    assert values.shape == (8, 6)
    assert np.unravel_index(values.argmax(), values.shape) == (2, column)
    assert (values.max(), np.count_nonzero(values)) == (1, 1)
    assert found.box == Box(0, 0, 512, 384)
    native = transform.inverse().apply_box(Box(64, 128, 96, 160))
    cell = Box(2 * 64, column * 64, 3 * 64, (column + 1) * 64)
    assert native == cell


@pytest.mark.parametrize("size", [(761, 598), (4095, 3327), (2601, 1999)])
def test_map_never_reaches_beyond_the_image(size: tuple[int, int]) -> None:
    transform = PixelTransform.scale_crop(Box(0, 0, *size), 256, 192, flip_columns=True)
    net = bright_net()
    found = gradcam(net, features_of(net, with_spot()), target=1, transform=transform)
    assert found.box.as_list() == [0, 0, *size]


def test_gradcam_of_the_other_class_is_empty() -> None:
    net = bright_net()
    assert not gradcam(net, features_of(net, with_spot()), target=0, transform=STRAIGHT).to_array().any()


def test_gradcam_equals_the_definition_and_leaves_the_network_alone() -> None:
    net = whole_net()
    net.requires_grad_(True)
    image = np.random.default_rng(0).standard_normal((1, 256, 192)).astype(np.float32)
    found = gradcam(net, features_of(net, image), target=1, transform=STRAIGHT).to_array()
    activation = net.body(torch.from_numpy(image)[None]).detach().requires_grad_()
    net.head(activation)[0, 1].backward()
    assert activation.grad is not None
    expected = torch.relu((activation.grad.mean((2, 3), keepdim=True) * activation).sum(1))[0].detach().numpy()
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-3)
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_randomising_the_top_changes_gradcam() -> None:
    image = np.random.default_rng(0).standard_normal((1, 256, 192)).astype(np.float32)
    net, other = whole_net(seed=0), whole_net(seed=1)
    features = features_of(net, image)
    first = gradcam(net, features, target=1, transform=STRAIGHT).to_array()
    second = gradcam(other, features, target=1, transform=STRAIGHT).to_array()
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] < 0.9


def test_guided_map_has_positive_gradients_of_positive_activations_only() -> None:
    net = whole_net()
    image = np.random.default_rng(0).standard_normal((1, 256, 192)).astype(np.float32)
    found = guided_backprop(net, image, target=1, transform=STRAIGHT)
    values = found.to_array()
    assert values.shape == (256, 192)
    assert (values.min(), values.max()) == (0, 1)
    plain = torch.from_numpy(image)[None].requires_grad_()
    net(plain)[0, 1].backward()
    assert plain.grad is not None
    gradient = plain.grad[0, 0].clamp(min=0).numpy()
    assert np.corrcoef(values.ravel(), gradient.ravel())[0, 1] < 0.9
    again = guided_backprop(net, image, target=1, transform=STRAIGHT)
    assert again == found


def test_guided_hand_example() -> None:
    """Two hidden units: one silent, one active with a negative weight; the third alone passes its gradient on."""

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            x = images.flatten(1)
            hidden = self.relu(torch.stack((-x[:, 0], x[:, 1], x[:, 2]), dim=1))
            score = hidden @ torch.tensor([3.0, -5.0, 7.0])
            return torch.stack((-score, score), dim=1)

    image = np.array([[[1.0, 1.0, 1.0]]], np.float32)
    values = guided_backprop(Tiny(), image, target=1, transform=STRAIGHT).to_array()  # type: ignore[arg-type]
    np.testing.assert_array_equal(values, [[0, 0, 1]])


def test_guided_map_of_a_mirrored_input_is_mirrored_back() -> None:
    net = whole_net()
    image = np.random.default_rng(0).standard_normal((1, 256, 192)).astype(np.float32)
    straight = guided_backprop(net, image, target=1, transform=STRAIGHT).to_array()
    mirrored = guided_backprop(net, image, target=1, transform=MIRRORED).to_array()
    np.testing.assert_array_equal(straight[:, ::-1], mirrored)


def test_gradient_that_is_zero_everywhere_gives_an_empty_map() -> None:
    net = bright_net()
    values = guided_backprop(net, with_spot(), target=0, transform=STRAIGHT).to_array()
    assert not values.any()


def test_patch_map_says_at_each_place_what_the_patch_would() -> None:
    torch.manual_seed(0)
    net = PatchNet(ResNetPatchSizes(**SMALL)).eval()
    image = np.random.default_rng(0).standard_normal((1, 448, 384)).astype(np.float32)
    features = features_of(net, image)
    maps = patch_map(net, features, labels=tuple(PatchClass), patch_px=224, transform=STRAIGHT)
    stack = np.stack([one.to_array() for one in maps])
    assert [one.name for one in maps] == list(PatchClass)
    assert stack.shape == (5, 14, 12)
    np.testing.assert_allclose(stack.sum(axis=0), 1, atol=5e-3)
    # The position whose window is the 224-pixel patch at (96, 64).
    inner = torch.from_numpy(features[:, 3:10, 2:9].copy())[None]
    with torch.no_grad():
        expected = torch.softmax(net.head(inner), dim=1)[0].numpy()
    np.testing.assert_allclose(stack[:, 6, 5], expected, atol=2e-3)


CLASSIFIERS = [name for name in COMPACT if not name.startswith("bcir")]


def compact_classifier(architecture: str) -> tuple[Classifier, np.ndarray]:
    """A compact net of that kind, and an image for it."""
    net = compact_net(architecture)
    assert isinstance(net, Classifier)
    return net, np.random.default_rng(0).standard_normal((1, 192, 160)).astype(np.float32)


@pytest.mark.parametrize("architecture", CLASSIFIERS)
def test_gradcam_goes_through_every_head(architecture: str) -> None:
    """Against the definition, by the gradient of the whole network; one of two classes has a map that is not empty."""
    net, image = compact_classifier(architecture)
    batch = torch.from_numpy(image)[None]
    largest = []
    for target in (0, 1):
        found = gradcam(net, features_of(net, image), target=target, transform=STRAIGHT).to_array()
        kept: list[torch.Tensor] = []
        hook = net.body.register_forward_hook(lambda _, __, output, kept=kept: kept.append(output) or output)  # type: ignore[func-returns-value]
        logit = net(batch)[0, target]
        hook.remove()
        (gradient,) = torch.autograd.grad(logit, kept[0])
        expected = torch.relu((gradient.mean((2, 3), keepdim=True) * kept[0]).sum(1))[0].detach().numpy()
        assert found.shape == (6, 5)
        largest.append(expected.max())
        np.testing.assert_allclose(found, expected / max(expected.max(), 1e-30), atol=1e-3)
    assert max(largest) > 0


@pytest.mark.parametrize("architecture", CLASSIFIERS)
def test_attention_weighs_the_logits_of_places_to_those_of_the_image(architecture: str) -> None:
    """They are what the image's logits are made of; heads without attention have none."""
    net, image = compact_classifier(architecture)
    features = features_of(net, image)
    assert (attention_weights(net, features) is None) == ("attention" not in architecture)
    if not isinstance(net.head, AttentionHead):
        return
    torch.nn.init.normal_(net.head.score.weight)
    weights = attention_weights(net, features)
    assert weights is not None
    with torch.inference_mode():
        logits = net.head.map_logits(torch.from_numpy(features)[None])[0].numpy()
        expected = net(torch.from_numpy(image)[None])[0].numpy()
    np.testing.assert_allclose((logits * weights).sum(axis=(1, 2)), expected, atol=1e-5)
    shown = attention_map(weights, transform=STRAIGHT).to_array()
    assert shown.max() == 1
    np.testing.assert_allclose(shown, weights / weights.max(), atol=1e-3)


@pytest.mark.parametrize("architecture", CLASSIFIERS)
def test_guided_map_hooks_every_relu(architecture: str) -> None:
    """No ReLU is a function, or one module used twice: each would be missed, or guide the wrong gradient."""
    net, image = compact_classifier(architecture)
    calls: dict[str, int] = {}
    hooks = [
        module.register_forward_hook(lambda *_, name=name: calls.update({name: calls.get(name, 0) + 1}))
        for name, module in net.named_modules()
        if isinstance(module, nn.ReLU)
    ]
    traced = torch.fx.symbolic_trace(net.body)
    assert not [node for node in traced.graph.nodes if node.op == "call_function" and "relu" in str(node.target)]
    values = [guided_backprop(net, image, target=target, transform=STRAIGHT).to_array() for target in (0, 1)]
    for hook in hooks:
        hook.remove()
    assert set(calls.values()) == {2}
    # A head of a few random units may let no positive gradient through; what comes through is scaled.
    assert {float(value.max()) for value in values} <= {0.0, 1.0}
    assert all(value.shape == (192, 160) for value in values)


@pytest.mark.parametrize("architecture", ["resnet-patch", "vgg-patch"])
def test_patch_map_of_both_bodies(architecture: str) -> None:
    net, image = compact_classifier(architecture)
    assert isinstance(net, PatchNet)
    maps = patch_map(net, features_of(net, image), labels=tuple(PatchClass), patch_px=96, transform=STRAIGHT)
    stack = np.stack([one.to_array() for one in maps])
    assert stack.shape == (5, 6, 5)
    np.testing.assert_allclose(stack.sum(axis=0), 1, atol=5e-3)


def test_body_type_is_what_training_gives() -> None:
    assert isinstance(whole_net().body, ResNetBody)
