"""How well the density letter agrees with readers': ``python -m bench.density [--fit]``.

Fitted (the threshold and the three cut points of the letters) on the training folds of CBIS-DDSM, films whose table
names a density; judged on its test fold and, once, on the 16 images of ``fixtures/density_jpg``, which took no part in
any choice. A breast is the mean of its views. Kappas are quadratically weighted; intervals are from 2,000 bootstrap
draws of patients (of images on the 16).
"""

from __future__ import annotations

import csv
import itertools
import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from bench.suppression import DATA, read_gray
from mammoview.core.paths import site_folds
from mammoview.core.reading.words import Density
from mammoview.core.study import ViewPosition
from mammoview.imaging.density import CUTS, grade_of, measure_density
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import suppress
from mammoview.training.cases.data import STRETCHED_PX, cbis_films, cbis_lesions
from mammoview.training.cases.folds import CBIS
from mammoview.training.cases.splits import SITE_FOLD, read_folds

FILM_MM = 0.045
#: The oblique ones among the 16, by the letters burned into them; D1 has none and is taken for CC.
OBLIQUE = {"A3", "B1", "B4", "C1", "C2", "C4", "D2", "D3"}


@dataclass(frozen=True, eq=False)
class Read:
    """Percentages beside the reader's letters (0 to 3), and whose they are."""

    percent: NDArray[np.float64]
    letter: NDArray[np.int_]
    owner: NDArray[np.str_]

    def part(self, rows: NDArray[np.bool_]) -> Read:
        """Some of the rows."""
        return Read(self.percent[rows], self.letter[rows], self.owner[rows])


def labels() -> dict[tuple[str, str, str], int]:
    """Density 1 to 4 of each film, where the table of masses names one."""
    found = {}
    with (DATA / "cbis_ddsm" / "mass_cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["breast_density"] in {"1", "2", "3", "4"}:
                key = row["patient_id"].removeprefix("P_"), row["left or right breast"][0], row["image view"]
                found[key] = int(row["breast_density"])
    return found


def films() -> tuple[Read, NDArray[np.int_]]:
    """Each breast of CBIS-DDSM, and the fold of its patient."""
    folds, named = read_folds(site_folds())[CBIS], labels()
    percents: dict[tuple[str, str], list[float]] = defaultdict(list)
    letters: dict[tuple[str, str], list[int]] = defaultdict(list)
    for film in cbis_films(DATA, cbis_lesions(DATA)):
        letter = named.get((film.key.patient, film.key.side.value, film.key.view.value))
        if letter is None:
            continue
        image = read_gray(film.path)
        spacing = (film.native_size[0] * FILM_MM / STRETCHED_PX, film.native_size[1] * FILM_MM / STRETCHED_PX)
        cleared = suppress(image, view=film.key.view, laterality=None)
        measured = measure_density(image, cleared, spacing_mm=spacing)
        if measured is not None:
            breast = film.key.patient, film.key.side.value
            percents[breast].append(measured.percent)
            letters[breast].append(letter)
    keys = sorted(percents)
    read = Read(
        np.array([np.mean(percents[key]) for key in keys]),
        np.array([max(letters[key]) - 1 for key in keys]),
        np.array([key[0] for key in keys]),
    )
    return read, np.array([folds[patient] for patient, _ in keys])


def digital() -> Read:
    percents, letters, names = [], [], []
    for path in sorted((DATA / "fixtures" / "density_jpg").glob("*/*.jpg")):
        name = path.stem.removeprefix("sample_")
        image = read_gray(path)
        view = ViewPosition.MLO if name in OBLIQUE else ViewPosition.CC
        measured = measure_density(image, suppress(image, view=view, laterality=None))
        percents.append(measured.percent if measured else float("nan"))
        letters.append("ABCD".index(name[0]))
        names.append(name)
    return Read(np.array(percents), np.array(letters), np.array(names))


def given(read: Read, cuts: tuple[float, float, float]) -> NDArray[np.int_]:
    order = list(Density)
    return np.array([order.index(grade_of(percent, cuts)) for percent in read.percent])


def kappa(letter: NDArray[np.int_], said: NDArray[np.int_]) -> float:
    return float(cohen_kappa_score(letter, said, weights="quadratic", labels=[0, 1, 2, 3]))


def fit_cuts(read: Read) -> tuple[float, float, float]:
    """The cut points with the highest kappa, over a grid of the percentages' own quantiles."""
    grid = np.quantile(read.percent, np.linspace(0.02, 0.98, 33))
    return max(itertools.combinations(grid.tolist(), 3), key=lambda cuts: kappa(read.letter, given(read, cuts)))


def report(name: str, read: Read, cuts: tuple[float, float, float], seed: int = 0) -> None:
    said = given(read, cuts)
    owners = np.unique(read.owner)
    rows_of = {owner: np.flatnonzero(read.owner == owner) for owner in owners}
    drawn = np.random.default_rng(seed)
    kappas, exacts = [], []
    for _ in range(2000):
        rows = np.concatenate([rows_of[owner] for owner in drawn.choice(owners, owners.size)])
        kappas.append(kappa(read.letter[rows], said[rows]))
        exacts.append(float((read.letter[rows] == said[rows]).mean()))
    shown = [
        f"{value:.2f} ({np.nanpercentile(many, 2.5):.2f} to {np.nanpercentile(many, 97.5):.2f})"
        for value, many in ((kappa(read.letter, said), kappas), (float((read.letter == said).mean()), exacts))
    ]
    near = float((np.abs(read.letter - said) <= 1).mean())
    order = float(np.corrcoef(_ranks(read.percent), _ranks(read.letter.astype(float)))[0, 1])
    print(f"| {name} | {read.letter.size} | {shown[0]} | {shown[1]} | {near:.2f} | {order:.2f} |")
    for letter in range(4):
        row = " ".join(f"{int(((read.letter == letter) & (said == other)).sum()):4d}" for other in range(4))
        print(f"    reader {'abcd'[letter]}: {row}", file=sys.stderr)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[inverse]


def main() -> None:
    cv2.setNumThreads(1)
    read, folds = films()
    training, test = read.part(folds != SITE_FOLD), read.part(folds == SITE_FOLD)
    if "--fit" in sys.argv[1:]:
        print("cut points:", [round(cut, 1) for cut in fit_cuts(training)])
    print("| images | n | weighted kappa | exact | within one letter | rank correlation |\n|---|---|---|---|---|---|")
    report("CBIS-DDSM, training folds, breasts", training, CUTS)
    report("CBIS-DDSM, test fold, breasts", test, CUTS)
    report("density_jpg, images", digital(), CUTS)
    print()
    for density in "ABCD":
        made = [make_view(seed, view=ViewPosition.CC, density=density, lesions=()) for seed in range(3)]
        found = [measure_density(one.pixels, suppress(one.pixels, view=one.view, laterality=None)) for one in made]
        print(f"phantom {density}: percent {' '.join(f'{one.percent:.0f}' for one in found if one)}")
    image = make_view(7, view=ViewPosition.MLO, rows=4096, columns=3328).pixels
    cleared = suppress(image, view=ViewPosition.MLO, laterality=None)
    start = time.perf_counter()
    measure_density(image, cleared)
    print(f"{time.perf_counter() - start:.2f} s for a view of 4096 x 3328, suppression not counted")


if __name__ == "__main__":
    main()
