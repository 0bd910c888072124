"""What ``mammoview doctor`` knows: versions, device, decoders, models, and what to do about each problem."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview import __version__

if TYPE_CHECKING:
    from mammoview.models.manifest import Task
    from mammoview.models.registry import PackageInfo

#: Distributions whose versions matter when somebody asks for help.
_DISTRIBUTIONS = ("torch", "onnxruntime", "numpy", "opencv-python-headless", "pydicom", "PySide6-Essentials")
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One line of the report: what was looked at, how it is, and what to do about it."""

    section: str
    name: str
    state: State
    text: str
    advice: str = ""


@dataclass(frozen=True)
class DeviceFacts:
    """What decides where the networks run.

    Attributes
    ----------
    torch_cuda
        The CUDA version that torch was built for, or None for a CPU-only build.
    cuda_devices
        Names of the devices that torch can use.
    has_nvidia_driver
        Whether the machine has an NVIDIA driver, whatever torch says.
    """

    torch_version: str
    torch_cuda: str | None
    cuda_devices: tuple[str, ...]
    has_mps: bool
    has_nvidia_driver: bool
    cores: int


def checks() -> tuple[Check, ...]:
    """Look at everything but the display."""
    return (*version_checks(), *device_checks(device_facts()), *decoder_checks(), *model_checks())


def version_checks() -> tuple[Check, ...]:
    """The program, Python and what it stands on."""
    own = Check("versions", "mammoview", State.OK, __version__)
    python = Check("versions", "python", State.OK, f"{platform.python_version()} on {platform.platform(terse=True)}")
    return own, python, *(_version(name) for name in _DISTRIBUTIONS)


def _version(distribution: str) -> Check:
    try:
        return Check("versions", distribution, State.OK, metadata.version(distribution))
    except metadata.PackageNotFoundError:
        return Check("versions", distribution, State.PROBLEM, "not installed", f"pip install {distribution}")


def device_facts() -> DeviceFacts:
    """Ask torch and the machine."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return DeviceFacts(
        torch_version=torch.__version__,
        torch_cuda=torch.version.cuda,
        cuda_devices=tuple(torch.cuda.get_device_name(index) for index in range(count)),
        has_mps=torch.backends.mps.is_available(),
        has_nvidia_driver=_NVIDIA_DRIVER.exists() or shutil.which("nvidia-smi") is not None,
        cores=os.cpu_count() or 1,
    )


def device_checks(facts: DeviceFacts) -> tuple[Check, ...]:
    """Judge where the networks will run.

    Parameters
    ----------
    facts
        See `device_facts`.
    """
    cpu = Check("device", "cpu", State.OK, f"{facts.cores} cores")
    if facts.cuda_devices:
        found = [
            Check("device", f"cuda:{index}", State.OK, f"{name} (CUDA {facts.torch_cuda})")
            for index, name in enumerate(facts.cuda_devices)
        ]
        return cpu, *found
    if facts.has_nvidia_driver:
        return cpu, _unused_gpu(facts)
    if facts.has_mps:
        return cpu, Check("device", "mps", State.OK, "Apple GPU")
    return cpu, Check("device", "gpu", State.NOTE, "none found; the networks run on the CPU")


def _unused_gpu(facts: DeviceFacts) -> Check:
    if facts.torch_cuda is None:
        return Check(
            "device",
            "gpu",
            State.PROBLEM,
            f"an NVIDIA GPU is here, but torch {facts.torch_version} is a CPU-only build",
            "Install the CUDA build of the same torch version (see “Start Locally” on pytorch.org).",
        )
    return Check(
        "device",
        "gpu",
        State.PROBLEM,
        f"an NVIDIA driver is here, but torch (CUDA {facts.torch_cuda}) finds no device",
        "Run nvidia-smi: update the driver to one for this CUDA version, or check CUDA_VISIBLE_DEVICES.",
    )


def decoder_checks() -> tuple[Check, ...]:
    """Which compressed images can be read."""
    from mammoview.dicom.pixels import decoders

    return tuple(
        Check("decoders", decoder.name, State.OK, "available")
        if decoder.is_available
        else Check(
            "decoders", decoder.name, State.PROBLEM, "missing", f"pip install one of: {'; '.join(decoder.missing)}"
        )
        for decoder in decoders()
    )


def model_checks() -> tuple[Check, ...]:
    """Which model is active for each task, and which packages were refused."""
    from mammoview.models import registry
    from mammoview.models.manifest import Task

    known = registry.listing()
    found = [check for task in Task for check in _in_use(task, registry.active(task, among=known.packages))]
    found += [
        Check(
            "models", key, State.PROBLEM, "chosen, but not installed", "Install it, or: mammoview models use --default"
        )
        for key in registry.missing_choices()
    ]
    refused = known.refused
    found += [Check("models", Path(p.path).name, State.PROBLEM, p.message, p.hint) for p in refused]
    return tuple(found)


def _in_use(task: Task, infos: tuple[PackageInfo, ...]) -> tuple[Check, ...]:
    from mammoview.models.manifest import EXPECTED

    if infos:
        texts = (f"{info.key} ({info.origin.value}, {info.sha256[:12]})" for info in infos)
        return tuple(Check("models", task.value, State.OK, text) for text in texts)
    if task in EXPECTED:
        advice = "Install a model package, or install MammoView again: it comes with one for each task."
        return (Check("models", task.value, State.PROBLEM, "no model", advice),)
    return ()
