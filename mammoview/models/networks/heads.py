"""Heads: what makes logits from a body's map.

The tops of Shen et al. 2019 (doi 10.1038/s41598-019-48995-4): residual, plain, and the heatmap variant; and attention
pooling (Ilse et al. 2018, arXiv 1802.04712). New layers of a whole-image head are named ``top`` and ``fc``, so that a
schedule can free them and keep what came from the patch classifier.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from mammoview.models.networks.resnet import initialise, stage
from mammoview.models.sizes import AttentionSizes, HeadSizes, HeatmapSizes, PlainTopSizes, ResidualTopSizes


def head_for(sizes: HeadSizes, channels: int) -> nn.Module:
    """The head that the sizes describe, on a map of so many channels, with random weights."""
    if isinstance(sizes, HeatmapSizes):
        return HeatmapHead(sizes, channels)
    if isinstance(sizes, AttentionSizes):
        return AttentionHead(sizes, channels)
    layers: list[tuple[str, nn.Module]] = []
    if isinstance(sizes, ResidualTopSizes):
        layers, channels = [("top", _residual_top(sizes, channels))], sizes.top[-1][2]
    elif isinstance(sizes, PlainTopSizes):
        layers, channels = [("top", _plain_top(sizes, channels))], sizes.top[-1]
    return _named(
        *layers,
        ("pool", nn.AdaptiveAvgPool2d(1)),
        ("flatten", nn.Flatten()),
        ("dropout", nn.Dropout(sizes.dropout)),
        ("fc", nn.Linear(channels, sizes.classes)),
    )


def _residual_top(sizes: ResidualTopSizes, channels: int) -> nn.Sequential:
    ends = [channels, *(block[2] for block in sizes.top)]
    top = nn.Sequential(
        *(
            stage(before, block, units=sizes.top_units, stride=2, bias=sizes.conv_bias)
            for (before, _), block in zip(pairwise(ends), sizes.top, strict=True)
        )
    )
    initialise(top)
    return top


def _plain_top(sizes: PlainTopSizes, channels: int) -> nn.Sequential:
    top = nn.Sequential()
    for after in sizes.top:
        block = nn.Sequential()
        for _ in range(sizes.top_units):
            block.extend(
                (
                    nn.Conv2d(channels, after, 3, padding=1, bias=sizes.conv_bias),
                    nn.BatchNorm2d(after),
                    nn.ReLU(),
                    nn.Dropout(sizes.top_dropout),
                )
            )
            channels = after
        # A map of one row or column has nothing to halve; ``ceil_mode`` keeps it.
        block.append(nn.MaxPool2d(2, ceil_mode=True))
        top.append(block)
    initialise(top)
    return top


class HeatmapHead(nn.Sequential):
    """The patch classifier at every place of the map, the maximum over squares, dense layers on what is left.

    The heatmap passes a ReLU: a softmax that is sure of itself lets no gradient through.

    Parameters
    ----------
    sizes
        Of the one input, the window and the dense layers.
    channels
        Of the body's map.
    """

    def __init__(self, sizes: HeatmapSizes, channels: int) -> None:
        heatmap = _named(
            ("pool", nn.AvgPool2d(sizes.window, stride=1)),
            ("dropout", nn.Dropout(sizes.dropout)),
            ("conv", nn.Conv2d(channels, sizes.patch_classes, 1)),
        )
        rows, columns = sizes.pooled
        first, second = sizes.dense
        top = nn.Sequential(
            *_dense(rows * columns * sizes.patch_classes, first, sizes.dropout), *_dense(first, second, sizes.dropout)
        )
        super().__init__()
        for name, layer in (
            ("heatmap", heatmap),
            ("relu", nn.ReLU()),
            ("pool", nn.MaxPool2d(sizes.pool)),
            ("flatten", nn.Flatten()),
            ("top", top),
            ("fc", nn.Linear(second, sizes.classes)),
        ):
            self.add_module(name, layer)

    def transplant(self, dense: nn.Linear) -> None:
        """Copy a patch classifier's dense layer, (patch_classes, channels), into the heatmap's convolution."""
        conv = self.get_submodule("heatmap.conv")
        assert isinstance(conv, nn.Conv2d)
        with torch.no_grad():
            conv.load_state_dict(
                {"weight": dense.weight[:, :, None, None].clone(), "bias": dense.bias.clone()}, strict=True
            )

    def map_logits(self, features: Tensor) -> Tensor:
        """The patch classifier's logits at every window of the body's map.

        Shape (n, channels, h, w) to (n, patch_classes, h - window + 1, w - window + 1).
        """
        result: Tensor = self.get_submodule("heatmap")(features)
        return result

    def map_shares(self, features: Tensor) -> Tensor:
        """The heatmap for display: `map_logits` with the softmax that the head itself does without."""
        return torch.softmax(self.map_logits(features), dim=1)


class AttentionHead(nn.Module):
    """Attention-based pooling of multiple instances (Ilse et al. 2018), without their gate.

    A position of the map is an instance: from 1×1 convolution, batch norm and ReLU it has logits of its own, and a
    score whose softmax over all positions is its weight. The image's logits are the weighted sum. All scores begin at
    zero, so training starts from the mean.

    Parameters
    ----------
    sizes
        Of the head.
    channels
        Of the body's map.
    """

    def __init__(self, sizes: AttentionSizes, channels: int) -> None:
        super().__init__()
        self.top = _named(
            ("conv", nn.Conv2d(channels, sizes.attention, 1)),
            ("bn", nn.BatchNorm2d(sizes.attention)),
            ("relu", nn.ReLU()),
        )
        initialise(self.top)
        self.dropout = nn.Dropout(sizes.dropout)
        # The softmax would take no notice of a bias.
        self.score = nn.Conv2d(sizes.attention, 1, 1, bias=False)
        self.fc = nn.Conv2d(sizes.attention, sizes.classes, 1)
        if not self.score.weight.is_meta:
            nn.init.zeros_(self.score.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Shape (n, channels, h, w) to logits (n, classes)."""
        scores, logits = self._positions(features)
        return torch.sum(torch.softmax(scores, dim=2) * logits, dim=2)

    def told(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The image's logits (n, classes), and of every position its score (n, h · w) and logits (n, classes, h · w).

        The softmax of the scores are the weights of the positions.
        """
        scores, logits = self._positions(features)
        return torch.sum(torch.softmax(scores, dim=2) * logits, dim=2), torch.flatten(scores, 1), logits

    def _positions(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n, 1, h · w) and logits (n, classes, h · w)."""
        instances = self.top(features)
        return torch.flatten(self.score(instances), 2), torch.flatten(self.fc(self.dropout(instances)), 2)

    def map_logits(self, features: Tensor) -> Tensor:
        """The logits of every position: shape (n, channels, h, w) to (n, classes, h, w)."""
        result: Tensor = self.fc(self.top(features))
        return result

    def map_weights(self, features: Tensor) -> Tensor:
        """The weight of every position: shape (n, channels, h, w) to (n, h, w), each map summing to 1."""
        scores = self.score(self.top(features))[:, 0]
        return torch.softmax(scores.flatten(1), dim=1).reshape(scores.shape)


def _dense(before: int, after: int, dropout: float) -> tuple[nn.Module, ...]:
    return nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU(), nn.Dropout(dropout)


def _named(*layers: tuple[str, nn.Module]) -> nn.Sequential:
    net = nn.Sequential()
    for name, layer in layers:
        net.add_module(name, layer)
    return net
