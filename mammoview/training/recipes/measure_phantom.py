"""How good the segmenters are that learned from drawn lesions: on drawn women and films that they never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.core.progress import stop_if_cancelled
from mammoview.models.manifest import Evaluation, Metric
from mammoview.models.preprocess import SlidingSpec, prepare_window
from mammoview.models.tiling import Blend, windows_of
from mammoview.training.cases.phantom_masks import classes, cluster_view, clusters_of, patient_of
from mammoview.training.cases.samples import TileBatches
from mammoview.training.judging import measured
from mammoview.training.judging.evaluate import predicted_masks
from mammoview.training.judging.measure import JITTER, patch_spec
from mammoview.training.judging.metrics import HitRule, auc_of, compare_marks, dice, iou

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.models.networks import BCirUNet
    from mammoview.training.cases.splits import Split
    from mammoview.training.cases.tiles import TileSet
    from mammoview.training.config import TrainingConfig
    from mammoview.training.recipes.fitting import Run

NAMES = ("background", "benign", "malignant")
#: Marks smaller than this are dropped, mm²: five grains within a millimetre.
SMALLEST_MM2 = 1.0

_CLASS_PROTOCOL = (
    "Lesion crops of women and patients held out: a square of twice the long side, centre jittered by up to 0.15 long "
    "sides, one pass, each pixel the likeliest of three classes. “phantom”: drawn masses against their true masks. "
    "“CBIS-DDSM boxes”: the site's fold of “splits/site.csv”, agreement with an ellipse inscribed in the box, which is "
    "no outline. dice_benign and dice_malignant: overlap of the pixels given that class, over masses of that class; "
    "dice_lesion: both classes together, over all masses; class_right: share of masses most of whose lesion pixels "
    "have the right class; auc_malignant_share: malignant against benign masses by the malignant share of what the net "
    "takes for lesion inside the box, the net being told the box alone; empty_false_share: lesion pixels where there "
    "is no mass. Intervals: 2,000 bootstrap samples of whole patients."
)
_CLUSTER_PROTOCOL = (
    "Drawn women held out; nothing here is a real image. dice and iou: windows of native resolution with a cluster. "
    "object_recall and false_marks_per_image: whole views at 0.1 mm a pixel, windows moved over the breast, connected "
    f"parts of at least {SMALLEST_MM2:g} mm² where the mean probability is 0.5 or more; a cluster is found when the "
    "centre of such a part lies in it. Intervals: 2,000 bootstrap samples of whole women."
)


def measure_three_classes(
    net: BCirUNet, held: Mapping[str, TileSet], split: Split, config: TrainingConfig
) -> Evaluation:
    """Measure a three-class segmenter.

    Parameters
    ----------
    net
        In eval mode.
    held
        Tiles of the held-out women and patients, by where they come from.
    split, config
        Of the run that trained the net.
    """
    found: list[Metric] = []
    for group, tiles in held.items():
        told, truth = _told_and_true(net, tiles, config)
        found += _class_metrics(told.argmax(axis=1), truth, tiles.labels, tiles.patients, group)
        found += _share_metrics(told, truth, tiles.patients, group)
    return Evaluation(metrics=tuple(found), protocol=_CLASS_PROTOCOL, split_sha256=split.sha256, seed=config.seed)


def measure_clusters(
    net: BCirUNet, windows: TileBatches, seeds: Sequence[int], spec: SlidingSpec, split: Split, run: Run
) -> Evaluation:
    """Measure a segmenter of calcification clusters.

    Parameters
    ----------
    net
        In eval mode.
    windows
        Tiles of the held-out women.
    seeds
        The held-out women, of whom whole views are drawn.
    spec
        How windows are moved over a view.
    split, run
        Of the run that trained the net.
    """
    batches = list(windows.still(run.config.seed))
    truth = np.concatenate([batch.targets[:, 0].numpy() > 0.5 for batch in batches])
    told = predicted_masks(net, batches)
    rows = truth.any(axis=(1, 2))
    patients = windows.tiles.patients[rows]
    pairs = list(zip(told[rows], truth[rows], strict=True))
    found = [
        *measured.mean("dice", np.array([dice(*pair) for pair in pairs]), patients),
        *measured.mean("iou", np.array([iou(*pair) for pair in pairs]), patients),
        *measured.mean("empty_false_share", told[~rows].mean(axis=(1, 2)), windows.tiles.patients[~rows]),
        *_detection(net, seeds, spec, run),
    ]
    return Evaluation(metrics=tuple(found), protocol=_CLUSTER_PROTOCOL, split_sha256=split.sha256, seed=run.config.seed)


def probability_over(
    net: BCirUNet, pixels: NDArray[np.uint16], breast: NDArray[np.bool_], spec: SlidingSpec
) -> NDArray[np.float32]:
    """What a net with one output says all over a view that has the windows' pixel size.

    Parameters
    ----------
    net
        In eval mode.
    pixels
        P-values, shape (rows, columns), uint16.
    breast
        Shape (rows, columns), bool; windows without any of it are left out.
    spec
        The windows.

    Returns
    -------
    ndarray, shape (rows, columns), float32 in [0, 1]
    """
    rows, columns = pixels.shape
    whole, places = windows_of(rows, columns, size_px=spec.size_px, overlap=spec.overlap)
    canvas = np.zeros(whole, np.float32)
    canvas[:rows, :columns] = np.where(breast, pixels, 0)
    blend = Blend((1, *whole))
    for place in places:
        if canvas[place].any():
            with torch.inference_mode():
                logits = net(torch.from_numpy(prepare_window(canvas[place], spec))[None])
                blend.add(net.probabilities(logits)[0].numpy(), place)
    return blend.mean()[0, :rows, :columns]


def marks_of(probability: NDArray[np.float32], *, spacing_mm: float) -> list[tuple[Box, float]]:
    """Connected parts above one half, with their highest probability; too small ones are left out.

    Parameters
    ----------
    probability
        Shape (rows, columns), float32.
    spacing_mm
        Millimetres a pixel.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((probability >= 0.5).astype(np.uint8))
    marks = []
    for index in range(1, count):
        column, row, width, height, area = (int(value) for value in stats[index])
        if area * spacing_mm**2 >= SMALLEST_MM2:
            box = Box(row, column, row + height, column + width)
            inside = labels[box.slices()] == index
            marks.append((box, float(probability[box.slices()][inside].max())))
    return marks


