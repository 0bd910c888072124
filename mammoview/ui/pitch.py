"""How large a monitor's pixels are: as the user calibrated it, else as it says itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QScreen

from mammoview.session.pitches import is_plausible, monitor_name
from mammoview.ui.monitors import display_of

#: Where a monitor says nothing that can be: that of 96 pixels an inch.
_USUAL_MM = 25.4 / 96


@dataclass(frozen=True)
class Pitch:
    """From one device pixel to the next, mm."""

    mm: float
    is_calibrated: bool


class ScreenPitches:
    """The pitches in force.

    Parameters
    ----------
    calibrated
        Mm by `mammoview.session.pitches.monitor_name`.
    """

    def __init__(self, calibrated: Mapping[str, float] | None = None) -> None:
        self.calibrated = dict(calibrated or {})

    def of(self, screen: QScreen) -> Pitch:
        """The pitch of a monitor."""
        known = self.calibrated.get(name_of(screen))
        return Pitch(known, is_calibrated=True) if known is not None else Pitch(told_pitch(screen), is_calibrated=False)


def name_of(screen: QScreen) -> str:
    """What a monitor's calibration is kept under."""
    display = display_of(screen)
    return monitor_name(display.key, *display.shape)


def told_pitch(screen: QScreen) -> float:
    """The pitch, mm, from the size that the monitor tells the system; the usual one where that cannot be."""
    rows, columns = display_of(screen).shape
    size = screen.physicalSize()
    pitches = [mm / pixels for mm, pixels in ((size.height(), rows), (size.width(), columns)) if pixels]
    told = sum(pitches) / len(pitches) if pitches else 0.0
    # Some tell the ratio of the sides in place of their lengths: those come out askew.
    is_square = bool(pitches) and max(pitches) <= 1.1 * max(min(pitches), 1e-6)
    return told if is_square and is_plausible(told) else _USUAL_MM
