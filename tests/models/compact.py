"""A compact network of each architecture, for the tests of this folder."""

from __future__ import annotations

import torch
from torch import nn

from mammoview.models.networks import Network, build

RESNET: dict[str, object] = {"depths": (1, 1, 1, 1), "width": 4, "in_channels": 1}
VGG: dict[str, object] = {"depths": (1, 1, 1, 1, 2), "width": 4, "in_channels": 1}
HEATMAP: dict[str, object] = {"rows": 192, "columns": 160, "window": 3, "pool": 2, "dense": (8, 4)}
RESIDUAL: dict[str, object] = {"top": ((4, 4, 8), (8, 8, 16))}
PLAIN: dict[str, object] = {"top": (8, 4), "top_units": 2, "top_dropout": 0.1}

COMPACT: dict[str, dict[str, object]] = {
    "resnet-patch": RESNET,
    "vgg-patch": VGG,
    "resnet-whole-image": {**RESNET, **RESIDUAL},
    "resnet-vgg-whole-image": {**RESNET, **PLAIN},
    "vgg-whole-image": {**VGG, **PLAIN},
    "vgg-resnet-whole-image": {**VGG, **RESIDUAL},
    "resnet-heatmap": {**RESNET, **HEATMAP},
    "vgg-heatmap": {**VGG, **HEATMAP},
    "resnet-attention": {**RESNET, "attention": 8},
    "vgg-attention": {**VGG, "attention": 8},
    "bcir-unet": {"width": 2},
    "bcir-unet-3": {"width": 2},
}


def compact_net(architecture: str, *, seed: int = 0) -> Network:
    """Random weights, and batch norms that fit them: without, a deep net's answer hardly depends on the image."""
    torch.manual_seed(seed)
    net = build(architecture, COMPACT[architecture]).train()
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = 1.0
    with torch.no_grad():
        net(torch.randn(4, 1, 192, 160))
    return net.eval()
