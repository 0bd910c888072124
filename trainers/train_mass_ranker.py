"""Train the ranking of mass candidates on CBIS-DDSM and write it to ``resources/rois``.

    python trainers/train_mass_ranker.py DATA [OUT]

DATA is the folder that holds ``cbis_ddsm``. A quarter of an hour on one core.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mammoview.training.cases.data import cbis_films, cbis_lesions
from mammoview.training.recipes.mass_ranker import calibrated, measure_film, out_of_fold, ranks_of_hits, train_ranker

SEED = 0
DEFAULT_OUT = Path(__file__).resolve().parent.parent / "resources" / "rois" / "mass_ranker.npz"


def main(data: Path, out: Path = DEFAULT_OUT) -> None:
    films = [measure_film(film) for film in cbis_films(data, cbis_lesions(data))]
    print(f"{len(films)} films measured", flush=True)
    found = out_of_fold(films, seed=SEED)
    ranks = [
        rank
        for measured, candidates in zip(films, found, strict=True)
        for rank in ranks_of_hits(candidates, [mass.box for mass in measured.film.masses])
    ]
    for count in (1, 2, 3, 5, 10, 20):
        print(f"out of fold, {count:2d} candidates: recall {sum(rank < count for rank in ranks) / len(ranks):.3f}")
    ranker = calibrated(train_ranker(films, seed=SEED), films, found)
    out.parent.mkdir(parents=True, exist_ok=True)
    ranker.save(out)
    print(f"{out}: {out.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:3]))
