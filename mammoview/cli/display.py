"""Whether a window can be opened here."""

from __future__ import annotations

import os
import sys

from mammoview.core.errors import UsageError


def has_display() -> bool:
    """Whether there is a screen to draw on, or Qt was told to do without."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def require_display() -> None:
    """Refuse to open a window where there is no screen.

    Raises
    ------
    UsageError
        When there is none.
    """
    if not has_display():
        raise UsageError(
            "There is no display to open the window on (neither DISPLAY nor WAYLAND_DISPLAY is set).",
            "Use “mammoview analyze PATH… --out DIR”, or log in with a screen (ssh -X).",
        )
