"""Masses and calcification clusters, drawn at native resolution into a synthetic breast."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Box
from mammoview.imaging.phantom_anatomy import Anatomy, LesionPlan
from mammoview.imaging.phantom_tissue import power_noise, smoothstep
from mammoview.imaging.phantom_truth import LesionShape, Region, TrueLesion

Field = NDArray[np.float32]


def draw_lesion(value: Field, plan: LesionPlan, *, anatomy: Anatomy, spacing_mm: float) -> TrueLesion | None:
    """Add a lesion to an image in the canonical frame, in place.

    Parameters
    ----------
    value
        Tissue brightness, shape (rows, columns), float32.
    plan
        What to draw; its ``growth`` scales size and contrast.

    Returns
    -------
    TrueLesion or None
        None where the lesion is absent from this exam or outside of the image.
    """
    if plan.growth <= 0:
        return None
    rng = np.random.default_rng([plan.seed, anatomy.view.is_craniocaudal])
    row, column = (length / spacing_mm for length in plan.centre(anatomy))
    radius = max(1.5, plan.diameter_mm * plan.growth / 2 / spacing_mm)
    reach = 2.6 if plan.shape is LesionShape.SPICULATED_MASS else 1.4
    box = Box.square(row, column, 2 * reach * radius).clipped(value.shape[0], value.shape[1])
    if box.width_px < 2 or box.height_px < 2:
        return None
    patch = _Patch(value, box, centre=(row, column), radius=radius, spacing_mm=spacing_mm)
    contrast = plan.contrast * (0.5 + 0.5 * plan.growth)
    if plan.shape.kind.value == "mass":
        inside = _draw_mass(patch, rng, contrast, is_spiculated=plan.shape is LesionShape.SPICULATED_MASS)
    else:
        inside = _draw_cluster(patch, rng, contrast, plan)
    mask = np.zeros(value.shape, dtype=bool)
    mask[patch.slices] = inside
    region = Region.from_mask(mask)
    if region is None:
        return None
    return TrueLesion(plan.id, plan.shape, region, (row, column), plan.distance_mm, plan.diameter_mm * plan.growth)


class _Patch:
    """The part of the image around a lesion, with polar coordinates about its centre."""

    def __init__(
        self, value: Field, box: Box, *, centre: tuple[float, float], radius: float, spacing_mm: float
    ) -> None:
        self.slices = box.slices()
        self.value = value[self.slices]
        self.radius, self.spacing_mm = radius, spacing_mm
        rows, columns = np.ogrid[self.slices]
        self.y = (rows + 0.5 - centre[0]).astype(np.float32)
        self.x = (columns + 0.5 - centre[1]).astype(np.float32)
        self.distance = np.hypot(self.y, self.x)
        self.angle = np.arctan2(self.y, self.x)


def _draw_mass(patch: _Patch, rng: np.random.Generator, contrast: float, *, is_spiculated: bool) -> NDArray[np.bool_]:
    """A round or oval body with a wavy margin; spicules run out of it when asked. Returns the body's mask."""
    roughness = 0.10 if is_spiculated else 0.035
    tilt, ratio = rng.uniform(0, np.pi), rng.uniform(0.72, 0.95)
    edge = 1.0 / np.sqrt(np.cos(patch.angle - tilt) ** 2 + (np.sin(patch.angle - tilt) / ratio) ** 2)
    for order in range(2, 8):
        edge += roughness / np.sqrt(order) * rng.normal() * np.cos(order * patch.angle + rng.uniform(0, 2 * np.pi))
    away = (patch.distance / patch.radius - edge).astype(np.float32)
    softness = 0.42 if is_spiculated else 0.22
    body = 1 - smoothstep(away, -softness, softness * 0.5)
    # A ball's thickness, so that the middle is the densest part.
    ball = np.sqrt(np.clip(1.15 - (patch.distance / patch.radius / edge) ** 2, 0.0, 1.0)).astype(np.float32)
    texture = power_noise(
        rng, patch.value.shape[:2], step=patch.spacing_mm, beta=3.0, longest_mm=max(6.0, 4 * patch.spacing_mm)
    )
    # A mass pushes the parenchyma aside: inside, little of its texture is left.
    around = float(np.mean(patch.value[(away > 0) & (away < 0.6)])) if np.any(away > 0) else float(patch.value.mean())
    patch.value += 0.7 * body * (around - patch.value)
    patch.value += contrast * body * (0.6 + 0.4 * ball) * (1 + 0.10 * texture)
    if is_spiculated:
        patch.value += 0.62 * contrast * _spicules(patch, rng)
    return away <= 0


