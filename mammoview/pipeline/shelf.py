"""Packages and opened networks, kept from one request to the next."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2

from mammoview.core.errors import DeviceError, ModelPackageError, UsageError
from mammoview.models import registry
from mammoview.models.devices import Device, DeviceKind
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Task
from mammoview.models.networks import Network
from mammoview.models.registry import PackageInfo
from mammoview.models.runtime import Runner, open_runner, resolve_device
from mammoview.pipeline.networks import OpenNetworks
from mammoview.pipeline.request import AnalysisRequest

#: Images that a graphics card takes at once: the four of a standard exam.
_CARD_BATCH = 4


@dataclass(frozen=True)
class _Key:
    sha256: str
    device: Device
    backend: str
    threads: int | None


@dataclass
class Shelf:
    """Loads each package once and opens it once for each way of computing."""

    _packages: dict[str, LoadedPackage] = field(default_factory=dict)
    _runners: dict[_Key, Runner] = field(default_factory=dict)
    _modules: dict[str, Network] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)

    def open(self, request: AnalysisRequest) -> OpenNetworks:
        """Make everything ready that a request needs.

        Raises
        ------
        UsageError, DeviceError, ModelPackageError
            When the device or a package cannot be used.
        """
        device = resolve_device(request.device)
        if request.threads is not None:
            cv2.setNumThreads(request.threads)
        chosen = choose(request.models)
        runners = {task: [self._runner(info, device, request) for info in infos] for task, infos in chosen.items()}
        missing = [task.value.replace("_", " ") for task in Task if not runners[task]]
        self._notes.clear()
        self._notes += [f"No model for {task} is installed: that part was left out." for task in missing]
        return OpenNetworks(
            scorers=tuple(runners[Task.WHOLE_IMAGE]),
            patch=next(iter(runners[Task.PATCH]), None),
            segmentation=next(iter(runners[Task.SEGMENTATION]), None),
            modules=self._modules,
            saliency=request.saliency,
            batch=1 if device.kind is DeviceKind.CPU else _CARD_BATCH,
            pending_notes=self._notes,
        )

    def _runner(self, info: PackageInfo, device: Device, request: AnalysisRequest) -> Runner:
        key = _Key(info.sha256, device, request.backend.value, request.threads)
        known = self._runners.get(key)
        # One that fled from its device is not asked again: the memory may be free by now.
        if known is not None and known.device == device:
            return known
        self._runners[key] = open_runner(
            self._package(info),
            device=device,
            backend=request.backend.value,
            threads=request.threads,
            on_note=self._notes.append,
        )
        return self._runners[key]

    def _package(self, info: PackageInfo) -> LoadedPackage:
        if info.sha256 not in self._packages:
            self._packages[info.sha256] = load(info)
        return self._packages[info.sha256]


def check_wishes(device: str, models: tuple[str, ...]) -> None:
    """Refuse a device or a model that is not there before any work is done.

    Raises
    ------
    UsageError
        With the reason.
    """
    try:
        resolve_device(device)
        choose(models)
    except (DeviceError, ModelPackageError) as error:
        raise UsageError(error.user_message, error.hint) from error


def choose(names: tuple[str, ...]) -> dict[Task, list[PackageInfo]]:
    """The packages to use for each task: those named, else the active one.

    Several whole-image packages make an ensemble; of the other tasks one package is used.

    Raises
    ------
    UsageError
        When two packages are named for a task that takes one.
    ModelPackageError
        When a name is unknown or its package was refused.
    """
    chosen: dict[Task, list[PackageInfo]] = {task: [] for task in Task}
    for name in dict.fromkeys(names):
        info = registry.find(name)
        chosen[info.task].append(info)
    for task, infos in chosen.items():
        if len(infos) > 1 and task is not Task.WHOLE_IMAGE:
            listed = " and ".join(info.id for info in infos)
            raise UsageError(f"{listed} do the same task ({task.value}).", "Name one of them.")
        if not infos:
            active = registry.active(task)
            infos.extend([active] if active is not None else [])
    return chosen
