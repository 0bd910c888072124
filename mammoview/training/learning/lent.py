"""A run that waits leaves its device to others: weights and optimizer go to the host, and come back as they were."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

_HOST = torch.device("cpu")


class LentDevice:
    """The device of a run in one process, and what the run holds there between two steps.

    On a processor the same is done, though it frees nothing: there is one way through.
    """

    def __init__(self) -> None:
        self._net: nn.Module | None = None
        self._optimizer: torch.optim.Optimizer | None = None
        self._device = _HOST
        self._away: list[Tensor] = []

    def hold(self, net: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
        """Say what the run holds from now on."""
        self._net, self._optimizer, self._away = net, optimizer, []
        self._device = next((parameter.device for parameter in net.parameters()), _HOST)

    def leave(self) -> None:
        """Move all of it to the host, and give its memory back. Gradients are dropped: no step is under way."""
        if self._net is None or self._away:
            return
        if self._optimizer is not None:
            self._optimizer.zero_grad(set_to_none=True)
        self._away = [held for held in self._held() if held.device == self._device]
        self._move(_HOST)

    def come_back(self) -> bool:
        """Move it to the device again.

        Returns
        -------
        bool
            False where others have the device's memory still: all of it is on the host then.
        """
        try:
            self._move(self._device)
        except torch.OutOfMemoryError:
            self._move(_HOST)
            return False
        self._away = []
        return True

    def _held(self) -> list[Tensor]:
        assert self._net is not None
        states = [] if self._optimizer is None else list(self._optimizer.state.values())
        kept = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
        return [*self._net.parameters(), *self._net.buffers(), *kept]

    def _move(self, where: torch.device) -> None:
        # A validation may be under way, and what is made in its mode could never learn again.
        with torch.inference_mode(False), torch.no_grad():
            for tensor in self._away:
                # The optimizer knows its parameters by who they are: only their numbers move.
                tensor.data = tensor.data.to(where, copy=True)
        give_memory_back()


def give_memory_back() -> None:
    """Let other programs have what torch keeps of a device for later."""
    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()
