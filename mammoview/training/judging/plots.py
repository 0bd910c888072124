"""Figures of results: numbers in, one PNG out. Colours stay apart for colour-blind readers (Okabe and Ito 2008)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mammoview.models.manifest import ReliabilityPoint
    from mammoview.training.judging.metrics import Estimate, FrocCurve, RocCurve

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--", "-.", ":")
_TRUTH, _TOLD = "#FF0000", "#FFFF00"
_SIDE_INCHES = 5.0
_DPI = 150


@dataclass(frozen=True)
class LearningCurve:
    """AUC against the number of cases learned from.

    Attributes
    ----------
    cases
        How many, rising.
    auc
        One for each, with its interval.
    """

    cases: tuple[int, ...]
    auc: tuple[Estimate, ...]


def plot_roc(curves: Mapping[str, RocCurve], path: Path, *, title: str = "") -> None:
    """ROC curves of several strategies in one plot, best first, each with its area.

    Parameters
    ----------
    curves
        By the name that the legend shows.
    path
        The PNG file.
    title
        Above the plot.
    """
    figure, axes = _figure(title)
    ordered = sorted(curves.items(), key=lambda item: -float(item[1].area))
    for index, (name, curve) in enumerate(ordered):
        label = f"{name} (AUC {float(curve.area):.3f})"
        # A curve of few points runs in straight lines: ties are told apart by chance.
        axes.plot(curve.false_positive, curve.true_positive, label=label, **_style(index))
    _diagonal(axes)
    axes.set(xlabel="1 − specificity", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1.005))
    axes.legend(loc="lower right", fontsize=7)
    _save(figure, path)


def plot_reliability(curves: Mapping[str, Sequence[ReliabilityPoint]], path: Path, *, title: str = "") -> None:
    """What came true against what was told; the area of a point grows with the cases behind it.

    Parameters
    ----------
    curves
        By the name that the legend shows.
    path
        The PNG file.
    title
        Above the plot.
    """
    figure, axes = _figure(title)
    for index, (name, points) in enumerate(curves.items()):
        total = max(1, sum(point.count for point in points))
        told, came_true = [point.told for point in points], [point.came_true for point in points]
        axes.plot(told, came_true, label=name, **_style(index))
        sizes = [600.0 * point.count / total for point in points]
        axes.scatter(told, came_true, s=sizes, color=COLOURS[index % len(COLOURS)], alpha=0.6)
    _diagonal(axes)
    axes.set(xlabel="Probability told", ylabel="Share malignant", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left", fontsize=7)
    _save(figure, path)


def plot_learning(
    curves: Mapping[str, LearningCurve], path: Path, *, title: str = "", start: Estimate | None = None
) -> None:
    """AUC against the number of a new site's cases, with intervals.

    Parameters
    ----------
    curves
        By the name that the legend shows.
    path
        The PNG file.
    title
        Above the plot.
    start
        Of the model before it saw a case of the site.
    """
    figure, axes = _figure(title)
    if start is not None:
        axes.axhline(start.value, color="gray", linestyle="--", linewidth=1, label=f"before ({start.value:.3f})")
        axes.axhspan(start.low, start.high, color="gray", alpha=0.12, linewidth=0)
    for index, (name, curve) in enumerate(curves.items()):
        value, low, high = (np.array([getattr(one, end) for one in curve.auc]) for end in ("value", "low", "high"))
        axes.errorbar(
            curve.cases, value, yerr=[value - low, high - value], marker="o", capsize=3, label=name, **_style(index)
        )
    cases = sorted({count for curve in curves.values() for count in curve.cases})
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(cases, [str(count) for count in cases])
    axes.set(xlabel="Cases of the new site", ylabel="AUC (95 % interval)")
    axes.legend(loc="lower right", fontsize=7)
    _save(figure, path)


def plot_froc(curves: Mapping[str, FrocCurve], path: Path, *, rule: str, title: str = "", limit: float = 8.0) -> None:
    """Sensitivity against false marks an image; the rule of a hit stands below.

    Parameters
    ----------
    curves
        By the name that the legend shows.
    path
        The PNG file.
    rule
        When a mark was a hit.
    title
        Above the plot.
    limit
        Where the axis of false marks ends.
    """
    figure, axes = _figure(title)
    for index, (name, curve) in enumerate(curves.items()):
        axes.step(curve.false_per_image, curve.sensitivity, where="post", label=name, **_style(index))
    axes.set(xlabel=f"False marks an image (hit: {rule})", ylabel="Sensitivity", xlim=(0, limit), ylim=(0, 1))
    axes.legend(loc="lower right", fontsize=7)
    _save(figure, path)


def plot_outlines(
    examples: Sequence[tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.bool_]]],
    path: Path,
    *,
    captions: Sequence[str] = (),
) -> None:
    """Crops side by side, the truth outlined in red and the prediction in yellow.

    Parameters
    ----------
    examples
        Image of shape (rows, columns), truth and prediction as masks of that shape.
    path
        The PNG file.
    captions
        Below each; as many as examples, or none.
    """
    from matplotlib.figure import Figure

    columns = min(4, len(examples))
    rows = -(-len(examples) // columns)
    figure = Figure(figsize=(2.6 * columns, 2.9 * rows), layout="constrained")
    for index, (image, truth, told) in enumerate(examples):
        axes = figure.add_subplot(rows, columns, index + 1)
        axes.imshow(image, cmap="gray", interpolation="nearest")
        for mask, colour in ((truth, _TRUTH), (told, _TOLD)):
            if mask.any() and not mask.all():
                axes.contour(mask.astype(float), levels=[0.5], colors=[colour], linewidths=1.2)
        axes.set_axis_off()
        if captions:
            axes.set_title(captions[index], fontsize=8)
    figure.suptitle("Truth red, prediction yellow", fontsize=9)
    _save(figure, path)


def _figure(title: str) -> tuple[Any, Any]:
    # The object-oriented way: pyplot keeps state, and asks for a display.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_SIDE_INCHES, _SIDE_INCHES), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(visible=True, alpha=0.3, linewidth=0.5)
    axes.set_title(title, fontsize=10)
    return figure, axes


def _style(index: int) -> dict[str, Any]:
    """Colour and dashes: told apart in gray, too."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": _DASHES[index // len(COLOURS) % len(_DASHES)],
        "linewidth": 1.5,
    }


def _diagonal(axes: Any) -> None:
    axes.plot([0, 1], [0, 1], color="gray", linestyle=":", linewidth=1)


def _save(figure: Any, path: Path) -> None:
    # Without the program's version in the file the same numbers give the same bytes.
    figure.savefig(path, dpi=_DPI, format="png", metadata={"Software": None})
