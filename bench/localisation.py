"""Where an image's score is lost, in finding the lesion or in judging it: ``python -m bench.localisation --data DIR``.

Every film of CBIS-DDSM is scored by the shipped nets that never saw its patient: by the patch classifier at the true
boxes of its masses, by the same at the proposer's marks, and by the whole-image classifier. About ten minutes on one
core, most of them for proposals and images, which stay in the cache.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from numpy.typing import NDArray

from bench.packages import CONFIGS, families
from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.core.paths import site_folds
from mammoview.models.calibration import mean_probabilities
from mammoview.models.loading import load
from mammoview.models.networks import Network
from mammoview.models.preprocess import PatchSpec, prepare_patch
from mammoview.training.cases.data import Film, cbis_films, cbis_lesions
from mammoview.training.cases.folds import CBIS
from mammoview.training.cases.proposals import film_proposals
from mammoview.training.cases.splits import read_folds
from mammoview.training.cases.tiles import isotropic, isotropic_boxes
from mammoview.training.config import read_config
from mammoview.training.judging.comparisons import compare_aucs
from mammoview.training.judging.evaluate import outputs
from mammoview.training.judging.measure import image_outputs
from mammoview.training.judging.measured import Scored, area
from mammoview.training.learning.loop import Batch
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.papers import image_samples

#: Marks of each film that are judged, as many as the window shows.
MARKS = 5
_ORDER = list(PatchClass)
_MALIGNANT = [_ORDER.index(kind) for kind in (PatchClass.MALIGNANT_CALCIFICATION, PatchClass.MALIGNANT_MASS)]


def most_suspicious(
    net: Network, image: NDArray[np.uint16], boxes: Sequence[Box], spec: PatchSpec, temperature: float
) -> float:
    """The highest probability of a malignant lesion at some boxes of an image, mean over flips; 0 without any."""
    if not boxes:
        return 0.0
    patches = np.stack([prepare_patch(image, box, spec)[0] for box in boxes])
    logits = outputs(net, [Batch(torch.from_numpy(patches), torch.zeros(len(boxes)))])
    return float(mean_probabilities(logits, temperature=temperature)[:, _MALIGNANT].sum(axis=1).max())


def patch_scores(cache: Path, films: Sequence[Film]) -> dict[str, NDArray[np.float64]]:
    """Scores of each film at the true boxes and at the proposer's marks."""
    folds, members = read_folds(site_folds())[CBIS], families()["cbis-patch"]
    proposals = film_proposals(films, cache / "proposals.npz")
    packages = {fold: load(info) for fold, info in members.items()}
    nets = {fold: package.network().eval() for fold, package in packages.items()}
    true, marks = np.zeros(len(films)), np.zeros(len(films))
    for row, film in enumerate(films):
        package = packages[folds[film.key.patient]]
        spec, temperature = package.preprocess.patch, package.calibration.temperature
        assert spec is not None
        net, image = nets[folds[film.key.patient]], isotropic(film).astype(np.uint16) * np.uint16(257)
        true[row] = most_suspicious(net, image, isotropic_boxes(film), spec, temperature)
        marks[row] = most_suspicious(net, image, proposals.get(film.key, ())[:MARKS], spec, temperature)
    return {"patch classifier, true boxes": true, f"patch classifier, best of {MARKS} marks": marks}


def image_scores(data: Path, cache: Path) -> NDArray[np.float64]:
    """Scores of the whole-image nets, in the order of the films."""
    folds, members = read_folds(site_folds())[CBIS], families()["cbis-whole-image"]
    config = read_config(CONFIGS / "whole_image.toml")
    images = image_samples(data, Run(config, cache))
    found = np.zeros(len(images.labels))
    for fold, info in members.items():
        package = load(info)
        rows = np.array([folds[patient] == fold for patient in images.patients.tolist()])
        logits = image_outputs(package.network(), images.select(rows), config)
        found[rows] = mean_probabilities(logits, temperature=package.calibration.temperature)[:, 1]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--cache", type=Path, default=Path("runs/packages/cbis-whole-image"), help="prepared images")
    given = parser.parse_args()
    films = cbis_films(given.data, cbis_lesions(given.data))
    positive = np.array([film.is_malignant for film in films])
    patients = np.array([film.key.patient for film in films])
    scores = patch_scores(given.cache, films)
    whole = image_scores(given.data, given.cache)
    marks = list(scores.values())[1]
    scores |= {"whole-image classifier": whole, "mean of the whole-image score and the best mark": (whole + marks) / 2}
    print(
        f"{len(films)} films of {len(np.unique(patients))} patients, each scored by nets that never saw its patient.\n"
    )
    print("The proposer's ranking has seen all films: its marks are a little better here than on others.\n")
    print("| score of an image | AUC malignant against benign |\n|---|---|")
    for name, score in scores.items():
        auc = area("auc", Scored(positive, score, patients))[0]
        print(f"| {name} | {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}) |")
    print()
    *_, last = scores.items()
    for name, score in list(scores.items())[:3]:
        print(f"- {compare_aucs(positive, last, (name, score), patients=patients)}")


if __name__ == "__main__":
    main()
