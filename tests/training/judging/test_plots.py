"""Figures are written, show what they should, and are the same for the same numbers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.models.manifest import ReliabilityPoint
from mammoview.training.judging import metrics, plots
from mammoview.training.judging.metrics import Estimate, ImageMarks
from mammoview.training.judging.plots import LearningCurve


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figure.png"


def colours_in(path: Path) -> set[tuple[int, ...]]:
    pixels = cv2.imread(str(path))
    assert pixels is not None
    return {tuple(int(value) for value in colour[::-1]) for colour in np.unique(pixels.reshape(-1, 3), axis=0)}


def rgb(text: str) -> tuple[int, ...]:
    return tuple(int(text[start : start + 2], 16) for start in (1, 3, 5))


def test_roc_shows_every_strategy_in_its_colour(path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(200) < 0.5
    curves = {f"net {skill}": metrics.roc_curve(labels, rng.normal(labels * skill, 1.0)) for skill in (0.2, 1.0, 2.0)}
    plots.plot_roc(curves, path, title="Strategies")
    assert {rgb(colour) for colour in plots.COLOURS[:3]} <= colours_in(path)
    first = path.read_bytes()
    plots.plot_roc(curves, path, title="Strategies")
    assert path.read_bytes() == first


def test_reliability_learning_and_froc_are_drawn(path: Path) -> None:
    points = [ReliabilityPoint(told=0.2, came_true=0.1, count=10), ReliabilityPoint(told=0.8, came_true=0.9, count=30)]
    plots.plot_reliability({"net": points}, path)
    assert rgb(plots.COLOURS[0]) in colours_in(path)
    curve = LearningCurve((5, 10, 20, 40), tuple(Estimate(v, v - 0.05, v + 0.04) for v in (0.6, 0.65, 0.7, 0.72)))
    plots.plot_learning({"fine-tuned": curve}, path, start=Estimate(0.58, 0.55, 0.6))
    assert rgb(plots.COLOURS[0]) in colours_in(path)
    marks = [ImageMarks("a", (0.9,), (0.2,)), ImageMarks("b", (0.4,), (0.5, 0.1))]
    plots.plot_froc({"net": metrics.froc_curve(marks)}, path, rule="centre in the lesion")
    assert rgb(plots.COLOURS[0]) in colours_in(path)


def test_truth_is_red_and_prediction_yellow(path: Path) -> None:
    image = np.full((60, 60), 90, np.uint8)
    truth, told = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    truth[10:40, 10:40], told[20:50, 20:50] = True, True
    plots.plot_outlines([(image, truth, told), (image, truth, np.zeros_like(told))], path, captions=["one", "two"])
    assert {(255, 0, 0), (255, 255, 0)} <= colours_in(path)
    plots.plot_outlines([(image, truth, np.zeros_like(told))], path)
    assert (255, 255, 0) not in colours_in(path)
