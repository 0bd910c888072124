"""How far a score moves when nothing about the breast changes: over mirrored inputs, over models, over dropout.

The spread says how much the networks agree with themselves. It is no confidence interval, and it knows nothing of what
all of them miss together. No torch here; the dropout passes come from `mammoview.models.dropout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def spread(samples: Sequence[NDArray[np.float64]]) -> float | None:
    """Standard deviation over all samples of one probability; None where there is but one.

    Parameters
    ----------
    samples
        Of each model, any shape; each model counts the same, however often it was asked.
    """
    if sum(values.size for values in samples) < 2:
        return None
    centre = float(np.mean([values.mean() for values in samples]))
    return float(np.sqrt(np.mean([np.mean((values - centre) ** 2) for values in samples])))


def varied_words(*, flips: int, models: int, passes: int) -> str:
    """``4 flips × 3 models × 20 dropout passes``: what a spread was taken over; empty where nothing varied."""
    parts = [(flips, "flips"), (models, "models"), (passes, "dropout passes")]
    return " × ".join(f"{count} {name}" for count, name in parts if count > 1)
