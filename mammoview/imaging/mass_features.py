"""What a place in the breast looks like to the ranking of mass candidates.

Every measurement is made on gray values replaced by their rank within the breast, so that film and digital images, and
any window, give the same numbers. Sources of the measurements:

- blobs by differences of Gaussians and by the Hessian: Lindeberg, Int. J. Comput. Vis. 1998;30:79-116;
- convergence of the gradient (iris filter): Kobatake and Murakami, "Adaptive filter to detect rounded convex regions",
  ICPR 1996;
- lines that radiate from a point: Karssemeijer and te Brake, IEEE Trans. Med. Imaging 1996;15:611-619;
- size bands by openings, the isotropic form of morphological sifting: Min et al. 2020, arXiv 1906.12118.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.imaging.breast_frame import STEP_MM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.imaging.breast_frame import BreastFrame

    Plane = NDArray[np.floating]
    Planes = dict[str, Plane]

# Blurs of the scale space, mm; a blob of radius r answers most at r / sqrt(2).
SIGMAS_MM = (0.72, 1.2, 1.92, 3.0, 4.8, 7.5, 11.4)
# Inner and outer radius of the neighbourhoods in which gradients and lines are weighed, mm.
FINE_DISCS_MM = ((0.0, 3.0), (0.0, 5.4), (3.0, 8.4))
COARSE_DISCS_MM = ((0.0, 5.4), (0.0, 9.6), (0.0, 15.0), (4.8, 15.0))
LINE_RINGS_MM = ((2.4, 8.4), (4.8, 15.0))
SIFTER_MM = (6.0, 10.8, 18.0, 30.0, 49.2)
# Distance between the places that are measured, mm.
GRID = 4


def points(frame: BreastFrame) -> NDArray[np.intp]:
    """The places of a frame that are measured: shape (n, 2), (row, column) of pixels inside the breast."""
    rows, columns = np.nonzero(frame.breast[GRID // 2 :: GRID, GRID // 2 :: GRID])
    return np.stack([rows, columns], axis=1) * GRID + GRID // 2


def measure(frame: BreastFrame, places: NDArray[np.intp]) -> dict[str, NDArray[np.float32]]:
    """Measure places of a frame.

    Parameters
    ----------
    frame
        The image in the common frame.
    places
        Shape (n, 2), (row, column).

    Returns
    -------
    dict
        Every measurement by its name, shape (n,), float32.
    """
    weight = frame.breast.astype(np.float32)
    rank = ranked(frame.values, frame.breast) * weight
    blurred = [_blur(rank, weight, sigma) for sigma in SIGMAS_MM]
    planes = {
        **_blobs(blurred),
        **_surface(blurred),
        **_texture(rank, blurred, weight),
        **_convergence(blurred[0], FINE_DISCS_MM, weight, "fine"),
        **_convergence(blurred[2], COARSE_DISCS_MM, weight, "coarse"),
        **_radiating_lines(blurred[0], weight),
        **_sifted(blurred[1]),
        **_place(frame),
    }
    rows, columns = places.T
    return {name: plane[rows, columns].astype(np.float32) for name, plane in planes.items()}


def ranked(values: Plane, breast: NDArray[np.bool_]) -> Plane:
    """Share of the breast's pixels that are darker: shape as ``values``, float32 in [0, 1]."""
    inner = cv2.erode(breast.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    sample = np.sort(values[inner if inner.any() else breast])
    if not sample.size:
        return np.zeros_like(values)
    return np.asarray(np.searchsorted(sample, values) / sample.size, dtype=np.float32)


def _blur(plane: Plane, weight: Plane, sigma_mm: float) -> Plane:
    """Gaussian blur that takes pixels outside of the breast as unknown, not as black."""
    sigma = sigma_mm / STEP_MM
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    return np.asarray(cv2.GaussianBlur(plane * weight, (0, 0), sigma) / np.maximum(total, 1e-3), dtype=np.float32)


def _blobs(blurred: list[Plane]) -> Planes:
    """Level and contrast to the surroundings at every scale, and the contrast over the image's highest."""
    planes = {f"level{k}": plane for k, plane in enumerate(blurred)}
    planes |= {f"dog{k}": blurred[k] - blurred[k + 1] for k in range(len(blurred) - 1)}
    planes |= {f"wide{k}": blurred[k] - blurred[k + 4] for k in (1, 2)}
    for name in ("dog1", "dog2", "dog3", "dog4", "dog5", "wide1", "wide2"):
        planes[f"{name}_share"] = planes[name] / max(float(np.percentile(planes[name][::2, ::2], 99.7)), 1e-6)
    for k in (1, 3):
        small = cv2.resize(blurred[k], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        size = blurred[k].shape[::-1]
        planes[f"below_highest{k}"] = blurred[k] - cv2.resize(cv2.dilate(small, _disk(13)), size)
        planes[f"above_lowest{k}"] = blurred[k] - cv2.resize(cv2.erode(small, _disk(7)), size)
    return planes


def _surface(blurred: list[Plane]) -> Planes:
    """Slope and the two curvatures of the brightness surface, scale-normalised."""
    planes: Planes = {}
    for k in range(1, 6):
        sigma = SIGMAS_MM[k] / STEP_MM
        slope_y, slope_x = _slopes(blurred[k])
        yy, xx, xy = _second(blurred[k])
        mean, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
        planes[f"steep{k}"] = -(mean - apart) * sigma**2
        planes[f"flat{k}"] = -(mean + apart) * sigma**2
        planes[f"slope{k}"] = np.hypot(slope_y, slope_x) * sigma
    return planes


def _texture(rank: Plane, blurred: list[Plane], weight: Plane) -> Planes:
    """Spread around a place, contrast over that spread, and how much fine detail there is."""
    planes: Planes = {}
    for k in (2, 3, 4, 5):
        spread = np.sqrt(np.maximum(_blur(rank * rank, weight, SIGMAS_MM[k]) - blurred[k] ** 2, 1e-6))
        planes[f"spread{k}"] = spread
        planes[f"contrast{k}"] = (blurred[k - 1] - blurred[k]) / spread
    for name, detail in (("grain", rank - blurred[0]), ("strand", blurred[0] - blurred[1])):
        for k in (2, 4):
            planes[f"{name}{k}"] = _blur(np.abs(detail), weight, SIGMAS_MM[k])
    return planes


def _convergence(plane: Plane, discs: tuple[tuple[float, float], ...], weight: Plane, name: str) -> Planes:
    """Mean cosine between the gradient and the direction to a place; also weighted by the gradient's length."""
    slope_y, slope_x = (slope * weight for slope in _slopes(plane))
    length = np.hypot(slope_y, slope_x) + 1e-4
    planes: Planes = {}
    for inner, outer in discs:
        y, x, radius, disc = _polar(inner, outer)
        towards_y, towards_x = -y * disc / np.maximum(radius, 1), -x * disc / np.maximum(radius, 1)
        known = np.maximum(_filter(weight, disc), 20.0)
        key = f"{name}_{inner:.0f}_{outer:.0f}"
        planes[f"converge_{key}"] = (
            _filter(slope_y / length, towards_y) + _filter(slope_x / length, towards_x)
        ) / known
        if inner == 0:
            planes[f"pull_{key}"] = (_filter(slope_y, towards_y) + _filter(slope_x, towards_x)) / known
    return planes


def _radiating_lines(plane: Plane, weight: Plane) -> Planes:
    """Whether bright lines around a place point to it (above 0) or run around it (below 0)."""
    yy, xx, xy = _second(plane)
    # Twice the angle, so that a line's two directions are one; bright lines curve down across themselves.
    along, skew = (xx - yy) * weight, 2 * xy * weight
    strength = np.hypot(along, skew)
    planes: Planes = {}
    for inner, outer in LINE_RINGS_MM:
        y, x, radius, ring = _polar(inner, outer)
        square = np.maximum(radius, 1) ** 2
        radial = _filter(along, ring * (x * x - y * y) / square) + _filter(skew, ring * 2 * x * y / square)
        planes[f"radial_{inner:.0f}"] = radial / np.maximum(_filter(weight, ring), 20.0)
        planes[f"radial_share_{inner:.0f}"] = radial / np.maximum(_filter(strength, ring), 1e-3)
    return planes


def _sifted(plane: Plane) -> Planes:
    """Brightness that openings by discs of growing size take away, band by band."""
    small = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    opened = [cv2.morphologyEx(small, cv2.MORPH_OPEN, _disk(round(d / STEP_MM / 2))) for d in SIFTER_MM]
    bands = [cv2.GaussianBlur(fine - wide, (0, 0), 1.5) for fine, wide in pairwise(opened)]
    return {
        f"sifted{k}": np.asarray(cv2.resize(band, plane.shape[::-1]), dtype=np.float32)
        for k, band in enumerate([*bands, opened[-1]])
    }


def _place(frame: BreastFrame) -> Planes:
    """Where in the breast a place lies, and how large the breast is."""
    shape = frame.breast.shape
    # The frame's edge is no skin: the breast goes on beyond it.
    padded = cv2.copyMakeBorder(frame.breast.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth: Plane = np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3), dtype=np.float32)[1:-1, 1:-1]
    rows, columns = np.nonzero(frame.breast)
    size = float(np.sqrt(max(rows.size, 1)))
    middle, far = (float(rows.mean()), int(columns.max())) if rows.size else (0.0, 1)
    across = np.broadcast_to(np.arange(shape[1], dtype=np.float32), shape)
    down = np.broadcast_to(np.arange(shape[0], dtype=np.float32)[:, None], shape)
    return {
        "depth": depth,
        "depth_share": depth / max(float(depth.max()), 1.0),
        "from_chest_wall": across,
        "from_chest_wall_share": across / max(far, 1),
        "height": (down - middle) / size,
        "breast_size": np.full(shape, size, dtype=np.float32),
        "muscle": np.asarray(cv2.GaussianBlur(frame.pectoral.astype(np.float32), (0, 0), 3.0 / STEP_MM), np.float32),
    }


def _slopes(plane: Plane) -> tuple[Plane, Plane]:
    """First derivatives down and across, by Sobel's 3 × 3 kernels, a pixel."""
    return cv2.Sobel(plane, cv2.CV_32F, 0, 1) / 8, cv2.Sobel(plane, cv2.CV_32F, 1, 0) / 8


def _second(plane: Plane) -> tuple[Plane, Plane, Plane]:
    """Second derivatives: down, across, mixed."""
    return (
        cv2.Sobel(plane, cv2.CV_32F, 0, 2) / 4,
        cv2.Sobel(plane, cv2.CV_32F, 2, 0) / 4,
        cv2.Sobel(plane, cv2.CV_32F, 1, 1) / 4,
    )


def _polar(inner_mm: float, outer_mm: float) -> tuple[Plane, Plane, Plane, Plane]:
    """Offsets down and across, radius, and the ring between two radii as 0 and 1: kernels, float32, pixels."""
    reach = int(np.ceil(outer_mm / STEP_MM))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    radius = np.hypot(y, x)
    ring = (radius >= inner_mm / STEP_MM) & (radius <= outer_mm / STEP_MM)
    return y, x, radius, ring.astype(np.float32)


def _filter(plane: Plane, kernel: Plane) -> Plane:
    """Correlate with a kernel; beyond the frame all is 0."""
    return np.asarray(cv2.filter2D(plane, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT))


def _disk(side: int) -> NDArray[np.uint8]:
    """A round structuring element of an odd side."""
    side += 1 - side % 2
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)
