"""Exams of synthetic women over the years: in some a mass grows, in others it stays as it is.

Size and shape of the mass in the newest exam have the same distribution in both, so that this exam alone does not tell
which is which; only the change does. Each woman's tissue is drawn once. From exam to exam the breast lies a little
differently, and exposure and noise differ, or any difference at all would give the answer away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.geometry import Box, PixelTransform
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import COLUMNS, ROWS, SPACING_MM
from mammoview.imaging.phantom_anatomy import LesionPlan, draw_anatomy, plan_lesions, stream
from mammoview.imaging.phantom_truth import LesionShape
from mammoview.imaging.phantom_view import ViewDrawing

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Most earlier exams that a woman has.
MAX_PRIORS = 4
#: Months between two exams.
INTERVALS = (6.0, 30.0)
#: Months in which the diameter of a growing mass doubles: volume doubling times of 3 to 8 months.
DOUBLINGS = (9.0, 24.0)
#: Below this share of its newest diameter a mass is not there yet.
SMALLEST = 0.25
#: Share of the women without growth who have no mass at all.
EMPTY_SHARE = 0.2

_VIEWS = (ViewPosition.CC, ViewPosition.MLO)
_MASSES = (LesionShape.SMOOTH_MASS, LesionShape.SPICULATED_MASS)
_P_MAX = 65_535


@dataclass(frozen=True, eq=False)
class SequenceView:
    """One image of one exam.

    Attributes
    ----------
    pixels
        Shape (rows, columns), uint16 P-values.
    breast
        Shape (rows, columns), bool.
    mass_px
        Area of the mass as drawn, pixels; 0 where there is none.
    mass
        Where it lies in ``pixels``; None where there is none.
    """

    laterality: Laterality
    view: ViewPosition
    pixels: NDArray[np.uint16]
    breast: NDArray[np.bool_]
    mass_px: int
    mass: Box | None


@dataclass(frozen=True)
class SequenceExam:
    """One exam. ``months`` is its date on the woman's own clock: 0 for the newest, negative before."""

    months: float
    views: tuple[SequenceView, ...]


@dataclass(frozen=True)
class PhantomSequence:
    """The exams of one woman, the oldest first; ``shape`` is that of her mass, where she has one."""

    seed: int
    is_growing: bool
    has_mass: bool
    shape: LesionShape
    exams: tuple[SequenceExam, ...]


def draw_sequence(
    seed: int, *, rows: int = 512, columns: int = 416, priors: int | None = None, is_growing: bool | None = None
) -> PhantomSequence:
    """Draw the exams of one woman.

    Parameters
    ----------
    seed
        Which woman; the same seed gives the same pixels.
    rows, columns
        Size of the images.
    priors
        How many earlier exams; None leaves 0 to `MAX_PRIORS` to the seed.
    is_growing
        Whether the mass grows; None leaves it to the seed.

    Returns
    -------
    PhantomSequence
        Every second woman was imaged on the side of the mass alone.
    """
    rng = stream(seed, 20)
    count = int(rng.integers(MAX_PRIORS + 1))
    grows = bool(rng.random() < 0.5)
    count, grows = count if priors is None else priors, grows if is_growing is None else is_growing
    gaps = rng.uniform(*INTERVALS, MAX_PRIORS)[:count]
    months = [-float(gaps[index:].sum()) for index in range(count)] + [0.0]
    doubling = float(rng.uniform(*DOUBLINGS))
    is_empty = not grows and rng.random() < EMPTY_SHARE
    growths = [
        0.0 if is_empty else _growth(at, doubling, rng) if grows else float(rng.normal(1, 0.03)) for at in months
    ]
    growths[-1] = 0.0 if is_empty else 1.0
    sick = Laterality.LEFT if rng.random() < 0.5 else Laterality.RIGHT
    sides = (sick,) if rng.random() < 0.5 else (Laterality.RIGHT, Laterality.LEFT)
    shape = _MASSES[int(rng.integers(2))]
    by_exam: list[list[SequenceView]] = [[] for _ in months]
    for side in sides:
        there = growths if side is sick else [0.0] * len(months)
        for position in _VIEWS:
            drawn = _draw_view(seed, side, position, (rows, columns), shape, there)
            for views, one in zip(by_exam, drawn, strict=True):
                views.append(one)
    exams = tuple(SequenceExam(at, tuple(views)) for at, views in zip(months, by_exam, strict=True))
    return PhantomSequence(seed, grows, not is_empty, shape, exams)


