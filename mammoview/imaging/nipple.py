"""The nipple on CC and MLO, from the skin line and what lies beneath it, with how sure that is.

Each point of the skin gets a few plain features: how far it stands from the wall behind the breast, how much it bulges
out of the smooth outline, how much brighter it is just outside, just inside and deeper behind than the skin beside it.
A weighted sum ranks the points (a conditional logit model), and the belief near the best one is the confidence. The
clues are the published ones: distance and curvature of the profile (Mendez et al., Med Phys 1996; Zhou et al., Med Phys
2004), and brightness of the nipple and of the ducts that run to it (Yin et al., Med Phys 1994). The weights were fitted
on the development half of ``bench/data/nipples.csv`` (ADR 0310).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.anatomy import SURE, Nipple
from mammoview.core.study import ViewPosition
from mammoview.imaging.breast_frame import STEP_MM, BreastFrame, believed_spacing, lay_down
from mammoview.imaging.wall import find_wall

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = ("depth", "bulge", "outside", "inside", "behind")
#: Of each feature, in its own unit; `bench.nipple --fit` prints them.
WEIGHTS = (1.8, 0.9, 1.2, 1.1, 0.6)

# All lengths in mm.
_FINE, _COARSE = 1.8, 15.0
_NEAR_MM = 8.0
#: Skin this near to the frame's border, or to the wall, holds no nipple.
_BORDER_MM = 3.0
_LEAST_DEPTH = 0.45
_LEAST_BULGE_MM = 0.5


@dataclass(frozen=True, eq=False)
class Skin:
    """The skin line of a laid-down breast.

    Attributes
    ----------
    points
        Shape (n, 2), (row, column) in pixels of the frame, `STEP_MM` apart along the skin.
    features
        Shape (n, len(FEATURES)).
    """

    points: NDArray[np.float64]
    features: NDArray[np.float64]


def find_nipple(
    image: NDArray[np.uint16],
    breast: NDArray[np.bool_],
    pectoral: NDArray[np.bool_] | None,
    *,
    view: ViewPosition | None,
    spacing_mm: tuple[float, float] | None = None,
) -> Nipple | None:
    """Find the nipple.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values: bright is dense.
    breast
        Same shape, bool, pectoral muscle included.
    pectoral
        Same shape, bool; None where it is not seen.
    view
        The projection; without it the wall is the edge of the image.
    spacing_mm
        (row, column) millimetres a pixel; without it a film of 240 mm is assumed.

    Returns
    -------
    Nipple or None
        In native pixels, on the skin; unsure ones carry a reason. None where there is no breast or hardly any skin.
    """
    if not breast.any():
        return None
    frame = lay_down(image, breast, pectoral, spacing_mm=believed_spacing(breast, spacing_mm))
    skin = look_at_skin(frame, view=view)
    if skin is None:
        return None
    belief = believe(skin.features)
    best = int(np.argmax(belief))
    apart = np.hypot(*(skin.points - skin.points[best]).T) * STEP_MM
    confidence = float(belief[apart <= _NEAR_MM].sum())
    native = frame.transform.inverse().apply(skin.points[best])[0]
    return Nipple((float(native[0]), float(native[1])), confidence, "" if confidence >= SURE else _why(skin, best))


def believe(features: NDArray[np.float64], weights: tuple[float, ...] = WEIGHTS) -> NDArray[np.float64]:
    """How likely each point of the skin is the nipple, shape (n,), sum 1.

    Parameters
    ----------
    features
        Shape (n, len(FEATURES)).
    weights
        One for each feature.
    """
    score = features @ np.asarray(weights)
    grown = np.exp(score - score.max())
    return np.asarray(grown / grown.sum())


def _why(skin: Skin, best: int) -> str:
    """Why the best place is not sure: nothing stands out there, or elsewhere as much."""
    bulge = skin.features[:, FEATURES.index("bulge")]
    away = np.hypot(*(skin.points - skin.points[best]).T) * STEP_MM
    # A round outline bulges a little everywhere.
    beside = bulge[(away > _NEAR_MM) & (away < 4 * _NEAR_MM)]
    if beside.size and bulge[best] - float(np.median(beside)) < _LEAST_BULGE_MM:
        return "No nipple stands out of the skin line; this is the likeliest place."
    return "Several places of the skin line look alike; this is the likeliest one."


def look_at_skin(frame: BreastFrame, *, view: ViewPosition | None) -> Skin | None:
    """Measure the skin line of a laid-down breast; None where hardly any skin is seen.

    Parameters
    ----------
    frame
        The breast, chest wall on the left.
    view
        The projection.
    """
    contours, _ = cv2.findContours(frame.breast.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    outline = max(contours, key=cv2.contourArea)[:, 0, ::-1].astype(np.float64) + 0.5
    outline = _evenly(outline)
    if len(outline) < 100:
        return None
    fine, coarse = _smooth(outline, _FINE), _smooth(outline, _COARSE)
    ahead = np.roll(coarse, -1, axis=0) - np.roll(coarse, 1, axis=0)
    normal = np.column_stack([-ahead[:, 1], ahead[:, 0]]) / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    if float(((coarse - coarse.mean(axis=0)) * normal).sum()) < 0:
        normal = -normal
    depth, extent_mm = _depths(frame, fine, view)
    features = _features(frame, fine, normal, depth)
    features[:, FEATURES.index("bulge")] = ((fine - coarse) * normal).sum(axis=1) * STEP_MM
    rows, columns = frame.breast.shape
    margin = _BORDER_MM / STEP_MM
    is_skin = (fine[:, 0] > margin) & (fine[:, 0] < rows - margin) & (fine[:, 1] < columns - margin)
    is_skin &= (depth > _LEAST_DEPTH) & (extent_mm > 10.0)
    return Skin(fine[is_skin], features[is_skin]) if is_skin.sum() >= 20 else None


def _evenly(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """The closed outline with points one pixel apart along it."""
    closed = np.vstack([outline, outline[:1]])
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    where = np.arange(0.0, at[-1], 1.0)
    return np.column_stack([np.interp(where, at, closed[:, 0]), np.interp(where, at, closed[:, 1])])


def _smooth(closed: NDArray[np.float64], sigma_mm: float) -> NDArray[np.float64]:
    """A closed curve, or values along one, smoothed by a Gaussian; points are one pixel apart."""
    count = len(closed)
    cycles = np.fft.rfftfreq(count)
    damp = np.exp(-2.0 * (np.pi * cycles * sigma_mm / STEP_MM) ** 2)
    spectrum = np.fft.rfft(closed, axis=0)
    return np.fft.irfft(spectrum * (damp[:, None] if closed.ndim == 2 else damp), n=count, axis=0)


def _depths(
    frame: BreastFrame, points: NDArray[np.float64], view: ViewPosition | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each point stands from the wall, as a share of the farthest, and in mm from the wall's side."""
    muscle = frame.pectoral if frame.pectoral.any() else None
    wall = find_wall(frame.breast, muscle, view=view)
    assert wall.ends is not None
    (row0, col0), (row1, col1) = wall.ends
    length = float(np.hypot(row1 - row0, col1 - col0))
    away = ((points[:, 1] - col0) * (row1 - row0) - (points[:, 0] - row0) * (col1 - col0)) / length
    first = float(np.flatnonzero(frame.breast.any(axis=0))[0])
    return away / max(float(away.max()), 1.0), (points[:, 1] - first) * STEP_MM


