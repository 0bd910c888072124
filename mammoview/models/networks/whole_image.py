"""From patch classifier to whole-image classifier, all convolutional.

Shen et al. 2019, "Deep learning to improve breast cancer detection on screening mammography", doi
10.1038/s41598-019-48995-4. The patch classifier learns what lesions look like. Its body, without pooling and dense
layer, is then applied to whole images, where it gives a map at stride 32; a head on that map, trained with image
labels alone, gives the image's score. Any body goes with any head. In residual parts the stride sits in the 3×3
convolution of a block's first unit.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from mammoview.models.architectures import name_of
from mammoview.models.networks.bodies import Body, body_for
from mammoview.models.networks.heads import HeatmapHead, head_for
from mammoview.models.networks.resnet import ResNetBody
from mammoview.models.sizes import BodySizes, HeadSizes, HyperParameters, ImageHeadSizes, ResNetSizes, VggSizes


class Classifier(nn.Module):
    """A body that makes a map, and a head that makes logits from it.

    Parameters
    ----------
    sizes
        Of an architecture that has a body and a head.

    Attributes
    ----------
    body, head
        ``head(body(images))`` is the answer. Grad-CAM needs the head alone.
    """

    def __init__(self, sizes: HyperParameters) -> None:
        super().__init__()
        assert isinstance(sizes, BodySizes)
        assert isinstance(sizes, HeadSizes)
        self.sizes = sizes
        self.body: Body = body_for(sizes)
        self.head = head_for(sizes, self.body.out_channels)

    @property
    def architecture(self) -> str:
        """Its name in `architectures.SIZES`."""
        return name_of(self.sizes)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, h, w), float, to logits (n, classes); `UsageError` for sizes that it cannot take."""
        self.sizes.check_input(images.shape[-2], images.shape[-1])
        result: Tensor = self.head(self.body(images))
        return result


class PatchNet(Classifier):
    """Classifies a patch: body, average pooling, dropout, dense layer."""

    def map_logits(self, features: Tensor) -> Tensor:
        """The dense layer applied at every position of the body's map.

        Shape (n, channels, h, w) to (n, classes, h, w); the mean over positions is the patch's own logits.
        """
        dense = self._dense
        return torch.einsum("nchw,kc->nkhw", features, dense.weight) + dense.bias[None, :, None, None]

    def to_image_net(self, sizes: HyperParameters) -> WholeImageNet:
        """A whole-image classifier with a copy of this body under a new head.

        A heatmap head takes a copy of the dense layer too; all else in a head is random.

        Parameters
        ----------
        sizes
            Of a whole-image classifier with the same body.

        Raises
        ------
        ValueError
            When ``sizes`` describe another body, other patch classes, or no whole-image classifier.
        """
        if not isinstance(sizes, ImageHeadSizes):
            raise ValueError(f"{name_of(sizes)} is not a whole-image classifier")
        of_body = ResNetSizes if isinstance(self.body, ResNetBody) else VggSizes
        if not isinstance(sizes, of_body):
            raise ValueError(f"{name_of(sizes)} has another body than the patch net's, {self.architecture}")
        for name in of_body.model_fields:
            if getattr(sizes, name) != getattr(self.sizes, name):
                raise ValueError(f"the whole-image net's {name} must be the patch net's")
        if getattr(sizes, "patch_classes", self.sizes.classes) != self.sizes.classes:
            raise ValueError("the heatmap's patch_classes must be the patch net's classes")
        net = WholeImageNet(sizes)
        net.body = copy.deepcopy(self.body)
        if isinstance(net.head, HeatmapHead):
            net.head.transplant(self._dense)
        return net

    @property
    def _dense(self) -> nn.Linear:
        dense = self.head.get_submodule("fc")
        assert isinstance(dense, nn.Linear)
        return dense


class WholeImageNet(Classifier):
    """Classifies a whole image: body and any of the heads of `heads`."""
