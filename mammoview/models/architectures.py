"""The architectures that a package may name, and their sizes. No torch here: the list of packages needs none.

A package brings numbers, never code. The sizes are bounded so that a hostile manifest cannot ask for all memory. A
classifier is a body and a head, and so are its sizes: each architecture below is one of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from mammoview.core.errors import ModelPackageError, UsageError

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


class ResNetPatchSizes(ResNetSizes, PatchHeadSizes):
    """Sizes of the residual patch classifier."""


class VggPatchSizes(VggSizes, PatchHeadSizes):
    """Sizes of the plain patch classifier."""


class ResNetImageSizes(ResNetSizes, ResidualTopSizes):
    """Sizes of the whole-image classifier that is residual throughout."""


class ResNetVggSizes(ResNetSizes, PlainTopSizes):
    """Sizes of the hybrid of a residual body and a plain top."""


class VggImageSizes(VggSizes, PlainTopSizes):
    """Sizes of the whole-image classifier that is plain throughout."""


class VggResNetSizes(VggSizes, ResidualTopSizes):
    """Sizes of the hybrid of a plain body and a residual top."""


class ResNetHeatmapSizes(ResNetSizes, HeatmapSizes):
    """Sizes of the heatmap variant on a residual body."""


class VggHeatmapSizes(VggSizes, HeatmapSizes):
    """Sizes of the heatmap variant on a plain body."""


class ResNetAttentionSizes(ResNetSizes, AttentionSizes):
    """Sizes of the attention variant on a residual body."""


class VggAttentionSizes(VggSizes, AttentionSizes):
    """Sizes of the attention variant on a plain body."""


class BCirUNetSizes(HyperParameters):
    """Sizes of the B-Cir U-Net; the defaults are the published ones.

    Attributes
    ----------
    width
        Channels of the first level; each of the four levels doubles them.
    skip_pool
        What ends a skip branch: a 2×2 maximum with stride 1, or nothing. The published layer table allows both.
    """

    stride: ClassVar[int] = 16
    width: Annotated[int, Field(ge=2, le=128)] = 16
    in_channels: Literal[1, 3] = 1
    dropout: DropoutRate = 0.1
    skip_pool: Literal["max2s1", "identity"] = "max2s1"


class BCirUNet3Sizes(BCirUNetSizes):
    """Sizes of the same graph with three exclusive answers: background, benign, malignant."""

    @property
    def outputs(self) -> int:
        """One for each kind of tissue."""
        return 3


class GruPriorsSizes(HeadSizes):
    """Sizes of the net that compares an exam with earlier ones: a classifier's body, and a recurrent unit after it.

    Attributes
    ----------
    body_architecture, body
        The classifier that the body comes from, and its sizes.
    embedding
        Numbers that stand for a view.
    hidden
        Numbers that the recurrent unit remembers.
    """

    stride: ClassVar[int] = 32
    # A body of its own kind would nest without end.
    body_architecture: Annotated[str, Field(pattern="-(patch|whole-image|attention)$")] = "resnet-patch"
    body: dict[str, JsonValue] = Field(default_factory=dict)
    embedding: Annotated[int, Field(ge=1, le=1024)] = 32
    hidden: Annotated[int, Field(ge=1, le=1024)] = 32

    @model_validator(mode="after")
    def _knows_its_body(self) -> Self:
        sizes_of(self.body_architecture, self.body)
        return self

    @property
    def body_sizes(self) -> BodySizes:
        """Sizes of the classifier that the body comes from."""
        sizes = sizes_of(self.body_architecture, self.body)
        assert isinstance(sizes, BodySizes)
        return sizes

    @property
    def in_channels(self) -> int:
        """Channels of the images."""
        return self.body_sizes.in_channels


SIZES: Mapping[str, type[HyperParameters]] = {
    "resnet-patch": ResNetPatchSizes,
    "vgg-patch": VggPatchSizes,
    "resnet-whole-image": ResNetImageSizes,
    "resnet-vgg-whole-image": ResNetVggSizes,
    "vgg-whole-image": VggImageSizes,
    "vgg-resnet-whole-image": VggResNetSizes,
    "resnet-heatmap": ResNetHeatmapSizes,
    "vgg-heatmap": VggHeatmapSizes,
    "resnet-attention": ResNetAttentionSizes,
    "vgg-attention": VggAttentionSizes,
    "bcir-unet": BCirUNetSizes,
    "bcir-unet-3": BCirUNet3Sizes,
    "gru-priors": GruPriorsSizes,
}


class Published(NamedTuple):
    """A network as it was published.

    Attributes
    ----------
    numbers
        Parameters and running statistics of batch norms, as the publications' layer library counts them.
    """

    architecture: str
    hyper_parameters: Mapping[str, object]
    numbers: int


_DEFAULTS: Mapping[str, object] = MappingProxyType({})

#: Shen et al. 2019 (doi 10.1038/s41598-019-48995-4), as body and top, and Roychowdhury et al. The totals of the patch
#: and heatmap networks are not published; they follow from those of the bodies and from the layers' definitions.
PUBLISHED: Mapping[str, Published] = {
    "resnet50-patch": Published("resnet-patch", _DEFAULTS, 23_597_957),
    "vgg16-patch": Published("vgg-patch", _DEFAULTS, 14_717_253),
    "resnet-resnet": Published("resnet-whole-image", _DEFAULTS, 40_942_466),
    "resnet-vgg": Published("resnet-vgg-whole-image", _DEFAULTS, 35_390_338),
    "vgg-vgg": Published("vgg-whole-image", _DEFAULTS, 19_439_426),
    "vgg-vgg-small": Published("vgg-whole-image", MappingProxyType({"top": (256, 128)}), 16_191_426),
    "vgg-resnet": Published("vgg-resnet-whole-image", _DEFAULTS, 29_710_146),
    "resnet-heatmap": Published("resnet-heatmap", _DEFAULTS, 23_608_231),
    "vgg-heatmap": Published("vgg-heatmap", _DEFAULTS, 14_727_527),
    "bcir-unet": Published("bcir-unet", _DEFAULTS, 1_276_721),
}


def name_of(sizes: HyperParameters) -> str:
    """The architecture that has these sizes."""
    return next(name for name, kind in SIZES.items() if kind is type(sizes))


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
