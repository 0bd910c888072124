"""The architectures that a package may name, and their sizes. No torch here: the list of packages needs none.

A package brings numbers, never code. A classifier is a body and a head, and so are its sizes: each architecture below
is one of each, from `mammoview.models.sizes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, JsonValue, ValidationError, model_validator

from mammoview.core.errors import ModelPackageError
from mammoview.models.sizes import (
    AttentionSizes,
    BodySizes,
    DropoutRate,
    HeadSizes,
    HeatmapSizes,
    HyperParameters,
    PatchHeadSizes,
    PlainTopSizes,
    ResidualTopSizes,
    ResNetSizes,
    VggSizes,
)


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
    """Sizes of the net that compares an exam with earlier ones: a patch classifier, and a recurrent unit after it.

    Attributes
    ----------
    body_architecture, body
        The patch classifier that body and dense layer come from, and its sizes.
    window
        Side of the patches that the classifier learned, positions of the body's map (96 pixels are 3).
    embedding
        Numbers that stand for a view.
    hidden
        Numbers that the recurrent unit remembers.
    """

    stride: ClassVar[int] = 32
    # A body of its own kind would nest without end.
    body_architecture: Annotated[str, Field(pattern="-patch$")] = "resnet-patch"
    body: dict[str, JsonValue] = Field(default_factory=dict)
    # Odd: a window has a middle.
    window: Literal[1, 3, 5, 7] = 3
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
    def patch_classes(self) -> int:
        """Classes of the dense layer that looks for lesions; the first is background."""
        sizes = sizes_of(self.body_architecture, self.body)
        assert isinstance(sizes, PatchHeadSizes)
        return sizes.classes

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
