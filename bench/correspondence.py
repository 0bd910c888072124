"""How far the partner of a mass lies from where the rule says: ``python -m bench.correspondence``.

All masses of CBIS-DDSM that are boxed on CC and on MLO. For each rule (arc, strip) and for the arc from the point of
the mask farthest from the chest wall, as the result's links take it: the offset of the partner, the half width that
holds nine in ten on the training folds (1 to 4 of ``splits/site.csv``), and how many of the test fold (0) that band
holds. Millimetres follow each film's size, estimated from its crops, at 45 µm a pixel.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.nipple import farthest
from bench.suppression import DATA, read_gray
from mammoview.core.anatomy import Landmarks, Nipple
from mammoview.core.geometry import Dihedral
from mammoview.core.paths import site_folds
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.correspondence import HALF_WIDTH_MM, HALF_WIDTH_SHARE, Band, Rule
from mammoview.imaging.landmarks import find_landmarks
from mammoview.imaging.location import ViewFrame
from mammoview.imaging.suppress import suppress
from mammoview.training.cases.data import STRETCHED_PX, Film, cbis_films, cbis_lesions
from mammoview.training.cases.folds import CBIS
from mammoview.training.cases.splits import SITE_FOLD, read_folds

#: Of a digitised film, mm a pixel (42 to 50 µm).
FILM_MM = 0.045
COVERAGE = 0.9


@dataclass(frozen=True, eq=False)
class Measured:
    """What the two rules measure at a mass on one film."""

    arc: float
    strip: float
    simple: float
    depth: float
    area_mm2: float
    frame: ViewFrame
    breast: NDArray[np.bool_]
    centre: tuple[float, float]


def measure(film: Film) -> dict[int, Measured]:
    """By number of the abnormality."""
    image = read_gray(film.path)
    spacing = (film.native_size[0] * FILM_MM / STRETCHED_PX, film.native_size[1] * FILM_MM / STRETCHED_PX)
    cleared = suppress(image, view=film.key.view, laterality=None)
    marks = find_landmarks(image, cleared, view=film.key.view, spacing_mm=spacing)
    breast = cleared.breast.to_array()
    if marks.nipple is None:
        return {}
    # Which way is up does not matter to either rule.
    frame = ViewFrame(film.key.side, film.key.view, *image.shape, Dihedral(), marks, spacing)
    tip = ViewFrame(
        film.key.side,
        film.key.view,
        *image.shape,
        Dihedral(),
        Landmarks(Nipple(farthest(breast), 1.0), marks.wall),
        spacing,
    )
    depth = frame.depth
    found = {}
    for mass in film.masses:
        at = frame.along_across(mass.box.centre)
        arc, simple = frame.distance(mass.box.centre), tip.distance(mass.box.centre)
        if mass.lesion is not None and at is not None and arc is not None and simple is not None and depth:
            area = float(breast.sum()) * spacing[0] * spacing[1]
            found[mass.lesion.number] = Measured(arc, at[0], simple, depth, area, frame, breast, mass.box.centre)
    return found


def pairs() -> tuple[list[tuple[Measured, Measured]], NDArray[np.int_]]:
    """Masses on CC and MLO, and the fold of each one's patient."""
    folds = read_folds(site_folds())[CBIS]
    by_breast: dict[tuple[str, Laterality], dict[ViewPosition, Film]] = defaultdict(dict)
    for film in cbis_films(DATA, cbis_lesions(DATA)):
        by_breast[film.key.patient, film.key.side][film.key.view] = film
    found, dealt = [], []
    for (patient, _), films in by_breast.items():
        if len(films) == 2:
            cc, mlo = measure(films[ViewPosition.CC]), measure(films[ViewPosition.MLO])
            for number in sorted(cc.keys() & mlo.keys()):
                found.append((cc[number], mlo[number]))
                dealt.append(folds[patient])
    return found, np.array(dealt)


