"""Overlays show what was found where it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammoview.core.findings import Finding, ImageResult, LesionKind, ScoreMeaning, Suppression, ValueMap
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Grayscale, Mammogram, SourceKind
from mammoview.report.overlay import PANEL_PX, draw, spread

IMAGE = Mammogram("a", "/a.png", SourceKind.RASTER, 2048, 1024, Grayscale(bits_stored=16))
SHOWN = np.full((2048, 1024), 20_000, np.uint16)


def is_coloured(picture: np.ndarray) -> np.ndarray:
    return np.ptp(picture.astype(int), axis=2) > 40


def test_a_map_lies_over_its_own_box() -> None:
    values = np.array([[0.0, 1.0]])
    laid = spread(ValueMap.from_array("m", Box(10, 20, 30, 60), values), 40, 80, scale=1.0)
    assert laid.shape == (40, 80)
    assert not laid[:10].any()
    assert not laid[30:].any()
    assert not laid[:, 60:].any()
    # The centres of the two cells lie at columns 30 and 50; between them the value rises evenly.
    assert laid[20, 29:31] == pytest.approx(0, abs=0.03)
    assert laid[20, 49:51] == pytest.approx(1, abs=0.03)
    assert laid[20, 39:41].mean() == pytest.approx(0.5, abs=0.01)


def test_a_map_keeps_its_place_at_another_scale() -> None:
    values = ValueMap.from_array("m", Box(100, 200, 300, 600), np.random.default_rng(1).random((4, 8)))
    fine, coarse = spread(values, 400, 800, scale=1.0), spread(values, 100, 200, scale=0.25)
    assert fine.reshape(100, 4, 200, 4).mean(axis=(1, 3)) == pytest.approx(coarse, abs=0.02)


def test_marks_are_drawn_where_things_are() -> None:
    finding = Finding("f", LesionKind.MASS, Box(400, 200, 600, 400), (500, 300), 0.7, (0.2,) * 5)
    picture = draw(IMAGE, ImageResult("a", findings=(finding,)), shown=SHOWN)
    scale = PANEL_PX / 2048
    marked = is_coloured(picture[:PANEL_PX])
    assert marked[round(600 * scale), round(300 * scale)]
    assert marked[round(500 * scale), round(200 * scale)]
    assert not marked[round(500 * scale), round(300 * scale)], "the lesion itself stays visible"
    assert not marked[round(1500 * scale) :].any()


def test_the_saliency_map_has_a_panel_of_its_own() -> None:
    plain = draw(IMAGE, ImageResult("a"), shown=SHOWN)
    heat = np.zeros((8, 4))
    heat[1, 1] = 1.0
    saliency = ValueMap.from_array("gradcam", Box(0, 0, 2048, 1024), heat)
    both = draw(IMAGE, ImageResult("a", saliency=saliency), shown=SHOWN)
    assert both.shape[1] > plain.shape[1]
    right = is_coloured(both[:PANEL_PX, both.shape[1] // 2 :])
    assert right[192, 192]
    assert not right[800, 192]


def test_the_outline_follows_the_breast() -> None:
    breast = np.zeros((2048, 1024), dtype=bool)
    breast[:, :600] = True
    suppression = Suppression(Mask.from_array(breast), (), Mask.from_array(~breast))
    picture = draw(IMAGE, ImageResult("a", suppression=suppression), shown=SHOWN)
    columns = np.flatnonzero(is_coloured(picture[500:520, 100:500]).all(axis=0)) + 100
    assert columns.mean() == pytest.approx(300, abs=1)


def test_words_stand_below_and_fit() -> None:
    meaning = ScoreMeaning("Malignant against benign lesion", 0.47)
    result = ImageResult("a", p_malignant=0.31, uncertainty=0.02, warnings=("A long reason. " * 20,))
    short = draw(IMAGE, replace(result, warnings=()), shown=SHOWN, meaning=meaning)
    long = draw(IMAGE, result, shown=SHOWN, meaning=meaning)
    assert long.shape[0] > short.shape[0] > PANEL_PX
    assert long.shape[1] == short.shape[1]
    assert not long[PANEL_PX:, -4:].any(), "no word runs over the edge"
