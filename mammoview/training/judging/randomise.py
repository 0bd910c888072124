"""Networks whose weights are drawn anew, from the answer down: what a saliency map should not survive.

Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv 1810.03292. A map that looks the same after the network
has forgotten what it learned shows the image, not the network.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mammoview.models.networks import Classifier, build

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
# Images at once when batch norms get their statistics anew; more would only cost memory.
_AT_ONCE = 4


@dataclass(frozen=True, eq=False)
class Randomised:
    """A network of which a part has forgotten everything.

    Attributes
    ----------
    network
        In evaluation mode.
    down_to
        The lowest part that was drawn anew; everything above it was, too.
    share
        Share of the parameters that were drawn anew.
    """

    network: Classifier
    down_to: str
    share: float


def parts_from_the_top(network: nn.Module) -> tuple[str, ...]:
    """Names of the parts that are drawn anew one after the other: the answer's first, the image's last.

    A part is a residual unit, or a layer that belongs to none. Parts follow each other as they were registered.
    """
    found: dict[str, None] = {}
    for name, module in network.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            found.setdefault(_part(network, name), None)
    return tuple(reversed(found))


def cascade(
    network: Classifier, images: Sequence[NDArray[np.float32]], *, steps: int = 8, seed: int = 0
) -> Iterator[Randomised]:
    """Networks with ever more parts drawn anew, from the top layer alone to all of them.

    Weights come from the distribution that training starts from. Batch norms that were drawn anew get the statistics of
    ``images``, as in the first steps of training; with a fresh net's mean of 0 and variance of 1 activations would grow
    from unit to unit, and maps would change for that reason alone (see ``docs/adr/0170-random-weights.md``).

    Parameters
    ----------
    network
        The trained network; it is left alone.
    images
        Inputs of shape (channels, rows, columns), float32; a dozen suffice.
    steps
        Networks to make, at most; where there are more parts, several are drawn anew at once.
    seed
        Of the new weights. The same part gets the same weights at every step.
    """
    parts = parts_from_the_top(network)
    fresh = _fresh(network, seed)
    counts = np.unique(np.linspace(1, len(parts), min(steps, len(parts))).round().astype(int))
    for count in counts:
        yield _redrawn(network, fresh, parts[:count], images)


def random_network(network: Classifier, images: Sequence[NDArray[np.float32]], *, seed: int) -> Classifier:
    """The same architecture with all weights drawn anew; parameters as for `cascade`."""
    return _redrawn(network, _fresh(network, seed), parts_from_the_top(network), images).network


def _part(network: nn.Module, name: str) -> str:
    """The outermost module below the network's own children that is more than a container."""
    words = name.split(".")
    for end in range(2, len(words)):
        candidate = ".".join(words[:end])
        if not isinstance(network.get_submodule(candidate), _CONTAINERS):
            return candidate
    return name


def _fresh(network: Classifier, seed: int) -> dict[str, torch.Tensor]:
    # The caller's own random numbers go on as if nothing had happened.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = build(network.architecture, network.sizes.model_dump())
        for module in fresh.modules():
            # Attention starts at zero: every place alike, a map that could not point anywhere if it wanted to.
            if isinstance(module, nn.Conv2d) and not module.weight.any():
                nn.init.kaiming_normal_(module.weight)
        return fresh.state_dict()


def _redrawn(
    network: Classifier,
    fresh: dict[str, torch.Tensor],
    parts: Sequence[str],
    images: Sequence[NDArray[np.float32]],
) -> Randomised:
    changed = copy.deepcopy(network).eval()
    state = changed.state_dict()
    state.update({name: value for name, value in fresh.items() if _is_in(name, parts)})
    changed.load_state_dict(state)
    _settle(
        [m for name, m in changed.named_modules() if isinstance(m, _BatchNorm) and _is_in(name, parts)], changed, images
    )
    sizes = {name: parameter.numel() for name, parameter in changed.named_parameters()}
    redrawn = sum(size for name, size in sizes.items() if _is_in(name, parts))
    return Randomised(changed, parts[-1], redrawn / sum(sizes.values()))


def _settle(norms: Sequence[_BatchNorm], network: Classifier, images: Sequence[NDArray[np.float32]]) -> None:
    """Give batch norms the mean and variance that these images have there."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        # None: the plain mean over all batches.
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for start in range(0, len(images), _AT_ONCE):
            network(torch.from_numpy(np.stack(images[start : start + _AT_ONCE])))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def _is_in(name: str, parts: Sequence[str]) -> bool:
    return any(name == part or name.startswith(part + ".") for part in parts)
