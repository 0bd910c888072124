"""What the window's tests share: the wall with a study of arrays on it."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from mammoview.core.geometry import Box
from mammoview.ui.viewport.wall import Wall

# For ``ui_study``, the arrays that the tests of this folder share.
sys.path.insert(0, str(Path(__file__).parent))

_ENDED = itertools.count(1)
#: A full collection takes as long as a small test.
_FULL_EVERY = 20


@pytest.fixture(autouse=True)
def collect_here() -> Iterator[None]:
    """Let widgets go on the thread that made them: a collection on another one would stop their timers from there."""
    gc.disable()
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect(2 if next(_ENDED) % _FULL_EVERY == 0 else 1)


@pytest.fixture
def wall(qtbot: QtBot) -> Wall:
    """A wall of 800×800 with four images on it."""
    from ui_study import COLUMNS, IMAGES, ROWS, WINDOW, make_display, make_hanging

    made = Wall()
    qtbot.addWidget(made)
    made.resize(800, 800)
    made.show_hanging(make_hanging())
    made.show()
    qtbot.waitExposed(made)
    for image in IMAGES:
        made.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), WINDOW)
    return made
