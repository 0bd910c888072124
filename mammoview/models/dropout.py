"""Dropout left on while a network is in use: how much its head's answer hangs on single features."""

from __future__ import annotations

from itertools import dropwhile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mammoview.models.networks import Classifier

#: Masks are drawn from it for each input anew, so that a score depends neither on the batch nor on what came before.
DROPOUT_SEED = 20_160_605


def dropout_logits(network: Classifier, features: NDArray[np.float32], *, passes: int) -> NDArray[np.float32]:
    """Logits with the head's dropout left on (Gal and Ghahramani 2016, arXiv 1506.02142).

    The head runs once up to its first dropout, on the map that the engine made for the score; only what follows is
    repeated. Batch norms stay as they are in use.

    Parameters
    ----------
    network
        From `LoadedPackage.network`, on the CPU.
    features
        The body's maps, shape (n, channels, h, w), float32.
    passes
        How often, with masks of their own, but the same for every input and in every run.

    Returns
    -------
    ndarray, shape (passes, n, classes), float32
        Shape (0, n, classes) for a head without dropout: repeating it would only feign agreement.
    """
    fixed, varied = _parts(network.head)
    with torch.inference_mode():
        settled = fixed(torch.from_numpy(np.ascontiguousarray(features)))
        dropouts = [layer for layer in varied.modules() if _drops(layer)]
        if not dropouts:
            return np.empty((0, *varied(settled).shape), np.float32)
        try:
            for layer in dropouts:
                layer.train()
            # The program's own random numbers go on as if nothing had been drawn.
            with torch.random.fork_rng(devices=[]):
                found = [[_pass(varied, one[None], number) for one in settled] for number in range(passes)]
        finally:
            for layer in dropouts:
                layer.eval()
    return np.array(found, dtype=np.float32).reshape(passes, len(features), -1)


def _pass(layers: nn.Module, features: torch.Tensor, number: int) -> NDArray[np.float32]:
    torch.default_generator.manual_seed(DROPOUT_SEED + number)
    return np.asarray(layers(features)[0].numpy())


def _drops(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Dropout | nn.Dropout2d) and layer.p > 0


def _parts(head: nn.Module) -> tuple[nn.Module, nn.Module]:
    """A head before its first dropout, and from there on; one that is no sequence is not cut."""
    if not isinstance(head, nn.Sequential):
        return nn.Identity(), head
    layers = list(head)
    varied = list(dropwhile(lambda layer: not any(_drops(part) for part in layer.modules()), layers))
    return nn.Sequential(*layers[: len(layers) - len(varied)]), nn.Sequential(*varied)
