"""The outline of a synthetic breast, its nipple, pectoral muscle and where its lesions lie.

Everything here is in millimetres in one canonical frame: x from the chest wall towards the nipple, y downwards from the
upper edge of the detector, lateral side or axilla up. A left breast shows it as it is, a right breast mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom_truth import LesionShape

# The field of view that the anatomy's millimetres are meant for: 4096 × 3328 pixels of 70 µm.
_FIELD_MM = (286.7, 233.0)
_COVERAGE = {"A": 0.10, "B": 0.28, "C": 0.50, "D": 0.74}
_SIDES = {Laterality.LEFT: 0, Laterality.RIGHT: 1}

Points = NDArray[np.float64]
Field = NDArray[np.float32]


@dataclass(frozen=True)
class Anatomy:
    """One breast as one view shows it, in the canonical frame; lengths in mm.

    Attributes
    ----------
    depth
        Chest wall to skin at the nipple's height.
    nipple
        (y, x) of the point of the skin where the nipple sits.
    above, below
        Extent of the breast above and below the nipple.
    pectoral
        Length of the muscle's edge along the upper border and along the chest wall; zeros on CC.
    gland_fraction
        Share of the breast's area that fibroglandular tissue covers.
    drift
        (y, x) by which tissue is shifted against the detector; differs between exams.
    """

    view: ViewPosition
    depth: float
    nipple: tuple[float, float]
    above: float
    below: float
    fullness: float
    pointedness: float
    axilla: float
    nipple_height: float
    pectoral: tuple[float, float]
    gland_fraction: float
    field: tuple[float, float]
    scale: float
    drift: tuple[float, float] = (0.0, 0.0)

    def outline(self) -> Points:
        """Polygon of the breast, shape (n, 2), (y, x); it runs on beyond the chest wall and, on MLO, beyond the top."""
        y0, _ = self.nipple
        angle = np.linspace(0.0, np.pi / 2, 90)
        profile = self.depth * np.cos(angle) ** (2 / self.pointedness)
        low_y, low_x = y0 + self.below * np.sin(angle) ** (2 / self.fullness), profile
        if self.view is ViewPosition.CC:
            high_y = y0 - self.above * np.sin(angle[::-1]) ** (2 / self.fullness)
            high_x = profile[::-1]
        else:
            t = np.linspace(1.6, 0.0, 140)
            fall = 0.5 + 0.5 * np.cos(np.pi * np.clip(t, 0, 1) ** 0.95)
            high_y = y0 - t * self.above
            high_x = self.axilla + (self.depth - self.axilla) * fall
        far = -3.0 * self.depth
        closing = np.array([[low_y[-1], far], [high_y[0], far]])
        return np.concatenate([np.stack([high_y, high_x], 1), np.stack([low_y, low_x], 1), closing])

    def signed_distance(self, step: float) -> Field:
        """Distance to the skin, mm, positive inside: shape (field height / step, field width / step), float32."""
        rows, columns = (max(8, round(side / step)) for side in self.field)
        # Chest wall and axilla are cuts of the detector, not skin: draw on a canvas that runs on beyond them.
        pad = round(45.0 * self.scale / step)
        canvas = np.zeros((rows + 2 * pad, columns + 2 * pad), dtype=np.uint8)
        shift = 4  # sub-pixel bits of OpenCV's drawing

        def to_canvas(points: Points) -> NDArray[np.int32]:
            return np.asarray(np.rint((points[:, ::-1] / step + pad - 0.5) * 2**shift), dtype=np.int32)

        cv2.fillPoly(canvas, [to_canvas(self.outline())], 1, cv2.LINE_8, shift)
        centre = to_canvas(np.array([[self.nipple[0], self.nipple[1] - 4.0 * self.scale]]))[0]
        axes = np.rint(np.array([self.nipple_height + 4.0 * self.scale, 6.5 * self.scale]) / step * 2**shift)
        cv2.ellipse(canvas, centre.tolist(), axes.astype(int).tolist(), 0.0, 0.0, 360.0, 1, -1, cv2.LINE_8, shift)
        inside = cv2.distanceTransform(canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
        outside = cv2.distanceTransform(1 - canvas, cv2.DIST_L2, cv2.DIST_MASK_5)
        blurred = cv2.GaussianBlur(inside - outside, (0, 0), max(0.6, 1.1 * self.scale / step))
        return np.asarray(blurred[pad : pad + rows, pad : pad + columns] * step, dtype=np.float32)

    def pectoral_distance(self, y: Field, x: Field) -> Field:
        """Distance into the pectoral muscle, mm, positive inside; its edge bows slightly towards the breast."""
        across, along = self.pectoral
        if not across:
            return np.full(np.broadcast(y, x).shape, -1e3, dtype=np.float32)
        length = float(np.hypot(across, along))
        # Signed distance to the chord from (0, across) to (along, 0), bowed by a parabola along it.
        behind = (across * along - across * y - along * x) / length
        place = np.clip((y * along - (x - across) * across) / length**2, 0.0, 1.0)
        return np.asarray(behind + 0.05 * length * 4 * place * (1 - place), dtype=np.float32)


@dataclass(frozen=True)
class LesionPlan:
    """A lesion to be put into a breast.

    Attributes
    ----------
    distance_mm
        From the nipple, the same in every view.
    angle_cc, angle_mlo
        Direction from the nipple in radians: 0 straight to the chest wall, positive to the lateral side or the axilla.
    growth
        1 in the current exam, less in a prior; 0 leaves it out.
    contrast
        How much denser than its surroundings, about 0.1 (subtle) to 0.35.
    """

    id: str
    shape: LesionShape
    diameter_mm: float
    distance_mm: float
    angle_cc: float
    angle_mlo: float
    contrast: float
    seed: int
    growth: float = 1.0

    def centre(self, anatomy: Anatomy) -> tuple[float, float]:
        """(y, x) in the canonical frame, mm."""
        angle = self.angle_cc if anatomy.view.is_craniocaudal else self.angle_mlo
        y, x = anatomy.nipple
        return y - self.distance_mm * np.sin(angle), x - self.distance_mm * np.cos(angle)


class _Uniform:
    """Draws plain floats, which leave float32 arrays float32 (numpy's own scalars do not)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))


def stream(seed: int, *what: int) -> np.random.Generator:
    """Random numbers that belong to one seed and one purpose."""
    return np.random.default_rng([seed, *what])


def draw_anatomy(
    seed: int,
    view: ViewPosition,
    *,
    laterality: Laterality,
    density: str,
    field: tuple[float, float],
    years_ago: int = 0,
) -> Anatomy:
    """Draw the breast of a seed; both sides of a seed resemble each other, and exams differ in positioning only.

    Parameters
    ----------
    density
        ACR class, A to D.
    field
        (height, width) of the detector, mm; the breast is scaled to fit.
    years_ago
        0 for the current exam.
    """
    woman, side = _Uniform(stream(seed, 1)), _Uniform(stream(seed, 2, _SIDES[laterality]))
    positioning = stream(seed, 3, _SIDES[laterality], view.is_craniocaudal, years_ago)
    height, width = field
    scale = min(height / _FIELD_MM[0], width / _FIELD_MM[1])
    size = woman(0.82, 1.12) * side(0.97, 1.03)
    depth = 122.0 * scale * size
    wander: list[float] = (positioning.normal(0.0, 2.0, 4) * scale).tolist()
    is_cc = view.is_craniocaudal
    low, high = (0.46, 0.54) if is_cc else (0.585, 0.64)
    nipple_y = height * woman(low, high) + wander[0]
    above = woman(108, 122) * scale * size if is_cc else nipple_y * woman(0.98, 1.12)
    below = woman(104, 118) * scale * size * (1.0 if is_cc else 0.84)
    depth += 0.5 * wander[1]
    pectoral = (0.0, 0.0) if is_cc else (woman(46, 62) * scale + wander[2], height * woman(0.42, 0.6))
    return Anatomy(
        view=view,
        depth=depth,
        nipple=(nipple_y, depth),
        above=min(above, 0.96 * nipple_y) if is_cc else above,
        below=min(below, 0.95 * (height - nipple_y)),
        fullness=woman(2.1, 2.4),
        pointedness=woman(1.35, 1.75),
        axilla=depth * woman(0.66, 0.8),
        nipple_height=woman(2.0, 4.5) * scale,
        pectoral=pectoral,
        gland_fraction=_COVERAGE[density] * woman(0.9, 1.1),
        field=field,
        scale=scale,
        drift=(wander[0], 0.5 * wander[1]),
    )


def plan_lesions(
    seed: int, laterality: Laterality, shapes: tuple[LesionShape, ...], *, views: tuple[Anatomy, Anatomy]
) -> tuple[LesionPlan, ...]:
    """Find places that lie well inside the breast in CC and in MLO, at one distance from the nipple in both.

    Parameters
    ----------
    views
        The breast in CC and in MLO.
    """
    rng = stream(seed, 4, _SIDES[laterality])
    planned: list[LesionPlan] = []
    for index, shape in enumerate(shapes):
        draft = _draw_lesion(rng, f"{laterality.value}{index + 1}", shape, scale=views[0].scale)
        for _ in range(200):
            angle = rng.uniform(-0.75, 0.75)
            plan = replace(
                draft,
                distance_mm=float(rng.uniform(0.28, 0.68) * views[0].depth),
                angle_cc=float(angle),
                angle_mlo=float(np.clip(abs(angle) * rng.choice((-0.7, 1.0)) + rng.normal(0, 0.1), -0.7, 0.8)),
            )
            if all(_has_room(plan, view, planned) for view in views):
                planned.append(plan)
                break
    return tuple(planned)


def _draw_lesion(rng: np.random.Generator, name: str, shape: LesionShape, *, scale: float) -> LesionPlan:
    low, high = {
        LesionShape.SMOOTH_MASS: (9.0, 17.0),
        LesionShape.SPICULATED_MASS: (10.0, 18.0),
        LesionShape.PUNCTATE_CLUSTER: (7.0, 13.0),
        LesionShape.PLEOMORPHIC_CLUSTER: (8.0, 16.0),
    }[shape]
    return LesionPlan(
        id=name,
        shape=shape,
        # Lesions of a small field (tests) shrink less than the breast, or nothing would be left of them.
        diameter_mm=float(rng.uniform(low, high) * max(scale, 0.4) ** 0.7),
        distance_mm=0.0,
        angle_cc=0.0,
        angle_mlo=0.0,
        contrast=float(rng.uniform(0.23, 0.34)),
        seed=int(rng.integers(2**31)),
    )


def _has_room(plan: LesionPlan, anatomy: Anatomy, others: list[LesionPlan]) -> bool:
    """Whether the lesion lies inside the breast, off the muscle and off the other lesions."""
    y, x = plan.centre(anatomy)
    radius = plan.diameter_mm / 2
    if x < radius + 6.0 * anatomy.scale or not 0 < y < anatomy.field[0]:
        return False
    polygon = np.ascontiguousarray(anatomy.outline()[:, ::-1].astype(np.float32))
    if cv2.pointPolygonTest(polygon, (float(x), float(y)), True) < radius + 9.0 * anatomy.scale:
        return False
    into_muscle = anatomy.pectoral_distance(np.float32(y), np.float32(x))  # type: ignore[arg-type]
    if float(into_muscle) > -radius - 4.0 * anatomy.scale:
        return False
    return all(
        float(np.hypot(y - other.centre(anatomy)[0], x - other.centre(anatomy)[1]))
        > radius + other.diameter_mm / 2 + 8.0 * anatomy.scale
        for other in others
    )
