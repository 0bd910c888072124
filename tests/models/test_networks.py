"""The networks: sizes, surgery, layout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mammoview.core.errors import ModelPackageError
from mammoview.models.architectures import BCirUNetSizes, PatchNetSizes, ResNetSizes, WholeImageNetSizes
from mammoview.models.networks import BCirUNet, PatchNet, WholeImageNet, build
from mammoview.models.networks.bcir_unet import SizedMaxPool
from mammoview.models.networks.resnet import ResNetBody, load_torch_layout

SMALL = {"depths": (1, 1, 1, 1), "width": 8, "in_channels": 1}


def trained_and_kept(net: nn.Module) -> tuple[int, int]:
    trained = sum(parameter.numel() for parameter in net.parameters())
    kept = sum(b.numel() for name, b in net.named_buffers() if not name.endswith("num_batches_tracked"))
    return trained, kept


def test_bcir_unet_has_the_published_numbers() -> None:
    with torch.device("meta"):
        trained, kept = trained_and_kept(build("bcir-unet", {}))
    assert trained == 1_274_289
    assert kept == 2_432
    assert trained + kept == 1_276_721


def test_resnet_50_has_the_sizes_of_the_torch_layout() -> None:
    with torch.device("meta"):
        body = ResNetBody(ResNetSizes())
        whole = build("resnet-whole-image", {})
    # 25,557,032 of the thousand-class network less its dense layer.
    assert trained_and_kept(body)[0] == 25_557_032 - 2_049_000
    assert sum(trained_and_kept(whole)) == 40_905_666
    assert body.layer3[5].conv2.weight.shape == (256, 256, 3, 3)


@pytest.mark.parametrize("size", [(32, 32), (96, 64), (64, 160)])
def test_whole_image_net_takes_any_multiple_of_32(size: tuple[int, int]) -> None:
    net = WholeImageNet(WholeImageNetSizes(**SMALL, top=((8, 8, 16), (8, 8, 16)))).eval()
    assert net(torch.zeros(2, 1, *size)).shape == (2, 2)
    assert net.body(torch.zeros(1, 1, *size)).shape == (1, 256, size[0] // 32, size[1] // 32)


def test_top_blocks_halve_the_map_with_a_projected_shortcut() -> None:
    net = WholeImageNet(WholeImageNetSizes(**SMALL, top=((8, 8, 16), (8, 8, 16))))
    top = net.head.top
    assert top(torch.zeros(2, 256, 36, 28)).shape == (2, 16, 9, 7)
    assert [len(block) for block in top] == [2, 2]
    assert [block[0].downsample is not None for block in top] == [True, True]
    assert [block[1].downsample is None for block in top] == [True, True]


def test_surgery_keeps_the_features_of_a_crop_inside_the_receptive_field() -> None:
    torch.manual_seed(0)
    patch_net = PatchNet(PatchNetSizes(**SMALL)).eval()
    image_net = patch_net.to_image_net(WholeImageNetSizes(**SMALL, top=((8, 8, 16),))).eval()
    image = torch.randn(1, 1, 448, 384)
    with torch.no_grad():
        whole = image_net.body(image)
        crop = patch_net.body(image[..., 96 : 96 + 224, 64 : 64 + 224])
    # With one unit a stage the receptive field reaches 75 px; two positions from the border no padding is seen.
    torch.testing.assert_close(crop[..., 2:-2, 2:-2], whole[..., 3 + 2 : 3 + 5, 2 + 2 : 2 + 5], atol=1e-4, rtol=0)
    assert not torch.allclose(crop[..., 0, 0], whole[..., 3, 2], atol=1e-4)


def test_surgery_copies_the_body() -> None:
    patch_net = PatchNet(PatchNetSizes(**SMALL))
    image_net = patch_net.to_image_net(WholeImageNetSizes(**SMALL, top=((8, 8, 16),)))
    with torch.no_grad():
        image_net.body.conv1.weight.zero_()
    assert patch_net.body.conv1.weight.abs().sum() > 0
    with pytest.raises(ValueError, match="width"):
        patch_net.to_image_net(WholeImageNetSizes(depths=(1, 1, 1, 1), width=16, in_channels=1))


def test_patch_map_averages_to_the_patch_logits() -> None:
    net = PatchNet(PatchNetSizes(**SMALL)).eval()
    features = torch.randn(2, 256, 5, 3)
    torch.testing.assert_close(net.map_logits(features).mean(dim=(2, 3)), net.head(features))


def standard_names() -> set[str]:
    """Names of a 50-layer network in the common torch layout, written from its description."""
    names = {"conv1.weight"} | {f"bn1.{p}" for p in ("weight", "bias", "running_mean", "running_var")}
    for layer, units in enumerate((3, 4, 6, 3), start=1):
        for unit in range(units):
            prefix = f"layer{layer}.{unit}."
            for k in (1, 2, 3):
                names.add(f"{prefix}conv{k}.weight")
                names |= {f"{prefix}bn{k}.{p}" for p in ("weight", "bias", "running_mean", "running_var")}
            if unit == 0:
                names.add(f"{prefix}downsample.0.weight")
                names |= {f"{prefix}downsample.1.{p}" for p in ("weight", "bias", "running_mean", "running_var")}
    return names


def test_resnet_50_carries_the_names_of_the_torch_layout() -> None:
    with torch.device("meta"):
        state = ResNetBody(ResNetSizes()).state_dict()
    assert {name for name in state if not name.endswith("num_batches_tracked")} == standard_names()


def test_colour_weights_load_into_a_gray_body() -> None:
    torch.manual_seed(0)
    colour = ResNetBody(ResNetSizes(depths=(1, 1, 1, 1), width=8)).eval()
    gray = ResNetBody(ResNetSizes(**SMALL)).eval()
    state = {k: v for k, v in colour.state_dict().items() if not k.endswith("num_batches_tracked")}
    notes = load_torch_layout(gray, {**state, "fc.weight": torch.zeros(2, 2), "fc.bias": torch.zeros(2)})
    image = torch.randn(1, 1, 64, 64)
    torch.testing.assert_close(gray(image), colour(image.expand(-1, 3, -1, -1)), atol=1e-4, rtol=1e-4)
    assert len(notes) == 2


def test_weights_that_do_not_fit_are_refused() -> None:
    body = ResNetBody(ResNetSizes(**SMALL))
    with pytest.raises(ModelPackageError, match="do not fit"):
        load_torch_layout(body, {"conv1.weight": torch.zeros(8, 1, 7, 7)})


@pytest.mark.parametrize("skip_pool", ["max2s1", "identity"])
def test_bcir_unet_keeps_the_size(skip_pool: str) -> None:
    net = BCirUNet(BCirUNetSizes(width=4, skip_pool=skip_pool)).eval()
    assert net(torch.zeros(2, 1, 48, 80)).shape == (2, 1, 48, 80)


def test_sized_pool_looks_right_and_down() -> None:
    image = torch.tensor([[[[-1.0, -2.0, -3.0], [-4.0, -0.5, -6.0], [-7.0, -8.0, -9.0]]]])
    expected = torch.tensor([[[[-0.5, -0.5, -3.0], [-0.5, -0.5, -6.0], [-7.0, -8.0, -9.0]]]])
    torch.testing.assert_close(SizedMaxPool()(image), expected)


@pytest.mark.parametrize("architecture", ["resnet-patch", "resnet-whole-image", "bcir-unet"])
def test_every_relu_is_used_once_and_out_of_place(architecture: str) -> None:
    small = {"width": 4, "in_channels": 1} if architecture == "bcir-unet" else {**SMALL}
    net = build(architecture, small).eval()
    calls: list[nn.Module] = []
    relus = [module for module in net.modules() if isinstance(module, nn.ReLU)]
    for relu in relus:
        assert not relu.inplace
        relu.register_forward_hook(lambda module, *_: calls.append(module))
    net(torch.zeros(1, 1, 64, 64))
    assert len(calls) == len(set(calls)) == len(relus)


@pytest.mark.parametrize(
    ("architecture", "hyper", "reason"),
    [
        ("resnet-200", {}, "does not know"),
        ("bcir-unet", {"width": 10_000}, "not allowed"),
        ("bcir-unet", {"depth": 5}, "not allowed"),
        ("resnet-patch", {"depths": (3, 4, 6)}, "not allowed"),
    ],
)
def test_unknown_words_are_refused(architecture: str, hyper: dict[str, object], reason: str) -> None:
    with pytest.raises(ModelPackageError, match=reason):
        build(architecture, hyper)
