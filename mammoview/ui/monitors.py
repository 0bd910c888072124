"""Which monitor is which, and how many pixels it really has."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication, QScreen


@dataclass(frozen=True)
class Display:
    """A monitor as it is connected now. Holds values only: Qt's own object goes when the monitor does.

    Attributes
    ----------
    key
        See `monitor_key`.
    name
        What a user recognises it by.
    geometry
        Where it lies on the desktop, in Qt's pixels.
    ratio
        Device pixels for each of Qt's.
    """

    key: str
    name: str
    geometry: QRect
    ratio: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns in device pixels, whatever the system's scaling."""
        return _device_length(self.geometry.height(), self.ratio), _device_length(self.geometry.width(), self.ratio)


def _device_length(length: int, ratio: float) -> int:
    """How many device pixels Qt divided and rounded to ``length``.

    With scaling by 1.5, 1366 and 1367 pixels both come out as 911. The number that more powers of two divide is taken:
    monitors are made so.
    """
    nearest = int(length * ratio + 0.5)
    even = [n for n in (nearest - 1, nearest, nearest + 1) if n % 2 == 0 and int(n / ratio + 0.5) == length]
    return max(even, key=lambda n: n & -n, default=nearest)


def displays() -> tuple[Display, ...]:
    """The monitors of this computer, the main one first."""
    return tuple(display_of(screen) for screen in QGuiApplication.screens())


def display_of(screen: QScreen) -> Display:
    """The values of one monitor."""
    return Display(monitor_key(screen), _name(screen), screen.geometry(), screen.devicePixelRatio())


def monitor_key(screen: QScreen) -> str:
    """What tells a monitor from others, also after the next start: maker, model and serial number.

    Where the system gives no serial number, the connector's name stands for it.
    """
    return "|".join((screen.manufacturer(), screen.model(), screen.serialNumber() or screen.name()))


def _name(screen: QScreen) -> str:
    model = " ".join(part for part in (screen.manufacturer(), screen.model()) if part)
    return f"{screen.name()} ({model})" if model and model != screen.name() else screen.name() or "display"
