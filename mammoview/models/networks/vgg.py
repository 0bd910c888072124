"""Plain body of 3×3 convolutions (Simonyan and Zisserman 2014, arXiv 1409.1556), VGG16 by default.

Names and shapes follow the common torch layout (``features.N``), so that ImageNet state dicts load; no batch norms, as
published. Every ReLU is its own module and works out of place.
"""

from __future__ import annotations

from torch import Tensor, nn

from mammoview.models.networks.resnet import initialise
from mammoview.models.sizes import VggSizes


class VggBody(nn.Module):
    """The convolutional part: image to map at stride 32.

    Parameters
    ----------
    sizes
        Depths, width and input channels.
    """

    stem, classifier = "features.0", "classifier."

    def __init__(self, sizes: VggSizes) -> None:
        super().__init__()
        self.out_channels = sizes.out_channels
        self.features = nn.Sequential()
        before = sizes.in_channels
        for block, depth in enumerate(sizes.depths):
            channels = sizes.width * 2 ** min(block, 3)
            for _ in range(depth):
                self.features.extend((nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()))
                before = channels
            self.features.append(nn.MaxPool2d(2))
        # No batch norm repairs activations that fade from layer to layer.
        initialise(self, keeps="fan_in")

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, in_channels, h, w), h and w multiples of 32, to (n, out_channels, h / 32, w / 32)."""
        result: Tensor = self.features(x)
        return result
