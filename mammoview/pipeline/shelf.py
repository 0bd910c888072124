"""Packages and opened networks, kept from one request to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2

from mammoview.core.errors import DeviceError, ModelPackageError, UsageError
from mammoview.core.findings import LesionKind
from mammoview.models import registry
from mammoview.models.devices import Device, DeviceKind
from mammoview.models.ensemble import check_fitness
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import EXPECTED, Task
from mammoview.models.networks import Network
from mammoview.models.registry import PackageInfo
from mammoview.models.runtime import Runner, open_runner, resolve_device
from mammoview.pipeline.inputs import Sampling
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

    def open(self, request: AnalysisRequest, tasks: Iterable[Task] = tuple(Task)) -> OpenNetworks:
        """Make everything ready that a request needs, for some tasks only where not all are asked for.

        Raises
        ------
        UsageError, DeviceError, ModelPackageError
            When the device or a package cannot be used.
        """
        device = resolve_device(request.device)
        if request.threads is not None:
            cv2.setNumThreads(request.threads)
        chosen = choose(request.models)
        wanted = frozenset(tasks)
        opened = {task: chosen[task] if task in wanted else () for task in Task}
        runners = {task: tuple(self._runner(info, device, request) for info in opened[task]) for task in EXPECTED}
        missing = [task.value.replace("_", " ") for task in EXPECTED if task in wanted and not runners[task]]
        self._notes.clear()
        self._notes += [f"No model for {task} is installed: that part was left out." for task in missing]
        return OpenNetworks(
            scorers=runners[Task.WHOLE_IMAGE],
            patches=runners[Task.PATCH],
            segmenters=runners[Task.SEGMENTATION],
            modules=self._modules,
            saliency=request.saliency,
            sampling=Sampling(request.flips, request.dropout_passes),
            outlining=request.outlining,
            batch=1 if device.kind is DeviceKind.CPU else _CARD_BATCH,
            pending_notes=self._notes,
            comparer=next((self._runner(info, device, request) for info in opened[Task.PRIORS]), None),
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


def choose(names: tuple[str, ...]) -> dict[Task, tuple[PackageInfo, ...]]:
    """The packages to use for each task: those named, else the active ones. Several of one task are an ensemble.

    Raises
    ------
    ModelPackageError
        When a name is unknown, its package was refused, or it cannot answer its task.
    """
    # By hash: an id and its id@version may both be named.
    named = {info.sha256: info for info in map(registry.find, names)}.values()
    known = registry.packages()
    chosen = {
        task: tuple(info for info in named if info.task == task) or registry.active(task, among=known) for task in Task
    }
    chosen[Task.SEGMENTATION] = _of_all_kinds(chosen[Task.SEGMENTATION], known)
    for infos in chosen.values():
        for info in infos:
            check_fitness(info)
    return chosen


def _of_all_kinds(segmenters: tuple[PackageInfo, ...], known: tuple[PackageInfo, ...]) -> tuple[PackageInfo, ...]:
    """Segmenters for every kind of finding: one named for some kinds leaves the others to those in use."""
    if {kind for info in segmenters for kind in info.manifest.kinds} == set(LesionKind):
        return segmenters
    in_use = registry.active(Task.SEGMENTATION, among=known)
    return (*segmenters, *(info for info in in_use if info not in segmenters))