def _spicules(patch: _Patch, rng: np.random.Generator) -> Field:
    """Thin lines that leave the mass and fade; shape as the patch, 0 to 1."""
    lines = np.zeros(patch.value.shape, dtype=np.float32)
    origin = np.array([-patch.x[0, 0], -patch.y[0, 0]])
    for _ in range(int(rng.integers(16, 26))):
        angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.25)
        reach = patch.radius * rng.uniform(1.4, 2.5)
        t = np.linspace(0.55 * patch.radius, reach, 24)
        turn = angle + bend * (t / reach) ** 2
        path = origin + np.stack([t * np.cos(turn), t * np.sin(turn)], axis=1)
        line = np.zeros(patch.value.shape, dtype=np.uint8)
        width = max(1, round(rng.uniform(0.25, 0.55) / patch.spacing_mm))
        cv2.polylines(line, [np.rint(path * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
        fade = np.clip(1.15 - patch.distance / reach, 0.0, 1.0)
        lines = np.maximum(lines, line.astype(np.float32) / 255 * fade * rng.uniform(0.5, 1.0))
    return np.asarray(cv2.GaussianBlur(lines, (0, 0), max(0.4, 0.16 / patch.spacing_mm)), dtype=np.float32)


def _draw_cluster(patch: _Patch, rng: np.random.Generator, contrast: float, plan: LesionPlan) -> NDArray[np.bool_]:
    """Calcifications of 0.2 to 0.7 mm in a cluster. Returns the filled hull of them, a little widened."""
    is_pleomorphic = plan.shape is LesionShape.PLEOMORPHIC_CLUSTER
    count = max(5, round(rng.uniform(14, 26) * plan.growth))
    grains = np.zeros(patch.value.shape, dtype=np.float32)
    points: list[tuple[float, float]] = []
    for _ in range(count):
        reach, angle = patch.radius * min(1.0, abs(rng.normal(0.0, 0.5))), rng.uniform(0, 2 * np.pi)
        y, x = reach * np.sin(angle), reach * np.cos(angle) * rng.uniform(0.6, 1.0)
        size = (rng.uniform(0.10, 0.32) if is_pleomorphic else rng.uniform(0.14, 0.24)) / patch.spacing_mm
        ratio = rng.uniform(0.3, 0.9) if is_pleomorphic else rng.uniform(0.85, 1.0)
        tilt, bright = rng.uniform(0, np.pi), rng.uniform(0.55, 1.0)
        dy, dx = patch.y - y, patch.x - x
        major = (dx * np.cos(tilt) + dy * np.sin(tilt)) / size
        minor = (dy * np.cos(tilt) - dx * np.sin(tilt)) / (size * ratio)
        # Grains smaller than a pixel keep their mass: fainter, not narrower.
        fill = min(1.0, size) * min(1.0, size * ratio)
        widen_major, widen_minor = max(1.0, 0.7 / size), max(1.0, 0.7 / (size * ratio))
        grain = np.exp(-np.square((major / widen_major) ** 2 + (minor / widen_minor) ** 2))
        grains = np.maximum(grains, bright * fill * grain.astype(np.float32))
        points.append((x - patch.x[0, 0], y - patch.y[0, 0]))
    patch.value += (0.20 + 0.9 * contrast) * grains
    hull = cv2.convexHull(np.array(points, dtype=np.float32))
    inside = np.zeros(patch.value.shape, dtype=np.uint8)
    cv2.fillConvexPoly(inside, np.rint(hull).astype(np.int32), 1)
    margin = max(1, round(0.5 / patch.spacing_mm))
    return np.asarray(cv2.dilate(inside, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)), dtype=bool)
