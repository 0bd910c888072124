"""Which monitor is which, and how many pixels it really has."""

from __future__ import annotations

from PySide6.QtGui import QScreen


def monitor_key(screen: QScreen) -> str:
    """What tells a monitor from others, also after the next start: maker, model and serial number.

    Where the system gives no serial number, the connector's name stands for it.
    """
    return "|".join((screen.manufacturer(), screen.model(), screen.serialNumber() or screen.name()))


def monitor_name(screen: QScreen) -> str:
    """What a user recognises a monitor by."""
    model = " ".join(part for part in (screen.manufacturer(), screen.model()) if part)
    return f"{screen.name()} ({model})" if model and model != screen.name() else screen.name() or "display"


def device_shape(screen: QScreen) -> tuple[int, int]:
    """Rows and columns in device pixels, whatever the system's scaling."""
    size, ratio = screen.geometry().size(), screen.devicePixelRatio()
    return int(size.height() * ratio + 0.5), int(size.width() * ratio + 0.5)
