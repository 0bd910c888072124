"""Where networks are computed: CUDA, then Apple MPS, then the CPU."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import torch

from mammoview.core.errors import DeviceError, UsageError


class DeviceKind(StrEnum):
    """What sort of processor."""

    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


@dataclass(frozen=True)
class Device:
    """A processor to compute on.

    Attributes
    ----------
    index
        Which of several CUDA devices; 0 elsewhere.
    name
        As the user is told it.
    """

    kind: DeviceKind
    index: int = 0
    name: str = "CPU"

    @property
    def torch_name(self) -> str:
        """As torch calls it."""
        return f"cuda:{self.index}" if self.kind is DeviceKind.CUDA else self.kind.value


CPU = Device(DeviceKind.CPU)


def resolve_device(wish: str = "auto") -> Device:
    """The device that a user asked for.

    Parameters
    ----------
    wish
        ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    UsageError
        For a word that names no device.
    DeviceError
        For a device that is not there.
    """
    if wish == "auto":
        return _best()
    if wish == "cpu":
        return CPU
    if wish == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("There is no Apple MPS device here.", "Use the device “auto” or “cpu”.")
        return Device(DeviceKind.MPS, name="Apple MPS")
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", wish)
    if match is None:
        raise UsageError(f"“{wish}” is not a device.", "Use auto, cpu, mps, cuda or cuda:N.")
    return _cuda(int(match[1] or 0))


def is_torch_without_cuda() -> bool:
    """Whether the installed torch was built for the CPU alone."""
    return torch.version.cuda is None


def _best() -> Device:
    if torch.cuda.is_available():
        return _cuda(0)
    if torch.backends.mps.is_available():
        return resolve_device("mps")
    return CPU


def _cuda(index: int) -> Device:
    if is_torch_without_cuda():
        raise DeviceError(
            "The installed torch computes on the CPU only.",
            "Install the CUDA build of torch, or use the device “auto” or “cpu”.",
        )
    count = torch.cuda.device_count()
    if index >= count:
        raise DeviceError(
            f"There is no CUDA device {index}: {count} found.",
            "Check the driver with nvidia-smi, or use the device “auto” or “cpu”.",
        )
    return Device(DeviceKind.CUDA, index, torch.cuda.get_device_name(index))
