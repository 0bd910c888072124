"""How good segmenters are on outlined lesions, each looked at in its own crop, compared in the image's own pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.geometry import Box
from mammoview.models.names import PROBABILITIES
from mammoview.models.preprocess import patch_box, prepare_patch
from mammoview.training.judging import measured, metrics
from mammoview.training.judging.measure import inscribed_ellipse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.models.manifest import Metric
    from mammoview.models.preprocess import PatchSpec
    from mammoview.models.runtime import Runner
    from mammoview.training.cases.case_pixels import CasePixels

MASK_PROTOCOL = (
    "Outlined lesions, each in the crop that the package's rules cut around its box, one pass, threshold 0.5, compared "
    "in the image's own pixels. The inscribed ellipse fills the lesion's box: what is known without looking. hd95: "
    "95th percentile of the border distance. Intervals: 2,000 bootstrap samples of whole patients."
)
_LEVEL = 0.5


def mask_rows(runners: Sequence[Runner], pixels: CasePixels) -> list[tuple[tuple[float, ...], ...]]:
    """Judge every lesion of a case.

    Returns
    -------
    list
        For each lesion, for each model and last for the mean of several: Dice, IoU, border distance in pixels, the
        same in mm (NaN without a spacing), and the Dice of the inscribed ellipse.
    """
    found: list[tuple[tuple[float, ...], ...]] = []
    for lesion in pixels.lesion_masks():
        box = _box_of(lesion)
        told = [_native(runner, pixels, box) for runner in runners]
        if len(told) > 1:
            told.append(np.mean(told, axis=0))
        ellipse = metrics.dice(inscribed_ellipse(lesion), lesion)
        found.append(tuple((*_agreement(one >= _LEVEL, lesion, pixels), ellipse) for one in told))
    return found


def measure_masks(values: NDArray[np.float64], patients: NDArray[np.str_]) -> tuple[Metric, ...]:
    """Metrics of what `mask_rows` gave for one model.

    Parameters
    ----------
    values
        Shape (n, 5).
    patients
        Shape (n,).
    """
    dice, iou, distance_px, distance_mm, ellipse = values.T
    has_mm = np.isfinite(distance_mm)
    return (
        *measured.mean("dice", dice, patients),
        *measured.clustered("dice_median", lambda rows: float(np.median(dice[rows])), patients),
        *measured.mean("iou", iou, patients),
        *measured.mean("hd95_px", distance_px, patients),
        *measured.mean("hd95_mm", distance_mm[has_mm], patients[has_mm]),
        *measured.mean("dice_of_inscribed_ellipse", ellipse, patients),
        *measured.mean("dice_gain_over_inscribed_ellipse", dice - ellipse, patients),
    )


def _native(runner: Runner, pixels: CasePixels, box: Box) -> NDArray[np.float32]:
    """The probability of lesion at every pixel of the image, 0 outside the crop."""
    spec = runner.package.preprocess.patch
    assert spec is not None, "a package for lesions says how they are prepared"
    image, _ = prepare_patch(pixels.cleaned, box, spec, spacing_mm=pixels.spacing_mm)
    told = runner.run(image[None])[PROBABILITIES][0]
    # Of several classes the first is background.
    inside = told[0] if len(told) == 1 else 1.0 - told[0]
    return _pasted(inside, box, spec, pixels.cleaned.shape)


def _pasted(inside: NDArray[np.float32], box: Box, spec: PatchSpec, shape: tuple[int, ...]) -> NDArray[np.float32]:
    square = patch_box(box, spec)
    side = round(square.height_px)
    native = cv2.resize(inside, (side, side), interpolation=cv2.INTER_LINEAR)
    whole = np.zeros(shape, dtype=np.float32)
    clipped = square.clipped(*shape)
    row, column = round(clipped.row0 - square.row0), round(clipped.col0 - square.col0)
    part = native[row : row + round(clipped.height_px), column : column + round(clipped.width_px)]
    whole[clipped.slices()] = part
    return whole


def _agreement(
    told: NDArray[np.bool_], lesion: NDArray[np.bool_], pixels: CasePixels
) -> tuple[float, float, float, float]:
    in_mm = metrics.hd95(told, lesion, spacing_mm=pixels.spacing_mm) if pixels.spacing_mm else float("nan")
    return metrics.dice(told, lesion), metrics.iou(told, lesion), metrics.hd95(told, lesion), in_mm


def _box_of(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
