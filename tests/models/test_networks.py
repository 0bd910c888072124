"""The networks: published totals, what each may be given, the B-Cir U-Nets."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mammoview.core.errors import ModelPackageError, UsageError
from mammoview.models.architectures import PUBLISHED, SIZES, BCirUNet3Sizes, BCirUNetSizes
from mammoview.models.networks import BCirUNet, build
from mammoview.models.networks.bcir_unet import SizedMaxPool
from mammoview.models.networks.bodies import body_for
from mammoview.models.sizes import ResNetSizes, VggSizes

from .compact import COMPACT, compact_net  # noqa: TID252 - tests are no package that could be named


def trained_and_kept(net: nn.Module) -> tuple[int, int]:
    trained = sum(parameter.numel() for parameter in net.parameters())
    kept = sum(b.numel() for name, b in net.named_buffers() if not name.endswith("num_batches_tracked"))
    return trained, kept


def total(architecture: str, hyper_parameters: dict[str, object]) -> int:
    with torch.device("meta"):
        return sum(trained_and_kept(build(architecture, hyper_parameters)))


# docs of the methods: bodies, tops and totals of the publication's layer library.
RESNET_50, VGG_16, HEATMAP_HEAD = 23_587_712, 14_714_688, 10_274
TOTALS = {
    "resnet-resnet": 40_942_466,
    "resnet-vgg": 35_390_338,
    "vgg-vgg": 19_439_426,
    "vgg-vgg-small": 16_191_426,
    "vgg-resnet": 29_710_146,
    "resnet50-patch": RESNET_50 + 5 * 2048 + 5,
    "vgg16-patch": VGG_16 + 5 * 512 + 5,
    "resnet-heatmap": RESNET_50 + 5 * 2048 + 5 + HEATMAP_HEAD,
    "vgg-heatmap": VGG_16 + 5 * 512 + 5 + HEATMAP_HEAD,
    "bcir-unet": 1_276_721,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_totals(name: str) -> None:
    published = PUBLISHED[name]
    assert total(published.architecture, dict(published.hyper_parameters)) == published.numbers == TOTALS[name]


def test_the_bodies_have_the_published_totals() -> None:
    with torch.device("meta"):
        assert sum(trained_and_kept(body_for(ResNetSizes()))) == RESNET_50
        assert sum(trained_and_kept(body_for(VggSizes()))) == VGG_16


def test_without_convolution_biases_resnet_50_has_the_size_of_the_torch_layout() -> None:
    with torch.device("meta"):
        body = body_for(ResNetSizes(conv_bias=False))
    # 25,557,032 of the thousand-class network less its dense layer.
    assert trained_and_kept(body)[0] == 25_557_032 - 2_049_000
    assert total("resnet-whole-image", {"conv_bias": False}) == 40_905_666


def test_bcir_unet_has_the_published_numbers() -> None:
    with torch.device("meta"):
        assert trained_and_kept(build("bcir-unet", {})) == (1_274_289, 2_432)
        # Two more outputs of the last 1×1 convolution, each with its bias.
        assert trained_and_kept(build("bcir-unet-3", {})) == (1_274_289 + 2 * 17, 2_432)


@pytest.mark.parametrize("architecture", [name for name in COMPACT if not name.endswith("heatmap")])
@pytest.mark.parametrize("size", [(32, 32), (96, 64), (64, 160)])
def test_a_classifier_takes_any_multiple_of_32(architecture: str, size: tuple[int, int]) -> None:
    net = compact_net(architecture)
    images = torch.zeros(2, 1, *size)
    if isinstance(net, BCirUNet):
        assert net(images).shape == (2, net.sizes.outputs, *size)
        return
    assert net(images).shape == (2, net.sizes.outputs)
    assert net.body(images).shape[2:] == (size[0] // 32, size[1] // 32)


@pytest.mark.parametrize("architecture", [name for name in COMPACT if "unet" not in name and "heatmap" not in name])
def test_other_sizes_are_refused_in_plain_words(architecture: str) -> None:
    with pytest.raises(UsageError, match=r"100 × 64 pixels.*multiples of 32"):
        compact_net(architecture)(torch.zeros(1, 1, 100, 64))


@pytest.mark.parametrize("architecture", ["resnet-heatmap", "vgg-heatmap"])
def test_a_heatmap_net_takes_one_size_alone(architecture: str) -> None:
    net = compact_net(architecture)
    assert net(torch.zeros(2, 1, 192, 160)).shape == (2, 2)
    with pytest.raises(UsageError, match=r"160 × 192 pixels.*192 × 160 alone"):
        net(torch.zeros(1, 1, 160, 192))
    with torch.device("meta"), pytest.raises(UsageError, match=r"1024 × 896 pixels.*1152 × 896 alone"):
        build(architecture, {})(torch.zeros(1, 3, 1024, 896))


@pytest.mark.parametrize("skip_pool", ["max2s1", "identity"])
def test_bcir_unet_keeps_the_size(skip_pool: str) -> None:
    net = BCirUNet(BCirUNetSizes(width=4, skip_pool=skip_pool)).eval()
    assert net(torch.zeros(2, 1, 48, 80)).shape == (2, 1, 48, 80)


def test_three_answers_are_exclusive_and_one_stands_alone() -> None:
    logits = torch.tensor([2.0, -1.0, 0.5])[None, :, None, None]
    three = BCirUNet(BCirUNet3Sizes(width=2)).probabilities(logits)
    torch.testing.assert_close(three.flatten(), torch.exp(logits.flatten()) / torch.exp(logits).sum())
    one = BCirUNet(BCirUNetSizes(width=2)).probabilities(logits[:, :1])
    torch.testing.assert_close(one.flatten(), 1 / (1 + torch.exp(torch.tensor([-2.0]))))


def test_sized_pool_looks_right_and_down() -> None:
    image = torch.tensor([[[[-1.0, -2.0, -3.0], [-4.0, -0.5, -6.0], [-7.0, -8.0, -9.0]]]])
    expected = torch.tensor([[[[-0.5, -0.5, -3.0], [-0.5, -0.5, -6.0], [-7.0, -8.0, -9.0]]]])
    torch.testing.assert_close(SizedMaxPool()(image), expected)


@pytest.mark.parametrize("architecture", COMPACT)
def test_every_relu_is_used_once_and_out_of_place(architecture: str) -> None:
    net = compact_net(architecture)
    calls: list[nn.Module] = []
    relus = [module for module in net.modules() if isinstance(module, nn.ReLU)]
    for relu in relus:
        assert not relu.inplace
        relu.register_forward_hook(lambda module, *_: calls.append(module))
    net(torch.zeros(1, 1, 192, 160))
    assert len(calls) == len(set(calls)) == len(relus)


def test_each_architecture_is_built_and_knows_its_name() -> None:
    with torch.device("meta"):
        assert [build(name, {}).architecture for name in SIZES] == list(SIZES)


@pytest.mark.parametrize(
    ("architecture", "hyper", "reason"),
    [
        ("resnet-200", {}, "does not know"),
        ("bcir-unet", {"width": 10_000}, "not allowed"),
        ("bcir-unet", {"depth": 5}, "not allowed"),
        ("resnet-patch", {"depths": (3, 4, 6)}, "not allowed"),
        ("vgg-patch", {"conv_bias": False}, "not allowed"),
        ("vgg-whole-image", {"top": ((512, 512, 1024),)}, "not allowed"),
        ("resnet-whole-image", {"top": ((512, 512, 1024),) * 9}, "not allowed"),
        ("resnet-whole-image", {"top": ()}, "not allowed"),
        ("resnet-heatmap", {"rows": 1000}, "not allowed"),
        ("resnet-heatmap", {"rows": 160}, "too small"),
    ],
)
def test_unknown_words_are_refused(architecture: str, hyper: dict[str, object], reason: str) -> None:
    with pytest.raises(ModelPackageError, match=reason):
        build(architecture, hyper)
