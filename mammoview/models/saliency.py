"""Where a score comes from: attention, Grad-CAM, guided back-propagation, and the five-class patch map.

Each map is a `ValueMap` over the native pixels that the network saw, mirrored back where the input was mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mammoview.core.findings import ValueMap
from mammoview.core.geometry import Box, PixelTransform
from mammoview.models.networks import Classifier, PatchNet
from mammoview.models.networks.heads import AttentionHead

#: Guided back-propagation stays sharp when the network's weights are random (Adebayo et al. 2018): shown with it.
GUIDED_NOTE = "Guided back-propagation acts like an edge detector; it does not show what the model relied on."

# A few pixels on sharp edges would otherwise leave the rest of a guided map black.
_BRIGHTEST = 99.8


def gradcam(network: Classifier, features: NDArray[np.float32], *, target: int, transform: PixelTransform) -> ValueMap:
    """Gradient-weighted class activation map (Selvaraju et al. 2017, doi 10.1007/s11263-019-01228-7).

    Only the head is run and differentiated; the body's map comes from the engine that made the score.

    Parameters
    ----------
    network
        From `LoadedPackage.network`, on the CPU.
    features
        The body's map of one image, shape (channels, h, w), float32.
    target
        Index of the class.
    transform
        From native pixels to the input's.

    Returns
    -------
    ValueMap
        h × w values in [0, 1]; the largest is 1, or all are 0 where nothing speaks for the class.
    """
    activation = torch.from_numpy(np.ascontiguousarray(features))[None].requires_grad_()
    with _frozen(network), torch.enable_grad():
        logit = network.head(activation)[0, target]
        (gradient,) = torch.autograd.grad(logit, activation)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    values = (weights * activation.detach()).sum(dim=1)[0].clamp(min=0)
    return _native("gradcam", _to_unit(values.numpy(), float(values.max())), transform, stride=_STRIDE)


def attention_weights(network: Classifier, features: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """How much each place counts in the mean that a head with attention takes (Ilse et al. 2018, arXiv 1802.04712).

    No estimate: the image's logits are the sum of the places' own logits, each times its weight.

    Parameters
    ----------
    network, features
        As for `gradcam`.

    Returns
    -------
    ndarray, shape (h, w), float32, or None
        With sum 1. None where the network's head has no attention.
    """
    if not isinstance(network.head, AttentionHead):
        return None
    with _frozen(network), torch.inference_mode():
        weights = network.head.map_weights(torch.from_numpy(np.ascontiguousarray(features))[None])[0]
    return np.asarray(weights.numpy())


def attention_map(weights: NDArray[np.float32], *, transform: PixelTransform) -> ValueMap:
    """What `attention_weights` gave, of one network or the mean of several, for display: the largest becomes 1.

    Parameters
    ----------
    weights
        Shape (h, w), float32.
    transform
        As for `gradcam`.
    """
    return _native("attention", _to_unit(weights, float(weights.max())), transform, stride=_STRIDE)


def guided_backprop(
    network: Classifier, image: NDArray[np.float32], *, target: int, transform: PixelTransform
) -> ValueMap:
    """Guided back-propagation (Springenberg et al. 2014, arXiv 1412.6806): positive gradients of positive activations.

    Parameters
    ----------
    image
        Input of one image, shape (channels, rows, columns), float32.
    network, target, transform
        As for `gradcam`.

    Returns
    -------
    ValueMap
        rows × columns values in [0, 1]: the positive gradient of the logit, largest over channels, scaled so that the
        99.8th percentile of what is above 0 becomes 1.
    """
    batch = torch.from_numpy(np.ascontiguousarray(image))[None].requires_grad_()
    with _frozen(network), _guided(network), torch.enable_grad():
        (gradient,) = torch.autograd.grad(network(batch)[0, target], batch)
    values = gradient[0].amax(dim=0).clamp(min=0).numpy()
    above = values[values > 0]
    brightest = float(np.percentile(above, _BRIGHTEST)) if above.size else 0.0
    return _native("guided", _to_unit(values, brightest), transform, stride=1)


def patch_map(
    network: PatchNet,
    features: NDArray[np.float32],
    *,
    labels: Sequence[str],
    patch_px: int,
    transform: PixelTransform,
    temperature: float = 1.0,
) -> tuple[ValueMap, ...]:
    """What the patch classifier says at every place: the network applied convolutionally, one map for each class.

    The head pools over a patch; here over a window of about a patch around every position of the body's map, then the
    dense layer and the softmax follow.

    Parameters
    ----------
    features
        The body's map of a whole image, shape (channels, h, w), float32.
    labels
        Names of the classes, in order.
    patch_px
        Side of the patches that the network was trained on, input pixels.
    temperature
        From the package's calibration.
    network, transform
        As for `gradcam`.

    Returns
    -------
    tuple of ValueMap
        h × w probabilities for each class; they sum to 1 at each position.
    """
    # An odd number of positions, so that the window has a middle.
    window = max(1, patch_px // _STRIDE) // 2 * 2 + 1
    with torch.inference_mode():
        pooled = nn.functional.avg_pool2d(
            torch.from_numpy(np.ascontiguousarray(features))[None],
            window,
            stride=1,
            padding=window // 2,
            count_include_pad=False,
        )
        shares = torch.softmax(network.map_logits(pooled)[0] / temperature, dim=0).numpy()
    return tuple(
        _native(label, values, transform, stride=_STRIDE) for label, values in zip(labels, shares, strict=True)
    )


_STRIDE = 32


def _to_unit(values: NDArray[np.float32], brightest: float) -> NDArray[np.float32]:
    if brightest <= 0:
        return np.zeros_like(values)
    return np.asarray(np.minimum(values / np.float32(brightest), np.float32(1.0)))


def _native(name: str, values: NDArray[np.float32], transform: PixelTransform, *, stride: int) -> ValueMap:
    seen = transform.inverse().apply_box(Box(0, 0, values.shape[0] * stride, values.shape[1] * stride))
    # A border at 761.0000000000001 would be rounded outwards, beyond the image.
    box = Box(*(round(edge, 6) for edge in (seen.row0, seen.col0, seen.row1, seen.col1)))
    is_mirrored = transform.matrix[1][1] < 0
    return ValueMap.from_array(name, box, values[:, ::-1] if is_mirrored else values)


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Gradients of the input alone: those of the weights would cost as much again."""
    asked = [parameter for parameter in network.parameters() if parameter.requires_grad]
    was_training = network.training
    for parameter in asked:
        parameter.requires_grad_(False)
    network.eval()
    try:
        yield
    finally:
        for parameter in asked:
            parameter.requires_grad_()
        network.train(was_training)


@contextmanager
def _guided(network: nn.Module) -> Iterator[None]:
    # A ReLU already stops gradients where its activation is not positive; the hook stops those that are negative.
    def keep_positive(module: nn.Module, grad_input: tuple[Tensor, ...], grad_output: object) -> tuple[Tensor]:
        del module, grad_output
        return (grad_input[0].clamp(min=0),)

    relus = [module for module in network.modules() if isinstance(module, nn.ReLU)]
    hooks = [relu.register_full_backward_hook(keep_positive) for relu in relus]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
