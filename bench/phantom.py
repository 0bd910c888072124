"""How long the phantom takes, and how near its parenchyma comes to the power law of real breasts.

``python -m bench.phantom`` draws full-size views on one thread and prints seconds and β for each density.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from mammoview.core.study import ViewPosition
from mammoview.imaging.phantom import COLUMNS, ROWS, make_view
from mammoview.imaging.phantom_truth import PhantomView
from mammoview.session.demo import write_phantom

PATCH = 1024


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    print(f"{ROWS}×{COLUMNS}, 70 µm, one thread        CPU s     β (0.1 to 1 cycles/mm)")
    for density in "ABCD":
        start = time.process_time()
        views = [
            make_view(seed, view=ViewPosition.CC, density=density, lesions=(), rows=ROWS, columns=COLUMNS)
            for seed in range(3)
        ]
        seconds = (time.process_time() - start) / len(views)
        slopes = " ".join(f"{beta(view):.2f}" for view in views)
        print(f"one view, density {density}                 {seconds:6.2f}     {slopes}")
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        write_phantom(Path(folder), seed=1)
        print(f"four views and their truth, written  {time.process_time() - start:6.2f}     (at most 12 s)")


def beta(view: PhantomView) -> float:
    """Exponent of the radial power spectrum in a patch behind the nipple, by least squares on logarithms."""
    row, column = (int(part) for part in view.truth.nipple)
    half = PATCH // 2
    patch = view.pixels[row - half : row + half, column // 2 - half : column // 2 + half].astype(float)
    taper = np.hanning(PATCH)
    power = np.abs(np.fft.fft2((patch - patch.mean()) * np.outer(taper, taper))) ** 2
    cycles = np.fft.fftfreq(PATCH, view.spacing_mm)
    radius = np.hypot(cycles[:, None], cycles[None, :])
    edges = np.geomspace(0.1, 1.0, 12)
    bands = [power[(radius >= low) & (radius < high)].mean() for low, high in itertools.pairwise(edges)]
    return float(-np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), np.log(bands), 1)[0])


if __name__ == "__main__":
    main()
