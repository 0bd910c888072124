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
        return int(self.geometry.height() * self.ratio + 0.5), int(self.geometry.width() * self.ratio + 0.5)


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
