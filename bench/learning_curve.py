"""How many cases a new site needs: ``python -m bench.learning_curve --data DIR --parent PACKAGE --out docs/results``.

The site is fold 0 of CBIS-DDSM (``splits/site.csv``); the parent is a whole-image package that never saw it. Prints the
page ``learning_curve.md``, and writes it with its figure where ``--out`` says.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from mammoview.core.errors import UsageError
from mammoview.core.paths import site_folds
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.registry import read_info
from mammoview.training.cases.folds import CBIS, COUNT
from mammoview.training.cases.splits import SITE_FOLD, Split, fold_split, read_folds
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.judging.metrics import Estimate
from mammoview.training.judging.plots import plot_learning
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.launch import lines_to
from mammoview.training.recipes.learning_curve import COUNTS, DRAWS, SiteCurve, learning_curve
from mammoview.training.recipes.papers import image_samples
from mammoview.training.recipes.site import check_parent
from mammoview.training.recipes.transfer import tuned_config

CONFIG = Path(__file__).parents[1] / "trainers" / "configs" / "transfer.toml"
PAGE, FIGURE = "learning_curve.md", "learning_curve.png"

HEAD = """# How many cases a new site needs

`{command}` prints and writes this page.

The site is fold 0 of CBIS-DDSM in `splits/site.csv`; the parent, `{parent}`, never saw its patients. {test} of them,
with {images} images, test; they are the same for every point and nothing is learned from them. Cases (patients) to
learn from are drawn from the other {pool}, {draws} times for each number, in their mixture of classes; a draw of more
holds the draw of fewer. The whole net is tuned with image labels alone ({epochs} epochs, learning rate {rate:g},
`trainers/configs/{config}`). AUC malignant against benign, by image, mean over four flips; 95 % intervals: 2,000
bootstrap samples of whole test patients, of the mean over the draws.

| cases | images | AUC | 95 % interval | each draw | gain over the parent | p |
|---|---|---|---|---|---|---|"""

TAIL = """
![AUC against the number of cases of the new site](../images/{figure})

Published, for another change of site (CBIS-DDSM to INbreast, ImageNet bodies; Shen et al. 2019): AUC 0.78, 0.87 and
0.89 for three nets with 20 patients, 0.84, 0.95 and 0.91 with 60. Here the site is a part of the collection that the
parent learned from, same films and same readers: there is no change of scanner to adapt to, so a flat curve is to be
expected, and one that falls would warn of tuning with few cases."""


def unseen_splits(folds: dict[str, int]) -> tuple[Split, ...]:
    """The splits that a package which never saw the site may have been trained with; the first holds the site out."""
    others = [fold_split(folds, number, left_out=frozenset({SITE_FOLD})) for number in range(COUNT) if number]
    return (fold_split(folds, SITE_FOLD), *others)


def page(found: SiteCurve, package: LoadedPackage, config: TrainingConfig, draws: int, command: str) -> Iterator[str]:
    """Lines of the page."""
    yield HEAD.format(
        command=command,
        parent=package.info.key,
        test=found.test_patients,
        images=found.test_images,
        pool=found.pool_patients,
        draws=draws,
        epochs=sum(stage.epochs for stage in config.stages),
        rate=max(stage.learning_rate for stage in config.stages),
        config=CONFIG.name,
    )
    yield f"| 0 (the parent) | | {cells(found.before)} | | | |"
    for one in found.points:
        each, gain = " · ".join(f"{auc:.3f}" for auc in one.draws), one.gain.difference
        yield (
            f"| {one.cases} | {one.images:.0f} | {cells(one.auc)} | {each} | "
            f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) | {one.gain.p_value:.2g} |"
        )
    yield from (f"\n**{warning}**" for warning in found.warnings)
    yield TAIL.format(figure=FIGURE)


def cells(auc: Estimate) -> str:
    """Two cells of the table."""
    return f"{auc.value:.3f} | {auc.low:.3f} to {auc.high:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--parent", type=Path, required=True, help="folder of a whole-image package")
    parser.add_argument("--config", type=Path, default=CONFIG, help="how it is tuned")
    parser.add_argument("--work", type=Path, default=Path("runs/learning_curve"), help="images and runs are kept here")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="numbers of cases")
    parser.add_argument("--draws", type=int, default=DRAWS, help="draws of each number")
    parser.add_argument("--out", type=Path, help="folder of the page; the figure goes into ../images")
    given = parser.parse_args()
    started = time.perf_counter()
    package = load(read_info(given.parent))
    config = tuned_config(package, read_config(given.config))
    run = Run(config, given.work, progress=lines_to(sys.stderr))
    folds = read_folds(site_folds())[CBIS]
    unseen = unseen_splits(folds)
    patients = unseen[0].validation
    if check_parent(package.info, patients, unseen):
        raise UsageError(f"Nothing shows that {package.info.key} never saw the site.", "Name a net of fold 0.")
    images = image_samples(given.data, run)
    site = images.select(np.isin(images.patients, list(patients)))
    del images
    found = learning_curve(package, site, run, counts=given.counts, draws=given.draws, splits=unseen)
    command = "python -m bench.learning_curve --data ../shared/data --parent PACKAGE --out docs/results"
    lines = list(page(found, package, config, given.draws, command))
    print("\n".join(lines))
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if given.out is not None:
        (given.out / PAGE).write_text("\n".join(lines) + "\n", encoding="utf-8")
        name = package.info.key
        plot_learning({name: found.plotted()}, given.out.parent / "images" / FIGURE, start=found.before)


if __name__ == "__main__":
    main()
