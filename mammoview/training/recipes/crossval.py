"""Cross-validation by patient: one net for each fold, judged together on the patients that each never saw.

The folds are those of ``splits/site.csv``. Every net becomes a package: together they are an ensemble, and the first is
the parent that never saw the site's fifth. Each carries what the pooled outputs of all say: no patient was judged by a
net that knew her.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.errors import UsageError
from mammoview.models.manifest import Calibration, Evaluation
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.folds import CBIS, CESM
from mammoview.training.cases.samples import ImageSet
from mammoview.training.cases.splits import Split, fold_split
from mammoview.training.cases.tiles import TileSet
from mammoview.training.judging.evaluate import (
    MALIGNANT,
    Judged,
    MaskScores,
    judge_masks,
    judge_patch,
    judge_whole_image,
)
from mammoview.training.judging.measure import (
    IMAGE_PROTOCOL,
    MASK_PROTOCOL,
    PATCH_PROTOCOL,
    evaluation_of,
    image_outputs,
    mask_outputs,
    patch_outputs,
)
from mammoview.training.recipes.fitting import Run, fit_patch, fit_segmenter, fit_whole_image
from mammoview.training.recipes.papers import PACKAGE, image_samples, patch_net_of, patch_samples, segmentation_samples
from mammoview.training.recipes.publish import (
    Source,
    patch_source,
    publish,
    segmenter_source,
    settle,
    whole_image_source,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.models.networks import Network
    from mammoview.training.config import TrainingConfig

    Samples = TileSet | ImageSet
    Arrays = Mapping[str, NDArray[Any]]

OUTPUTS = "outputs.npz"
_POOLED = (
    " The numbers pool the nets of a cross-validation over five folds of patients: each image was judged by the one "
    "net that never saw its patient, and the nets' mean, which the program uses, was judged by none. A few settings "
    "(gray values as they are, descriptions as targets, how much lesions are changed while a net learns and for how "
    "long) were chosen on some of these patients, which flatters the numbers a little."
)


@dataclass(frozen=True)
class _Kind:
    """What the three kinds of net do differently."""

    dataset: str
    samples: Callable[[Path, Run], Any]
    fit: Callable[[Any, Split, Run, PackageInfo | None], Network]
    told: Callable[[Network, Any, TrainingConfig], dict[str, NDArray[Any]]]
    judge: Callable[[Arrays, Split, TrainingConfig], tuple[Calibration, Evaluation]]
    source: Callable[[Any, TrainingConfig], Source]


def cross_validate(
    kind: str,
    data: Path,
    run: Run,
    folds: Mapping[str, Mapping[str, int]],
    *,
    only: tuple[int, ...] = (),
    parents: Path | None = None,
) -> tuple[PackageInfo, ...]:
    """Train, judge and publish one net for each fold; what is done already is not done again.

    Parameters
    ----------
    kind
        ``patch``, ``image`` or ``segment``.
    data
        Folder of the public training data.
    run
        Config and place; fold k lies in ``out/foldk``.
    folds
        Fold of each patient, by dataset: `splits.read_folds`.
    only
        The folds to run, all if empty.
    parents
        Folder of the cross-validation whose patch classifiers give the bodies of whole-image classifiers.

    Returns
    -------
    tuple of PackageInfo
        One for each fold, in order.

    Raises
    ------
    UsageError
        When whole-image classifiers have no parents, or a segmenter's tiles are not those of its config.
    """
    if run.config.augmentation != "random":
        raise UsageError("The forty variants are not cross-validated.", "Use “mammoview train segment”.")
    if kind == "image" and parents is None:
        raise UsageError("A whole-image classifier needs the body of a patch classifier.", "Name it with --parents.")
    what = _KINDS[kind]
    samples = what.samples(data, run)
    numbers = only or tuple(sorted(set(folds[what.dataset].values())))
    nets: dict[int, Network] = {}
    parts: list[Arrays] = []
    for number in numbers:
        split = fold_split(folds[what.dataset], number)
        own = _of_fold(run, number)
        parent = None if parents is None else read_info(parents / f"fold{number}" / PACKAGE)
        nets[number] = settle(what.fit(samples, split, own, parent))
        parts.append(_told(what, nets[number], samples, split, own))
    pooled = pool(parts)
    found = []
    for number in numbers:
        split = fold_split(folds[what.dataset], number)
        calibration, evaluation = what.judge(pooled, split, run.config)
        parent = None if parents is None else read_info(parents / f"fold{number}" / PACKAGE)
        trained = samples.select(np.isin(samples.patients, list(split.training)))
        own = _of_fold(run, number)
        found.append(
            publish(
                own.out / PACKAGE,
                nets[number],
                own.config,
                source=replace(what.source(trained, run.config), held_out=f"fold {number} of splits/site.csv held out"),
                calibration=calibration,
                evaluation=evaluation,
                parent_sha256=None if parent is None else parent.sha256,
            )
        )
    return tuple(found)


def judge_again(
    kind: str, nets: Mapping[int, Network], data: Path, run: Run, folds: Mapping[str, Mapping[str, int]]
) -> Evaluation:
    """Judge trained nets anew, each on its own fold.

    Parameters
    ----------
    kind, data, run, folds
        As for `cross_validate`; the run's folder takes caches alone.
    nets
        The net of each fold, in eval mode.
    """
    what = _KINDS[kind]
    samples = what.samples(data, run)
    parts, split = [], None
    for number, net in nets.items():
        split = fold_split(folds[what.dataset], number)
        held = samples.select(np.isin(samples.patients, list(split.validation)))
        parts.append(what.told(net, held, run.config))
    assert split is not None
    return what.judge(pool(parts), split, run.config)[1]


def pool(parts: Sequence[Arrays]) -> dict[str, NDArray[Any]]:
    """Outputs of several folds as one."""
    return {name: np.concatenate([part[name] for part in parts], axis=_axis(name)) for name in parts[0]}


def read_outputs(folder: Path) -> dict[str, NDArray[Any]]:
    """Pool what the nets of a cross-validation said of the patients that they never saw, fold by fold."""
    parts = []
    for path in sorted(folder.glob(f"fold*/{OUTPUTS}")):
        with np.load(path, allow_pickle=False) as stored:
            parts.append(dict(stored))
    if not parts:
        raise UsageError(f"{folder} holds no cross-validation.", "Name the folder given with --out.")
    return pool(parts)


def _of_fold(run: Run, number: int) -> Run:
    package = run.config.package
    named = package.model_copy(
        update={"id": f"{package.id}-{number + 1}", "title": f"{package.title}, net {number + 1} of a cross-validation"}
    )
    return replace(run, config=run.config.model_copy(update={"package": named}), out=run.out / f"fold{number}")


def _told(what: _Kind, net: Network, samples: Samples, split: Split, run: Run) -> Arrays:
    path = run.out / OUTPUTS
    if not path.exists():
        held = samples.select(np.isin(samples.patients, list(split.validation)))
        arrays: dict[str, Any] = what.told(net, held, run.config)
        np.savez(path, **arrays)
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def _axis(name: str) -> int:
    """Logits have the flips before the samples."""
    return 1 if name == "logits" else 0


def _patch_told(net: Network, held: TileSet, config: TrainingConfig) -> dict[str, NDArray[Any]]:
    return {
        "logits": patch_outputs(net, held, config),
        "labels": held.labels,
        "patients": held.patients,
        "breasts": np.array(["_".join(name.split("_")[:2]) for name in held.lesions]),
        "view": np.array([name.split("_")[2] if name else "" for name in held.lesions]),
        "density": held.densities,
        "lesions": held.lesions,
    }


def _image_told(net: Network, held: ImageSet, config: TrainingConfig) -> dict[str, NDArray[Any]]:
    return {
        "logits": image_outputs(net, held, config),
        "labels": held.labels,
        "patients": held.patients,
        "breasts": held.breasts,
        "view": held.views,
    }


def _segment_told(net: Network, held: TileSet, config: TrainingConfig) -> dict[str, NDArray[Any]]:
    scores, baselines = mask_outputs(net, held, config)
    return {**vars(scores), **baselines, "patients": held.patients}


def _judged(pooled: Arrays) -> Judged:
    groups = {name: pooled[name] for name in ("view", "density") if name in pooled}
    return Judged(pooled["logits"], pooled["labels"], pooled["patients"], pooled["breasts"], groups)


def _judge_patch(pooled: Arrays, split: Split, config: TrainingConfig) -> tuple[Calibration, Evaluation]:
    verdict = judge_patch(_judged(pooled), seed=config.split.seed)
    return verdict.calibration, evaluation_of(verdict, PATCH_PROTOCOL + _POOLED, split, config)


def _judge_image(pooled: Arrays, split: Split, config: TrainingConfig) -> tuple[Calibration, Evaluation]:
    verdict = judge_whole_image(_judged(pooled), seed=config.split.seed)
    return verdict.calibration, evaluation_of(verdict, IMAGE_PROTOCOL + _POOLED, split, config)


def _judge_masks(pooled: Arrays, split: Split, config: TrainingConfig) -> tuple[Calibration, Evaluation]:
    names = list(MaskScores.__dataclass_fields__)
    baselines = {name: values for name, values in pooled.items() if name not in {*names, "patients"}}
    found = judge_masks(MaskScores(*(pooled[name] for name in names)), baselines, pooled["patients"])
    return Calibration(), Evaluation(
        metrics=found, protocol=MASK_PROTOCOL + _POOLED, split_sha256=split.sha256, seed=config.seed
    )


def _fit_image(images: ImageSet, split: Split, run: Run, parent: PackageInfo | None) -> Network:
    assert parent is not None
    return fit_whole_image(images, split, run, patch_net=patch_net_of(parent, split))


def _patch_prevalence(trained: TileSet, config: TrainingConfig) -> Source:
    return patch_source(float(np.isin(trained.labels[trained.labels > 0], MALIGNANT).mean()), config.sampling)


_KINDS: Mapping[str, _Kind] = {
    "patch": _Kind(
        CBIS,
        patch_samples,
        lambda tiles, split, run, _: fit_patch(tiles, split, run),
        _patch_told,
        _judge_patch,
        _patch_prevalence,
    ),
    "image": _Kind(
        CBIS,
        image_samples,
        _fit_image,
        _image_told,
        _judge_image,
        lambda trained, config: whole_image_source(float(trained.labels.mean()), is_placed=config.placing > 0),
    ),
    "segment": _Kind(
        CESM,
        segmentation_samples,
        lambda tiles, split, run, _: fit_segmenter(tiles, split, run),
        _segment_told,
        _judge_masks,
        lambda _, __: segmenter_source(),
    ),
}
