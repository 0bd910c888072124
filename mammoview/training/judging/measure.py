"""What a package says of its quality: the held-out patients, passed through the net as the program would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import UsageError
from mammoview.models.manifest import Calibration, Evaluation
from mammoview.models.preprocess import PatchSpec
from mammoview.training.cases.samples import ImageBatches, TileBatches
from mammoview.training.judging.evaluate import (
    Judged,
    MaskScores,
    Verdict,
    judge_masks,
    judge_patch,
    judge_whole_image,
    mask_scores,
    outputs,
    predicted_masks,
)
from mammoview.training.judging.metrics import dice

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from mammoview.training.cases.samples import ImageSet
    from mammoview.training.cases.splits import Split
    from mammoview.training.cases.tiles import TileSet
    from mammoview.training.config import TrainingConfig

#: Jitter of the centre, long sides of the lesion's box.
JITTER = 0.15

PATCH_PROTOCOL = (
    "Squares of held-out patients, cut as for training, centre jittered by up to 0.15 long sides, mean over four "
    "flips. Intervals: 2,000 bootstrap samples of whole patients. Calibration is measured on the patients that it "
    "was not fitted on, lesions only."
)
IMAGE_PROTOCOL = (
    "Whole mammograms of held-out patients, mean over four flips. Breast and patient scores are means over their "
    "images; a patient is malignant when any image is. Intervals: 2,000 bootstrap samples of whole patients; for "
    "auc_patient DeLong. Calibration is measured on the patients that it was not fitted on, and so are the conformal "
    "sets, which promise to hold the true class 9 times of 10."
)
MASK_PROTOCOL = (
    "Lesion crops of held-out patients: a square of twice the long side, centre jittered by up to 0.15 long sides, "
    "threshold 0.5, one pass. The centred disc has the diameter of the lesion's long side: what is known without "
    "looking. The inscribed ellipse fills the lesion's own box, which the net is not told; the centred ellipse has its "
    "size and lies in the middle of the crop, as the net has to take it. hd95_px: 95th percentile of the border "
    "distance, pixels of the input. Intervals: 2,000 bootstrap samples of whole patients."
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
    judged = Judged(patch_outputs(net, held, config), held.labels, held.patients, held.patients)
    verdict = judge_patch(judged, seed=config.split.seed)
    return verdict.calibration, evaluation_of(verdict, PATCH_PROTOCOL, split, config)


def measure_whole_image(
    net: nn.Module, images: ImageSet, split: Split, config: TrainingConfig
) -> tuple[Calibration, Evaluation]:
    """Calibrate and measure a whole-image classifier on the images of held-out patients; see `measure_patch`."""
    held = images.select(np.isin(images.patients, list(split.validation)))
    judged = Judged(image_outputs(net, held, config), held.labels, held.patients, held.breasts, {"view": held.views})
    verdict = judge_whole_image(judged, seed=config.split.seed)
    return verdict.calibration, evaluation_of(verdict, IMAGE_PROTOCOL, split, config)


def measure_segmenter(net: nn.Module, tiles: TileSet, split: Split, config: TrainingConfig) -> Evaluation:
    """Measure a segmenter on the lesion crops of held-out patients; see `measure_patch`."""
    held = tiles.select(np.isin(tiles.patients, list(split.validation)))
    scores, baselines = mask_outputs(net, held, config)
    found = judge_masks(scores, baselines, held.patients)
    return Evaluation(metrics=found, protocol=MASK_PROTOCOL, split_sha256=split.sha256, seed=config.seed)


def patch_outputs(net: nn.Module, held: TileSet, config: TrainingConfig) -> NDArray[np.float64]:
    """Logits of tiles with jittered centres, for four flips: shape (4, n, classes), float64."""
    batches = TileBatches(held, patch_spec(config), 64, config.augment)
    return outputs(net, batches.still(config.seed, jitter=JITTER))


def image_outputs(net: nn.Module, held: ImageSet, config: TrainingConfig) -> NDArray[np.float64]:
    """Logits of whole images, for four flips: shape (4, n, classes), float64."""
    return outputs(net, ImageBatches.of(held, 8, config).still())


def mask_outputs(
    net: nn.Module, held: TileSet, config: TrainingConfig
) -> tuple[MaskScores, dict[str, NDArray[np.float64]]]:
    """Scores of the masks of crops with jittered centres, and those of `mask_baselines` on the same crops."""
    spec = patch_spec(config)
    batches = list(TileBatches(held, spec, 16, config.augment).still(config.seed, jitter=JITTER))
    truth = np.concatenate([batch.targets.numpy()[:, 0] > 0.5 for batch in batches])
    return mask_scores(predicted_masks(net, batches), truth), mask_baselines(truth, spec)


def mask_baselines(truth: NDArray[np.bool_], spec: PatchSpec) -> dict[str, NDArray[np.float64]]:
    """Dice of shapes that are drawn without looking at the pixels.

    Parameters
    ----------
    truth
        Shape (n, size, size), bool: lesions in their crops.
    spec
        How the crops were made.

    Returns
    -------
    dict
        ``centred_disc`` has the diameter of the lesion's long side and lies in the middle of the (jittered) crop;
        ``inscribed_ellipse`` fills the lesion's own box; ``centred_ellipse`` has its size, but lies in the middle of
        the crop, where a proposer that is as far off would put it. Shape (n,) each, float64.
    """
    row, column = np.mgrid[: spec.size_px, : spec.size_px] + 0.5
    middle = spec.size_px / 2
    disc = np.hypot(row - middle, column - middle) < middle / spec.context
    ellipses = [inscribed_ellipse(mask) for mask in truth]
    return {
        "centred_disc": np.array([dice(disc, mask) for mask in truth]),
        "inscribed_ellipse": np.array([dice(shape, mask) for shape, mask in zip(ellipses, truth, strict=True)]),
        "centred_ellipse": np.array([dice(_centred(shape), mask) for shape, mask in zip(ellipses, truth, strict=True)]),
    }


def inscribed_ellipse(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The ellipse that fills the box around a mask, shape (rows, columns), bool; nothing where the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.zeros_like(mask)
    row, column = np.ogrid[: mask.shape[0], : mask.shape[1]]
    down = (row - (rows[0] + rows[-1]) / 2) / (rows[-1] + 1 - rows[0]) * 2
    across = (column - (columns[0] + columns[-1]) / 2) / (columns[-1] + 1 - columns[0]) * 2
    return np.asarray(down**2 + across**2 <= 1.0)


def _centred(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A shape moved into the middle, to the pixel."""
    found = np.argwhere(shape)
    if not found.size:
        return shape
    middle = (found.min(axis=0) + found.max(axis=0) + 1) / 2
    rows, columns = np.rint(np.array(shape.shape) / 2 - middle).astype(int).tolist()
    return np.asarray(np.roll(shape, (rows, columns), axis=(0, 1)))


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


def evaluation_of(verdict: Verdict, protocol: str, split: Split, config: TrainingConfig) -> Evaluation:
    """A verdict as a package keeps it, with what was done and on whom."""
    return Evaluation(
        metrics=verdict.metrics,
        reliability=verdict.reliability,
        confusion=verdict.confusion,
        protocol=protocol,
        split_sha256=split.sha256,
        seed=config.seed,
    )
