"""Residual body of bottleneck units (He et al. 2016, doi 10.1109/CVPR.2016.90), ResNet-50 by default.

Names and shapes follow the common torch layout, so that ImageNet state dicts load; convolution biases, which that
layout leaves out, are there by default, as in the layer library of the published totals. The stride of a stage sits in
the 3×3 convolution of its first unit (the layout's "v1.5"), not in the first 1×1 as in the original; the parameters are
the same. Every ReLU is its own module and works out of place: guided back-propagation hooks them one by one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from mammoview.models.sizes import ResNetSizes

EXPANSION = 4


class Bottleneck(nn.Module):
    """1×1 → 3×3 → 1×1, each with batch norm, added to the input or to a 1×1 projection of it.

    Parameters
    ----------
    in_channels
        Channels that come in.
    channels
        Channels of the three convolutions.
    stride
        1, or 2 to halve the map.
    bias
        Whether the convolutions have biases; the batch norms make them superfluous.
    """

    def __init__(self, in_channels: int, channels: tuple[int, int, int], *, stride: int = 1, bias: bool) -> None:
        super().__init__()
        first, middle, last = channels
        self.conv1 = nn.Conv2d(in_channels, first, 1, bias=bias)
        self.bn1 = nn.BatchNorm2d(first)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(first, middle, 3, stride=stride, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(middle)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(middle, last, 1, bias=bias)
        self.bn3 = nn.BatchNorm2d(last)
        self.relu3 = nn.ReLU()
        self.downsample: nn.Sequential | None = None
        if stride != 1 or in_channels != last:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, last, 1, stride=stride, bias=bias), nn.BatchNorm2d(last)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, in, h, w) to (n, last, h / stride, w / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        shortcut = x if self.downsample is None else self.downsample(x)
        result: Tensor = self.relu3(y + shortcut)
        return result


def stage(in_channels: int, channels: tuple[int, int, int], *, units: int, stride: int, bias: bool) -> nn.Sequential:
    """Several units with the same channels; the first takes the stride."""
    first = Bottleneck(in_channels, channels, stride=stride, bias=bias)
    return nn.Sequential(first, *(Bottleneck(channels[2], channels, bias=bias) for _ in range(units - 1)))


def initialise(net: nn.Module, *, keeps: Literal["fan_in", "fan_out"] = "fan_out") -> None:
    """He-normal convolutions, zero biases, unit batch norms: the start of a net without weights from elsewhere.

    Parameters
    ----------
    net
        Its convolutions and batch norms are set.
    keeps
        Whether the size of activations ("fan_in") or of gradients ("fan_out") is the same from layer to layer.
    """
    for module in net.modules():
        # Weights that are yet to be loaded have no numbers; torch would import its compiler (1 s) to fill them.
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(module.weight, mode=keeps, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


class ResNetBody(nn.Module):
    """The convolutional part: image to map at stride 32.

    Parameters
    ----------
    sizes
        Depths, width and input channels, and whether convolutions have biases.
    """

    stem, classifier = "conv1", "fc."

    def __init__(self, sizes: ResNetSizes) -> None:
        super().__init__()
        width, bias = sizes.width, sizes.conv_bias
        self.out_channels = sizes.out_channels
        self.conv1 = nn.Conv2d(sizes.in_channels, width, 7, stride=2, padding=3, bias=bias)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        ends = [width, *(width * 2**k * EXPANSION for k in range(4))]
        stages = []
        for k, (before, after) in enumerate(pairwise(ends)):
            inner = after // EXPANSION
            stages.append(
                stage(before, (inner, inner, after), units=sizes.depths[k], stride=1 if k == 0 else 2, bias=bias)
            )
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, in_channels, h, w), h and w multiples of 32, to (n, out_channels, h / 32, w / 32)."""
        y = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        result: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(y))))
        return result
