"""From patch classifier to whole-image classifier, all convolutional.

Shen et al. 2019, "Deep learning to improve breast cancer detection on screening mammography", doi
10.1038/s41598-019-48995-4. The patch classifier learns what lesions look like. Its body, without pooling and dense
layer, is then applied to whole images, where it gives a map at stride 32; a top of bottleneck units on that map,
trained with image labels alone, gives the image's score. The stride of a top block sits in the 3×3 convolution of its
first unit, as in the body.
"""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from torch import Tensor, nn

from mammoview.models.architectures import PATCH_NET, WHOLE_IMAGE_NET, PatchNetSizes, WholeImageNetSizes
from mammoview.models.networks.resnet import ResNetBody, initialise, stage


class Classifier(nn.Module):
    """A body that makes a map, and a head that makes logits from it.

    Attributes
    ----------
    body, head
        ``head(body(images))`` is the answer. Grad-CAM needs the head alone.
    """

    def __init__(self, body: ResNetBody, head: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, h, w), float, to logits (n, classes)."""
        result: Tensor = self.head(self.body(images))
        return result


def _pooled_head(channels: int, classes: int, dropout: float) -> list[tuple[str, nn.Module]]:
    return [
        ("pool", nn.AdaptiveAvgPool2d(1)),
        ("flatten", nn.Flatten()),
        ("dropout", nn.Dropout(dropout)),
        ("fc", nn.Linear(channels, classes)),
    ]


def _named(layers: list[tuple[str, nn.Module]]) -> nn.Sequential:
    head = nn.Sequential()
    for name, layer in layers:
        head.add_module(name, layer)
    return head


class PatchNet(Classifier):
    """Classifies a patch: body, average pooling, dropout, dense layer.

    Parameters
    ----------
    sizes
        Of the body and the head.
    """

    architecture = PATCH_NET

    def __init__(self, sizes: PatchNetSizes) -> None:
        body = ResNetBody(sizes)
        super().__init__(body, _named(_pooled_head(body.out_channels, sizes.classes, sizes.dropout)))
        self.sizes = sizes

    def map_logits(self, features: Tensor) -> Tensor:
        """The dense layer applied at every position of the body's map.

        Shape (n, channels, h, w) to (n, classes, h, w); the mean over positions is the patch's own logits.
        """
        dense = self.head.get_submodule("fc")
        assert isinstance(dense, nn.Linear)
        return torch.einsum("nchw,kc->nkhw", features, dense.weight) + dense.bias[None, :, None, None]

    def to_image_net(self, sizes: WholeImageNetSizes) -> WholeImageNet:
        """A whole-image classifier with a copy of this body under a new top.

        Raises
        ------
        ValueError
            When ``sizes`` describe another body.
        """
        for name in ("depths", "width", "in_channels"):
            if getattr(sizes, name) != getattr(self.sizes, name):
                raise ValueError(f"the whole-image net's {name} must be the patch net's")
        net = WholeImageNet(sizes)
        net.body = copy.deepcopy(self.body)
        return net


class WholeImageNet(Classifier):
    """Classifies a whole image: body, blocks of bottleneck units with stride 2, average pooling, dense layer.

    Parameters
    ----------
    sizes
        Of the body and the top. Images may have any height and width that are multiples of 32.
    """

    architecture = WHOLE_IMAGE_NET

    def __init__(self, sizes: WholeImageNetSizes) -> None:
        body = ResNetBody(sizes)
        ends = [body.out_channels, *(channels[2] for channels in sizes.top)]
        top = nn.Sequential(
            *(
                stage(before, channels, units=sizes.top_units, stride=2)
                for (before, _), channels in zip(pairwise(ends), sizes.top, strict=True)
            )
        )
        initialise(top)
        super().__init__(body, _named([("top", top), *_pooled_head(ends[-1], sizes.classes, sizes.dropout)]))
        self.sizes = sizes
