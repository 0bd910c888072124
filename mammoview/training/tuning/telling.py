"""What a package says of cases: the same cases, cut the same way, for every package that is compared."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError, UsageError
from mammoview.core.progress import SubProgress, stop_if_cancelled
from mammoview.models.manifest import Task
from mammoview.training.cases.augment import Ranges
from mammoview.training.cases.case import boxed, labelled, outlined
from mammoview.training.cases.case_images import case_images
from mammoview.training.cases.case_tiles import case_tiles, masked_tiles
from mammoview.training.cases.samples import ImageBatches, TileBatches
from mammoview.training.cases.stored import open_images
from mammoview.training.cases.tiles import TileSet
from mammoview.training.judging.evaluate import MALIGNANT, mask_scores, outputs, predicted_masks
from mammoview.training.judging.measure import JITTER
from mammoview.training.judging.site_judging import Samples, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mammoview.core.progress import Cancel, Progress
    from mammoview.models.loading import LoadedPackage
    from mammoview.models.preprocess import ImageSpec
    from mammoview.training.cases.case import Case
    from mammoview.training.cases.lost import Lost
    from mammoview.training.cases.samples import ImageSet

_USES = {Task.WHOLE_IMAGE: labelled, Task.PATCH: boxed, Task.SEGMENTATION: outlined}
#: Images that are prepared before the nets look at them: a multiple of their batch.
_AT_ONCE = 64
#: What of a case parts the test set into subgroups, where the table knows it.
_FIELDS = ("density", "vendor", "year")


@dataclass(frozen=True)
class Work:
    """How cases are read.

    Attributes
    ----------
    seed
        Of the jitter of lesions, the same for every package.
    lost
        Takes the images that cannot be read.
    cache
        Where a run may have left all its images, prepared as asked for; None where there was none.
    """

    seed: int
    lost: Lost
    progress: Progress
    cancel: Cancel
    cache: Callable[[ImageSpec], Path] | None = None


def classifiers_told(
    packages: Sequence[LoadedPackage], cases: Sequence[Case], work: Work
) -> tuple[tuple[Told, ...], Samples]:
    """What classifiers of one task say of cases.

    Raises
    ------
    InputError
        When no case can be judged.
    """
    task = packages[0].info.task
    found: list[Told] = []
    samples: Samples | None = None
    for index, package in enumerate(packages):
        part = replace(work, progress=SubProgress(work.progress, index / len(packages), (index + 1) / len(packages)))
        read = _images_told if task is Task.WHOLE_IMAGE else _patches_told
        logits, own = read(package, cases, part)
        found.append(Told(package.info.key, logits, package.calibration.temperature))
        if samples is not None and not np.array_equal(samples.images, own.images):
            raise InputError(
                "An image became unreadable while the models were judged.", "Judge again: it is passed over then."
            )
        samples = own
    assert samples is not None
    return tuple(found), samples


def outlines_told(
    packages: Sequence[LoadedPackage], cases: Sequence[Case], work: Work
) -> tuple[tuple[NDArray[np.float64], ...], Samples]:
    """The Dice of each outlined lesion, for each segmenter: crops with jittered centres, the same for all."""
    usable = outlined(cases)
    tiles, rows = _tiles_of(usable, work, is_mask=True)
    dice = []
    for package in packages:
        spec = package.preprocess.patch
        if spec is None:
            raise UsageError(f"{package.info.key} takes no lesions.", "Choose a segmenter.")
        batches = list(TileBatches(tiles, spec, 16, Ranges()).still(work.seed, jitter=JITTER))
        truth = np.concatenate([batch.targets.numpy()[:, 0] > 0.5 for batch in batches])
        dice.append(mask_scores(predicted_masks(package.network(), batches), truth).dice)
        stop_if_cancelled(work.cancel)
    held = [usable[row] for row in rows]
    labels = np.zeros(len(held), dtype=np.int64)
    return tuple(dice), _samples(held, labels, (1,), unit="lesions")


def usable_for(task: Task, cases: Sequence[Case]) -> tuple[Case, ...]:
    """The cases that packages of a task can be judged on."""
    return _USES[task](cases)


def _images_told(package: LoadedPackage, cases: Sequence[Case], work: Work) -> tuple[NDArray[np.float64], Samples]:
    spec = package.preprocess.image
    if spec is None:
        raise UsageError(f"{package.info.key} takes no whole images.", "Choose a whole-image classifier.")
    by_name = {str(case.path): case for case in cases}
    found, names, labels = [], [], []
    for images in _prepared(cases, spec, work):
        stop_if_cancelled(work.cancel)
        found.append(
            outputs(package.network(), ImageBatches(images, 8, Ranges(), spec.channels, lost=work.lost).still())
        )
        is_read = np.array([name not in work.lost for name in images.names.tolist()])
        names += images.names[is_read].tolist()
        labels.append(images.labels[is_read])
    if not names:
        raise InputError("None of the images can be read.", "Check that the files lie where the table says.")
    held = [by_name[name] for name in names]
    malignant = (package.manifest.labels.index("malignant"),)
    return np.concatenate(found, axis=1), _samples(held, np.concatenate(labels), malignant)


def _prepared(cases: Sequence[Case], spec: ImageSpec, work: Work) -> Iterator[ImageSet]:
    """All images, a few at a time: those that a run prepared, or else as they are read."""
    cache = None if work.cache is None else work.cache(spec)
    if cache is not None and cache.exists():
        wanted, kept = {str(case.path) for case in cases}, open_images(cache)
        yield kept.select(np.array([name in wanted for name in kept.names.tolist()]))
        return
    usable = labelled(cases)
    for start in range(0, len(usable), _AT_ONCE):
        part = SubProgress(work.progress, start / len(usable), min(1.0, (start + _AT_ONCE) / len(usable)))
        images: ImageSet | None = None
        with suppress(InputError):
            # Not one of these can be read: each is noted as lost.
            images = case_images(
                usable[start : start + _AT_ONCE], spec, lost=work.lost, progress=part, cancel=work.cancel
            )
        if images is not None:
            yield images


def _patches_told(package: LoadedPackage, cases: Sequence[Case], work: Work) -> tuple[NDArray[np.float64], Samples]:
    spec = package.preprocess.patch
    if spec is None:
        raise UsageError(f"{package.info.key} takes no lesions.", "Choose a patch classifier.")
    usable = boxed(cases)
    tiles, rows = _tiles_of(usable, work, is_mask=False)
    logits = outputs(package.network(), TileBatches(tiles, spec, 64, Ranges()).still(work.seed, jitter=JITTER))
    return logits, _samples([usable[row] for row in rows], tiles.labels, tuple(MALIGNANT), unit="lesions")


def _tiles_of(cases: Sequence[Case], work: Work, *, is_mask: bool) -> tuple[TileSet, list[int]]:
    """The lesions of all cases, and for each the index of its case."""
    parts, rows = [], []
    for index, tiles in _cut(cases, work, is_mask=is_mask):
        parts.append(tiles)
        rows += [index] * len(tiles.labels)
    if not parts:
        raise InputError("No lesion of the test set can be judged.", "Add cases with outlines or boxes.")
    words = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("boxes", "labels", "patients")}
    masks = np.concatenate([part.masks for part in parts])
    return TileSet(pixels=np.concatenate([part.pixels for part in parts]), masks=masks, **words), rows


def _cut(cases: Sequence[Case], work: Work, *, is_mask: bool) -> Iterator[tuple[int, TileSet]]:
    for index, case in enumerate(cases):
        stop_if_cancelled(work.cancel)
        if str(case.path) not in work.lost:
            try:
                yield index, masked_tiles((case,)) if is_mask else case_tiles((case,), seed=work.seed, background=0)
            except InputError as error:
                work.lost.note(str(case.path), error)
        work.progress((index + 1) / len(cases), f"Judging case {index + 1} of {len(cases)}")


def _samples(
    cases: Sequence[Case], labels: NDArray[np.int64], malignant: Sequence[int], *, unit: str = "images"
) -> Samples:
    groups = {"view": np.array([case.view.value for case in cases])}
    for name in _FIELDS:
        values = np.array([str(getattr(case, name, None) or "") for case in cases])
        if len(np.unique(values)) > 1:
            groups[name] = values
    return Samples(
        labels,
        malignant,
        np.array([str(case.path) for case in cases]),
        np.array([case.patient for case in cases]),
        groups,
        unit,
    )
