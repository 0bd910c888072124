"""Film edges are bright bands along the border with a sharp end, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.imaging.frame_edges import best_path, border_bands, find_frame_edges


def tilted_edge(rows: int = 400, columns: int = 300) -> tuple[np.ndarray, np.ndarray]:
    depth = np.linspace(6, 14, columns)
    edge = np.arange(rows)[:, None] < depth[None]
    values = np.full((rows, columns), 0.03, dtype=np.float32)
    values[100:300, :180] = 0.5
    values[:120, 20:120] = 0.55
    values[edge] = 0.95
    return values, edge


@pytest.mark.parametrize("turns", range(4))
def test_a_tilted_edge_is_found_on_each_border(turns: int) -> None:
    values, edge = tilted_edge()
    found = find_frame_edges(np.ascontiguousarray(np.rot90(values, turns)))
    assert len(found) == 1
    truth = np.rot90(edge, turns)
    assert (found[0] & truth).sum() > 0.95 * truth.sum()
    assert (found[0] & ~truth).sum() < 0.2 * truth.sum()


def test_tissue_that_fades_towards_the_border_is_no_edge() -> None:
    values = np.full((400, 300), 0.02, dtype=np.float32)
    values[80:320, :150] = 0.5 + 0.2 * np.linspace(1, 0, 150)[None]
    assert find_frame_edges(values) == ()


def test_a_letter_below_the_border_is_no_edge() -> None:
    values = np.full((400, 300), 0.02, dtype=np.float32)
    values[14:26, 100:180] = 0.9
    assert find_frame_edges(values) == ()


def test_tiny_images_have_no_edges() -> None:
    assert find_frame_edges(np.ones((4, 3), dtype=np.float32)) == ()


def test_bands_are_told_apart_by_border() -> None:
    above = np.zeros((200, 160), dtype=bool)
    above[-5:, 20:140] = True
    upper, right, lower, left = border_bands(above)
    assert not upper.any()
    assert not right.any()
    assert not left.any()
    assert (lower & above).sum() > 0.9 * above.sum()


def test_the_best_path_is_the_best_of_all_paths() -> None:
    rng = np.random.default_rng(5)
    gain = rng.random((4, 6))
    best = max(
        (
            sum(gain[row, at] for at, row in enumerate(path)) - 0.1 * np.abs(np.diff(path)).sum(),
            tuple(path),
        )
        for path in np.ndindex(*(4,) * 6)
        if np.abs(np.diff(path)).max() <= 1
    )
    assert tuple(best_path(gain, stiffness=0.1)) == best[1]
