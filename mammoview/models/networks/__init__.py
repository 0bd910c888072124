"""The networks, one family a file, and the one place that builds them from a package's words."""

from __future__ import annotations

from collections.abc import Mapping

from mammoview.models.architectures import BCirUNetSizes, GruPriorsSizes, sizes_of
from mammoview.models.networks.bcir_unet import BCirUNet
from mammoview.models.networks.temporal import PriorsNet
from mammoview.models.networks.whole_image import Classifier, PatchNet, WholeImageNet
from mammoview.models.sizes import ImageHeadSizes

Network = PatchNet | WholeImageNet | BCirUNet | PriorsNet

__all__ = ["BCirUNet", "Classifier", "Network", "PatchNet", "PriorsNet", "WholeImageNet", "build"]


def build(architecture: str, hyper_parameters: Mapping[str, object]) -> Network:
    """Build a network with random weights.

    Parameters
    ----------
    architecture
        A name of `architectures.SIZES`.
    hyper_parameters
        Its sizes; what is left out takes its default.

    Raises
    ------
    ModelPackageError
        For an unknown architecture, or sizes that are not allowed.
    """
    sizes = sizes_of(architecture, hyper_parameters)
    if isinstance(sizes, BCirUNetSizes):
        return BCirUNet(sizes)
    if isinstance(sizes, GruPriorsSizes):
        return PriorsNet(sizes)
    return WholeImageNet(sizes) if isinstance(sizes, ImageHeadSizes) else PatchNet(sizes)