def _growth(months: float, doubling: float, rng: np.random.Generator) -> float:
    """Diameter as a share of the newest one, some months (negative) before."""
    share = float(2.0 ** (months / doubling) * rng.normal(1, 0.03))
    return share if share >= SMALLEST else 0.0


def _draw_view(
    seed: int,
    side: Laterality,
    position: ViewPosition,
    shape: tuple[int, int],
    mass: LesionShape,
    growths: list[float],
) -> list[SequenceView]:
    """One view in each exam; ``growths`` says how large the mass is in each."""
    spacing = ROWS * SPACING_MM / shape[0]
    field = (ROWS * SPACING_MM, min(COLUMNS * SPACING_MM, shape[1] * spacing))
    density = "ABCD"[int(stream(seed, 5).integers(4))]
    now = tuple(draw_anatomy(seed, at, laterality=side, density=density, field=field) for at in _VIEWS)
    anatomy = now[_VIEWS.index(position)]
    plans = plan_lesions(seed, side, (mass,), views=(now[0], now[1])) if any(growths) else ()
    drawing = ViewDrawing(anatomy, seed, side, shape=shape, spacing_mm=spacing, is_film=False)
    tissue = drawing.tissue()
    found = []
    for exam, growth in enumerate(growths):
        grown: tuple[LesionPlan, ...] = tuple(replace(plan, growth=growth) for plan in plans)
        drawn = drawing.finish(grown, density, tissue=tissue)
        lesion = next(iter(drawn.truth.lesions), None)
        rng = stream(seed, 21, side is Laterality.RIGHT, position.is_craniocaudal, exam)
        pixels, breast, movement = _as_taken(drawn.pixels, drawn.truth.breast, rng, spacing_mm=spacing)
        area, box = (0, None) if lesion is None else (lesion.region.area_px, movement.apply_box(lesion.box))
        found.append(SequenceView(side, position, pixels, breast, area, box))
    return found


def _as_taken(
    pixels: NDArray[np.uint16], breast: NDArray[np.bool_], rng: np.random.Generator, *, spacing_mm: float
) -> tuple[NDArray[np.uint16], NDArray[np.bool_], PixelTransform]:
    """The breast as it lay and was exposed at one exam: moved by up to 3 mm, turned by up to 2°, other gray and noise.

    Edge pixels are repeated: the chest wall stays at the image's edge. The transform says where everything went.
    """
    rows, columns = pixels.shape
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), rng.uniform(-2, 2), rng.uniform(0.98, 1.02))
    matrix = np.asarray(turn, dtype=np.float64)
    matrix[:, 2] += rng.uniform(-3, 3, 2) / spacing_mm
    size = (columns, rows)
    moved = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(
        breast.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    value = (moved.astype(np.float32) / _P_MAX) ** float(np.exp(rng.uniform(-0.15, 0.15)))
    value += 0.01 * np.sqrt(value) * rng.standard_normal(value.shape, dtype=np.float32)
    taken = np.where(inside > 0, np.clip(value, 1.0 / _P_MAX, 1.0), 0.0)
    # OpenCV maps (column, row) of pixel centres.
    (cc, cr, c0), (rc, rr, r0) = matrix.tolist()
    movement = PixelTransform(((rr, rc, r0 + 0.5 - (rr + rc) / 2), (cr, cc, c0 + 0.5 - (cr + cc) / 2)))
    return np.rint(taken * _P_MAX).astype(np.uint16), inside > 0, movement
