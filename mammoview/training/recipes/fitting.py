"""A net learns from one side of a split, as a config says; the other side is never looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import cv2
import numpy as np
import torch

from mammoview.core.errors import UsageError
from mammoview.core.findings import PatchClass
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.models.architectures import sizes_of
from mammoview.models.networks import Network, PatchNet, WholeImageNet
from mammoview.models.networks.heads import AttentionHead
from mammoview.models.sizes import ImageHeadSizes
from mammoview.training.cases.samples import ImageBatches, ImageSet, TileBatches
from mammoview.training.cases.splits import Split, write_split
from mammoview.training.cases.tiles import TileSet
from mammoview.training.judging.evaluate import MALIGNANT
from mammoview.training.judging.measure import patch_spec
from mammoview.training.learning import losses
from mammoview.training.learning.beginning import new_network
from mammoview.training.learning.described import DescribingNet, describing_loss
from mammoview.training.learning.engine import ONE_CPU, Machine, leave_to_first_process
from mammoview.training.learning.lent import LentDevice
from mammoview.training.learning.loop import Plan, train
from mammoview.training.learning.placed import PlacedNet, placing_loss
from mammoview.training.learning.validation import validation_of
from mammoview.training.recipes.site import SPLIT_TABLE
from mammoview.training.recipes.watch import measure_of, sides_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from mammoview.training.cases.lost import Lost
    from mammoview.training.config import TrainingConfig
    from mammoview.training.learning.course import EpochLog
    from mammoview.training.learning.prefetch import Batch, Epoch

#: Samples that are shown after each epoch, and the longest side of them in pixels.
SHOWN, SHOWN_PX = 8, 96

_Samples = TypeVar("_Samples", TileSet, ImageSet)


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes
    ----------
    config
        What to do.
    out
        Folder for the split, the log, the checkpoint, caches and the ``package``; a run that was stopped goes on.
    progress, cancel
        Told how far it is, asked whether to stop.
    machine
        What computes.
    lost
        Takes images that cannot be read, which are then passed over; without it they end the run.
    on_epoch
        Told of each epoch, with what the net says of a few samples.
    parts
        In how many parts a batch goes through the net, where memory is short.
    lent
        Told what the run holds on its device, for whoever makes it wait.
    """

    config: TrainingConfig
    out: Path
    progress: Progress = no_progress
    cancel: Cancel = never_cancel
    machine: Machine = ONE_CPU
    lost: Lost | None = None
    on_epoch: Callable[[EpochLog, Shown], None] | None = None
    parts: int = 1
    lent: LentDevice | None = None


@dataclass(frozen=True, eq=False)
class Shown:
    """A few samples and what a net says of them.

    Attributes
    ----------
    images
        Shape (n, rows, columns), uint8, as small as `SHOWN_PX`.
    truth, told
        Shape (n,): whether malignant, and how probable the net thinks it; or shape (n, rows, columns), uint8: the
        outline, and how much of it the net sees (255 is all).
    """

    images: NDArray[np.uint8]
    truth: NDArray[Any]
    told: NDArray[Any]


class Batches(Protocol):
    """What gives a run its epochs."""

    @property
    def steps(self) -> int:
        """Batches in an epoch."""

    def __call__(self, rng: np.random.Generator, /) -> Epoch:
        """One epoch."""


class Watched(Protocol):
    """What is watched after each epoch."""

    @property
    def patients(self) -> NDArray[np.str_]:
        """Of the samples."""

    def still(self) -> Iterator[Batch]:
        """All samples in order, unchanged."""


def fit_patch(tiles: TileSet, split: Split, run: Run) -> Network:
    """Train a patch classifier on the training side of the split."""
    if not run.config.describing:
        return _fit_tiles(tiles, split, run)
    learned, watched = _tile_batches(tiles, split, run.config)
    if not learned.tiles.answers.size:
        raise UsageError("These lesions have no descriptions.", "Remove “describing” from the config.")
    net = new_network(run.config, run.progress)
    if not isinstance(net, PatchNet):
        raise UsageError("Only a patch classifier learns from descriptions.", "Remove “describing” from the config.")
    batches = replace(learned, is_described=True)
    fit(DescribingNet(net), batches, split, run, loss=describing_loss(run.config.describing), watched=watched)
    return net


def fit_segmenter(tiles: TileSet, split: Split, run: Run) -> Network:
    """Train a segmenter on the training side of the split."""
    return _fit_tiles(tiles, split, run)


def fit_whole_image(images: ImageSet, split: Split, run: Run, *, patch_net: PatchNet) -> WholeImageNet:
    """Put a new top on a patch net's body and train in stages, on the training side of the split."""
    sizes = sizes_of(run.config.network.architecture, run.config.network.sizes)
    if not isinstance(sizes, ImageHeadSizes):
        raise UsageError("The config of a whole-image classifier names another architecture.", "Correct [network].")
    torch.manual_seed(run.config.seed)
    net = patch_net.to_image_net(sizes)
    fit_images(net, images, split, run)
    return net


