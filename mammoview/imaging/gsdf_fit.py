"""How well a measured display follows the grayscale standard display function, and how alike two displays are.

The measure is that of AAPM On-line Report 03 (TG18), section on luminance response, in the terms of DICOM PS3.14
annex C: between two measured levels, the contrast dL/L for each just noticeable difference (JND) that the standard
expects there, against the contrast which the standard's own curve has between the same two ends of the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammoview.core.errors import InputError
from mammoview.imaging.gsdf import jnd, luminance


@dataclass(frozen=True)
class GsdfFit:
    """A measured luminance response beside the standard's.

    Attributes
    ----------
    levels
        Driving levels, shape (n,), rising.
    measured, expected
        Luminance at each level, cd/m², ambient light included: measured, and on the standard's curve between the same
        darkest and brightest luminance.
    indices
        JND index that the standard gives each level.
    middles
        JND index in the middle of each step between two levels, shape (n - 1,).
    contrasts, expected_contrasts
        dL/L per JND of each step, measured and expected.
    """

    levels: NDArray[np.float64]
    measured: NDArray[np.float64]
    expected: NDArray[np.float64]
    indices: NDArray[np.float64]
    middles: NDArray[np.float64]
    contrasts: NDArray[np.float64]
    expected_contrasts: NDArray[np.float64]

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Departure of each step's contrast from the expected one, as a part of it: 0.1 is 10 % too much."""
        return np.asarray(self.contrasts / self.expected_contrasts - 1.0)

    @property
    def worst(self) -> float:
        """The largest departure, without its sign."""
        return float(np.abs(self.deviations).max())

    @property
    def mean(self) -> float:
        """The mean of the departures, without their signs."""
        return float(np.abs(self.deviations).mean())

    @property
    def darkest(self) -> float:
        """Luminance of black with the room's light (L'min), cd/m²."""
        return float(self.measured[0])

    @property
    def brightest(self) -> float:
        """Luminance of white with the room's light (L'max), cd/m²."""
        return float(self.measured[-1])

    @property
    def ratio(self) -> float:
        """Luminance ratio L'max / L'min."""
        return self.brightest / self.darkest

    @property
    def steps(self) -> float:
        """Just noticeable differences from black to white."""
        return float(self.indices[-1] - self.indices[0])


def fit(levels: Sequence[int], luminances: Sequence[float]) -> GsdfFit:
    """Hold a measured response against the standard's.

    Parameters
    ----------
    levels
        Digital driving levels, rising, two at least.
    luminances
        Luminance at each, cd/m², ambient light included.

    Raises
    ------
    InputError
        When there are fewer than two, their lengths differ, levels do not rise, white is not brighter than black, or a
        luminance lies outside the standard's range.
    """
    at = np.asarray(levels, np.float64)
    measured = np.asarray(luminances, np.float64)
    if at.size < 2 or at.size != measured.size or np.any(np.diff(at) <= 0):
        raise InputError("A fit needs luminances at two levels or more, each level once.", "Measure more levels.")
    ends = jnd(measured)[[0, -1]]
    if not ends[1] > ends[0]:
        raise InputError("White is not brighter than black in these measurements.", "Check the order of the readings.")
    indices = ends[0] + (at - at[0]) / (at[-1] - at[0]) * (ends[1] - ends[0])
    # The index comes back from the curve to the last digits but one; what is just outside would be refused.
    expected = luminance(np.clip(indices, ends[0], ends[1]))
    width = np.diff(indices)
    return GsdfFit(
        levels=at,
        measured=measured,
        expected=expected,
        indices=indices,
        middles=indices[:-1] + width / 2,
        contrasts=_contrast(measured) / width,
        expected_contrasts=_contrast(expected) / width,
    )


def _contrast(luminances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The step between neighbours as a part of their mean."""
    return np.asarray(2.0 * np.diff(luminances) / (luminances[1:] + luminances[:-1]))


@dataclass(frozen=True)
class PairFit:
    """Two displays side by side.

    Attributes
    ----------
    brightest
        Difference of white, as a part of the two displays' mean.
    levels
        Driving levels that both were measured at.
    differences
        Second less first at each, as a part of their mean.
    """

    brightest: float
    levels: NDArray[np.float64]
    differences: NDArray[np.float64]

    @property
    def worst(self) -> float:
        """The largest difference at any common level, without its sign."""
        return float(np.abs(self.differences).max())


def compare(first: GsdfFit, second: GsdfFit) -> PairFit:
    """Hold the responses of two displays against each other.

    Raises
    ------
    InputError
        When they have no level in common.
    """
    common = np.intersect1d(first.levels, second.levels)
    if not common.size:
        raise InputError("The two monitors were measured at different levels.", "Measure both at the same levels.")
    one = first.measured[np.searchsorted(first.levels, common)]
    other = second.measured[np.searchsorted(second.levels, common)]
    white = (second.brightest - first.brightest) / ((second.brightest + first.brightest) / 2)
    return PairFit(float(white), common, np.asarray((other - one) / ((other + one) / 2)))
