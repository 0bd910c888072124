"""What a net is before it has learned: random numbers, or a body's weights from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from mammoview.core.errors import UsageError
from mammoview.models.loading import read_checkpoint
from mammoview.models.networks import Classifier, Network, build
from mammoview.models.networks.bodies import load_torch_layout

if TYPE_CHECKING:
    from mammoview.core.progress import Progress
    from mammoview.training.config import TrainingConfig


def new_network(config: TrainingConfig, progress: Progress) -> Network:
    """The config's net with random weights from its seed, and the body of ``[network] init`` where that names a file.

    Parameters
    ----------
    progress
        Told what had to be changed about weights from elsewhere.

    Raises
    ------
    UsageError
        When the net has no body to start from a file.
    ModelPackageError
        When the file is refused, or its weights do not fit.
    """
    torch.manual_seed(config.seed)
    net = build(config.network.architecture, config.network.sizes)
    if config.network.init is None:
        return net
    if not isinstance(net, Classifier):
        raise UsageError(
            f"{config.network.architecture} has no body that could start from {config.network.init}.",
            "Remove “init” from [network].",
        )
    notes = load_torch_layout(net.body, read_checkpoint(config.network.init))
    progress(0.0, "; ".join((f"the body starts from {config.network.init.name}", *notes)))
    return net
