"""Sizes of the parts that networks are made of: bodies and heads. No torch here.

Bounded, so that a hostile manifest cannot ask for all memory.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mammoview.core.errors import UsageError

Channels = Annotated[int, Field(ge=1, le=4096)]
Units = Annotated[int, Field(ge=1, le=64)]
Classes = Annotated[int, Field(ge=2, le=64)]
Width = Annotated[int, Field(ge=4, le=256)]
DropoutRate = Annotated[float, Field(ge=0.0, lt=1.0)]
Pixels = Annotated[int, Field(ge=32, le=8192, multiple_of=32)]
Blocks = Field(min_length=1, max_length=8)


class HyperParameters(BaseModel):
    """Sizes of a network; every field has a default, an unknown one is refused.

    Attributes
    ----------
    stride
        Height and width of an image must be multiples of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    stride: ClassVar[int] = 1

    @property
    def outputs(self) -> int:
        """How many numbers come out for an image or a pixel; a package names a label for each."""
        return 1

    def check_input(self, rows: int, columns: int) -> None:
        """Refuse an image that the network cannot take.

        Parameters
        ----------
        rows, columns
            Height and width, input pixels.

        Raises
        ------
        UsageError
            With the sizes that are taken.
        """
        if rows % self.stride or columns % self.stride or not rows or not columns:
            raise UsageError(
                f"The network cannot take an image of {rows} × {columns} pixels.",
                f"Height and width must be multiples of {self.stride}.",
            )


class NormedConvolutions(HyperParameters):
    """Whether convolutions before a batch norm have biases.

    Attributes
    ----------
    conv_bias
        The batch norm makes them superfluous. The published totals count them; the common torch layout has none.
    """

    conv_bias: bool = True


class BodySizes(HyperParameters):
    """Sizes that every classifier's body has.

    Attributes
    ----------
    width
        Channels of the first convolution; the stages multiply it.
    in_channels
        1 for gray, 3 where ImageNet weights are the start.
    """

    stride: ClassVar[int] = 32
    width: Width = 64
    in_channels: Literal[1, 3] = 3

    @property
    def out_channels(self) -> int:
        """Channels of the last map, at stride 32."""
        raise NotImplementedError


class ResNetSizes(BodySizes, NormedConvolutions):
    """Sizes of a residual body of bottleneck units (He et al. 2016); the defaults are ResNet-50.

    Attributes
    ----------
    depths
        Units in each of the four stages; stage k ends with ``width · 4 · 2^k`` channels.
    """

    depths: tuple[Units, Units, Units, Units] = (3, 4, 6, 3)

    @property
    def out_channels(self) -> int:
        """Channels of the last map, at stride 32."""
        return self.width * 32


class VggSizes(BodySizes):
    """Sizes of a plain body without batch norms (Simonyan and Zisserman 2014); the defaults are VGG16.

    Attributes
    ----------
    depths
        Convolutions in each of the five blocks; block k has ``width · 2^k`` channels, the last as many as the fourth.
    """

    depths: tuple[Units, Units, Units, Units, Units] = (2, 2, 3, 3, 3)

    @property
    def out_channels(self) -> int:
        """Channels of the last map, at stride 32."""
        return self.width * 8


class HeadSizes(HyperParameters):
    """Sizes that every classifier's head has."""

    classes: Classes = 2
    dropout: DropoutRate = 0.5

    @property
    def outputs(self) -> int:
        """One logit for each class."""
        return self.classes


class PatchHeadSizes(HeadSizes):
    """Average pooling, dropout and one dense layer."""

    classes: Classes = 5


class ImageHeadSizes(HeadSizes):
    """What every head of a whole-image classifier is."""


class ResidualTopSizes(ImageHeadSizes, NormedConvolutions):
    """Blocks of bottleneck units, average pooling, one dense layer; written ``[a-b-c]×n`` by Shen et al. 2019.

    Attributes
    ----------
    top
        (a, b, c) channels of the 1×1, 3×3 and 1×1 convolutions of each block's units; each block halves the map.
    top_units
        Units in each block.
    """

    top: Annotated[tuple[tuple[Channels, Channels, Channels], ...], Blocks] = ((512, 512, 1024), (512, 512, 1024))
    top_units: Units = 2


class PlainTopSizes(ImageHeadSizes, NormedConvolutions):
    """Blocks of 3×3 convolutions and a maximum, average pooling, one dense layer; written ``[k×n]``.

    Attributes
    ----------
    top
        Channels of each block; each block halves the map.
    top_units
        Convolutions in each block, each with batch norm.
    top_dropout
        After each of them.
    """

    top: Annotated[tuple[Channels, ...], Blocks] = (512, 512)
    top_units: Units = 1
    top_dropout: DropoutRate = 0.0


class HeatmapSizes(ImageHeadSizes):
    """The patch classifier's own head as a convolution, a maximum, and dense layers: images of one size only.

    Attributes
    ----------
    rows, columns
        The one input size, pixels.
    window
        Side of the patches, positions of the body's map (224 pixels are 7).
    patch_classes
        Of the patch classifier.
    pool
        Side of the squares whose maximum is taken, positions of the heatmap.
    dense
        Units of the two dense layers.
    """

    rows: Pixels = 1152
    columns: Pixels = 896
    window: Units = 7
    patch_classes: Classes = 5
    pool: Units = 5
    dense: tuple[Channels, Channels] = (64, 32)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if min(self.pooled) < 1:
            raise ValueError("the image is too small for the window and the pooling")
        return self

    @property
    def pooled(self) -> tuple[int, int]:
        """Rows and columns of the heatmap after the maximum."""
        rows, columns = ((size // 32 - self.window + 1) // self.pool for size in (self.rows, self.columns))
        return rows, columns

    def check_input(self, rows: int, columns: int) -> None:
        """Refuse every size but the one; see `HyperParameters.check_input`."""
        if (rows, columns) != (self.rows, self.columns):
            raise UsageError(
                f"The heatmap network cannot take an image of {rows} × {columns} pixels.",
                f"Its dense layers take {self.rows} × {self.columns} alone.",
            )


class AttentionSizes(ImageHeadSizes):
    """Attention pooling: each position has a say of its own, and a weight.

    Attributes
    ----------
    attention
        Channels that a position is reduced to.
    """

    attention: Channels = 128
