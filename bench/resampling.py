"""Ways to bring an image to the screen's pixels: what becomes of one bright pixel, and how close enlarging comes.

``python -m bench.resampling`` prints two tables. Down: the sum and the mean peak of a pixel's contrast over zooms and
sub-pixel shifts, relative to the acquired ones. Up: the error against a finer picture of the same phantom, and how far
the result swings beyond the acquired pixels nearby.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import product

import cv2
import numpy as np

from mammoview.core.image import StoredImage
from mammoview.imaging.pyramid import build
from mammoview.imaging.resample import Axis, resample
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.warp import level_for, sharp_level, target_of, warp

SIDE = 1200
ZOOMS = (1 / 16, 0.11, 0.2, 0.26, 0.3, 0.4, 0.51, 0.6, 0.77, 0.93, 0.99)
SHIFTS = tuple(product((0.0, 0.3, 0.5, 0.77), repeat=2))
CONTRAST = 16000
Way = Callable[[tuple[np.ndarray, ...], Placement], np.ndarray]


def main() -> None:
    print("| down | lowest sum | highest sum | mean peak ÷ exact area | ms for 830×1024 at 0.3, 0.51, 0.93 |")
    print("|---|---|---|---|---|")
    exact = _spots(_native)
    for name, way in (
        ("bilinear, one pixel a device pixel", _bilinear),
        ("OpenCV INTER_AREA on the whole level", _whole),
        ("area, one pixel a device pixel", _area_coarse),
        ("area, 1.5 pixels or more", _area),
        ("area from the acquired pixels", _native),
    ):
        sums, peaks = _spots(way)
        print(f"| {name} | {sums.min():.2f} | {sums.max():.2f} | {np.mean(peaks / exact[1]):.2f} | {_times(way)} |")
    print("\n| up, ×3.3 | RMS error | 99.9 % error | beyond the pixels nearby, most |\n|---|---|---|---|")
    for name, error, worst, swing in _enlarging():
        print(f"| {name} | {error:.1f} | {worst:.1f} | {swing:.1f} |")


def _target(placement: Placement, size: tuple[int, int] = (1024, 830)) -> tuple[int, int, int, int]:
    target = target_of(placement.to_device, placement.rows, placement.columns, size)
    return target.row0, target.col0, target.row1, target.col1


def _bilinear(levels: tuple[np.ndarray, ...], placement: Placement) -> np.ndarray:
    k = level_for(placement.to_device, len(levels))
    target = target_of(placement.to_device, placement.rows, placement.columns, (1024, 830))
    return np.asarray(warp(levels[k], placement.to_device, target, step=2.0**k))


def _whole(levels: tuple[np.ndarray, ...], placement: Placement) -> np.ndarray:
    k = level_for(placement.to_device, len(levels))
    row0, col0, row1, col1 = _target(placement)
    scale = placement.zoom[0] * 2**k
    part = levels[k][: round((row1 - row0) / scale), : round((col1 - col0) / scale)]
    return np.asarray(cv2.resize(part, (col1 - col0, row1 - row0), interpolation=cv2.INTER_AREA))


def _area_from(levels: tuple[np.ndarray, ...], placement: Placement, k: int) -> np.ndarray:
    row0, col0, row1, col1 = _target(placement)
    scale = placement.zoom[0] * 2**k
    return resample(
        levels[k],
        Axis(scale, placement.origin[0], row0, row1, placement.rows / 2**k),
        Axis(scale, placement.origin[1], col0, col1, placement.columns / 2**k),
    )


def _area_coarse(levels: tuple[np.ndarray, ...], placement: Placement) -> np.ndarray:
    return _area_from(levels, placement, level_for(placement.to_device, len(levels)))


def _area(levels: tuple[np.ndarray, ...], placement: Placement) -> np.ndarray:
    return _area_from(levels, placement, sharp_level(placement.to_device, len(levels)))


def _native(levels: tuple[np.ndarray, ...], placement: Placement) -> np.ndarray:
    return _area_from(levels, placement, 0)


def _spots(way: Way) -> tuple[np.ndarray, np.ndarray]:
    sums, peaks = [], []
    image = np.full((SIDE, SIDE), 1000, np.uint16)
    image[SIDE // 2 + 1, SIDE // 2 + 2] += CONTRAST
    levels, _ = build(StoredImage(image))
    for zoom, (row, col) in product(ZOOMS, SHIFTS):
        shown = way(levels, Placement(SIDE, SIDE, zoom=(zoom, zoom), origin=(row, col))).astype(float) - 1000
        sums.append(shown.sum() / zoom**2 / CONTRAST)
        peaks.append(shown.max() / CONTRAST)
    return np.array(sums), np.array(peaks)


def _times(way: Way) -> str:
    image = np.random.default_rng(0).integers(0, 4096, (4096, 3328)).astype(np.uint16)
    levels, _ = build(StoredImage(image))
    told = []
    for zoom in (0.3, 0.51, 0.93):
        placement = Placement(4096, 3328, zoom=(zoom, zoom), origin=(0.3, 0.7))
        taken = []
        for _ in range(9):
            start = time.perf_counter()
            way(levels, placement)
            taken.append(time.perf_counter() - start)
        told.append(f"{np.median(taken) * 1e3:.1f}")
    return ", ".join(told)


def _enlarging() -> Iterator[tuple[str, float, float, float]]:
    fine = _phantom_part()
    times = 3.3
    rows, cols = (round(n / times) for n in fine.shape)
    axes = (Axis(1 / times, 0.0, 0, rows, fine.shape[0]), Axis(1 / times, 0.0, 0, cols, fine.shape[1]))
    coarse = resample(fine, *axes)
    back = np.array([[1 / times, 0, 0.5 / times - 0.5], [0, 1 / times, 0.5 / times - 0.5]])
    shown = {
        name: cv2.warpAffine(
            coarse.astype(np.float32),
            back,
            fine.shape[::-1],
            flags=flag | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for name, flag in (
            ("bilinear", cv2.INTER_LINEAR),
            ("OpenCV cubic (a = −3/4)", cv2.INTER_CUBIC),
            ("Lanczos, 8 taps", cv2.INTER_LANCZOS4),
        )
    }
    grown = Axis(times, 0.0, 0, fine.shape[0], rows), Axis(times, 0.0, 0, fine.shape[1], cols)
    shown["Keys cubic (a = −1/2), held"] = resample(coarse, *grown).astype(np.float32)
    near = np.ones((3, 3), np.uint8)
    owner = [
        np.floor((np.arange(n) + 0.5) / times).astype(int).clip(0, k - 1)
        for n, k in zip(fine.shape, coarse.shape, strict=True)
    ]
    high, low = (of(coarse, near)[np.ix_(*owner)].astype(float) for of in (cv2.dilate, cv2.erode))
    for name, made in shown.items():
        error = np.abs(made - fine)[8:-8, 8:-8]
        swing = np.maximum(made - high, low - made)[8:-8, 8:-8].max()
        yield name, float(np.sqrt((error**2).mean())), float(np.percentile(error, 99.9)), max(0.0, float(swing))


def _phantom_part() -> np.ndarray:
    """Smooth tissue with specks of one to a few pixels and thin lines."""
    rng = np.random.default_rng(3)
    tissue = cv2.GaussianBlur(rng.normal(0, 1, (990, 990)), (0, 0), 12) * 8000 + 4000
    for row, col in rng.integers(20, 970, (150, 2)):
        cv2.circle(tissue, (int(col), int(row)), int(rng.integers(1, 7)), 9000.0, -1)
    for ends in rng.integers(0, 990, (30, 4)):
        cv2.line(tissue, tuple(ends[:2].tolist()), tuple(ends[2:].tolist()), 7000.0, 2)
    return cv2.GaussianBlur(tissue, (0, 0), 1.2).clip(0, 16383).astype(np.uint16)


if __name__ == "__main__":
    main()
