"""The three ways to train, from a data folder and a config to a package: patch, whole image, segmenter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from mammoview.core.errors import UsageError
from mammoview.core.findings import LesionKind
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress
from mammoview.models.architectures import sizes_of
from mammoview.models.loading import load
from mammoview.models.manifest import Calibration
from mammoview.models.networks import Network, PatchNet, WholeImageNet
from mammoview.models.registry import PackageInfo, read_info
from mammoview.models.sizes import ImageHeadSizes
from mammoview.training import losses
from mammoview.training.beginning import new_network
from mammoview.training.data import Lesion, cbis_films, cbis_lesions, cesm_images
from mammoview.training.described import DescribingNet, describing_loss
from mammoview.training.engine import ONE_CPU, Machine, leave_to_first_process
from mammoview.training.evaluate import MALIGNANT
from mammoview.training.images import film_images, load_images, save_images
from mammoview.training.loop import Plan, train
from mammoview.training.measure import measure_patch, measure_segmenter, measure_whole_image, patch_spec
from mammoview.training.proposals import film_proposals
from mammoview.training.publish import patch_source, publish, segmenter_source, settle, whole_image_source
from mammoview.training.samples import ImageBatches, ImageSet, TileBatches
from mammoview.training.splits import Split, check_patients, split_by_patient, write_split
from mammoview.training.tiles import TileSet, patch_tiles, segmentation_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from mammoview.models.preprocess import ImageSpec
    from mammoview.training.config import TrainingConfig
    from mammoview.training.prefetch import Epoch

PACKAGE = "package"


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
    """

    config: TrainingConfig
    out: Path
    progress: Progress = no_progress
    cancel: Cancel = never_cancel
    machine: Machine = ONE_CPU


def train_patch(data: Path, run: Run) -> PackageInfo:
    """Train the five-class patch classifier on CBIS-DDSM.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm``.
    run
        Config and place.
    """
    tiles = patch_samples(data, run)
    split = cbis_split(cbis_lesions(data), run.config)
    net = fit_patch(tiles, split, run)
    return publish_patch(net, tiles, split, run)


def train_whole_image(data: Path, run: Run, *, parent: Path) -> PackageInfo:
    """Turn a patch classifier into a whole-image classifier and train it on CBIS-DDSM.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm``.
    run
        Config and place.
    parent
        Package folder of the patch classifier; it must come from the same split.
    """
    images = image_samples(data, run)
    split = cbis_split(cbis_lesions(data), run.config)
    info = read_info(parent)
    net = fit_whole_image(images, split, run, patch_net=patch_net_of(info, split))
    return publish_whole_image(net, images, split, run, parent=info)


def train_segmenter(data: Path, run: Run) -> PackageInfo:
    """Train the B-Cir U-Net on lesion crops of CDD-CESM.

    Parameters
    ----------
    data
        Folder that holds ``cdd_cesm``.
    run
        Config and place.
    """
    tiles = segmentation_samples(data, run)
    split = cesm_split(tiles, run.config)
    net = fit_segmenter(tiles, split, run)
    return publish_segmenter(net, tiles, split, run)


def patch_samples(data: Path, run: Run) -> TileSet:
    """All tiles of CBIS-DDSM that a patch classifier learns from and is judged by."""
    lesions = cbis_lesions(data)
    films = cbis_films(data, lesions)
    proposals = {}
    if run.config.hard_negatives:
        proposals = film_proposals(films, run.out / "proposals.npz", progress=run.progress, cancel=run.cancel)
    return patch_tiles(
        lesions,
        films,
        seed=run.config.seed,
        background_per_film=run.config.background_per_film,
        proposals=proposals,
    )


def image_samples(data: Path, run: Run) -> ImageSet:
    """All mammograms of CBIS-DDSM as the config's net sees them; kept in the run's folder."""
    spec = _image_spec(run.config)
    cache = run.out / f"images-{hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:8]}.npz"
    run.out.mkdir(parents=True, exist_ok=True)
    if not cache.exists():
        films = cbis_films(data, cbis_lesions(data))
        save_images(film_images(films, spec, progress=run.progress, cancel=run.cancel), cache)
    return load_images(cache)


def segmentation_samples(data: Path, run: Run) -> TileSet:
    """All lesion crops of CDD-CESM, whatever the run."""
    del run
    return segmentation_tiles(cesm_images(data))


def cbis_split(lesions: Sequence[Lesion], config: TrainingConfig) -> Split:
    """One split of all CBIS-DDSM patients, by what they have: masses, calcifications, anything malignant."""
    strata: dict[str, tuple[bool, ...]] = {}
    for lesion in lesions:
        is_mass = lesion.kind is LesionKind.MASS
        before = strata.get(lesion.key.patient, (False, False, False))
        now = (is_mass, not is_mass, lesion.is_malignant)
        strata[lesion.key.patient] = tuple(a or b for a, b in zip(before, now, strict=True))
    return split_by_patient(strata, config.split.validation_share, seed=config.split.seed)


def cesm_split(tiles: TileSet, config: TrainingConfig) -> Split:
    """A split of the CDD-CESM patients who have a lesion."""
    strata = dict.fromkeys(tiles.patients.tolist(), "")
    return split_by_patient(strata, config.split.validation_share, seed=config.split.seed)


