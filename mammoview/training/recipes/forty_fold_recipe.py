"""B-Cir U-Net trained as published: ROI-centred crops at native resolution, equalised, in forty variants.

Patients are held out before there are variants, the crops are drawn again whenever they are needed, and no variant is
ever a file. Judged are the crops of held-out patients as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mammoview.core.errors import UsageError
from mammoview.models.manifest import Calibration, Evaluation
from mammoview.models.preprocess import Equalise, PatchSpec
from mammoview.training.cases.case import outlined
from mammoview.training.cases.case_tiles import forty_fold_of
from mammoview.training.cases.folds import CESM
from mammoview.training.cases.forty_fold import FortyFold
from mammoview.training.cases.importers import open_data
from mammoview.training.cases.splits import Split, check_patients
from mammoview.training.judging.evaluate import MaskScores, judge_masks, mask_scores, predicted_masks
from mammoview.training.judging.measure import inscribed_ellipse, patch_spec
from mammoview.training.judging.metrics import dice
from mammoview.training.learning.beginning import new_network
from mammoview.training.learning.prefetch import Batch
from mammoview.training.recipes.fitting import Run, fit
from mammoview.training.recipes.papers import PACKAGE
from mammoview.training.recipes.publish import Source, publish, segmenter_source, settle
from mammoview.training.recipes.site import check_sides, configured_split, open_site, public_folder, site_source

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.forty_fold import Pair
    from mammoview.training.config import TrainingConfig

#: Crops that are kept, of which an epoch takes up all variants before it goes on to others.
CACHED = 64
PROTOCOL = (
    "Crops of held-out patients, {size} pixels of the image around a lesion's middle, without augmentation, threshold "
    "0.5, one pass; all that is marked in the crop counts. The centred disc has the diameter of the long side of what "
    "is marked; the inscribed ellipse fills the box around it, which the net is not told. hd95_px: 95th percentile of "
    "the border distance, pixels of the image. Intervals: 2,000 bootstrap samples of whole patients."
)


def train_forty_fold(data: Path, run: Run) -> PackageInfo:
    """Train a segmenter on the forty variants of ROI-centred crops.

    Parameters
    ----------
    data
        Folder that holds ``cdd_cesm``, or any data whose images have masks or contours; CC and MLO alike.
    run
        Config and place; ``preprocess.patch.size_px`` is the side of the crops in pixels of the images.

    Raises
    ------
    InputError
        When the data are bad, or too few.
    UsageError
        When the config prepares its input in another way.
    """
    config = run.config
    spec = patch_spec(config)
    if spec.equalise is not Equalise.HISTOGRAM:
        raise UsageError(
            "The forty variants are of equalised crops.", "Set equalise = “histogram” in [preprocess.patch]."
        )
    draw = partial(
        forty_fold_of, seed=config.seed, size_px=spec.size_px, cache=CACHED, progress=run.progress, cancel=run.cancel
    )
    public = public_folder(data, CESM)
    if public is not None:
        pairs = draw(open_data(public / CESM).cases)
        split = configured_split(dict.fromkeys(pairs.patients.tolist(), ""), config.split, dataset=CESM)
        source = segmenter_source()
    else:
        site = open_site(
            data, config.split, outlined, lacks="mask or contour", progress=run.progress, cancel=run.cancel
        )
        check_sides(site, has_classes=False)
        pairs, split = draw(site.cases), site.split
        source = site_source(segmenter_source(), site, learned=split.training)
    net = new_network(config, run.progress)
    fit(net, training_batches(pairs, split, config), split, run)
    evaluation = measure_crops(settle(net), pairs.select(split.validation), split, config)
    return publish(
        run.out / PACKAGE,
        net,
        config,
        source=_told(source, spec),
        calibration=Calibration(),
        evaluation=evaluation,
    )


@dataclass(frozen=True, eq=False)
class FortyFoldBatches:
    """Batches of variants; an epoch sees each of the forty variants of each image once.

    Attributes
    ----------
    pairs, spec, size
        What, how gray values become input, how many at once.
    """

    pairs: FortyFold
    spec: PatchSpec
    size: int

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last, smaller one is left out."""
        return max(1, len(self.pairs) // self.size)

    def __call__(self, rng: np.random.Generator) -> Iterator[Callable[[], Batch]]:
        """One epoch: each batch is drawn when it is called for, by whichever thread."""
        order = self.pairs.order(int(rng.integers(2**31)), block=CACHED)
        for step in range(self.steps):
            yield partial(self._batch, order[step * self.size : (step + 1) * self.size])

    def _batch(self, items: NDArray[np.int64]) -> Batch:
        return batch_of([self.pairs.variant(int(item)) for item in items], self.spec)


def training_batches(pairs: FortyFold, split: Split, config: TrainingConfig) -> FortyFoldBatches:
    """The variants of the patients who are learned from.

    Parameters
    ----------
    pairs
        Of all patients.
    split
        Its validation side gets no variants.
    config
        Of the run.

    Raises
    ------
    InputError
        When a held-out patient is among them.
    """
    part = pairs.select(split.training)
    check_patients(split, training=part.patients.tolist(), validation=())
    return FortyFoldBatches(part, patch_spec(config), config.batch_size)


def batch_of(pairs: list[Pair], spec: PatchSpec) -> Batch:
    """Equalised images and their masks as a step takes them.

    Parameters
    ----------
    pairs
        Images of one shape (size, size), float32 in [0, 1], and masks, bool.
    spec
        Gives channels, mean and spread.

    Returns
    -------
    Batch
        Images of shape (n, channels, size, size), masks of shape (n, 1, size, size), float32.
    """
    images = (np.stack([image for image, _ in pairs])[:, None] - np.float32(spec.mean)) / np.float32(spec.std)
    masks = np.stack([mask for _, mask in pairs])[:, None].astype(np.float32)
    return Batch(torch.from_numpy(np.repeat(images, spec.channels, axis=1)), torch.from_numpy(masks))


def measure_crops(net: nn.Module, held: FortyFold, split: Split, config: TrainingConfig) -> Evaluation:
    """Measure a segmenter on crops as they are, one at a time.

    Parameters
    ----------
    net
        In eval mode.
    held
        Of the held-out patients.
    split, config
        Of the run that trained the net.
    """
    spec = patch_spec(config)
    found, baselines = [], []
    for index in held.indices:
        pair = held.load(int(index))
        found.append(mask_scores(predicted_masks(net, [batch_of([pair], spec)]), pair[1][None]))
        shapes = {"centred_disc": _centred_disc(pair[1]), "inscribed_ellipse": inscribed_ellipse(pair[1])}
        baselines.append({name: dice(shape, pair[1]) for name, shape in shapes.items()})
    scores = MaskScores(
        *(np.concatenate([getattr(one, name) for one in found]) for name in MaskScores.__dataclass_fields__)
    )
    drawn = {name: np.array([one[name] for one in baselines]) for name in baselines[0]}
    return Evaluation(
        metrics=judge_masks(scores, drawn, held.patients),
        protocol=PROTOCOL.format(size=spec.size_px),
        split_sha256=split.sha256,
        seed=config.seed,
    )


def _centred_disc(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    long_side = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1 if rows.size else 0
    row, column = np.ogrid[: mask.shape[0], : mask.shape[1]]
    disc = np.hypot(row + 0.5 - mask.shape[0] / 2, column + 0.5 - mask.shape[1] / 2) < long_side / 2
    return np.asarray(disc)


def _told(source: Source, spec: PatchSpec) -> Source:
    """A segmenter's source that says how its input was cut."""
    first = source.description.split(" The input is a square")[0]
    description = (
        f"{first} The input is a square of {spec.size_px} pixels of the image around the middle of a lesion, "
        "histogram-equalised, in forty variants: ten orientations, each cropped, flipped, shifted or with noise."
    )
    limit = (
        f"Learned from pixels as they were stored. In use a crop is {spec.context:g} long sides of its lesion, "
        "whatever its pixels: a lesion that is another share of its crop than in training may be outlined worse."
    )
    return replace(source, description=description, limits=(*source.limits, limit))
