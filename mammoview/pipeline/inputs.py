"""What both kinds of classifier share: flips, parts of a batch, and the threshold in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview.models.runtime import Backend, Runner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FLIPS = 4
#: Used where a package names no operating point.
DEFAULT_THRESHOLD = 0.5


def flips_of(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """An input and its mirror images: as it is, left to right, upside down, both (Shen et al. 2019).

    Parameters
    ----------
    image
        Shape (channels, h, w), float32.

    Returns
    -------
    ndarray, shape (4, channels, h, w), float32
    """
    return np.stack([image, image[..., ::-1], image[..., ::-1, :], image[..., ::-1, ::-1]])


def in_parts(images: NDArray[np.float32], size: int) -> Sequence[NDArray[np.float32]]:
    """A batch in parts of at most ``size``: on a processor larger ones cost memory and gain nothing."""
    return [images[start : start + size] for start in range(0, len(images), size)]


def threshold_of(runner: Runner) -> float:
    """The package's first operating point that was fitted for the arithmetic in use."""
    precision = "bf16" if runner.backend is Backend.TORCH_BF16 else "fp32"
    points = runner.package.calibration.operating_points
    return next((point.threshold for point in points if point.precision == precision), DEFAULT_THRESHOLD)