def _told_and_true(
    net: BCirUNet, tiles: TileSet, config: TrainingConfig
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities of the classes, shape (n, classes, h, w), and the true class of each pixel, shape (n, h, w)."""
    batches = TileBatches(tiles, patch_spec(config), 16, config.augment).still(config.seed, jitter=JITTER)
    told, masks = [], []
    for batch in batches:
        with torch.inference_mode():
            told.append(net.probabilities(net(batch.images)).numpy())
        masks.append(batch.targets[:, 0].numpy())
    return np.concatenate(told), classes(np.concatenate(masks), tiles.labels)


def _class_metrics(
    told: NDArray[np.int64],
    truth: NDArray[np.int64],
    labels: NDArray[np.int64],
    patients: NDArray[np.str_],
    group: str,
) -> list[Metric]:
    is_empty = labels == tuple(PatchClass).index(PatchClass.BACKGROUND)
    own = truth.max(axis=(1, 2))
    found: list[Metric] = []
    for index in (1, 2):
        rows = (own == index) & ~is_empty
        values = np.array([dice(t == index, m == index) for t, m in zip(told[rows], truth[rows], strict=True)])
        found += measured.mean(f"dice_{NAMES[index]}", values, patients[rows], group=group)
    values = np.array([dice(t > 0, m > 0) for t, m in zip(told[~is_empty], truth[~is_empty], strict=True)])
    found += measured.mean("dice_lesion", values, patients[~is_empty], group=group)
    mostly = np.where((told == 2).sum(axis=(1, 2)) > (told == 1).sum(axis=(1, 2)), 2, 1)
    # Where the net sees no lesion it has told no class.
    right = (mostly == own) & (told > 0).any(axis=(1, 2))
    found += measured.mean("class_right", right[~is_empty], patients[~is_empty], group=group)
    if is_empty.any():
        share = (told[is_empty] > 0).mean(axis=(1, 2))
        found += measured.mean("empty_false_share", share, patients[is_empty], group=group)
    return found


def malignant_shares(told: NDArray[np.float32], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """The malignant share of what is taken for lesion inside the box of each mass.

    Parameters
    ----------
    told
        Shape (n, 3, h, w), float32: probabilities of background, benign, malignant.
    truth
        Shape (n, h, w), int64: each pixel's class; every mask has a lesion.

    Returns
    -------
    ndarray, shape (n,), float64 in [0, 1]
    """
    shares = []
    for one, mask in zip(told, truth > 0, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        inside = one[1:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].sum(axis=(1, 2), dtype=np.float64)
        shares.append(float(inside[1] / inside.sum()))
    return np.array(shares)


def _share_metrics(
    told: NDArray[np.float32], truth: NDArray[np.int64], patients: NDArray[np.str_], group: str
) -> tuple[Metric, ...]:
    own = truth.max(axis=(1, 2))
    is_mass = own > 0
    numbers = auc_of(own[is_mass] == NAMES.index("malignant"), malignant_shares(told[is_mass], truth[is_mass]))
    return measured.stated(("auc_malignant_share",), numbers, patients[is_mass], group=group)


def _detection(net: BCirUNet, seeds: Sequence[int], spec: SlidingSpec, run: Run) -> list[Metric]:
    found, owners, false, women = [], [], [], []
    for index, seed in enumerate(seeds):
        stop_if_cancelled(run.cancel)
        run.progress(index / len(seeds), f"Looking for clusters in view {index + 1} of {len(seeds)}")
        view = cluster_view(seed)
        probability = probability_over(net, view.pixels, view.truth.breast, spec)
        lesions = [lesion.mask for lesion in clusters_of(view)]
        marks = compare_marks(
            patient_of(seed), marks_of(probability, spacing_mm=view.spacing_mm), lesions, rule=HitRule()
        )
        found += [score > 0 for score in marks.found]
        owners += [patient_of(seed)] * len(lesions)
        false.append(float(len(marks.false)))
        women.append(patient_of(seed))
    return [
        *measured.mean("object_recall", np.array(found), np.array(owners)),
        *measured.mean("false_marks_per_image", np.array(false), np.array(women)),
    ]
