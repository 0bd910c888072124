import numpy as np
import pytest

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import make_view
from mammoview.imaging.wall import find_wall


def half_disc(rows: int = 200, columns: int = 120) -> np.ndarray:
    row, col = np.mgrid[:rows, :columns]
    return (row - rows / 2) ** 2 + col**2 < 90**2


@pytest.mark.parametrize("is_right", [False, True])
def test_on_cc_the_wall_is_the_edge_that_the_breast_meets(is_right: bool) -> None:
    breast = half_disc()[:, ::-1] if is_right else half_disc()
    wall = find_wall(breast, None, view=ViewPosition.CC)
    assert wall.ends is not None
    assert {end[1] for end in wall.ends} == {120.0 if is_right else 0.0}
    assert not wall.is_pectoral
    assert not wall.reason


@pytest.mark.parametrize("is_right", [False, True])
def test_a_straight_muscle_edge_is_found_to_half_a_pixel(is_right: bool) -> None:
    row, col = np.mgrid[:200, :120]
    breast = half_disc() | (row + 2 * col < 130)
    muscle = (row + 0.5) / 150 + (col + 0.5) / 50 < 1
    if is_right:
        breast, muscle = breast[:, ::-1], muscle[:, ::-1]
    wall = find_wall(breast, muscle & breast, view=ViewPosition.MLO)
    assert wall.ends is not None
    assert wall.is_pectoral
    for end_row, end_col in wall.ends:
        column = 120 - end_col if is_right else end_col
        assert abs(column - 50 * (1 - end_row / 150)) < 0.6
    assert wall.ends[0][0] < wall.ends[1][0]


def test_without_a_muscle_an_oblique_view_says_that_the_edge_stands_in() -> None:
    wall = find_wall(half_disc(), None, view=ViewPosition.MLO, pectoral_reason="No edge of the muscle was found.")
    assert wall.ends is not None
    assert wall.reason.startswith("No edge of the muscle was found.")
    assert "stands for the wall" in wall.reason


def test_no_breast_no_wall() -> None:
    wall = find_wall(np.zeros((50, 40), dtype=bool), None, view=ViewPosition.CC)
    assert wall.ends is None
    assert wall.reason


@pytest.mark.parametrize("side", list(Laterality))
def test_on_the_phantom_the_line_follows_the_true_muscle(side: Laterality) -> None:
    made = make_view(3, view=ViewPosition.MLO, laterality=side, rows=1024, columns=832)
    wall = find_wall(made.truth.breast, made.truth.pectoral, view=ViewPosition.MLO)
    assert wall.ends is not None
    assert made.truth.pectoral is not None
    row, col = np.mgrid[: made.pixels.shape[0], : made.pixels.shape[1]] + 0.5
    (row0, col0), (row1, col1) = wall.ends
    edge = col0 + (row - row0) / (row1 - row0) * (col1 - col0)
    behind = (col < edge if side is Laterality.LEFT else col > edge) & made.truth.breast & (row < row1)
    common = (behind & made.truth.pectoral).sum()
    assert 2 * common / (behind.sum() + made.truth.pectoral.sum()) > 0.9
