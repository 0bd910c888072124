from __future__ import annotations

import math

import pytest

from mammoview.core.geometry import Dihedral
from mammoview.core.marks import MOST_POINTS, Mark, MarkKind

ENOUGH = {
    MarkKind.DISTANCE: 2,
    MarkKind.ANGLE: 3,
    MarkKind.AREA: 3,
    MarkKind.ELLIPSE: 2,
    MarkKind.POLYGON: 3,
    MarkKind.ARROW: 2,
    MarkKind.TEXT: 1,
}


def make_mark(kind: MarkKind, *points: tuple[float, float], **changes: object) -> Mark:
    places = points or tuple((10.0 + 7 * k * k, 20.0 + 5 * k) for k in range(ENOUGH[kind]))
    return Mark("m", "image", kind, places, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", MarkKind)
def test_a_mark_has_its_number_of_points(kind: MarkKind) -> None:
    assert len(make_mark(kind).points) == ENOUGH[kind]
    assert kind.label
    with pytest.raises(ValueError, match=kind.value):
        Mark("m", "image", kind, ((0.0, 0.0),) * (ENOUGH[kind] - 1))
    with pytest.raises(ValueError, match=kind.value):
        make_mark(kind, *[(0.0, 0.0)] * (MOST_POINTS + 1))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_point_is_a_place(bad: float) -> None:
    with pytest.raises(ValueError, match="no place"):
        make_mark(MarkKind.ARROW, (0.0, bad), (1.0, 1.0))


@pytest.mark.parametrize("kind", MarkKind)
def test_every_handle_can_be_moved_and_the_others_stay(kind: MarkKind) -> None:
    mark = make_mark(kind)
    for index, (row, col) in enumerate(mark.handles):
        if kind is MarkKind.ELLIPSE:
            # An end of an axis moves along its axis.
            along = (5.0, 0.0) if index in (0, 2) else (0.0, 5.0)
            moved = mark.with_handle(index, (row + along[0], col + along[1]))
            opposite = (index + 2) % 4
            assert moved.handles[index][index % 2] == mark.handles[index][index % 2] + 5
            assert moved.handles[opposite][index % 2] == mark.handles[opposite][index % 2]
        else:
            moved = mark.with_handle(index, (row + 3, col - 4))
            assert moved.handles[index] == (row + 3, col - 4)
            assert [*moved.handles[:index], *moved.handles[index + 1 :]] == [
                *mark.handles[:index],
                *mark.handles[index + 1 :],
            ]
        assert moved.id == mark.id


def test_a_mark_moves_as_a_whole() -> None:
    assert make_mark(MarkKind.DISTANCE, (1.0, 2.0), (5.0, 7.0)).shifted(2, -1).points == ((3, 1), (7, 6))


def test_the_outline_of_an_ellipse_keeps_the_sum_of_distances_from_its_foci() -> None:
    # Half axes of 5 rows and 3 columns: the foci lie 4 rows from the middle.
    line = make_mark(MarkKind.ELLIPSE, (0.0, 0.0), (10.0, 6.0)).outline()
    for row, col in line:
        assert math.dist((row, col), (1, 3)) + math.dist((row, col), (9, 3)) == pytest.approx(10)


@pytest.mark.meets("MG-B05")
@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize("kind", MarkKind)
def test_a_mark_comes_back_from_every_way_of_laying_an_image_down(kind: MarkKind, code: int) -> None:
    mark = make_mark(kind)
    laid = Dihedral(bool(code & 4), bool(code & 2), bool(code & 1)).transform(300, 200)
    back = laid.inverse().apply(laid.apply(mark.outline()))
    assert back.ravel().tolist() == pytest.approx([part for point in mark.outline() for part in point])
