"""Runs a package on a device, and goes on with less where memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from mammoview.core.errors import DeviceError
from mammoview.models.architectures import GruPriorsSizes, sizes_of
from mammoview.models.devices import CPU, Device, DeviceKind, resolve_device
from mammoview.models.engines import Engine, OnnxEngine, OutOfMemoryError, Outputs, TorchEngine
from mammoview.models.loading import LoadedPackage
from mammoview.models.names import FEATURES, LOGITS, Backend
from mammoview.models.tiling import tiles_of

__all__ = ["Backend", "Device", "Runner", "open_runner", "resolve_device"]

_log = logging.getLogger(__name__)

TILE_PX = 512

#: Told, in the user's words, what the engine had to change.
Note = Callable[[str], None]


def open_runner(
    package: LoadedPackage,
    *,
    device: Device = CPU,
    backend: Backend | str = Backend.ONNX,
    threads: int | None = None,
    on_note: Note | None = None,
) -> Runner:
    """Make a package ready to run.

    Parameters
    ----------
    package
        The loaded package.
    device
        From `resolve_device`.
    backend
        ONNX Runtime computes on the CPU; on any other device it means torch in float32, which gives the same scores
        within 1e-4.
    threads
        CPU threads, or None for one a core.
    on_note
        Told each time that memory ran out and what was done.

    Raises
    ------
    ModelPackageError
        When the package cannot be opened.
    """
    if threads is not None:
        # Saliency and heads are computed by torch whatever the backend.
        torch.set_num_threads(threads)
    wish = Backend(backend)
    if wish is Backend.ONNX and device.kind is not DeviceKind.CPU:
        wish = Backend.TORCH
    return Runner(package, device, wish, threads=threads, on_note=on_note)


class Runner:
    """One package on one device.

    When memory runs out the batch is halved, then single images are cut into tiles, then the work moves to the CPU.
    Each step is logged, told, and kept for what follows.

    Attributes
    ----------
    device, backend
        Where and how it computes now; they change when the work moves to the CPU.
    """

    def __init__(
        self, package: LoadedPackage, device: Device, backend: Backend, *, threads: int | None, on_note: Note | None
    ) -> None:
        self.package = package
        self.device = device
        self.backend = backend
        self._threads = threads
        self._on_note = on_note
        sizes = sizes_of(package.manifest.architecture, package.manifest.hyper_parameters)
        self._has_head = not isinstance(sizes, GruPriorsSizes)
        self._sizes = sizes.body_sizes if isinstance(sizes, GruPriorsSizes) else sizes
        self._at_once: int | None = None
        self._tile_px: int | None = None
        self._engine = self._open()

    def run(self, images: NDArray[np.float32]) -> Outputs:
        """Compute a batch.

        Parameters
        ----------
        images
            Shape (n, channels, h, w), float32, as `preprocess` makes them.

        Returns
        -------
        dict
            ``features`` (n, c, h / 32, w / 32) and ``logits`` (n, classes) of a classifier, or ``probabilities``
            (n, 1, h, w) of a segmenter, ``features`` alone of a net for priors; float32.

        Raises
        ------
        DeviceError
            When the memory does not even suffice for one tile on the CPU.
        """
        self._sizes.check_input(*images.shape[2:])
        parts: list[Outputs] = []
        done = 0
        while done < len(images):
            count = min(self._at_once or len(images), len(images) - done)
            try:
                parts.append(self._run_some(images[done : done + count]))
                done += count
            except OutOfMemoryError:
                self._do_with_less(count, images.shape)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}

    def _run_some(self, images: NDArray[np.float32]) -> Outputs:
        if self._tile_px is None:
            return self._engine.run(np.ascontiguousarray(images))
        rows, columns = images.shape[2:]
        whole: Outputs = {}
        for tile in tiles_of(rows, columns, tile_px=self._tile_px, sizes=self._sizes):
            for name, values in self._engine.run_tile(np.ascontiguousarray(images[(..., *tile.read)])).items():
                stride = tile.stride if name == FEATURES else 1
                shape = (*values.shape[:2], rows // stride, columns // stride)
                place, part = tile.at_stride(stride)
                whole.setdefault(name, np.empty(shape, np.float32))[(..., *place)] = values[(..., *part)]
        if FEATURES in whole and self._has_head:
            whole[LOGITS] = self._engine.head(whole[FEATURES])
        return whole

    def _open(self) -> Engine:
        try:
            if self.backend is Backend.ONNX:
                return OnnxEngine(self.package, threads=self._threads)
            is_bf16 = self.backend is Backend.TORCH_BF16
            return TorchEngine(self.package, self.device, is_bf16=is_bf16)
        except OutOfMemoryError as error:
            if self.device.kind is DeviceKind.CPU:
                raise DeviceError(
                    f"The memory does not suffice for {self.package.manifest.name}.", "Close other programs."
                ) from error
        return self._move_to_cpu()

    def _do_with_less(self, count: int, shape: tuple[int, ...]) -> None:
        problem = self._problem()
        if count > 1:
            self._at_once = count // 2
            self._tell(f"{problem}: going on with {self._at_once} at a time.")
        elif self._tile_px is None:
            self._tile_px = TILE_PX
            self._tell(f"{problem}: going on in tiles of {TILE_PX} pixels.")
        elif self.device.kind is not DeviceKind.CPU:
            self._engine = self._move_to_cpu()
        else:
            raise DeviceError(
                f"The memory does not suffice for {self.package.manifest.name} on {shape[2]} × {shape[3]} pixels.",
                "Close other programs and try again.",
            )

    def _move_to_cpu(self) -> Engine:
        self._tell(f"{self._problem()}: going on with the CPU.")
        self.device, self._at_once, self._tile_px = CPU, None, None
        if self.backend is Backend.TORCH and self.package.graph is not None:
            self.backend = Backend.ONNX
        return self._open()

    def _problem(self) -> str:
        if self.device.kind is DeviceKind.CUDA:
            torch.cuda.empty_cache()
        return f"{self.device.name} ran out of memory with {self.package.manifest.name}"

    def _tell(self, text: str) -> None:
        _log.warning("%s", text)
        if self._on_note is not None:
            self._on_note(text)
