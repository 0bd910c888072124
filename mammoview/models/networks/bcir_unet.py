"""B-Cir U-Net, the segmenter of lesion crops.

Roychowdhury et al., "B-Cir U-Net: a deep learning approach to detect, classify and localize breast cancer".
Built from the published layer table: 1,276,721 numbers, of which 1,274,289 are trained and 2,432 are the running
statistics of batch norms. One convolution a level, skip branches of four separable convolutions. The table leaves open
what ends a skip branch (a pooling whose output is as large as its input), see ``skip_pool``. The text speaks of benign
and malignant, which one output cannot tell apart; the variant with three outputs can.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mammoview.models.architectures import BCirUNetSizes, name_of

LEVELS = 4

# The layer library of the publication: epsilon 1e-3, and a momentum of 0.99 for what is kept (torch counts the rest).
_EPSILON, _MOMENTUM = 1e-3, 0.01


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


def _conv(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, channels, 3, padding=1), _norm(channels), nn.ReLU())


def _separable(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
    )


class SizedMaxPool(nn.Module):
    """2×2 maximum with stride 1 that keeps the size: each pixel with its right, lower and lower right neighbour."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2, stride=1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, c, h, w) to the same."""
        # Padded on all sides the result is one larger; without its first row and column only the far sides are padded.
        result: Tensor = self.pool(x)[..., 1:, 1:]
        return result


def _skip(channels: int, skip_pool: str) -> nn.Sequential:
    return nn.Sequential(
        _separable(channels),
        _norm(channels),
        nn.ReLU(),
        _separable(channels),
        _norm(channels),
        nn.ReLU(),
        _separable(channels),
        nn.ReLU(),
        _separable(channels),
        SizedMaxPool() if skip_pool == "max2s1" else nn.Identity(),
    )


class _Decoder(nn.Module):
    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * channels, channels, 3, stride=2)
        self.dropout = nn.Dropout(dropout)
        self.conv = _conv(2 * channels, channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        # "same" in the publication's layer library cuts the last row and column.
        up = self.up(x)[..., :-1, :-1]
        result: Tensor = self.conv(self.dropout(torch.cat((up, skip), dim=1)))
        return result


class BCirUNet(nn.Module):
    """Segments the lesion of a crop.

    Parameters
    ----------
    sizes
        Width, dropout, outputs and the open detail. Images may have any height and width that are multiples of 16.
    """

    def __init__(self, sizes: BCirUNetSizes) -> None:
        super().__init__()
        widths = [sizes.width * 2**level for level in range(LEVELS)]
        before = [sizes.in_channels, *widths[:-1]]
        self.sizes = sizes
        self.encoders = nn.ModuleList(_conv(i, c) for i, c in zip(before, widths, strict=True))
        self.pool = nn.Sequential(nn.MaxPool2d(2), nn.Dropout(sizes.dropout))
        self.bottleneck = _conv(widths[-1], 2 * widths[-1])
        self.skips = nn.ModuleList(_skip(c, sizes.skip_pool) for c in widths)
        self.decoders = nn.ModuleList(_Decoder(c, sizes.dropout) for c in widths)
        self.head = nn.Conv2d(widths[0], sizes.outputs, 1)

    @property
    def architecture(self) -> str:
        """Its name in `architectures.SIZES`."""
        return name_of(self.sizes)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, in_channels, h, w), float, to logits (n, outputs, h, w)."""
        skips = []
        x = images
        for encoder, skip in zip(self.encoders, self.skips, strict=True):
            activation = encoder(x)
            skips.append(skip(activation))
            x = self.pool(activation)
        x = self.bottleneck(x)
        for decoder, branch in zip(reversed(self.decoders), reversed(skips), strict=True):
            x = decoder(x, branch)
        result: Tensor = self.head(x)
        return result

    def probabilities(self, logits: Tensor) -> Tensor:
        """What the logits say, of the same shape: one output's sigmoid, as published, or several outputs' softmax."""
        return torch.sigmoid(logits) if self.sizes.outputs == 1 else torch.softmax(logits, dim=1)