def offsets(found: list[tuple[Measured, Measured]], name: str, *, is_share: bool) -> NDArray[np.float64]:
    return np.array(
        [
            getattr(mlo, name) / (mlo.depth if is_share else 1.0) - getattr(cc, name) / (cc.depth if is_share else 1.0)
            for cc, mlo in found
        ]
    )


def covered(found: list[tuple[Measured, Measured]], rule: Rule, half: float) -> float:
    """Median share of the breast's area that a band of that half width takes on MLO, over every sixth pair."""
    shares = []
    for cc, mlo in found[::6]:
        band = Band(rule, cc.arc if rule is Rule.ARC else cc.strip, half, "mm")
        step = 4
        rows, cols = np.nonzero(mlo.breast[::step, ::step])
        hits = [
            band.holds(mlo.frame, (row * step + 0.5, col * step + 0.5))
            for row, col in zip(rows[::37], cols[::37], strict=True)
        ]
        shares.append(float(np.mean(hits)))
    return float(np.median(shares))


def interval(hits: NDArray[np.bool_], seed: int = 0) -> str:
    """Share with a bootstrap interval over masses."""
    drawn = np.random.default_rng(seed).choice(hits, (2000, hits.size)).mean(axis=1)
    return f"{hits.mean():.3f} ({np.percentile(drawn, 2.5):.3f} to {np.percentile(drawn, 97.5):.3f})"


def main() -> None:
    cv2.setNumThreads(1)
    found, folds = pairs()
    test = folds == SITE_FOLD
    print(
        f"{len(found)} masses boxed on CC and MLO: {(~test).sum()} in training folds, {test.sum()} in the test fold\n"
    )
    print("| rule | unit | training: median off / mean, MLO − CC / half width for 0.9 | test: within | median off |")
    print("|---|---|---|---|---|")
    names = {"arc": Rule.ARC.value, "strip": Rule.STRIP.value, "simple": "distance from the farthest point"}
    for is_share in (False, True):
        for name, label in names.items():
            off = offsets(found, name, is_share=is_share)
            half = float(np.quantile(np.abs(off[~test]), COVERAGE))
            digits = 3 if is_share else 1
            print(
                f"| {label} | {'share of depth' if is_share else 'mm'} | {np.median(np.abs(off[~test])):.{digits}f} / "
                f"{off[~test].mean():+.{digits}f} / {half:.{digits}f} | {interval(np.abs(off[test]) <= half)} | "
                f"{np.median(np.abs(off[test])):.{digits}f} |"
            )
    print("\n| rule | half width, mm | training | test | share of the breast on MLO, training |\n|---|---|---|---|---|")
    training = [pair for pair, is_test in zip(found, test, strict=True) if not is_test]
    for rule in Rule:
        off = np.abs(offsets(found, rule.name.lower(), is_share=False))
        for half in sorted({5.0, 10.0, 15.0, 20.0, 25.0, 30.0, HALF_WIDTH_MM[rule]}):
            marked = " (shipped)" if half == HALF_WIDTH_MM[rule] else ""
            held = f"{(off[~test] <= half).mean():.3f} | {interval(off[test] <= half)}"
            print(f"| {rule.value} | {half:g}{marked} | {held} | {covered(training, rule, half):.2f} |")
    shares = {rule: np.abs(offsets(found, rule.name.lower(), is_share=True)) for rule in Rule}
    print()
    for rule, off in shares.items():
        half = HALF_WIDTH_SHARE[rule]
        print(f"{rule.value}, shares of depth, half width {half:g} (shipped): test {interval(off[test] <= half)}")
    sure = np.array([all(one.frame.landmarks.nipple.is_sure for one in pair) for pair in found])  # type: ignore[union-attr]
    held = np.abs(offsets(found, "arc", is_share=False)) <= HALF_WIDTH_MM[Rule.ARC]
    for name, part in (("both nipples sure", sure & test), ("a nipple unsure", ~sure & test)):
        print(f"arc, test, {name} ({part.sum()} pairs): {interval(held[part])}")


if __name__ == "__main__":
    main()
