"""Compare whole-image strategies on the same held-out patients.

``python -m bench.strategies residual=runs/image attention=runs/attention …`` reads what cross-validations left, draws
one ROC plot, and tests two views against one and the mean of all against each. Writes the page
``docs/results/strategies.md``.
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammoview.models.calibration import fit_temperature, mean_probabilities
from mammoview.training.judging.comparisons import ensemble_against_members, two_views_against_one
from mammoview.training.judging.measured import Scored, area
from mammoview.training.judging.metrics import roc_curve
from mammoview.training.judging.plots import plot_roc
from mammoview.training.recipes.crossval import read_outputs

Outputs = dict[str, NDArray[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strategies", nargs="+", help="NAME=FOLDER of a cross-validation")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder of page and plot")
    parser.add_argument("--page", default="strategies", help="name of the page and of the plot")
    parser.add_argument("--title", default="Whole-image strategies", help="heading of the page")
    given = parser.parse_args()
    found = {name: read_outputs(Path(folder)) for name, _, folder in (word.partition("=") for word in given.strategies)}
    common = sorted(set.intersection(*({*_keys(one)} for one in found.values())))
    found = {name: _rows(one, common) for name, one in found.items()}
    first = next(iter(found.values()))
    scores = {name: _score(one) for name, one in found.items()}
    positive, patients, breasts = first["labels"] == 1, first["patients"], first["breasts"]
    every = dict(scores)
    if len(scores) > 1:
        every["mean of all"] = np.mean(list(scores.values()), axis=0)
    lines = [f"{positive.size} images of {len(np.unique(patients))} patients, {positive.mean():.0%} malignant.", ""]
    lines += ["| strategy | AUC by image | by breast | by patient |", "|---|---|---|---|"]
    for name, score in every.items():
        images = Scored(positive, score, patients)
        cells = (area("a", part)[0] for part in (images, images.mean_by(breasts), images.mean_by(patients)))
        lines.append(f"| {name} | " + " | ".join(f"{m.value:.3f} ({m.low:.3f} to {m.high:.3f})" for m in cells) + " |")
    if len(scores) > 1:
        compared = ensemble_against_members(positive, scores, patients=patients)
        lines += ["", "The mean of all against each, by image:", "", *(f"- {one}" for one in compared)]
    last = next(reversed(every))
    views = two_views_against_one(Scored(positive, every[last], patients), breasts=breasts, views=first["view"])
    lines += ["", f"Two views against one, by breast, {last}:", "", *(f"- {one}" for one in views), ""]
    plot = given.docs / "images" / f"{given.page}.png"
    plot_roc(
        {name: roc_curve(positive, score) for name, score in every.items()}, plot, title="Malignant against benign"
    )
    text = "\n".join(lines)
    print(text)
    command = shlex.join(["python", "-m", "bench.strategies", *given.strategies, "--page", given.page])
    page = f"# {given.title}\n\n`{command}`\n\n{text}\n![ROC curves](../images/{given.page}.png)\n"
    (given.docs / "results" / f"{given.page}.md").write_text(page, encoding="utf-8")


def _keys(outputs: Outputs) -> list[str]:
    """A name for each image: breast, view, and the how many-th of its kind."""
    seen: dict[str, int] = {}
    names = []
    for breast, view in zip(outputs["breasts"], outputs["view"], strict=True):
        seen[f"{breast}_{view}"] = seen.get(f"{breast}_{view}", -1) + 1
        names.append(f"{breast}_{view}_{seen[f'{breast}_{view}']}")
    return names


def _rows(outputs: Outputs, keys: list[str]) -> Outputs:
    place = {key: row for row, key in enumerate(_keys(outputs))}
    rows = [place[key] for key in keys]
    return {name: values[:, rows] if name == "logits" else values[rows] for name, values in outputs.items()}


def _score(outputs: Outputs) -> NDArray[np.float64]:
    """Calibrated by one temperature for all, which does not change a strategy's own ranking within a net."""
    temperature = fit_temperature(outputs["logits"], outputs["labels"])
    return mean_probabilities(outputs["logits"], temperature=temperature)[:, 1]


if __name__ == "__main__":
    main()
