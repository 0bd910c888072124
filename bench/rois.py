"""Measure ROI generation: masses on CBIS-DDSM out of fold, clusters on the phantom and on real images, time.

    python -m bench.rois [masses] [clusters] [crops] [cesm] [time]

prints every bar of the section and the whole FROC curves, or the parts named. ``masses`` measures every film and trains
once per fold: about a quarter of an hour on one core. The phantom's seeds 0 to 99 are for evaluation only; development
used seeds from 10,000.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.findings import Candidate, LesionKind, Suppression
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging import calcifications
from mammoview.imaging.mass_candidates import mass_candidates
from mammoview.imaging.phantom import make_view
from mammoview.imaging.rois import distinct, propose
from mammoview.imaging.suppress import clean, suppress
from mammoview.training.cases.data import cbis_films, cbis_lesions, cesm_images, read_gray
from mammoview.training.judging.metrics import clustered_bootstrap
from mammoview.training.recipes.mass_ranker import MeasuredFilm, measure_film, out_of_fold, ranks_of_hits

DATA = Path(os.environ.get("MAMMOVIEW_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LIMIT = 5
SEEDS = range(100)
CROPS_EACH = 100

Found = Sequence[Sequence[Candidate]]
Truth = Sequence[Sequence[Box]]


def bar(name: str, value: float, bound: float, *, at_most: bool = False) -> None:
    is_met = value <= bound if at_most else value >= bound
    sign = "<=" if at_most else ">="
    print(f"{name:<62} {value:8.4f}  {sign} {bound:<6} {'met' if is_met else 'NOT met'} by {abs(value - bound):.4f}")


def froc_by_score(found: Found, truth: Truth) -> list[tuple[float, float]]:
    """(false candidates an image, recall) from no candidate at all down the list of scores."""
    total = sum(len(boxes) for boxes in truth)
    events: list[tuple[float, int, int]] = []
    for candidates, boxes in zip(found, truth, strict=True):
        hit: set[int] = set()
        for candidate in candidates:
            inside = {k for k, box in enumerate(boxes) if box.contains(*candidate.box.centre)}
            events.append((candidate.score, len(inside - hit), int(not inside)))
            hit |= inside
    curve, hits, wrong = [(0.0, 0.0)], 0, 0
    for _, new, false in sorted(events, reverse=True):
        hits, wrong = hits + new, wrong + false
        curve.append((wrong / len(found), hits / total))
    return curve


def print_froc(found: Found, truth: Truth, rates: Sequence[float]) -> None:
    curve = froc_by_score(found, truth)
    print("| false an image, at most | recall |\n|---|---|")
    for rate in rates:
        within = [point for point in curve if point[0] <= rate]
        if within:
            print(f"| {rate:g} | {within[-1][1]:.3f} |")


def masses() -> None:
    films = [measure_film(film) for film in cbis_films(DATA, cbis_lesions(DATA))]
    report_masses(films, out_of_fold(films, seed=0))


def report_masses(films: Sequence[MeasuredFilm], out: Found) -> None:
    found = [distinct(candidates) for candidates in out]
    truth = [[mass.box for mass in measured.film.masses] for measured in films]
    ranks = np.array(
        [rank for one, boxes in zip(found, truth, strict=True) for rank in ranks_of_hits(one, boxes)], dtype=np.intp
    )
    patients = [measured.film.key.patient for measured in films for _ in measured.film.masses]
    print(f"{len(films)} films, {len(set(patients))} patients, {len(ranks)} masses; five folds by patient")
    print("| candidates an image | recall (95 % interval, patients drawn) |\n|---|---|")
    for count in (1, 2, 3, 4, 5, 7, 10, 15, 20):
        hit = ranks < count
        interval = clustered_bootstrap(lambda rows, hit=hit: float(hit[rows].mean()), patients, seed=0)
        print(f"| {count} | {interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f}) |")
    print_froc(found, truth, (0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 15))
    for name, view in (("CC", ViewPosition.CC), ("MLO", ViewPosition.MLO)):
        of_view = np.array([measured.film.key.view is view for measured in films for _ in measured.film.masses])
        print(f"recall at {LIMIT} on {name}: {(ranks[of_view] < LIMIT).mean():.3f}")
    sizes = [
        candidate.box.area_px / box.area_px
        for one, boxes in zip(found, truth, strict=True)
        for candidate in one[:LIMIT]
        for box in boxes
        if box.contains(*candidate.box.centre)
    ]
    print(f"box area of hits over the mass's: quartiles {np.round(np.percentile(sizes, (25, 50, 75)), 2)}")
    bar("masses: candidates an image", float(np.mean([len(one[:LIMIT]) for one in found])), LIMIT, at_most=True)
    bar("masses: recall, out of fold", float((ranks < LIMIT).mean()), 0.70)


def clusters() -> None:
    found, proposed, truth, mass_truth = [], [], [], []
    for seed in SEEDS:
        step, shape = (0.07, (4096, 3328)) if seed % 4 == 0 else (0.1, (2867, 2330))
        drawn = make_view(
            seed,
            view=ViewPosition.MLO if seed % 2 else ViewPosition.CC,
            laterality=Laterality.LEFT if seed % 3 else Laterality.RIGHT,
            rows=shape[0],
            columns=shape[1],
            spacing_mm=step,
            is_film=seed % 5 == 0,
        )
        suppression = suppress(drawn.pixels, view=drawn.view, laterality=drawn.laterality, spacing_mm=(step, step))
        cleaned = clean(drawn.pixels, suppression)
        inside = suppression.breast.to_array() & ~suppression.suppressed.to_array()
        grains = calcifications.find_grains(cleaned, inside, spacing_mm=(step, step))
        found.append(calcifications.find_clusters(grains, inside, spacing_mm=(step, step)))
        proposed.append(propose(cleaned, suppression, spacing_mm=(step, step), limit=LIMIT))
        truth.append([one.box for one in drawn.truth.lesions if one.kind is LesionKind.CALCIFICATION])
        mass_truth.append([one.box for one in drawn.truth.lesions if one.kind is LesionKind.MASS])
    print(f"{len(SEEDS)} phantom views, {sum(map(len, truth))} clusters")
    print_froc(found, truth, (0, 0.1, 0.25, 0.5, 1, 2, 4, 8))
    kept = [[one for one in some if one.kind is LesionKind.CALCIFICATION] for some in proposed]
    false, recall = froc_by_score(kept, truth)[-1]
    bar("clusters of the phantom: recall in at most 5 candidates", recall, 0.90)
    bar("clusters of the phantom: false ones an image", false, 1.0, at_most=True)
    as_mass = [[one for one in some if one.kind is LesionKind.MASS] for some in proposed]
    print(f"masses of the phantom, same candidates: recall {froc_by_score(as_mass, mass_truth)[-1][1]:.3f}")


def crops() -> None:
    """Clusters on lesion crops of native film: shares of crops with any, by what the crop shows."""
    groups: dict[str, list[float]] = {}
    lesions = cbis_lesions(DATA)
    for lesion in (lesions[k] for k in np.random.default_rng(0).permutation(len(lesions))):
        group = f"{lesion.kind.value}, {'malignant' if lesion.is_malignant else 'benign'}"
        scores = groups.setdefault(group, [])
        pixels = read_gray(lesion.crop)
        if len(scores) == CROPS_EACH or min(pixels.shape) < 200:
            continue
        inside = np.ones(pixels.shape, dtype=bool)
        spacing = (0.045, 0.045)
        grains = calcifications.find_grains(pixels.astype(np.uint16) * 257, inside, spacing_mm=spacing)
        some = calcifications.find_clusters(grains, inside, spacing_mm=spacing)
        scores.append(some[0].score if some else 0.0)
    least = calcifications.LEAST_SCORE
    print("| crop | any group of grains | proposed |\n|---|---|---|")
    for group, scores in sorted(groups.items()):
        values = np.array(scores)
        print(f"| {group} | {(values > 0).mean():.2f} | {(values >= least).mean():.2f} |")
    fixtures = DATA / "fixtures"
    for path in (*sorted(fixtures.glob("ffdm_4view/*.png")), *sorted(fixtures.glob("density_jpg/*/*"))):
        cleaned, suppression = _suppressed(read_gray(path), ViewPosition.CC if "CC" in path.stem else ViewPosition.MLO)
        some = calcifications.calcification_candidates(cleaned, suppression)
        print(f"{path.parent.name}/{path.name}: {[round(one.score, 2) for one in some]}")


def cesm() -> None:
    """Another kind of image, never trained on: masks of masses and other findings on contrast studies."""
    ranks, patients = [], []
    for one in cesm_images(DATA):
        boxes = _boxes(read_gray(one.mask) > 127)
        cleaned, suppression = _suppressed(read_gray(one.path), one.key.view)
        ranks += ranks_of_hits(propose(cleaned, suppression, limit=LIMIT), boxes)
        patients += [one.key.patient] * len(boxes)
    hit = np.array(ranks) < LIMIT
    interval = clustered_bootstrap(lambda rows: float(hit[rows].mean()), patients, seed=0)
    print(f"CDD-CESM, {len(hit)} findings of every kind, at most {LIMIT} candidates an image: recall")
    print(f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})")


def seconds() -> None:
    drawn = make_view(7, rows=4096, columns=3328)
    step = (drawn.spacing_mm, drawn.spacing_mm)
    suppression = suppress(drawn.pixels, view=drawn.view, laterality=drawn.laterality, spacing_mm=step)
    cleaned = clean(drawn.pixels, suppression)
    cv2.setNumThreads(1)

    def median_of(work: Callable[[], object]) -> float:
        work()
        spent = []
        for _ in range(5):
            began = time.process_time()
            work()
            spent.append(time.process_time() - began)
        return statistics.median(spent)

    print("seconds of one core at 4096 × 3328:")
    for find in (mass_candidates, calcifications.calcification_candidates):
        print(f"  {find.__name__}: {median_of(lambda find=find: find(cleaned, suppression, spacing_mm=step)):.2f}")
    bar("time of propose", median_of(lambda: propose(cleaned, suppression, spacing_mm=step)), 1.0, at_most=True)


def _suppressed(pixels: NDArray[np.uint8], view: ViewPosition) -> tuple[NDArray[np.uint16], Suppression]:
    image = pixels.astype(np.uint16) * 257
    suppression = suppress(image, view=view, laterality=None)
    return clean(image, suppression), suppression


def _boxes(mask: NDArray[np.bool_]) -> list[Box]:
    """A box around each connected part of at least 25 pixels."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return [Box(top, left, top + height, left + width) for left, top, width, height, area in stats[1:] if area >= 25]


PARTS = {"masses": masses, "clusters": clusters, "crops": crops, "cesm": cesm, "time": seconds}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or PARTS:
        print(f"\n== {chosen}", flush=True)
        PARTS[chosen]()
