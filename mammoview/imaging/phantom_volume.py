"""Synthetic tomosynthesis: slices in which what lies at their height is sharp and all else is smeared.

Shift-and-add (Dobbins and Godfrey 2003, "Digital x-ray tomosynthesis: current state of the art and clinical
potential"): the tube sweeps over an arc, and a slice is the mean of the projections, each shifted so that the slice's
plane stays put. A structure at another height is spread along the sweep, over the height between them times the
tangent of each angle. The sweep runs along the chest wall, which is along the columns of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import radians, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import exam_density, exam_lesions, plan_view
from mammoview.imaging.phantom_anatomy import stream
from mammoview.imaging.phantom_lesions import draw_lesion
from mammoview.imaging.phantom_tissue import power_noise
from mammoview.imaging.phantom_truth import LesionShape, PhantomView
from mammoview.imaging.phantom_view import P_MAX

Field = NDArray[np.float32]

FRAMES, ROWS, COLUMNS = 60, 2457, 1996
THICKNESS_MM, SWEEP_DEGREES = 1.0, 15.0
#: The tissue lies in so many sheets, one above the other.
_SHEETS = 6
#: How clearly a structure belongs to one sheet.
_SHARPNESS = 2.5


@dataclass(frozen=True, eq=False)
class PhantomVolume:
    """A synthetic volume; its slices are drawn one at a time.

    Attributes
    ----------
    image
        The two-dimensional view at the size of the slices, with its truth: lesions have the same rows and columns.
    heights_mm
        Of each slice above the breast support, rising.
    lesion_heights_mm
        Height of each lesion of the truth, by its id.
    """

    image: PhantomView
    heights_mm: tuple[float, ...]
    lesion_heights_mm: dict[str, float]
    _sheets: tuple[tuple[float, Field], ...]
    _project: Callable[[Field, int], Field]

    def slices(self) -> Iterator[NDArray[np.uint16]]:
        """P-values of each slice, from the breast support upwards, shape (rows, columns), uint16."""
        return (self.slice_at(number) for number in range(len(self.heights_mm)))

    def slice_at(self, number: int) -> NDArray[np.uint16]:
        """P-values of one slice, shape (rows, columns), uint16."""
        height = self.heights_mm[number]
        value = np.zeros(self.image.pixels.shape, np.float32)
        for at, sheet in self._sheets:
            value += smear(sheet, height - at, spacing_mm=self.image.spacing_mm)
        shown = self._project(value, number)
        if self.image.laterality is Laterality.RIGHT:
            shown = shown[:, ::-1]
        pixels = np.rint(np.clip(shown, 0.0, 1.0) * P_MAX).astype(np.uint16)
        pixels[~self.image.truth.breast] = 0
        return np.ascontiguousarray(pixels)


def smear(sheet: Field, off_mm: float, *, spacing_mm: float, sweep_degrees: float = SWEEP_DEGREES) -> Field:
    """A sheet as a slice ``off_mm`` above or below it shows it.

    Parameters
    ----------
    sheet
        Shape (rows, columns), float32.
    off_mm
        Between slice and sheet.
    spacing_mm
        Of the rows.

    Returns
    -------
    ndarray, same shape, float32
        The mean over the arc, taken as continuous: a box along the columns of the image.
    """
    width_px = 2 * abs(off_mm) * tan(radians(sweep_degrees / 2)) / spacing_mm
    if width_px <= 1.0:
        return sheet
    # Boxes have whole, odd lengths: one in between is a mixture of its neighbours.
    low = max(1, int(width_px - 1) // 2 * 2 + 1)
    share = np.float32((width_px - low) / 2)
    shorter = sheet if low == 1 else cv2.blur(sheet, (1, low), borderType=cv2.BORDER_REPLICATE)
    longer = cv2.blur(sheet, (1, low + 2), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(shorter + share * (longer - shorter), np.float32)


def make_volume(
    seed: int,
    *,
    view: ViewPosition = ViewPosition.MLO,
    laterality: Laterality = Laterality.LEFT,
    frames: int = FRAMES,
    rows: int = ROWS,
    columns: int = COLUMNS,
    lesions: tuple[LesionShape, ...] | None = None,
) -> PhantomVolume:
    """Draw the volume that belongs to a view of an exam of `mammoview.imaging.phantom.exam_views`.

    Parameters
    ----------
    seed, view, laterality
        As in `mammoview.imaging.phantom.make_view`; the same seed shows the same breast in two dimensions.
    frames
        Slices, 1 mm each.
    rows, columns
        Size of a slice; the field is that of a full-size detector.
    lesions
        What to put in; None for what the woman's exam shows.

    Returns
    -------
    PhantomVolume
    """
    drawing, plans, density = plan_view(
        seed,
        view=view,
        laterality=laterality,
        rows=rows,
        columns=columns,
        density=exam_density(seed),
        lesions=exam_lesions(seed, laterality) if lesions is None else lesions,
    )
    heights = tuple(number * THICKNESS_MM for number in range(frames))
    tissue = drawing.tissue()
    sheets = list(_sheets(tissue, seed, spacing_mm=drawing.spacing, top_mm=heights[-1]))
    places: dict[str, float] = {}
    for index, plan in enumerate(plans):
        with_lesion = tissue.copy()
        if draw_lesion(with_lesion, plan, anatomy=drawing.anatomy, spacing_mm=drawing.spacing) is None:
            continue
        # One above the other, none in the outermost slices, each in the middle of a slice.
        share = 0.15 + 0.7 * (index + stream(plan.seed, 12).random()) / len(plans)
        places[plan.id] = heights[round(share * (frames - 1))]
        sheets.append((places[plan.id], with_lesion - tissue))
    image = drawing.finish(plans, density, tissue=tissue)
    return PhantomVolume(
        image, heights, places, tuple(sheets), lambda value, number: drawing.project(value, 1 + number)
    )


def _sheets(tissue: Field, seed: int, *, spacing_mm: float, top_mm: float) -> Iterator[tuple[float, Field]]:
    """The tissue shared out between sheets at heights from 0 to ``top_mm``; together they are the tissue again."""
    rng = stream(seed, 13)
    small = tuple(max(8, side // 8) for side in tissue.shape)
    step = spacing_mm * tissue.shape[0] / small[0]
    waves = [
        power_noise(rng, (small[0], small[1]), step=step, beta=3.0, longest_mm=40.0, shortest_mm=6.0)
        for _ in range(_SHEETS)
    ]
    weights = np.exp(_SHARPNESS * np.stack(waves))
    weights /= weights.sum(axis=0)
    for number, weight in enumerate(weights):
        share = cv2.resize(weight.astype(np.float32), tissue.shape[::-1], interpolation=cv2.INTER_LINEAR)
        yield top_mm * (number + 0.5) / _SHEETS, np.asarray(tissue * share, np.float32)
