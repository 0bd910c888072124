from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from mammoview.ui.monitors import Display, displays

#: Rows and columns of monitors that people read on.
REAL = [(768, 1366), (1080, 1920), (1200, 1600), (2560, 2048), (2048, 2560), (2800, 2100), (2160, 3840), (3280, 4200)]
RATIOS = [1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0]


# Nobody triples the smallest one, and its odd width would then be a guess.
@pytest.mark.parametrize(
    ("shape", "ratio"), [(shape, ratio) for shape in REAL for ratio in RATIOS if ratio <= 2 or shape[1] != 1366]
)
def test_the_pixels_of_a_monitor_are_known_under_any_scaling(shape: tuple[int, int], ratio: float) -> None:
    rows, columns = (int(n / ratio + 0.5) for n in shape)
    assert Display("k", "n", QRect(0, 0, columns, rows), ratio).shape == shape


def test_every_monitor_has_a_key_and_a_name(qtbot: QtBot) -> None:
    found = displays()
    assert found
    assert len({display.key for display in found}) == len(found)
    assert all(display.name and display.key.count("|") == 2 for display in found)
