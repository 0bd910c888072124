"""Starting a training from a command: what to train, with what, where; the rest is in the config."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mammoview.core.errors import CancelledError, InputError, MammoViewError, UsageError
from mammoview.core.progress import Progress

if TYPE_CHECKING:
    from mammoview.models.registry import PackageInfo
    from mammoview.training.recipes.fitting import Run


class Kind(StrEnum):
    """What is trained."""

    PATCH = "patch"
    IMAGE = "image"
    SEGMENT = "segment"
    PRIORS = "priors"


class Precision(StrEnum):
    """Arithmetic of the convolutions."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


@dataclass(frozen=True)
class Order:
    """What a command asks for.

    Attributes
    ----------
    config, data, out
        A TOML file, the folder or table of the training data, the folder of the run.
    parent
        Package that the network starts from, where its kind needs one.
    precision
        Instead of the config's; a run goes on with the one that it began with.
    device, devices, nodes, workers
        See `engine.Machine`.
    threads
        Of each process; 1 repeats a run exactly.
    """

    kind: Kind
    config: Path
    data: Path
    out: Path
    parent: Path | None = None
    precision: Precision | None = None
    device: str = "auto"
    devices: int = 1
    nodes: int = 1
    threads: int = 1
    workers: int = 1


def launch(order: Order, progress: Progress) -> PackageInfo:
    """Train as a command asks, or go on with what an earlier call began.

    Parameters
    ----------
    order
        What, with what, where.
    progress
        Told how far it is.

    Returns
    -------
    PackageInfo
        The package ``out/package``.

    Raises
    ------
    CancelledError
        After Ctrl-C, with how to go on.
    SystemExit
        In processes that share the work of a first one, at their end.
    MammoViewError
        When config, data, parent or device do not serve, or training cannot go on.
    """
    # Before torch is loaded here or in a process that shares the work.
    os.environ["OMP_NUM_THREADS"] = str(order.threads)
    from mammoview.training.learning.engine import is_first_process

    try:
        return _launch(order, progress)
    except KeyboardInterrupt as error:
        stopped: MammoViewError = CancelledError(
            f"Training was stopped; what it had finished is kept in {order.out}.",
            "The same command goes on after the last whole epoch.",
        )
        stopped.__cause__ = error
    except MammoViewError as error:
        stopped = error
    if not is_first_process():
        raise SystemExit(1)
    raise stopped


def lines_to(stream: TextIO) -> Progress:
    """A progress that writes a line whenever the text changes, for logs."""
    started, last = time.perf_counter(), ""

    def tell(fraction: float, text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            stream.write(f"{time.perf_counter() - started:7.0f} s  {fraction:4.0%}  {text}\n")
            stream.flush()

    return tell


def _launch(order: Order, progress: Progress) -> PackageInfo:
    import cv2
    import torch

    from mammoview.models.devices import resolve_device
    from mammoview.training.config import read_config
    from mammoview.training.learning.engine import Machine
    from mammoview.training.recipes.fitting import Run
    from mammoview.training.recipes.papers import PACKAGE

    config = read_config(order.config)
    if order.precision is not None:
        config = config.model_copy(update={"arithmetic": order.precision.value})
    # What cannot work is said before data are read for minutes, or trained on for hours.
    resolve_device(order.device)
    if order.kind is not Kind.PRIORS and not order.data.exists():
        raise InputError(f"{order.data} does not exist.", "Name a folder or a table of cases with --data.")
    if (order.out / PACKAGE).exists():
        raise UsageError(f"{order.out} holds a finished package already.", "Name another folder with --out.")
    recipe = _recipe(order, config.source if config.augmentation == "random" else config.augmentation)
    torch.set_num_threads(order.threads)
    cv2.setNumThreads(order.threads)
    machine = Machine(order.device, devices=order.devices, nodes=order.nodes, workers=order.workers)
    return recipe(order.data, Run(config, order.out, progress=progress, machine=machine))


def tuning_recipe(kind: str, parent: Path) -> Callable[[Path, Run], PackageInfo]:
    """What tunes a package to a site, by the name of its kind."""
    from mammoview.training.recipes import transfer, tuned_tiles

    tune = transfer.train_image if Kind(kind) is Kind.IMAGE else tuned_tiles.tune_tiles
    return lambda data, run: tune(data, run, parent=parent)


def _recipe(order: Order, source: str) -> Callable[[Path, Run], PackageInfo]:
    from mammoview.training.recipes import forty_fold_recipe, phantom_recipes, priors, transfer, tuned_tiles
    from mammoview.training.recipes import papers as recipes

    parent = order.parent
    if order.kind in (Kind.PATCH, Kind.SEGMENT) and parent is not None:
        return lambda data, run: tuned_tiles.tune_tiles(data, run, parent=parent)
    if order.kind is Kind.PATCH:
        return phantom_recipes.train_drawn_patch if source == "phantom_masses" else recipes.train_patch
    if order.kind is Kind.SEGMENT:
        segmenters = {
            "cesm": recipes.train_segmenter,
            "forty_fold": forty_fold_recipe.train_forty_fold,
            "three_class": phantom_recipes.train_three_class,
            "phantom_calcifications": phantom_recipes.train_calcification,
        }
        if source not in segmenters:
            raise UsageError(
                f"The config's source “{source}” teaches no segmenter.", "Name another config, or train a patch net."
            )
        return segmenters[source]
    if parent is None:
        raise UsageError(
            f"Training “{order.kind.value}” starts from a package.",
            "Name its folder with --parent: a patch classifier, or for images a whole-image classifier to tune.",
        )
    train = transfer.train_image if order.kind is Kind.IMAGE else priors.train_priors
    return lambda data, run: train(data, run, parent=parent)
