"""From patch net to whole-image net, and what each head does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mammoview.models.architectures import sizes_of
from mammoview.models.networks import PatchNet, WholeImageNet, build
from mammoview.models.networks.bodies import body_for
from mammoview.models.networks.heads import AttentionHead, HeatmapHead, head_for
from mammoview.models.sizes import (
    AttentionSizes,
    BodySizes,
    HeadSizes,
    HeatmapSizes,
    ImageHeadSizes,
    PlainTopSizes,
    ResidualTopSizes,
    ResNetSizes,
    VggSizes,
)
from mammoview.models.tiling import reach_of

from .compact import COMPACT, compact_net  # noqa: TID252 - tests are no package that could be named

IMAGE_NETS = [name for name in COMPACT if isinstance(sizes_of(name, {}), ImageHeadSizes)]


def surgery(architecture: str) -> tuple[PatchNet, WholeImageNet]:
    patch_net = compact_net(f"{architecture.split('-')[0]}-patch")
    assert isinstance(patch_net, PatchNet)
    image_net = patch_net.to_image_net(sizes_of(architecture, COMPACT[architecture])).eval()
    assert image_net.architecture == architecture
    return patch_net, image_net


@pytest.mark.parametrize("architecture", IMAGE_NETS)
def test_surgery_copies_the_body(architecture: str) -> None:
    patch_net, image_net = surgery(architecture)
    before = {name: value.clone() for name, value in patch_net.body.state_dict().items()}
    assert before.keys() == image_net.body.state_dict().keys()
    for name, value in image_net.body.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)
    with torch.no_grad():
        for parameter in image_net.parameters():
            parameter.zero_()
    for name, value in patch_net.body.state_dict().items():
        torch.testing.assert_close(value, before[name], atol=0, rtol=0)


def test_surgery_between_bodies_that_differ_is_refused() -> None:
    patch_net, _ = surgery("resnet-whole-image")
    for architecture, hyper, reason in (
        ("resnet-whole-image", {"depths": (1, 1, 1, 1), "width": 8, "in_channels": 1}, "width"),
        ("resnet-whole-image", {**COMPACT["resnet-whole-image"], "conv_bias": False}, "conv_bias"),
        ("vgg-whole-image", COMPACT["vgg-whole-image"], "another body"),
        ("resnet-patch", COMPACT["resnet-patch"], "not a whole-image"),
        ("resnet-heatmap", {**COMPACT["resnet-heatmap"], "patch_classes": 4}, "patch_classes"),
    ):
        with pytest.raises(ValueError, match=reason):
            patch_net.to_image_net(sizes_of(architecture, hyper))


# Full depths; eight channels, since how far a position sees does not depend on the width.
@pytest.mark.parametrize("sizes", [ResNetSizes(width=8, in_channels=1), VggSizes(width=8, in_channels=1)])
def test_a_crop_has_the_features_of_its_place_in_the_image(sizes: BodySizes) -> None:
    torch.manual_seed(0)
    body = body_for(sizes).eval()
    image = torch.randn(1, 1, 864, 832)
    row, column, side = 64, 32, 768
    with torch.no_grad():
        whole = body(image)
        crop = body(image[..., row : row + side, column : column + side])
    same = whole[..., row // 32 : (row + side) // 32, column // 32 : (column + side) // 32]
    # A position sees its own 32 pixels and so many positions to each side.
    margin = reach_of(sizes)[1] // 32
    inner = (..., slice(margin, -margin), slice(margin, -margin))
    assert crop[inner].shape[-1] == side // 32 - 2 * margin >= 10
    apart = (crop - same).abs() / same.abs().max()
    assert apart[inner].max() < 1e-4
    # Beyond, the crop's border is seen.
    assert apart[..., 0, :].max() > 1e-2


def test_a_plain_body_starts_with_activations_that_neither_fade_nor_explode() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        features = body_for(VggSizes(width=16, in_channels=1))(torch.randn(1, 1, 224, 224))
    # Pooling takes maxima, so they grow a little.
    assert 0.2 < features.square().mean().sqrt() < 20


def test_patch_map_averages_to_the_patch_logits() -> None:
    for architecture in ("resnet-patch", "vgg-patch"):
        net = compact_net(architecture)
        assert isinstance(net, PatchNet)
        features = torch.randn(2, net.body.out_channels, 5, 3)
        torch.testing.assert_close(net.map_logits(features).mean(dim=(2, 3)), net.head(features))


@pytest.mark.parametrize("sizes", [ResidualTopSizes(top=((4, 4, 16), (8, 4, 12))), PlainTopSizes(top=(16, 12))])
def test_each_block_of_a_top_halves_the_map(sizes: HeadSizes) -> None:
    head = head_for(sizes, 8).eval()
    first, second = head.get_submodule("top")
    features = first(torch.randn(1, 8, 36, 28))
    assert features.shape == (1, 16, 18, 14)
    assert second(features).shape == (1, 12, 9, 7)
    assert head(torch.randn(2, 8, 36, 28)).shape == (2, 2)


def test_a_residual_block_projects_its_first_shortcut_alone() -> None:
    top = head_for(ResidualTopSizes(top=((4, 4, 8), (4, 4, 8)), top_units=3), 8).get_submodule("top")
    assert [[unit.downsample is not None for unit in block] for block in top] == [[True, False, False]] * 2


def test_a_plain_block_is_convolution_norm_relu_and_a_maximum() -> None:
    top = head_for(PlainTopSizes(top=(4, 6), top_units=2), 8).get_submodule("top")
    unit = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.Dropout]
    for block in top:
        assert [type(layer) for layer in block] == [*unit, *unit, nn.MaxPool2d]


@pytest.mark.parametrize("architecture", ["resnet-heatmap", "vgg-heatmap"])
def test_the_heatmap_is_the_patch_classifier_at_every_window(architecture: str) -> None:
    patch_net, image_net = surgery(architecture)
    head = image_net.head
    assert isinstance(head, HeatmapHead)
    features = torch.randn(1, image_net.body.out_channels, 6, 5)
    logits = head.map_logits(features)
    assert logits.shape == (1, 5, 4, 3)
    for row in range(4):
        for column in range(3):
            window = features[..., row : row + 3, column : column + 3]
            torch.testing.assert_close(logits[..., row, column], patch_net.head(window))
            expected = torch.softmax(patch_net.head(window), dim=1)
            torch.testing.assert_close(head.map_shares(features)[..., row, column], expected)


def test_the_published_heatmap_becomes_120_numbers() -> None:
    head = head_for(HeatmapSizes(), 8)
    assert head.map_logits(torch.zeros(1, 8, 36, 28)).shape == (1, 5, 30, 22)
    assert head.top[0].in_features == 6 * 4 * 5


def test_gradients_pass_where_a_softmax_is_saturated() -> None:
    _, image_net = surgery("resnet-heatmap")
    head = image_net.head
    with torch.no_grad():
        head.get_parameter("heatmap.conv.bias").copy_(torch.tensor([0.0, 0.0, 0.0, 0.0, 200.0]))
        # Random dense layers may switch this one place off; these let every number of the heatmap through.
        for name, parameter in head.named_parameters():
            if not name.startswith("heatmap"):
                parameter.fill_(0.1)
        for name, buffer in head.named_buffers():
            if name.startswith("top") and not name.endswith("tracked"):
                buffer.fill_(1.0)
    features = torch.randn(1, image_net.body.out_channels, 6, 5, requires_grad=True)

    def gradient_with(activation: nn.Module) -> torch.Tensor:
        head.add_module("relu", activation)
        return torch.autograd.grad(head(features)[0, 1], features)[0]

    assert torch.count_nonzero(gradient_with(nn.Softmax(dim=1))) == 0
    assert torch.count_nonzero(gradient_with(nn.ReLU())) > 0
    assert isinstance(build("resnet-heatmap", COMPACT["resnet-heatmap"]).head.relu, nn.ReLU)


def test_attention_begins_as_the_mean_and_can_settle_on_one_place() -> None:
    torch.manual_seed(0)
    head = head_for(AttentionSizes(attention=8), 6).eval()
    assert isinstance(head, AttentionHead)
    features = torch.randn(2, 6, 4, 3)
    own = head.map_logits(features)
    torch.testing.assert_close(head(features), own.mean(dim=(2, 3)))
    torch.testing.assert_close(head.map_weights(features), torch.full((2, 4, 3), 1 / 12))
    with torch.no_grad():
        head.score.weight.normal_(std=1000.0)
    weights = head.map_weights(features)
    torch.testing.assert_close(weights.sum(dim=(1, 2)), torch.ones(2))
    place = weights[0].argmax()
    assert weights[0].max() > 0.999
    torch.testing.assert_close(head(features)[0], own[0].flatten(1)[:, place], atol=1e-2, rtol=0)


def test_what_is_new_after_surgery_has_names_of_its_own() -> None:
    """Schedules free ``head.top.*`` and ``head.fc.*`` first; what came from the patch net is named otherwise."""
    for architecture in IMAGE_NETS:
        net = build(architecture, COMPACT[architecture])
        names = {name.split(".")[0] for name, _ in net.head.named_parameters()}
        assert names - {"heatmap", "score"} == {"top", "fc"}
        assert ("heatmap" in names) == architecture.endswith("heatmap")
