"""The architectures that a package may name, and their sizes. No torch here: the list of packages needs none.

A package brings numbers, never code. The sizes are bounded so that a hostile manifest cannot ask for all memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammoview.core.errors import ModelPackageError

Channels = Annotated[int, Field(ge=1, le=4096)]
Units = Annotated[int, Field(ge=1, le=64)]
DropoutRate = Annotated[float, Field(ge=0.0, lt=1.0)]


class HyperParameters(BaseModel):
    """Sizes of a network; every field has a default, an unknown one is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResNetSizes(HyperParameters):
    """Sizes of a residual body of bottleneck units (He et al. 2016); the defaults are ResNet-50.

    Attributes
    ----------
    depths
        Units in each of the four stages.
    width
        Channels after the stem; stage k ends with ``width · 4 · 2^k`` channels.
    in_channels
        1 for gray, 3 where ImageNet weights are the start.
    """

    depths: tuple[Units, Units, Units, Units] = (3, 4, 6, 3)
    width: Annotated[int, Field(ge=4, le=256)] = 64
    in_channels: Literal[1, 3] = 3

    @property
    def out_channels(self) -> int:
        """Channels of the last map, at stride 32."""
        return self.width * 32


class PatchNetSizes(ResNetSizes):
    """Sizes of the patch classifier: a residual body, average pooling and one dense layer."""

    classes: Annotated[int, Field(ge=2, le=64)] = 5
    dropout: DropoutRate = 0.5


class WholeImageNetSizes(ResNetSizes):
    """Sizes of the whole-image classifier: a residual body and an all-convolutional top.

    Attributes
    ----------
    top
        (a, b, c) channels of the 1×1, 3×3 and 1×1 convolutions of each block's units; each block halves the map.
    top_units
        Units in each block.
    """

    top: tuple[tuple[Channels, Channels, Channels], ...] = ((512, 512, 1024), (512, 512, 1024))
    top_units: Units = 2
    classes: Annotated[int, Field(ge=2, le=64)] = 2
    dropout: DropoutRate = 0.5


class BCirUNetSizes(HyperParameters):
    """Sizes of the B-Cir U-Net; the defaults are the published ones.

    Attributes
    ----------
    width
        Channels of the first level; each of the four levels doubles them.
    skip_pool
        What ends a skip branch: a 2×2 maximum with stride 1, or nothing. The published layer table allows both.
    """

    width: Annotated[int, Field(ge=2, le=128)] = 16
    in_channels: Literal[1, 3] = 1
    dropout: DropoutRate = 0.1
    skip_pool: Literal["max2s1", "identity"] = "max2s1"


PATCH_NET = "resnet-patch"
WHOLE_IMAGE_NET = "resnet-whole-image"
BCIR_UNET = "bcir-unet"

SIZES: Mapping[str, type[HyperParameters]] = {
    PATCH_NET: PatchNetSizes,
    WHOLE_IMAGE_NET: WholeImageNetSizes,
    BCIR_UNET: BCirUNetSizes,
}


def sizes_of(architecture: str, hyper_parameters: Mapping[str, object]) -> HyperParameters:
    """Check the hyper-parameters of an architecture.

    Raises
    ------
    ModelPackageError
        For an architecture that this program does not know, or sizes that it does not allow.
    """
    known = SIZES.get(architecture)
    if known is None:
        raise ModelPackageError(
            f"The model names the architecture “{architecture}”, which this program does not know.",
            "A newer MammoView may know it; this one knows " + ", ".join(SIZES) + ".",
        )
    try:
        return known.model_validate(hyper_parameters)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelPackageError(
            f"The model's size “{where}” of architecture “{architecture}” is not allowed: {first['msg']}.",
            "Ask whoever made the package for a corrected one.",
        ) from error
