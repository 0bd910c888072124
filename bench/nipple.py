"""How far the nipple is found from where it is: ``python -m bench.nipple [--fit]``.

On the phantom, whose nipple is known, and on 60 real images looked at by eye (``bench/data/nipples.csv``): 32 films,
24 CESM images, one digital exam. No public truth exists for these. Where no nipple could be made out the table says
``no``; these rows show what confidence the finder has where a reader has none. The weights were fitted on the
development half; the test half judges. Millimetres follow the scale that the program assumes without a spacing
(240 mm along the film), as no image here has one; a mark by hand is good to about 2 mm.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.suppression import DATA, read_gray, view_of
from mammoview.core.anatomy import Nipple
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.breast_frame import STEP_MM, believed_spacing, lay_down
from mammoview.imaging.landmarks import find_landmarks
from mammoview.imaging.nipple import FEATURES, look_at_skin
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import suppress

MARKS = Path(__file__).parent / "data" / "nipples.csv"


@dataclass(frozen=True, eq=False)
class Case:
    """One image, the mark on it, what was found, and the simple rule's answer."""

    name: str
    half: str
    seen: str
    view: ViewPosition
    found: Nipple
    error_mm: float
    farthest_mm: float


def marks() -> list[dict[str, str]]:
    with MARKS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def farthest(breast: NDArray[np.bool_]) -> tuple[float, float]:
    """The point of the mask farthest from its side of the image: what a program without a finder would take."""
    columns = np.flatnonzero(breast.any(axis=0))
    is_left = breast[:, : breast.shape[1] // 2].sum() > breast[:, breast.shape[1] // 2 :].sum()
    tip = int(columns[-1] if is_left else columns[0])
    return float(np.flatnonzero(breast[:, tip]).mean()) + 0.5, tip + 0.5


def apart(one: tuple[float, float], other: tuple[float, float], spacing: tuple[float, float]) -> float:
    return float(np.hypot((one[0] - other[0]) * spacing[0], (one[1] - other[1]) * spacing[1]))


def real_cases() -> list[Case]:
    cases = []
    for row in marks():
        image, view = read_gray(DATA / row["file"]), view_of(Path(row["file"]))
        cleared = suppress(image, view=view, laterality=None)
        nipple = find_landmarks(image, cleared, view=view).nipple
        breast = cleared.breast.to_array()
        assert nipple is not None, row["file"]
        spacing = believed_spacing(breast, None)
        error = simple = float("nan")
        if row["row"]:
            mark = float(row["row"]) + 0.5, float(row["col"]) + 0.5
            error, simple = apart(nipple.point, mark, spacing), apart(farthest(breast), mark, spacing)
        cases.append(Case(row["file"], row["half"], row["seen"], view, nipple, error, simple))
    return cases


def phantom_cases(seeds: int = 40) -> list[Case]:
    cases = []
    for seed in range(seeds):
        view, side = (ViewPosition.CC, ViewPosition.MLO)[seed % 2], list(Laterality)[seed // 2 % 2]
        density, is_film = "ABCD"[seed % 4], bool(seed % 3 == 0)
        made = make_view(5000 + seed, view=view, laterality=side, density=density, is_film=is_film)
        spacing = made.spacing_mm, made.spacing_mm
        cleared = suppress(made.pixels, view=view, laterality=side)
        nipple = find_landmarks(made.pixels, cleared, view=view, spacing_mm=spacing).nipple
        assert nipple is not None
        truth = made.truth.nipple
        simple = apart(farthest(cleared.breast.to_array()), truth, spacing)
        cases.append(Case(str(seed), "", "profile", view, nipple, apart(nipple.point, truth, spacing), simple))
    return cases


def line(name: str, cases: list[Case]) -> None:
    if not cases:
        return
    error, simple = (np.array([getattr(case, key) for case in cases]) for key in ("error_mm", "farthest_mm"))
    parts = [
        f"{np.median(one):.1f} / {np.percentile(one, 90):.1f} / {(one <= 10).mean():.2f}" for one in (error, simple)
    ]
    print(f"| {name} | {len(cases)} | {parts[0]} | {parts[1]} |")


def report(real: list[Case], phantoms: list[Case]) -> None:
    print("| images | n | finder: median mm / 90th percentile / within 10 mm | farthest point, the same |")
    print("|---|---|---|---|")
    line("phantom", phantoms)
    for half in ("development", "test"):
        seen = [case for case in real if case.half == half and case.seen != "no"]
        line(f"{half}, all seen", seen)
        for view in (ViewPosition.CC, ViewPosition.MLO):
            line(f"{half}, {view.value}", [case for case in seen if case.view is view])
        line(f"{half}, sure", [case for case in seen if case.found.is_sure])
        line(f"{half}, unsure", [case for case in seen if not case.found.is_sure])
    print()
    for half in ("development", "test"):
        unseen = [case for case in real if case.half == half and case.seen == "no"]
        print(f"{half}: {len(unseen)} without a visible nipple, unsure on {sum(not c.found.is_sure for c in unseen)}")
    for case in real:
        if case.error_mm > 10:
            print(f"  off by {case.error_mm:.0f} mm, confidence {case.found.confidence:.2f}: {case.name} ({case.half})")


def fit(strength: float = 0.3, width_mm: float = 3.0) -> dict[str, float]:
    """Weights of the conditional logit on the development half, features in their own units."""
    features, targets = [], []
    for row in marks():
        if row["half"] != "development" or not row["row"]:
            continue
        image, view = read_gray(DATA / row["file"]), view_of(Path(row["file"]))
        cleared = suppress(image, view=view, laterality=None)
        breast = cleared.breast.to_array()
        muscle = cleared.pectoral.to_array() if cleared.pectoral else None
        frame = lay_down(image, breast, muscle, spacing_mm=believed_spacing(breast, None))
        skin = look_at_skin(frame, view=view)
        assert skin is not None
        mark = frame.transform.apply([(float(row["row"]) + 0.5, float(row["col"]) + 0.5)])[0]
        away = np.hypot(*(skin.points - mark).T) * STEP_MM
        near = np.exp(-0.5 * ((away - away.min()) / width_mm) ** 2)
        features.append(skin.features)
        targets.append(near / near.sum())
    unit = np.concatenate(features).std(axis=0)

    def loss(weights: NDArray[np.float64]) -> float:
        total = 0.5 * strength * float((weights**2).sum())
        for one, target in zip(features, targets, strict=True):
            score = one @ (weights / unit)
            total -= float((target * (score - np.logaddexp.reduce(score))).sum())
        return total

    return dict(zip(FEATURES, (minimize(loss, np.zeros(len(FEATURES))).x / unit).tolist(), strict=True))


def main() -> None:
    if "--fit" in sys.argv[1:]:
        print({name: round(weight, 2) for name, weight in fit().items()})
    report(real_cases(), phantom_cases())


if __name__ == "__main__":
    main()