def _features(
    frame: BreastFrame, points: NDArray[np.float64], normal: NDArray[np.float64], depth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """All features but the bulge, shape (n, len(FEATURES))."""
    inside = frame.values[frame.breast]
    low, high = float(frame.values.min()), float(np.percentile(inside, 90))
    # The root lifts the skin, which is dark on film, without drowning what is bright.
    shown = np.sqrt(np.clip((frame.values - low) / max(high - low, 1.0), 0.0, 1.5)).astype(np.float32)
    out = np.zeros((len(points), len(FEATURES)))
    out[:, 0] = 10.0 * (depth - 1.0)
    for name, near, far in (("outside", 1.2, 4.8), ("inside", -4.8, -0.6), ("behind", -24.0, -6.0)):
        band = _along_normal(shown, points, normal, near, far)
        smooth = _smooth(band, _FINE)
        out[:, FEATURES.index(name)] = 10.0 * (smooth - _smooth(band, 2.0 * _COARSE))
    # Dark beneath the skin is fat and speaks against nothing: a nipple may lie beside it.
    out[:, FEATURES.index("inside")] = np.maximum(out[:, FEATURES.index("inside")], 0.0)
    return out


def _along_normal(
    values: NDArray[np.float32], points: NDArray[np.float64], normal: NDArray[np.float64], near_mm: float, far_mm: float
) -> NDArray[np.float64]:
    """Mean value between two distances from the skin, positive outwards; shape (n,)."""
    at = np.arange(min(near_mm, far_mm), max(near_mm, far_mm) + 1e-6, STEP_MM) / STEP_MM
    where = points[:, None] + at[None, :, None] * normal[:, None] - 0.5
    sampled = cv2.remap(
        values,
        where[..., 1].astype(np.float32),
        where[..., 0].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(sampled.mean(axis=1), dtype=np.float64)
