"""Tuning a whole-image classifier to a new site with image labels alone.

Shen et al. 2019 (doi 10.1038/s41598-019-48995-4): a whole-image classifier of one site, all layers of it, goes on
learning from another site's images at a hundredth of the first rate; no lesion has to be marked there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError, UsageError
from mammoview.core.progress import SubProgress
from mammoview.models.architectures import sizes_of
from mammoview.models.calibration import mean_probabilities
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Metric, Task
from mammoview.models.networks import Network, WholeImageNet
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.samples import ImageBatches, ImageSet
from mammoview.training.cases.splits import Split, deal_folds, fold_split
from mammoview.training.config import OF_PARENT, NetworkConfig
from mammoview.training.judging.comparisons import compare_aucs
from mammoview.training.judging.evaluate import Judged, judge_whole_image, outputs
from mammoview.training.judging.measure import IMAGE_PROTOCOL, evaluation_of
from mammoview.training.judging.measured import metric
from mammoview.training.learning.engine import is_shared
from mammoview.training.recipes.fitting import Run, fit_images
from mammoview.training.recipes.papers import PACKAGE, image_data, train_whole_image
from mammoview.training.recipes.publish import publish, settle, whole_image_source
from mammoview.training.recipes.site import check_parent, check_sides, site_source
from mammoview.training.recipes.watch import sides_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.training.config import TrainingConfig
    from mammoview.training.judging.evaluate import Verdict
    from mammoview.training.recipes.site import Site

#: With fewer patients none is held out for good: cross-validation judges, and the net learns from all.
LEAST_TO_HOLD_OUT = 40
FOLDS = 5
#: An AUC whose 95 % interval is wider than this says little.
WIDE = 0.2

_PAIRED = " “auc_gain” is the AUC by image less that of the parent on the same images."
_POOLED = (
    " The numbers pool {folds} nets of a cross-validation by patient, each tuned with the same schedule and judged on "
    "the patients that it never saw; the package's own net learned from all patients."
)


def train_image(data: Path, run: Run, *, parent: Path) -> PackageInfo:
    """Train a whole-image classifier: tuned where the parent is one, by surgery where it is a patch classifier.

    Parameters
    ----------
    data, run
        As for `recipes.train_whole_image`.
    parent
        Package folder; it stays as it is.
    """
    train = train_tuned if read_info(parent).task is Task.WHOLE_IMAGE else train_whole_image
    return train(data, run, parent=parent)


def train_tuned(data: Path, run: Run, *, parent: Path) -> PackageInfo:
    """Tune a whole-image classifier to the labelled images of a site, with its own preprocessing.

    From `LEAST_TO_HOLD_OUT` patients on, or with a table of folds, the split of the config holds some out; below, a
    cross-validation judges and the net learns from all.

    Parameters
    ----------
    data
        A site's table, or any data whose images have labels.
    run
        The schedule and the place. The network is the parent's, and so is what is done to an image, but for a mean that
        the config may name.
    parent
        Package folder of the whole-image classifier; it stays as it is.

    Raises
    ------
    InputError
        When the data are bad, or too few.
    UsageError
        When the parent does not fit the config, or learned from patients that are to judge its child.
    """
    info = read_info(parent)
    package = load(info)
    run = replace(run, config=tuned_config(package, run.config))
    images, split, site = image_data(data, run)
    strata = patient_labels(images)
    is_small = len(strata) < LEAST_TO_HOLD_OUT and run.config.split.table is None
    if site is not None and not is_small:
        check_sides(site)
    held = frozenset(strata) if is_small else split.validation & frozenset(strata)
    doubt = check_parent(info, held, (split,))
    if doubt and site is None:
        # The parent may well come from this very collection.
        raise UsageError(doubt, "Start from a package trained with the same [split].")
    if doubt:
        run.progress(0.0, doubt)
    found = _cross_validated(images, strata, run, package) if is_small else _held_out(images, split, run, package)
    return _publish_tuned(found, images, run, info, site, notes=(doubt,) if doubt else ())


def tuned_config(package: LoadedPackage, config: TrainingConfig) -> TrainingConfig:
    """The config with network and preprocessing of the parent; a mean that the config names is the new site's.

    Raises
    ------
    UsageError
        When the parent takes no whole images, or the config describes another network.
    """
    said, own = config.network, package.manifest
    sizes = sizes_of(own.architecture, own.hyper_parameters)
    if said.architecture != OF_PARENT and sizes_of(said.architecture, said.sizes) != sizes:
        raise UsageError(
            f"The config describes another network than that of {package.info.key}.",
            "Leave [network] out of the config: the parent's is taken.",
        )
    spec, given = package.preprocess.image, config.preprocess.image
    if spec is None:
        raise UsageError(f"{package.info.key} takes no whole images.", "Name a whole-image classifier with --parent.")
    if given is not None and "mean" in given.model_fields_set:
        spec = spec.model_copy(update={"mean": given.mean})
    network = NetworkConfig(architecture=own.architecture, sizes=dict(own.hyper_parameters))
    return config.model_copy(
        update={"network": network, "preprocess": package.preprocess.model_copy(update={"image": spec})}
    )


def fit_tuned(images: ImageSet, split: Split, run: Run, package: LoadedPackage) -> WholeImageNet:
    """Let a copy of a package's net go on learning from the training side of the split.

    Parameters
    ----------
    images
        Prepared as the config says.
    split
        Its validation side is not looked at.
    run
        With a config of `tuned_config`.
    package
        The parent.
    """
    net = parent_net(package)
    fit_images(net, images, split, run, parent=package.info.sha256)
    return net


def parent_net(package: LoadedPackage) -> WholeImageNet:
    """A copy of a package's whole-image net, which may be changed.

    Raises
    ------
    UsageError
        When the package holds another kind of net.
    """
    net = package.network()
    if not isinstance(net, WholeImageNet):
        raise UsageError(f"{package.info.key} is no whole-image classifier.", "Name the package of one.")
    return copy.deepcopy(net)


@dataclass(frozen=True, eq=False)
class _Tuned:
    """A settled net, what it may have seen, and the outputs that judge it beside those of the parent.

    Attributes
    ----------
    told, before
        Shape (4, n, 2): logits for the images ``judged``, of the tuned nets and of the parent.
    """

    net: Network
    split: Split
    judged: ImageSet
    told: NDArray[np.float64]
    before: NDArray[np.float64]
    folds: int = 0


def _held_out(images: ImageSet, split: Split, run: Run, package: LoadedPackage) -> _Tuned:
    net = settle(fit_tuned(images, split, run, package))
    held = images.select(np.isin(images.patients, list(split.validation)))
    return _Tuned(net, split, held, logits_of(net, held, run), logits_of(parent_net(package), held, run))


def _cross_validated(images: ImageSet, strata: dict[str, int], run: Run, package: LoadedPackage) -> _Tuned:
    if is_shared(run.machine):
        raise UsageError("So few cases are cross-validated on one device.", "Leave out --devices and --nodes.")
    count = min(FOLDS, sum(strata.values()), len(strata) - sum(strata.values()))
    if count < 2:
        raise InputError(
            f"There are too few patients: {sum(strata.values())} of {len(strata)} are malignant; two of each class are "
            "needed.",
            "Add cases.",
        )
    folds = deal_folds(strata, count, seed=run.config.split.seed)
    told = np.empty((4, len(images.labels), 2))
    for number in range(count):
        split = fold_split(folds, number)
        net = settle(fit_tuned(images, split, part_of(run, f"fold{number}", number, count + 1), package))
        held = np.isin(images.patients, list(split.validation))
        told[:, held] = logits_of(net, images.select(held), run)
    everybody = Split(frozenset(strata), frozenset())
    net = settle(fit_tuned(images, everybody, part_of(run, "", count, count + 1), package))
    return _Tuned(net, everybody, images, told, logits_of(parent_net(package), images, run), folds=count)


def _publish_tuned(
    found: _Tuned, images: ImageSet, run: Run, info: PackageInfo, site: Site | None, *, notes: tuple[str, ...]
) -> PackageInfo:
    config, judged = run.config, found.judged
    groups = {"view": judged.views}
    verdict = judge_whole_image(
        Judged(found.told, judged.labels, judged.patients, judged.breasts, groups), seed=config.split.seed
    )
    trained = images.select(np.isin(images.patients, list(found.split.training)))
    source = whole_image_source(float(trained.labels.mean()), is_placed=config.placing > 0)
    if site is None:
        source = replace(source, description=f"{source.description} Tuned from `{info.key}`.")
    else:
        source = site_source(
            source,
            site,
            learned=sides_of(found.split, config)[0],
            parent=info,
            notes=(*notes, *_too_wide(verdict)),
        )
    if found.folds:
        how = f"{found.folds} folds of a cross-validation (seed {config.split.seed}), then all patients in the net"
        source = replace(source, held_out=how)
    pooled = _POOLED.format(folds=found.folds) if found.folds else ""
    verdict = replace(verdict, metrics=(*verdict.metrics, *_gain(found, verdict, info)))
    return publish(
        run.out / PACKAGE,
        found.net,
        config,
        source=source,
        calibration=verdict.calibration,
        evaluation=evaluation_of(verdict, IMAGE_PROTOCOL + _PAIRED + pooled, found.split, config),
        parent_sha256=info.sha256,
    )


def _gain(found: _Tuned, verdict: Verdict, info: PackageInfo) -> Iterator[Metric]:
    """The parent's AUC on the same images, and what tuning added to it."""
    judged = found.judged
    after = mean_probabilities(found.told, temperature=verdict.calibration.temperature)[:, 1]
    before = mean_probabilities(found.before, temperature=info.calibration().temperature)[:, 1]
    pair = compare_aucs(judged.labels == 1, ("tuned", after), ("parent", before), patients=judged.patients)
    yield from metric(
        "auc_image", pair.second, images=pair.samples, patients=pair.patients, group="the parent, before tuning"
    )
    yield from metric("auc_gain", pair.bootstrap.difference, images=pair.samples, patients=pair.patients)


def _too_wide(verdict: Verdict) -> Iterator[str]:
    for one in verdict.metrics:
        is_whole = one.name == "auc_image" and not one.group
        if is_whole and (one.low is None or one.high is None or one.high - one.low > WIDE):
            yield (
                f"The interval of its AUC is wider than {WIDE}: {one.n_patients} patients are too few to say whether "
                "tuning helped."
            )


def patient_labels(images: ImageSet) -> dict[str, int]:
    """1 for each patient with a malignant image."""
    found: dict[str, int] = {}
    for patient, label in zip(images.patients.tolist(), images.labels.tolist(), strict=True):
        found[patient] = max(label, found.get(patient, 0))
    return found


def logits_of(net: Network, images: ImageSet, run: Run) -> NDArray[np.float64]:
    """What a net says of images and their flips: shape (4, n, 2), float64."""
    return outputs(net, ImageBatches.of(images, 8, run.config).still())


def part_of(run: Run, name: str, index: int, count: int) -> Run:
    """The run of step ``index`` of ``count``, in a folder of its own."""
    progress = SubProgress(run.progress, index / count, (index + 1) / count)
    return replace(run, out=run.out / name, progress=progress)
