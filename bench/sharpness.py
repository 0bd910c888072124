"""What sharpness alone says about the class of a patch: ``python -m bench.sharpness --tiles TILES.npz``.

The tiles are those that a patch classifier learns from (`TileSet.save`); without a file they are cut from ``--data``.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from mammoview.core.findings import PatchClass
from mammoview.training.cases.data import cbis_films, cbis_lesions
from mammoview.training.cases.tiles import patch_tiles
from mammoview.training.judging.sharpness import Sharpness, sharpness_accuracy, sharpness_features


def tiles_of(file: Path | None, data: Path, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, labels and patients."""
    if file is not None:
        with np.load(file, allow_pickle=False) as stored:
            return stored["pixels"], stored["labels"], stored["patients"]
    lesions = cbis_lesions(data)
    tiles = patch_tiles(lesions, cbis_films(data, lesions), seed=seed)
    return tiles.pixels, tiles.labels, tiles.patients


def line(found: Sharpness) -> str:
    """One row of the table."""
    one = found.macro_accuracy
    recalls = " · ".join(f"{share:.2f}" for share in found.recalls)
    return f"| {found.classifier} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} | {recalls} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=Path, help="tiles written by a training run")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--seed", type=int, default=1, help="of folds, fits and bootstrap")
    given = parser.parse_args()
    pixels, labels, patients = tiles_of(given.tiles, given.data, seed=given.seed)
    found = sharpness_accuracy(sharpness_features(pixels), labels, patients, seed=given.seed)
    print(f"{len(labels)} tiles of {len(np.unique(patients))} patients; guessing reaches {found[0].chance:.2f}.")
    print(f"Recalls in the order {', '.join(kind.value for kind in PatchClass)}.\n")
    print("| classifier | macro accuracy | 95 % interval | recalls |\n|---|---|---|---|")
    print("\n".join(line(one) for one in found))


if __name__ == "__main__":
    main()
