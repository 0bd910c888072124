from __future__ import annotations

import numpy as np

from mammoview.imaging.boosted_trees import BoostedTrees


def stump_and_tree() -> BoostedTrees:
    """x0 <= 1 gives 10, else 20; and x1 <= 0 gives 1, else x0 <= 5 gives 2, else 3. Unused nodes are zeros."""
    return BoostedTrees(
        feature=np.array([[0, 0, 0, 0, 0], [1, 0, 0, 0, 0]], np.int16),
        threshold=np.array([[1, 0, 0, 0, 0], [0, 0, 5, 0, 0]], np.float32),
        left=np.array([[1, 1, 2, 0, 0], [1, 1, 3, 3, 4]], np.int16),
        right=np.array([[2, 1, 2, 0, 0], [2, 1, 4, 3, 4]], np.int16),
        value=np.array([[0, 10, 20, 0, 0], [0, 1, 0, 2, 3]], np.float32),
        depth=2,
        base=0.5,
    )


def test_trees_add_up_as_by_hand():
    values = np.array([[1, 0], [1, 1], [4, 1], [6, 1], [6, -1]], np.float32)
    assert stump_and_tree().predict(values).tolist() == [11.5, 12.5, 22.5, 23.5, 21.5]


def test_no_rows_give_no_sums():
    assert stump_and_tree().predict(np.empty((0, 2), np.float32)).shape == (0,)


def test_arrays_survive_the_way_to_a_file(tmp_path):
    np.savez(tmp_path / "trees.npz", **stump_and_tree().to_arrays("a"))
    with np.load(tmp_path / "trees.npz", allow_pickle=False) as stored:
        back = BoostedTrees.from_arrays(dict(stored), "a")
    values = np.random.default_rng(0).normal(2, 3, (50, 2)).astype(np.float32)
    np.testing.assert_array_equal(back.predict(values), stump_and_tree().predict(values))
