"""Nets that learn from drawn lesions, because nothing real of the kind is at hand. Marked experimental.

One segmenter tells benign from malignant masses pixel by pixel (the three states that a single sigmoid cannot tell, see
Roychowdhury et al.); another outlines clusters of calcifications at native resolution. The patch classifier of drawn
masses gives its body to the net that compares an exam with earlier ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mammoview.core.errors import UsageError
from mammoview.core.findings import PatchClass
from mammoview.core.paths import site_folds
from mammoview.core.progress import stop_if_cancelled
from mammoview.imaging.phantom import GENERATION
from mammoview.models.manifest import Calibration
from mammoview.models.networks import BCirUNet, build
from mammoview.models.preprocess import PatchSpec, SlidingSpec
from mammoview.training.cases.data import cbis_films, cbis_lesions
from mammoview.training.cases.folds import CBIS
from mammoview.training.cases.phantom_masks import (
    ThreeClassBatches,
    box_tiles,
    chances_of,
    cluster_tiles,
    mass_tiles,
    patient_of,
    together,
)
from mammoview.training.cases.phantom_patches import sequence_tiles
from mammoview.training.cases.phantom_sequences import draw_sequence
from mammoview.training.cases.samples import TileBatches
from mammoview.training.cases.splits import SITE_FOLD, Split, check_patients, fold_split, read_folds, split_by_patient
from mammoview.training.cases.tiles import TileSet
from mammoview.training.judging.evaluate import MALIGNANT
from mammoview.training.judging.measure import measure_patch, patch_spec
from mammoview.training.learning.engine import is_shared
from mammoview.training.recipes.fitting import Run, fit, fit_patch
from mammoview.training.recipes.measure_phantom import measure_clusters, measure_three_classes
from mammoview.training.recipes.papers import PACKAGE
from mammoview.training.recipes.phantom_sources import calcification_source, drawn_patch_source, three_class_source
from mammoview.training.recipes.publish import publish, settle

if TYPE_CHECKING:
    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.data import Film
    from mammoview.training.cases.phantom_masks import Tell
    from mammoview.training.cases.phantom_sequences import PhantomSequence
    from mammoview.training.config import TrainingConfig

#: A window of a cluster net, in sides of the square in the middle of its tile.
_WINDOW_CONTEXT = 2.0
#: Stages of this name come first and know no film.
DRAWN_STAGE = "drawn"
_LESIONS = (PatchClass.BENIGN_MASS, PatchClass.MALIGNANT_MASS)


def train_three_class(data: Path, run: Run) -> PackageInfo:
    """Train the three-class B-Cir U-Net on drawn masses and on ellipses in the boxes of CBIS-DDSM.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm``.
    run
        Config and place; ``config.phantoms`` says how many views are drawn. A stage named `DRAWN_STAGE` learns from
        drawn masses alone: on films the classes differ so little that a net which begins there tells none.
    """
    config = run.config
    drawn = _kept(run, "masses", lambda tell: mass_tiles(phantom_seeds(config), tell=tell))
    boxes = _kept(run, "boxes", lambda tell: box_tiles(_films(data), seed=config.seed, tell=tell))
    # The site's fold is held out: transfer experiments may start from this net, too.
    real = fold_split(read_folds(site_folds())[CBIS], SITE_FOLD)
    made = phantom_split(config)
    split = Split(real.training | made.training, real.validation | made.validation)
    net = _net(run, classes=3)
    parts = [_training(one, split) for one in (drawn, boxes)]
    _fit_in_turn(net, parts, split, run)
    settle(net)
    held = [one.select(np.isin(one.patients, list(split.validation))) for one in (drawn, boxes)]
    is_lesion = np.isin(boxes.labels, [tuple(PatchClass).index(name) for name in _LESIONS])
    return publish(
        run.out / PACKAGE,
        net,
        config,
        source=three_class_source(phantoms=config.phantoms, boxes=int(is_lesion.sum())),
        calibration=Calibration(),
        evaluation=measure_three_classes(net, {"phantom": held[0], "CBIS-DDSM boxes": held[1]}, split, config),
    )


def train_calcification(data: Path, run: Run) -> PackageInfo:
    """Train a B-Cir U-Net that outlines drawn clusters of calcifications in windows of native resolution.

    Parameters
    ----------
    data
        Not read: everything is drawn. It is there so that all recipes are called alike.
    run
        Config and place; ``config.phantoms`` says how many views are drawn.
    """
    del data
    config = run.config
    spec = sliding_spec(config)
    window = PatchSpec(context=_WINDOW_CONTEXT, **spec.model_dump(include=set(PatchSpec.model_fields) - {"context"}))
    tiles = _kept(run, "clusters", lambda tell: cluster_tiles(phantom_seeds(config), window_px=spec.size_px, tell=tell))
    split = phantom_split(config)
    net = _net(run, classes=1)
    fit(net, _batches(_training(tiles, split), window, config), split, run)
    settle(net)
    held = tiles.select(np.isin(tiles.patients, list(split.validation)))
    seeds = [seed for seed in phantom_seeds(config) if patient_of(seed) in split.validation]
    return publish(
        run.out / PACKAGE,
        net,
        config,
        source=calcification_source(phantoms=config.phantoms),
        calibration=Calibration(),
        evaluation=measure_clusters(net, _batches(held, window, config), seeds, spec, split, run),
    )


def train_drawn_patch(data: Path, run: Run) -> PackageInfo:
    """Train a patch classifier on squares of one size from drawn women over the years.

    Parameters
    ----------
    data
        Not read: everything is drawn.
    run
        Config and place; ``config.phantoms`` says how many women are drawn.

    Raises
    ------
    UsageError
        When the config does not say how large images and patches are.
    """
    del data
    config = run.config
    image = config.preprocess.image
    if image is None:
        raise UsageError("The config lacks [preprocess.image].", "Add it: patches are cut at the scale of images.")
    seeds, patch = phantom_seeds(config), patch_spec(config)

    def make(tell: Tell) -> TileSet:
        women = _told(map(draw_sequence, seeds), tell, len(seeds))
        return sequence_tiles(women, image, patch, background=config.background_per_film)

    tiles = _kept(run, "patches", make)
    split = phantom_split(config)
    net = fit_patch(tiles, split, run)
    learned = _training(tiles, split)
    calibration, evaluation = measure_patch(settle(net), tiles, split, config)
    return publish(
        run.out / PACKAGE,
        net,
        config,
        source=drawn_patch_source(
            float(np.isin(learned.labels[learned.labels > 0], MALIGNANT).mean()), women=config.phantoms
        ),
        calibration=calibration,
        evaluation=evaluation,
    )


def phantom_seeds(config: TrainingConfig) -> range:
    """The women that a config draws; another split seed draws others.

    Raises
    ------
    UsageError
        When it draws none.
    """
    if not config.phantoms:
        raise UsageError("The config draws no synthetic views.", "Say how many with “phantoms”.")
    first = config.split.seed * 10_000
    return range(first, first + config.phantoms)


def phantom_split(config: TrainingConfig) -> Split:
    """Which drawn women are held out."""
    strata = dict.fromkeys(map(patient_of, phantom_seeds(config)), "")
    return split_by_patient(strata, config.split.validation_share, seed=config.split.seed)


def sliding_spec(config: TrainingConfig) -> SlidingSpec:
    """The windows of a net that is moved over whole images.

    Raises
    ------
    UsageError
        When the config does not say.
    """
    if config.preprocess.sliding is None:
        raise UsageError("The config lacks [preprocess.sliding].", "Add it.")
    return config.preprocess.sliding


def _told(women: Iterable[PhantomSequence], tell: Tell, total: int) -> Iterator[PhantomSequence]:
    for index, woman in enumerate(women):
        tell(index / total)
        yield woman


def _fit_in_turn(net: BCirUNet, parts: Sequence[TileSet], split: Split, run: Run) -> None:
    """The stages of drawn masses on the first part, in a folder of their own; then the others on all parts."""
    if is_shared(run.machine):
        # The processes part after the first turn.
        raise UsageError("Three classes are learned in two turns on one device.", "Leave out --devices and --nodes.")
    stages = run.config.stages
    first = tuple(stage for stage in stages if stage.name == DRAWN_STAGE)
    for own, sets, out in (
        (first, parts[:1], run.out / DRAWN_STAGE),
        (tuple(stage for stage in stages if stage not in first), parts, run.out),
    ):
        if own:
            tiles = _batches(together(sets), patch_spec(run.config), run.config)
            turn = replace(run, config=run.config.model_copy(update={"stages": own}), out=out)
            # A run goes on only where the stages of both turns are the same.
            fit(net, ThreeClassBatches(tiles, chances_of(sets)), split, turn, parent=run.config.sha256)


def _films(data: Path) -> tuple[Film, ...]:
    return cbis_films(data, cbis_lesions(data))


def _net(run: Run, *, classes: int) -> BCirUNet:
    torch.manual_seed(run.config.seed)
    net = build(run.config.network.architecture, run.config.network.sizes)
    if not isinstance(net, BCirUNet) or net.sizes.outputs != classes:
        raise UsageError(f"The config names no segmenter with {classes} outputs.", "Correct [network].")
    return net


def _batches(tiles: TileSet, spec: PatchSpec, config: TrainingConfig) -> TileBatches:
    return TileBatches(tiles, spec, config.batch_size, config.augment)


def _training(tiles: TileSet, split: Split) -> TileSet:
    part = tiles.select(np.isin(tiles.patients, list(split.training)))
    check_patients(split, training=part.patients.tolist(), validation=())
    return part


def _kept(run: Run, name: str, make: Callable[[Tell], TileSet]) -> TileSet:
    """Tiles from the run's folder where an earlier call left them."""
    config = run.config
    chosen = f"{config.background_per_film} {config.phantoms} {config.seed} {config.split.seed}"
    what = f"{chosen} {config.preprocess.model_dump_json()} {GENERATION}"
    path = run.out / f"{name}-{hashlib.sha256(what.encode()).hexdigest()[:8]}.npz"
    run.out.mkdir(parents=True, exist_ok=True)
    if not path.exists():

        def tell(share: float) -> None:
            stop_if_cancelled(run.cancel)
            run.progress(share, f"Drawing {name}")

        make(tell).save(path)
    return TileSet.load(path)
