"""The pectoral muscle, or the reason why not."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.breast import BreastArea
from mammoview.imaging.pectoral import find_pectoral
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import suppress


def oblique(contrast: float) -> tuple[np.ndarray, BreastArea, np.ndarray]:
    """A flat breast with a brighter triangle in the upper left corner; the triangle's mask comes last."""
    row, col = np.mgrid[:500, :400]
    breast = (col < 300) & (row < 450)
    muscle = breast & (row / 300.0 + col / 180.0 < 1)
    rng = np.random.default_rng(4)
    values = np.where(breast, 0.4, 0.0) + contrast * muscle + 0.01 * rng.standard_normal(row.shape)
    return values.astype(np.float32), BreastArea(breast, Laterality.LEFT, is_digital=True), muscle


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * (one & other).sum() / (one.sum() + other.sum())


@pytest.mark.parametrize("view", [ViewPosition.MLO, ViewPosition.ML])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_triangle_is_found_on_either_side(view: ViewPosition, is_mirrored: bool) -> None:
    values, breast, muscle = oblique(0.3)
    if is_mirrored:
        values, muscle = np.ascontiguousarray(values[:, ::-1]), muscle[:, ::-1]
        breast = BreastArea(np.ascontiguousarray(breast.mask[:, ::-1]), Laterality.RIGHT, is_digital=True)
    found = find_pectoral(values, breast, view=view)
    assert found.mask is not None
    assert found.reason == ""
    assert dice(found.mask, muscle) > 0.95


@pytest.mark.parametrize("view", [None, ViewPosition.CC, ViewPosition.LM, ViewPosition.SPECIMEN])
def test_other_views_give_a_reason(view: ViewPosition | None) -> None:
    values, breast, _ = oblique(0.3)
    found = find_pectoral(values, breast, view=view)
    assert found.mask is None
    assert "view" in found.reason


def test_no_edge_gives_a_reason() -> None:
    values, breast, _ = oblique(0.0)
    found = find_pectoral(values, breast, view=ViewPosition.MLO)
    assert found.mask is None
    assert "edge" in found.reason


def test_a_breast_of_a_few_pixels_gives_a_reason() -> None:
    mask = np.zeros((60, 50), dtype=bool)
    mask[:20, :20] = True
    found = find_pectoral(
        mask.astype(np.float32), BreastArea(mask, Laterality.LEFT, is_digital=True), view=ViewPosition.MLO
    )
    assert found.mask is None
    assert "small" in found.reason


@pytest.mark.parametrize("is_film", [False, True])
def test_phantoms(is_film: bool) -> None:
    scores = []
    for seed in range(2):
        image = make_view(
            seed, view=ViewPosition.MLO, laterality=Laterality.RIGHT, rows=640, columns=520, is_film=is_film
        )
        found = suppress(image.pixels, view=ViewPosition.MLO, laterality=Laterality.RIGHT)
        assert image.truth.pectoral is not None
        assert found.pectoral is not None
        scores.append(dice(found.pectoral.to_array(), image.truth.pectoral))
    assert min(scores) > 0.9
