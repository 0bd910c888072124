"""The breast mask: a shape on film and on black, whichever way it faces."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.background import measure_background
from mammoview.imaging.breast import BreastArea, chest_wall_side, find_breast
from mammoview.imaging.phantom import make_view
from mammoview.imaging.workcopy import reduce


def half_ellipse(rows: int = 500, columns: int = 400) -> np.ndarray:
    row, col = np.mgrid[:rows, :columns]
    return ((row - rows / 2) / (0.38 * rows)) ** 2 + (col / (0.6 * columns)) ** 2 < 1


def breast_of(values: np.ndarray, usable: np.ndarray | None = None) -> BreastArea:
    usable = np.ones(values.shape, dtype=bool) if usable is None else usable
    background = measure_background(values, usable)
    assert background is not None
    return find_breast(background, usable)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * (one & other).sum() / (one.sum() + other.sum())


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_the_side_is_read_off_the_pixels(is_mirrored: bool) -> None:
    truth = half_ellipse()[:, ::-1] if is_mirrored else half_ellipse()
    found = breast_of(np.where(truth, 0.5, 0.0).astype(np.float32))
    assert found.side is (Laterality.RIGHT if is_mirrored else Laterality.LEFT)
    assert dice(found.mask, truth) > 0.99


def test_a_label_that_touches_the_skin_by_a_thread_is_cut_off() -> None:
    truth = half_ellipse()
    values = np.where(truth, 0.5, 0.02).astype(np.float32)
    values[248:252, 235:330] = 0.8
    values[230:270, 330:380] = 0.8
    found = breast_of(values)
    assert not found.mask[230:270, 330:380].any()
    assert dice(found.mask, truth) > 0.98


def test_glow_along_the_chest_wall_is_cut_off() -> None:
    truth = half_ellipse()
    values = np.where(truth, 0.5, 0.0).astype(np.float32)
    values[:, :8] = np.maximum(values[:, :8], 0.3)
    assert dice(breast_of(values).mask, truth) > 0.98


def test_dark_bays_at_the_wall_and_holes_belong_to_the_breast() -> None:
    truth = half_ellipse()
    values = np.where(truth, 0.5, 0.0).astype(np.float32)
    values[200:215, 0:30] = 0.0
    values[300:310, 100:120] = 0.0
    found = breast_of(values)
    assert found.mask[200:215, 0:30].mean() > 0.95
    assert found.mask[300:310, 100:120].all()


def test_black_with_a_sharp_skin_is_digital_and_film_is_not() -> None:
    truth = half_ellipse()
    assert breast_of(np.where(truth, 0.5, 0.0).astype(np.float32)).is_digital
    rng = np.random.default_rng(1)
    film = np.where(truth, 0.5, 0.1) + 0.01 * rng.standard_normal(truth.shape)
    assert not breast_of(film.astype(np.float32)).is_digital


def test_film_edges_are_left_out() -> None:
    truth = half_ellipse()
    values = np.where(truth, 0.5, 0.05).astype(np.float32)
    values[:, :6] = 1.0
    usable = np.ones(values.shape, dtype=bool)
    usable[:, :6] = False
    assert not breast_of(values, usable).mask[:, :6].any()


def test_specks_are_no_breast() -> None:
    values = np.zeros((300, 200), dtype=np.float32)
    values[40:45, 60:66] = 0.9
    assert not breast_of(values).mask.any()


def test_the_side_of_an_empty_mask_is_some_side() -> None:
    assert chest_wall_side(np.zeros((3, 3), dtype=bool)) in set(Laterality)


@pytest.mark.parametrize("is_film", [False, True])
@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_phantoms(view: ViewPosition, is_film: bool) -> None:
    image = make_view(11, view=view, laterality=Laterality.RIGHT, rows=512, columns=416, is_film=is_film)
    copy = reduce(image.pixels)
    found = breast_of(copy.values)
    assert found.side is Laterality.RIGHT
    assert dice(copy.enlarge(found.mask), image.truth.breast) > 0.97
