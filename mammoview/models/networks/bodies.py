"""The two bodies: built from their sizes, and filled with weights from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mammoview.core.errors import ModelPackageError
from mammoview.models.networks.resnet import ResNetBody
from mammoview.models.networks.vgg import VggBody
from mammoview.models.sizes import BodySizes, ResNetSizes, VggSizes

Body = ResNetBody | VggBody


def body_for(sizes: BodySizes) -> Body:
    """The body that the sizes describe, with random weights."""
    if isinstance(sizes, ResNetSizes):
        return ResNetBody(sizes)
    assert isinstance(sizes, VggSizes)
    return VggBody(sizes)


def load_torch_layout(body: Body, state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Put a state dict of the common torch layout, such as ImageNet weights, into a body.

    The classifier is left out. Where the body takes one channel, the first kernels are summed over colour, which gives
    the same answer as three equal channels. Where a residual body has convolution biases and the state dict has none,
    they are zero, which gives the same answer too.

    Parameters
    ----------
    body
        A ResNet-50, a VGG16, or one of other depths and width of the same layout.
    state
        Names as in ``conv1.weight``, ``layer1.0.conv1.weight`` or ``features.0.weight``.

    Returns
    -------
    tuple of str
        What was changed on the way, for the log.

    Raises
    ------
    ModelPackageError
        When names or shapes do not fit.
    """
    notes = []
    fitting = {name: value for name, value in state.items() if not name.startswith(body.classifier)}
    if len(fitting) < len(state):
        notes.append("the classifier was left out")
    name = f"{body.stem}.weight"
    stem = fitting.get(name)
    if stem is not None and stem.ndim == 4 and stem.shape[1] == 3 and body.get_parameter(name).shape[1] == 1:
        fitting[name] = stem.sum(dim=1, keepdim=True)
        notes.append("the first kernels were summed over colour")
    biases = _superfluous_biases(body)
    if biases and biases.isdisjoint(fitting):
        fitting.update((bias, torch.zeros_like(body.get_parameter(bias))) for bias in sorted(biases))
        notes.append("convolution biases, which the weights lack, were set to zero")
    for counter, buffer in body.named_buffers():
        if counter.endswith("num_batches_tracked"):
            fitting.setdefault(counter, torch.zeros_like(buffer))
    try:
        body.load_state_dict(fitting)
    except RuntimeError as error:
        raise ModelPackageError(
            "The weights do not fit the network: " + " ".join(str(error).split())[:400],
            "Weights in the torch layout with the same depths and width are needed, of a bottleneck ResNet or a VGG "
            "without batch norms.",
        ) from error
    return tuple(notes)


def _superfluous_biases(body: Body) -> set[str]:
    if isinstance(body, VggBody):
        return set()
    return {
        f"{name}.bias"
        for name, module in body.named_modules()
        if isinstance(module, nn.Conv2d) and module.bias is not None
    }
