"""What a package says of its quality: the held-out patients, passed through the net as the program would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import UsageError
from mammoview.models.manifest import Calibration, Evaluation, Metric
from mammoview.models.preprocess import PatchSpec
from mammoview.training.evaluate import Judged, judge_masks, judge_patch, judge_whole_image, mask_dice, outputs
from mammoview.training.metrics import dice
from mammoview.training.samples import ImageBatches, TileBatches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from mammoview.training.config import TrainingConfig
    from mammoview.training.samples import ImageSet
    from mammoview.training.splits import Split
    from mammoview.training.tiles import TileSet

#: Jitter of the centre, long sides of the lesion's box.
JITTER = 0.15

_PATCH_PROTOCOL = (
    "Squares of held-out patients, cut as for training, centre jittered by up to 0.15 long sides, mean over four "
    "flips. Intervals: 2,000 bootstrap samples of whole patients. Calibration is measured on the patients that it "
    "was not fitted on, lesions only."
)
_IMAGE_PROTOCOL = (
    "Whole mammograms of held-out patients, mean over four flips. Breast and patient scores are means over their "
    "images; a patient is malignant when any image is. Intervals: 2,000 bootstrap samples of whole patients; for "
    "auc_patient DeLong. Calibration is measured on the patients that it was not fitted on."
)
_MASK_PROTOCOL = (
    "Lesion crops of held-out patients: a square of twice the long side, centre jittered by up to 0.15 long sides, "
    "threshold 0.5, one pass. The centred disc has the diameter of the lesion's long side: what is known without "
    "looking. Intervals: 2,000 bootstrap samples of whole patients."
)


def measure_patch(
    net: nn.Module, tiles: TileSet, split: Split, config: TrainingConfig
) -> tuple[Calibration, Evaluation]:
    """Calibrate and measure a patch classifier on the tiles of held-out patients.

    Parameters
    ----------
    net
        In eval mode.
    tiles
        All tiles; those of the training side are left out.
    split, config
        Of the run that trained the net.
    """
    held = tiles.select(np.isin(tiles.patients, list(split.validation)))
    batches = TileBatches(held, patch_spec(config), 64, config.augment)
    logits = outputs(net, batches.still(config.seed, jitter=JITTER))
    judged = Judged(logits, held.labels, held.patients, held.patients)
    calibration, found = judge_patch(judged, seed=config.split.seed)
    return calibration, _evaluation(found, _PATCH_PROTOCOL, split, config)


def measure_whole_image(
    net: nn.Module, images: ImageSet, split: Split, config: TrainingConfig
) -> tuple[Calibration, Evaluation]:
    """Calibrate and measure a whole-image classifier on the images of held-out patients; see `measure_patch`."""
    held = images.select(np.isin(images.patients, list(split.validation)))
    logits = outputs(net, ImageBatches(held, 8, config.augment).still())
    judged = Judged(logits, held.labels, held.patients, held.breasts)
    calibration, found = judge_whole_image(judged, held.views, seed=config.split.seed)
    return calibration, _evaluation(found, _IMAGE_PROTOCOL, split, config)


def measure_segmenter(net: nn.Module, tiles: TileSet, split: Split, config: TrainingConfig) -> Evaluation:
    """Measure a segmenter on the lesion crops of held-out patients; see `measure_patch`."""
    spec = patch_spec(config)
    held = tiles.select(np.isin(tiles.patients, list(split.validation)))
    batches = list(TileBatches(held, spec, 16, config.augment).still(config.seed, jitter=JITTER))
    truth = np.concatenate([batch.targets.numpy() > 0.5 for batch in batches])
    disc = _centred_disc(spec)
    baseline = np.array([dice(disc, mask[0]) for mask in truth])
    found = judge_masks(mask_dice(net, batches), baseline, held.patients)
    return _evaluation(found, _MASK_PROTOCOL, split, config)


def patch_spec(config: TrainingConfig) -> PatchSpec:
    """How lesions become input.

    Raises
    ------
    UsageError
        When the config does not say.
    """
    if config.preprocess.patch is None:
        raise UsageError("The config lacks [preprocess.patch].", "Add it.")
    return config.preprocess.patch


def _centred_disc(spec: PatchSpec) -> NDArray[np.bool_]:
    row, col = np.mgrid[: spec.size_px, : spec.size_px] + 0.5 - spec.size_px / 2
    return np.asarray(np.hypot(row, col) < spec.size_px / spec.context / 2)


def _evaluation(found: tuple[Metric, ...], protocol: str, split: Split, config: TrainingConfig) -> Evaluation:
    return Evaluation(metrics=found, protocol=protocol, split_sha256=split.sha256, seed=config.seed)
