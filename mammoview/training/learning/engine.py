"""Where a run computes: Lightning Fabric gives device, arithmetic and the processes that share the work.

Fabric takes seconds to import, so it is imported when a training starts. Under torchrun and SLURM each process runs the
whole program; what is here only says which part of a batch is whose, and that the first process alone goes on after.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, distributed

from mammoview.core.errors import UsageError
from mammoview.models.devices import DeviceKind, resolve_device
from mammoview.training.learning.prefetch import Batch

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Arithmetic = Literal["fp32", "bf16", "fp16"]

_PRECISIONS: dict[Arithmetic, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    "fp32": "32-true",
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
}


@dataclass(frozen=True)
class Machine:
    """What computes; none of it changes what is computed, but for rounding.

    Attributes
    ----------
    device
        As `models.devices.resolve_device` takes it.
    devices
        Processes on each machine, a GPU each. Under torchrun its own numbers hold.
    nodes
        Machines.
    workers
        Threads that draw batches, where the batches allow more than one.
    """

    device: str = "cpu"
    devices: int = 1
    nodes: int = 1
    workers: int = 1


ONE_CPU = Machine()


def start(machine: Machine, arithmetic: Arithmetic) -> Fabric:
    """Give the device, and meet the other processes.

    Raises
    ------
    UsageError
        When the device cannot do the arithmetic, or the processes are not as many as asked for.
    DeviceError
        When the device is not there.
    """
    device = resolve_device(machine.device)
    if arithmetic == "fp16" and device.kind is not DeviceKind.CUDA:
        raise UsageError("fp16 is for CUDA devices.", "Choose bf16 or fp32.")
    devices, nodes = _processes(machine)
    is_shared = devices * nodes > 1
    from lightning_fabric import Fabric

    # It tells at length which of its parts it chose.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    try:
        fabric = Fabric(
            accelerator=device.kind.value,
            devices=[device.index] if device.kind is DeviceKind.CUDA and not is_shared else devices,
            num_nodes=nodes,
            strategy="ddp" if is_shared else "auto",
            precision=_PRECISIONS[arithmetic],
        )
        fabric.launch()
    except (ValueError, RuntimeError) as error:
        raise UsageError(
            f"{devices} × {nodes} processes cannot start on “{machine.device}”: {' '.join(str(error).split())[:300]}",
            "Check --devices and --nodes, and what torchrun or SLURM were told.",
        ) from error
    return fabric


def is_first_process() -> bool:
    """Whether this is the process that writes and tells; also before the processes have met."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank() == 0
    return int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0"))) == 0


def is_shared(machine: Machine) -> bool:
    """Whether several processes will train together, on this machine or others."""
    started = int(os.environ.get("WORLD_SIZE", os.environ.get("SLURM_NTASKS", "1")))
    return machine.devices * machine.nodes > 1 or started > 1


def leave_to_first_process() -> None:
    """After training: the processes part, and all but the first end here.

    Raises
    ------
    SystemExit
        In every process but the first.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return
    is_first = distributed.get_rank() == 0
    distributed.barrier()
    distributed.destroy_process_group()
    if not is_first:
        raise SystemExit(0)


def own_part(batch: Batch, fabric: Fabric) -> Batch:
    """This process's share of a batch, laid out as the device likes it.

    Raises
    ------
    UsageError
        When the batch cannot be cut into equal parts: their mean would not be the whole batch's.
    """
    count = len(batch.images)
    if count % fabric.world_size:
        raise UsageError(
            f"A batch of {count} cannot be shared equally by {fabric.world_size} processes.",
            "Set batch_size to a multiple of their number.",
        )
    size = count // fabric.world_size
    rows = slice(fabric.global_rank * size, (fabric.global_rank + 1) * size)
    is_cuda = fabric.device.type == "cuda"
    images, targets = _laid_out(batch.images[rows]), batch.targets[rows]
    return Batch(images.pin_memory(), targets.pin_memory()) if is_cuda else Batch(images, targets)


def _laid_out(images: Tensor) -> Tensor:
    """Channels last: twice as fast in bfloat16 on processors, and what tensor cores want."""
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images


def _processes(machine: Machine) -> tuple[int, int]:
    """Processes on each machine, and machines."""
    if distributed.is_available() and distributed.is_torchelastic_launched():
        here = int(os.environ["LOCAL_WORLD_SIZE"])
        return here, int(os.environ["WORLD_SIZE"]) // here
    return machine.devices, machine.nodes