def fit_patch(tiles: TileSet, split: Split, run: Run) -> Network:
    """Train a patch classifier on the training side of the split."""
    part = tiles.select(np.isin(tiles.patients, list(split.training)))
    if not run.config.describing:
        return _fit_tiles(part, split, run)
    check_patients(split, training=part.patients.tolist(), validation=())
    net = new_network(run.config, run.progress)
    if not isinstance(net, PatchNet):
        raise UsageError("Only a patch classifier learns from descriptions.", "Remove “describing” from the config.")
    batches = TileBatches(
        part, patch_spec(run.config), run.config.batch_size, run.config.augment, is_described=bool(part.answers.size)
    )
    if not batches.is_described:
        raise UsageError("These lesions have no descriptions.", "Remove “describing” from the config.")
    fit(DescribingNet(net), batches, split, run, loss=describing_loss(run.config.describing))
    return net


def fit_segmenter(tiles: TileSet, split: Split, run: Run) -> Network:
    """Train a segmenter on the training side of the split."""
    part = tiles.select(np.isin(tiles.patients, list(split.training)))
    return _fit_tiles(part, split, run)


def fit_whole_image(images: ImageSet, split: Split, run: Run, *, patch_net: PatchNet) -> WholeImageNet:
    """Put a new top on a patch net's body and train in stages, on the training side of the split."""
    part = images.select(np.isin(images.patients, list(split.training)))
    check_patients(split, training=part.patients.tolist(), validation=())
    sizes = sizes_of(run.config.network.architecture, run.config.network.sizes)
    if not isinstance(sizes, ImageHeadSizes):
        raise UsageError("The config of a whole-image classifier names another architecture.", "Correct [network].")
    torch.manual_seed(run.config.seed)
    net = patch_net.to_image_net(sizes)
    batches = ImageBatches(part, run.config.batch_size, run.config.augment)
    fit(net, batches, split, run)
    return net


def publish_patch(net: Network, tiles: TileSet, split: Split, run: Run) -> PackageInfo:
    """Judge a patch classifier on the held-out patients and write its package."""
    calibration, evaluation = measure_patch(settle(net), tiles, split, run.config)
    trained = tiles.select(np.isin(tiles.patients, list(split.training)) & (tiles.labels > 0))
    return publish(
        run.out / PACKAGE,
        net,
        run.config,
        source=patch_source(float(np.isin(trained.labels, MALIGNANT).mean())),
        calibration=calibration,
        evaluation=evaluation,
    )


def publish_whole_image(net: Network, images: ImageSet, split: Split, run: Run, *, parent: PackageInfo) -> PackageInfo:
    """Judge a whole-image classifier on the held-out patients and write its package."""
    calibration, evaluation = measure_whole_image(settle(net), images, split, run.config)
    trained = images.select(np.isin(images.patients, list(split.training)))
    return publish(
        run.out / PACKAGE,
        net,
        run.config,
        source=whole_image_source(float(trained.labels.mean())),
        calibration=calibration,
        evaluation=evaluation,
        parent_sha256=parent.sha256,
    )


def publish_segmenter(net: Network, tiles: TileSet, split: Split, run: Run) -> PackageInfo:
    """Judge a segmenter on the held-out patients and write its package."""
    evaluation = measure_segmenter(settle(net), tiles, split, run.config)
    return publish(
        run.out / PACKAGE,
        net,
        run.config,
        source=segmenter_source(),
        calibration=Calibration(),
        evaluation=evaluation,
    )


def _fit_tiles(part: TileSet, split: Split, run: Run) -> Network:
    check_patients(split, training=part.patients.tolist(), validation=())
    net = new_network(run.config, run.progress)
    fit(net, TileBatches(part, patch_spec(run.config), run.config.batch_size, run.config.augment), split, run)
    return net


class Batches(Protocol):
    """What gives a run its epochs."""

    @property
    def steps(self) -> int:
        """Batches in an epoch."""

    def __call__(self, rng: np.random.Generator, /) -> Epoch:
        """One epoch."""


def fit(
    net: nn.Module,
    batches: Batches,
    split: Split,
    run: Run,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> None:
    """Train a net as the config says, and leave split, log and checkpoint in the run's folder.

    Parameters
    ----------
    loss
        Instead of the one that the config names.
    """
    run.out.mkdir(parents=True, exist_ok=True)
    write_split(split, run.out / "split.csv")
    plan = Plan(
        stages=run.config.stages,
        batches=batches,
        steps_per_epoch=batches.steps,
        loss=loss or losses.loss_named(run.config.loss),
        seed=run.config.seed,
        fingerprint=run.config.sha256 + split.sha256,
        betas=run.config.optimizer_betas,
        arithmetic=run.config.arithmetic,
        machine=run.machine,
    )
    train(net, plan, run.out, progress=run.progress, cancel=run.cancel)
    leave_to_first_process()


def patch_net_of(info: PackageInfo, split: Split) -> PatchNet:
    """The network of a patch classifier's package, if it learned from no patient that is held out in ``split``.

    Raises
    ------
    UsageError
        When it comes from another split, or is no patch classifier.
    """
    package = load(info)
    if package.evaluation.split_sha256 != split.sha256:
        raise UsageError(
            f"{info.folder} was trained on another split: its body may know the held-out patients.",
            "Train both models with the same [split].",
        )
    net = package.network()
    if not isinstance(net, PatchNet):
        raise UsageError(f"{info.folder} is no patch classifier.", "Name the package of one with --parent.")
    return net


def _image_spec(config: TrainingConfig) -> ImageSpec:
    if config.preprocess.image is None:
        raise UsageError("The config lacks [preprocess.image].", "Add it.")
    return config.preprocess.image
