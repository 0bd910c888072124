"""The way from P-values to a monitor's driving levels (MG-D08).

P-values are equal steps of what an eye can tell apart. A monitor that was calibrated to the standard shows them as they
are; for another one a table is made here from its own characteristic curve (PS3.14, annex C).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError
from mammoview.imaging.gsdf import jnd, luminance

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TABLE_SIZE = 65_536


class Response(StrEnum):
    """How a monitor turns driving levels into light."""

    CALIBRATED = "calibrated"
    SRGB = "srgb"
    GAMMA22 = "gamma22"
    MEASURED = "measured"


@dataclass(frozen=True)
class Monitor:
    """A monitor's light.

    Attributes
    ----------
    response
        CALIBRATED: the monitor follows the standard by itself, and nothing may be applied a second time.
    black_cd_m2, white_cd_m2
        Luminance at the lowest and highest driving level without ambient light. Taken from ``measured`` where that is
        in force.
    ambient_cd_m2
        Light of the room that the screen reflects.
    measured
        (share of the highest driving level, cd/m²) pairs from 0 to 1 for MEASURED, without ambient light.
    """

    response: Response = Response.CALIBRATED
    black_cd_m2: float = 0.5
    white_cd_m2: float = 350.0
    ambient_cd_m2: float = 0.0
    measured: tuple[tuple[float, float], ...] = ()


def standard_curve(monitor: Monitor, p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Luminance that P-values should have on a monitor, ambient light included.

    Parameters
    ----------
    monitor
        Its black, white and ambient light.
    p_values
        0 to 1, any shape, float64.

    Returns
    -------
    ndarray, same shape, float64
        cd/m².

    Raises
    ------
    InputError
        When the monitor's light lies outside of what the standard covers.
    """
    black, white = (level + monitor.ambient_cd_m2 for level in _ends(monitor))
    if not black < white:
        raise InputError("The monitor's white is not brighter than its black.", "Check its luminance in the settings.")
    low, high = jnd(np.array([black, white]))
    return luminance(low + np.asarray(p_values, np.float64) * (high - low))


def driving_table(monitor: Monitor) -> NDArray[np.uint16] | None:
    """Table from P-value to driving level.

    Parameters
    ----------
    monitor
        What is known of the monitor.

    Returns
    -------
    ndarray or None
        Shape (65536,), uint16: 0 lowest, 65535 highest driving level. None where the monitor follows the standard by
        itself.

    Raises
    ------
    InputError
        When the luminance lies outside of what the standard covers, or the measured curve does not rise.
    """
    if monitor.response is Response.CALIBRATED:
        return None
    wanted = standard_curve(monitor, np.linspace(0.0, 1.0, _TABLE_SIZE)) - monitor.ambient_cd_m2
    levels = _levels_for(monitor, wanted)
    return np.rint(np.clip(levels, 0.0, 1.0) * (_TABLE_SIZE - 1)).astype(np.uint16)


def _ends(monitor: Monitor) -> tuple[float, float]:
    if monitor.response is Response.MEASURED:
        levels, light = _checked(monitor.measured)
        return float(light[int(np.argmin(levels))]), float(light[int(np.argmax(levels))])
    return monitor.black_cd_m2, monitor.white_cd_m2


def _levels_for(monitor: Monitor, cd_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    """The driving level, 0 to 1, at which the monitor itself shines with so many cd/m²."""
    if monitor.response is Response.MEASURED:
        from scipy.interpolate import PchipInterpolator

        levels, light = _checked(monitor.measured)
        # Steps of noticeable difference over the level are nearly a straight line; light itself bends by powers of ten.
        even = jnd(light + monitor.ambient_cd_m2)
        return np.asarray(PchipInterpolator(even, levels)(jnd(cd_m2 + monitor.ambient_cd_m2)), np.float64)
    share = np.clip((cd_m2 - monitor.black_cd_m2) / (monitor.white_cd_m2 - monitor.black_cd_m2), 0.0, 1.0)
    if monitor.response is Response.GAMMA22:
        return np.asarray(share ** (1 / 2.2))
    # IEC 61966-2-1.
    return np.where(share <= 0.0031308, 12.92 * share, 1.055 * share ** (1 / 2.4) - 0.055)


def _checked(measured: tuple[tuple[float, float], ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    levels, light = np.array(sorted(measured), np.float64).reshape(-1, 2).T
    is_whole = levels.size >= 2 and levels[0] == 0.0 and levels[-1] == 1.0
    if not is_whole or not all(map(math.isfinite, light)) or not (np.diff(levels) > 0).all():
        raise InputError(
            "The measured luminance does not reach from the lowest to the highest driving level, each measured once.",
            "Measure at least black and white, and better 18 levels.",
        )
    if light[0] <= 0 or not (np.diff(light) > 0).all():
        raise InputError("The measured luminance does not rise with the driving level.", "Measure the monitor again.")
    return levels, light
