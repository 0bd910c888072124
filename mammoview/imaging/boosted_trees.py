"""Boosted decision trees as plain arrays: small files, no pickles, numpy alone to apply them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_ARRAYS = ("feature", "threshold", "left", "right", "value")


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """A sum of regression trees.

    Every array has shape (trees, nodes); node 0 is a tree's root. A leaf names itself as both of its children, so that
    a walk of ``depth`` steps ends in a leaf wherever it began.

    Attributes
    ----------
    feature
        int16, column that a node looks at.
    threshold
        float32; values up to it go left, others right.
    left, right
        int16, numbers of the children.
    value
        float32, what a leaf adds.
    depth
        Steps from the root to the deepest leaf.
    base
        What is added once.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: NDArray[np.float32]
    depth: int
    base: float

    def predict(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add up the trees.

        Parameters
        ----------
        values
            Shape (n, features), float32.

        Returns
        -------
        ndarray, shape (n,), float32
        """
        rows = np.arange(values.shape[0])
        total = np.full(values.shape[0], self.base, dtype=np.float32)
        # One tree after the other: a tree's arrays stay in the cache, and so does its column of node numbers.
        for feature, threshold, left, right, value in zip(
            self.feature, self.threshold, self.left, self.right, self.value, strict=True
        ):
            node = np.zeros(values.shape[0], dtype=np.int16)
            for _ in range(self.depth):
                node = np.where(values[rows, feature[node]] <= threshold[node], left[node], right[node])
            total += value[node]
        return total

    def to_arrays(self, prefix: str) -> dict[str, NDArray[np.generic]]:
        """The arrays to store, named ``prefix_feature`` and so on."""
        arrays = {f"{prefix}_{name}": getattr(self, name) for name in _ARRAYS}
        return {**arrays, f"{prefix}_depth": np.int64(self.depth), f"{prefix}_base": np.float64(self.base)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], prefix: str) -> BoostedTrees:
        """Read back what `to_arrays` named."""
        stored = {name: np.asarray(arrays[f"{prefix}_{name}"]) for name in _ARRAYS}
        return cls(
            feature=stored["feature"].astype(np.int16),
            threshold=stored["threshold"].astype(np.float32),
            left=stored["left"].astype(np.int16),
            right=stored["right"].astype(np.int16),
            value=stored["value"].astype(np.float32),
            depth=int(arrays[f"{prefix}_depth"]),
            base=float(arrays[f"{prefix}_base"]),
        )
