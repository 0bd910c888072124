"""One synthetic view on its way from anatomy to pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.study import Laterality
from mammoview.imaging.phantom_anatomy import Anatomy, LesionPlan, stream
from mammoview.imaging.phantom_film import add_film
from mammoview.imaging.phantom_lesions import draw_lesion
from mammoview.imaging.phantom_tissue import power_noise, render_tissue, smoothstep
from mammoview.imaging.phantom_truth import PhantomTruth, PhantomView, Region, TrueArtifact, TrueLesion

Field = NDArray[np.float32]

P_MAX = 65_535
# Tissue is rendered at about this many millimetres a pixel; finer grain is added at native resolution.
_COARSE_MM = 0.21
_TILE = 1024


class ViewDrawing:
    """One view on its way from anatomy to pixels; canonical frame until `finish` mirrors it."""

    def __init__(
        self,
        anatomy: Anatomy,
        seed: int,
        laterality: Laterality,
        *,
        shape: tuple[int, int],
        spacing_mm: float,
        is_film: bool,
    ) -> None:
        self.anatomy, self.seed, self.laterality = anatomy, seed, laterality
        self.shape, self.spacing, self.is_film = shape, spacing_mm, is_film
        self.factor = max(1, round(_COARSE_MM * anatomy.scale**0.5 / spacing_mm))
        self.step = spacing_mm * self.factor
        coarse = (-(-shape[0] // self.factor), -(-shape[1] // self.factor))
        depth = anatomy.signed_distance(self.step)
        self.depth_coarse: Field = np.asarray(cv2.resize(depth, coarse[::-1]), dtype=np.float32)
        y, x = (np.mgrid[: coarse[0], : coarse[1]].astype(np.float32) + 0.5) * self.step
        self.muscle_coarse = anatomy.pectoral_distance(y, x)
        self.depth_in = self.enlarge(self.depth_coarse)

    def enlarge(self, field: Field) -> Field:
        """Bring a coarse field to native resolution, shape `self.shape`."""
        if self.factor == 1:
            return field
        size = (field.shape[1] * self.factor, field.shape[0] * self.factor)
        full = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(full[: self.shape[0], : self.shape[1]])

    def finish(self, plans: tuple[LesionPlan, ...], density: str, *, tissue: Field | None = None) -> PhantomView:
        """Draw everything and gather the truth; ``tissue`` is what `tissue` gave, where it is needed more than once."""
        value = self.tissue() if tissue is None else tissue.copy()
        drawn = (draw_lesion(value, plan, anatomy=self.anatomy, spacing_mm=self.spacing) for plan in plans)
        lesions = tuple(lesion for lesion in drawn if lesion is not None)
        value = self.project(value)
        breast = self.depth_in > 0
        muscle = self.enlarge(self.muscle_coarse) > 0 if self.anatomy.view.shows_pectoral else None
        if self.laterality is Laterality.RIGHT:
            value, breast, depth_in = value[:, ::-1], breast[:, ::-1], self.depth_in[:, ::-1]
            muscle = None if muscle is None else muscle[:, ::-1]
            lesions = tuple(self._mirrored(lesion) for lesion in lesions)
        else:
            depth_in = self.depth_in
        value, breast = np.ascontiguousarray(value), np.ascontiguousarray(breast)
        artifacts: tuple[TrueArtifact, ...] = ()
        if self.is_film:
            rng = stream(self.seed, 8, self.laterality is Laterality.RIGHT, self.anatomy.view.is_craniocaudal)
            label = f"{self.laterality.value}{self.anatomy.view.value}"
            artifacts = add_film(value, depth_in, rng=rng, spacing_mm=self.spacing, label=label)
            for artifact in artifacts:
                breast[artifact.box.slices()] &= ~artifact.region.inside
        else:
            value[~breast] = 0.0
        pixels = np.rint(np.clip(value, 0.0, 1.0) * P_MAX).astype(np.uint16)
        nipple = self._place(*(length / self.spacing for length in self.anatomy.nipple))
        pectoral = None if muscle is None else np.ascontiguousarray(muscle & breast)
        truth = PhantomTruth(breast, pectoral, nipple, lesions, artifacts)
        return PhantomView(pixels, truth, self.anatomy.view, self.laterality, self.spacing, density, self.is_film)

    def tissue(self) -> Field:
        """Tissue of uniform thickness at native resolution, shape `self.shape`."""
        rng = stream(self.seed, 7, self.laterality is Laterality.RIGHT, self.anatomy.view.is_craniocaudal)
        coarse = render_tissue(
            self.anatomy, rng, depth_in=self.depth_coarse, muscle_in=self.muscle_coarse, step=self.step
        )
        value = self.enlarge(coarse)
        if self.factor > 1:
            tile = power_noise(rng, (_TILE, _TILE), step=self.spacing, beta=3.0, longest_mm=2.5 * self.step)
            value *= 1 + 0.035 * _tiled(tile, self.shape)
        return value

    def project(self, value: Field, *exposure: int) -> Field:
        """Let the breast thin out towards its margin, add skin and quantum noise; 0 outside.

        ``exposure`` tells the noise of one slice of a volume from that of the next; the image itself has none.
        """
        scale = self.anatomy.scale
        rng = stream(self.seed, 9, self.laterality is Laterality.RIGHT, self.anatomy.view.is_craniocaudal, *exposure)
        at = np.arange(-2.0, 60.0, 0.02, dtype=np.float32)
        inside: Field = (np.maximum(at, 0.0) / scale).astype(np.float32)
        if self.is_film:
            thin = np.sqrt(np.clip(1 - (1 - np.minimum(inside / 20.0, 1.0)) ** 2, 0, 1)) * 0.93 + 0.07
            skin = 0.02 * np.exp(-(((inside - 0.6) / 0.7) ** 2))
        else:
            thin = 0.55 + 0.45 * smoothstep(inside, 0.0, 9.0)
            skin = 0.20 * np.exp(-(((inside - 0.8) / 0.8) ** 2))
        edge = np.clip(at / self.spacing + 0.5, 0.0, 1.0)
        index = np.clip((self.depth_in + 2.0) * 50.0, 0, at.size - 1).astype(np.int16)
        value = value * (thin * edge).astype(np.float32)[index] + (skin * edge).astype(np.float32)[index]
        grain = rng.standard_normal(value.shape, dtype=np.float32)
        value += 0.012 * np.sqrt(np.maximum(value, 0)) * grain
        return np.asarray(value)

    def _place(self, row: float, column: float) -> tuple[float, float]:
        """Bring a point of the canonical frame into the image."""
        is_right = self.laterality is Laterality.RIGHT
        return float(row), float(self.shape[1] - column if is_right else column)

    def _mirrored(self, lesion: TrueLesion) -> TrueLesion:
        region = Region.from_mask(np.ascontiguousarray(lesion.mask[:, ::-1]))
        assert region is not None
        return TrueLesion(
            lesion.id, lesion.shape, region, self._place(*lesion.centre), lesion.nipple_distance_mm, lesion.diameter_mm
        )


def _tiled(tile: Field, shape: tuple[int, int]) -> Field:
    """Repeat a periodic tile over an image of that shape."""
    times = tuple(-(-side // _TILE) for side in shape)
    return np.tile(tile, times)[: shape[0], : shape[1]]