def fit_images(net: WholeImageNet, images: ImageSet, split: Split, run: Run, *, parent: str = "") -> None:
    """Train a whole-image net on the training side of the split; ``parent`` as for `fit`."""
    learned, watched = sides_of(split, run.config)
    batches, others = (
        None if names is None else ImageBatches.of(_of(images, names), run.config.batch_size, run.config)
        for names in (learned, watched)
    )
    assert batches is not None
    batches = replace(batches, lost=run.lost)
    others = None if others is None else replace(others, lost=run.lost)
    if run.config.placing and not isinstance(net.head, AttentionHead):
        raise UsageError("Only a net with attention is told where to look.", "Remove “placing” from the config.")
    if not run.config.placing or not batches.images.places.size:
        if run.config.placing:
            run.progress(0.0, "No lesion is marked on these images: attention learns from their labels alone")
        fit(net, batches, split, run, parent=parent, watched=others)
        return
    batches, loss = replace(batches, is_placed=True), placing_loss(run.config.placing)
    fit(PlacedNet(net), batches, split, run, loss=loss, parent=parent, watched=others)


def fit(
    net: nn.Module,
    batches: Batches,
    split: Split,
    run: Run,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    parent: str = "",
    watched: Watched | None = None,
) -> None:
    """Train a net as the config says, and leave split, log and checkpoint in the run's folder.

    Parameters
    ----------
    loss
        Instead of the one that the config names.
    parent
        Hash of the package whose weights ``net`` has; a run goes on only from its own.
    watched
        The samples that ``config.watch`` sets aside.
    """
    config = run.config
    run.out.mkdir(parents=True, exist_ok=True)
    write_split(split, run.out / SPLIT_TABLE)
    plan = Plan(
        stages=config.stages,
        batches=batches,
        steps_per_epoch=batches.steps,
        loss=loss or losses.loss_named(config.loss),
        seed=config.seed,
        fingerprint=config.sha256 + split.sha256 + parent,
        betas=config.optimizer_betas,
        arithmetic=config.arithmetic,
        machine=run.machine,
        parts=run.parts,
        lent=run.lent,
    )
    samples = batches if watched is None and isinstance(batches, TileBatches | ImageBatches) else watched
    if run.on_epoch is not None and samples is not None:
        plan = replace(plan, on_epoch=_teller(run.on_epoch, samples))
    if config.watch is not None and watched is not None:
        validate = validation_of(
            lambda: _asking(watched.still(), run.cancel), measure_of(config.watch.value, lambda: watched.patients)
        )
        plan = replace(plan, validate=validate, monitor=config.watch.value, direction="max", keep=config.watch.keep)
    train(net, plan, run.out, progress=run.progress, cancel=run.cancel)
    leave_to_first_process()


def _asking(batches: Iterable[Batch], cancel: Cancel) -> Iterator[Batch]:
    """A validation can be stopped and made to wait, as an epoch can."""
    for batch in batches:
        stop_if_cancelled(cancel)
        yield batch


def shown(net: nn.Module, batch: Batch) -> Shown:
    """What a net in eval mode says of the first samples of a batch."""
    images = batch.images[:SHOWN].to(next(net.parameters()).device)
    told, targets = net(images).float().cpu(), batch.targets[:SHOWN]
    gray = np.stack([_thumbnail(image) for image in images[:, 0].cpu().numpy()])
    if told.ndim == 4:
        share = told.sigmoid()[:, 0] if told.shape[1] == 1 else 1.0 - told.softmax(dim=1)[:, 0]
        outline = targets.reshape(share.shape).numpy() > 0.5
        small = [_fitted(np.asarray(one * 255)) for one in share.numpy()]
        return Shown(gray, np.stack([_fitted(np.float32(255) * one) for one in outline]), np.stack(small))
    labels = (targets[:, 0] if targets.ndim == 2 else targets).numpy().astype(np.int64)
    # Of a patch classifier the malignant classes together; what else it answers stands behind its classes.
    is_patch = told.shape[1] > 2
    malignant = MALIGNANT if is_patch else [1]
    share = told[:, : len(PatchClass)].softmax(dim=1)[:, malignant].sum(dim=1)
    return Shown(gray, np.isin(labels, malignant), share.numpy())


def _teller(on_epoch: Callable[[EpochLog, Shown], None], samples: Watched) -> Callable[[nn.Module, EpochLog], None]:
    def tell(net: nn.Module, log: EpochLog) -> None:
        batch = next(samples.still(), None)
        if batch is not None:
            on_epoch(log, shown(net, batch))

    return tell


def _thumbnail(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = float(image.min()), float(image.max())
    return _fitted((image - low) * (255.0 / max(high - low, 1e-6)))


def _fitted(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    scale = min(1.0, SHOWN_PX / max(image.shape))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(small).clip(0, 255), dtype=np.uint8)


def fit_tiles(net: Network, tiles: TileSet, split: Split, run: Run, *, parent: str = "") -> None:
    """Train a net for tiles on the training side of the split; ``parent`` as for `fit`."""
    learned, watched = _tile_batches(tiles, split, run.config)
    fit(net, learned, split, run, parent=parent, watched=watched)


def _fit_tiles(tiles: TileSet, split: Split, run: Run) -> Network:
    net = new_network(run.config, run.progress)
    fit_tiles(net, tiles, split, run)
    return net


def _tile_batches(tiles: TileSet, split: Split, config: TrainingConfig) -> tuple[TileBatches, TileBatches | None]:
    """Batches to learn from, and those to watch."""
    learned, watched = sides_of(split, config)
    batches = TileBatches(_of(tiles, learned), patch_spec(config), config.batch_size, config.augment)
    return batches, None if watched is None else replace(batches, tiles=_of(tiles, watched))


def _of(samples: _Samples, patients: frozenset[str]) -> _Samples:
    return samples.select(np.isin(samples.patients, list(patients)))
