"""How well a border from a click or a box lies on a lesion, and how long it takes: ``python -m bench.contours``.

Masses of phantoms (one smooth and one spiculated of each seed) and lesions of CDD-CESM whose mask is one piece. The
shipped nets learned from CDD-CESM, so that its numbers say how a click compares with a box, not how good either is. A
click lies anywhere in the inner part of the lesion, two of each; the box is that of the mask.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.suppression import DATA
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.study import Grayscale, Mammogram, SourceKind
from mammoview.dicom.raster import describe_raster
from mammoview.imaging.phantom import make_view
from mammoview.imaging.phantom_truth import LesionShape
from mammoview.imaging.suppress import clean, suppress
from mammoview.imaging.truth import agreement, read_mask
from mammoview.pipeline.contouring import Border, at_click, in_box
from mammoview.pipeline.request import AnalysisRequest
from mammoview.pipeline.shelf import Shelf
from mammoview.pipeline.stages import PreparedImage, Stopwatch, prepare

PHANTOMS, CLICKS = 14, 2
#: A click lies at least so far from the border, as a share of the deepest place.
_INNER = 0.35
_SMALLEST_PX = 60


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion, its image, and its pixels."""

    image: PreparedImage
    mask: NDArray[np.bool_]


def phantoms() -> Iterator[Lesion]:
    """Masses that were drawn."""
    for seed in range(100, 100 + PHANTOMS):
        for shape in (LesionShape.SMOOTH_MASS, LesionShape.SPICULATED_MASS):
            view = make_view(seed, rows=2048, columns=1664, lesions=(shape,))
            found = suppress(view.pixels, view=view.view, laterality=None)
            image = Mammogram(
                id=f"{seed}",
                path="",
                kind=SourceKind.RASTER,
                rows=view.pixels.shape[0],
                columns=view.pixels.shape[1],
                grayscale=Grayscale(16),
                laterality=view.laterality,
                view=view.view,
                spacing_mm=(view.spacing_mm, view.spacing_mm),
            )
            cleaned = clean(view.pixels, found)
            for lesion in view.truth.lesions:
                yield Lesion(PreparedImage(image, cleaned, cleaned, found, (), Stopwatch()), lesion.mask)


def cesm() -> Iterator[Lesion]:
    """Lesions that readers outlined."""
    for path in sorted((DATA / "cdd_cesm" / "masks").glob("*_DM_*.jpg")):
        mask, file = read_mask(path, 512, 512), DATA / "cdd_cesm" / "images" / path.name
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
        if count == 2 and stats[1, cv2.CC_STAT_AREA] >= _SMALLEST_PX and file.exists():
            prepared = prepare(describe_raster(file), is_scored=False)
            if prepared.has_breast:
                yield Lesion(prepared, mask)


def _dice(border: Border | None, mask: NDArray[np.bool_]) -> float:
    drawn = np.zeros(mask.shape, np.uint8)
    if border is not None:
        cv2.fillPoly(drawn, [np.round(np.array(border.contour)[:, ::-1] - 0.5).astype(np.int32)], 1)
    return float(agreement(mask, drawn > 0).dice or 0.0)


def main() -> None:
    """Print a table."""
    rng, shelf = np.random.default_rng(1), Shelf()
    print("| lesions | from | n | Dice: median | mean | seconds: median |\n| --- | --- | --- | --- | --- | --- |")
    for name, lesions in (("phantoms", phantoms()), ("CDD-CESM", cesm())):
        told: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for lesion in lesions:
            networks = shelf.open(AnalysisRequest((lesion.image.image,), "bench", device="cpu"))
            rows, columns = np.nonzero(lesion.mask)
            deep = cv2.distanceTransform(np.pad(lesion.mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
            inner = np.argwhere(deep >= _INNER * deep.max()) + 0.5
            box = Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
            start = time.perf_counter()
            found = in_box(networks.segmenters, lesion.image, box, kind=LesionKind.MASS)
            told["box"].append((_dice(found, lesion.mask), time.perf_counter() - start))
            for row, column in inner[rng.integers(len(inner), size=CLICKS)].tolist():
                start = time.perf_counter()
                found = at_click(networks.segmenters, lesion.image, (row, column), kind=LesionKind.MASS)
                told["click"].append((_dice(found, lesion.mask), time.perf_counter() - start))
        for way, values in told.items():
            dice, seconds = np.array(values).T
            print(
                f"| {name} | {way} | {len(dice)} | {np.median(dice):.2f} | {dice.mean():.2f} "
                f"| {np.median(seconds):.2f} |"
            )


if __name__ == "__main__":
    main()
