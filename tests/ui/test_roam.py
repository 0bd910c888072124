from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mammoview.ui.viewport.roam import Tiles


@pytest.mark.meets("MG-C07")
@pytest.mark.parametrize(
    "extent", [(3328.0, 2560.0), (4096.0, 1800.0), (700.0, 2000.0), (400.0, 300.0), (999.0, 799.5)]
)
@pytest.mark.parametrize("size", [(380, 320), (1000, 800), (2500, 1024)])
def test_the_tiles_cover_the_breast_and_overlap(extent: tuple[float, float], size: tuple[int, int]) -> None:
    tiles = Tiles.of(extent, size)
    seen = np.zeros((int(np.ceil(extent[0])), int(np.ceil(extent[1]))), bool)
    starts = [tiles.start(index, extent, size) for index in range(tiles.count)]
    for row, outward in starts:
        seen[
            max(0, int(np.ceil(row))) : int(row + size[0]) + 1,
            max(0, int(np.ceil(outward))) : int(outward + size[1]) + 1,
        ] = True
    assert seen.all()
    for axis in (0, 1):
        lines = sorted({start[axis] for start in starts})
        # Nothing lies on a border only: neighbours share at least a twentieth of the pane.
        assert all(one + size[axis] - other >= 0.05 * size[axis] for one, other in pairwise(lines))


def test_the_order_is_row_by_row_from_the_chest_wall() -> None:
    tiles = Tiles(2, 3)
    assert [tiles.place(index) for index in range(tiles.count)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_a_breast_smaller_than_the_pane_is_one_tile_at_the_chest_wall_in_the_middle() -> None:
    tiles = Tiles.of((200.0, 100.0), (400, 300))
    assert tiles.count == 1
    assert tiles.start(0, (200.0, 100.0), (400, 300)) == (-100.0, 0.0)


def test_two_breasts_are_looked_through_in_step() -> None:
    assert Tiles(2, 3).merged(Tiles(4, 2)) == Tiles(4, 3)


def test_tiles_without_breast_are_passed_over() -> None:
    tiles = Tiles(2, 2)
    first = tiles.step([0, 1, 3], 1, None)
    assert [first.index, first.words] == [0, "part 1 of 3"]
    second = tiles.step([0, 1, 3], 1, first)
    third = tiles.step([0, 1, 3], 1, second)
    assert [second.index, third.index, third.words] == [1, 3, "part 3 of 3"]
    assert tiles.step([0, 1, 3], 1, third).index == 0
    assert tiles.step([0, 1, 3], -1, first).index == 3
    # Another pane, another number of tiles: from the beginning.
    assert Tiles(3, 2).step([0, 1, 3], 1, third).position == 0
