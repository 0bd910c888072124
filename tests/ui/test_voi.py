from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow
from mammoview.imaging.windowing import display_table
from mammoview.ui.viewport.voi import Adjustment, adjusted, caption, choices, table

WINDOW = VoiWindow(2000.0, 1000.0)
LUT = VoiLut(0, 8, np.linspace(0, 255, 4096).astype("<u2").tobytes(), "SOFT")
PLAIN = Grayscale(bits_stored=12, windows=(WINDOW,))


@pytest.mark.parametrize("voi", [WINDOW, LUT], ids=["window", "table"])
def test_an_untouched_window_is_the_headers(voi: VoiWindow | VoiLut) -> None:
    shown = table(PLAIN, voi, Adjustment())
    assert np.abs(shown.astype(int) - display_table(PLAIN, voi)).max() <= 1


@pytest.mark.parametrize(
    "voi", [WINDOW, LUT, VoiWindow(2000, 900, VoiFunction.SIGMOID)], ids=["window", "table", "sigmoid"]
)
@pytest.mark.parametrize("gray", [PLAIN, Grayscale(12, is_monochrome1=True)], ids=["plain", "monochrome1"])
@pytest.mark.parametrize("is_inverted", [False, True])
def test_dragging_up_is_brighter(voi: VoiWindow | VoiLut, gray: Grayscale, is_inverted: bool) -> None:
    before = table(gray, voi, Adjustment(), is_inverted=is_inverted)[:4096].astype(int)
    after = table(gray, voi, Adjustment().dragged(0, 60), is_inverted=is_inverted)[:4096].astype(int)
    assert (after >= before).all()
    assert after.sum() > before.sum()


def test_dragging_right_is_wider_and_left_brings_it_back() -> None:
    wide = Adjustment().dragged(100, 0)
    assert adjusted(WINDOW, wide).width > WINDOW.width
    assert adjusted(WINDOW, wide.dragged(-100, 0)).width == pytest.approx(WINDOW.width)


@pytest.mark.meets("MG-D06")
def test_a_table_of_the_header_is_stretched_without_a_step() -> None:
    shown = table(PLAIN, LUT, Adjustment(0.1, 1.5))[:4096].astype(int)
    assert np.abs(np.diff(shown)).max() <= 2


def test_no_drag_makes_a_window_without_width() -> None:
    narrow = Adjustment()
    for _ in range(100):
        narrow = narrow.dragged(-500, 300)
    assert adjusted(WINDOW, narrow).width >= 1.0
    assert np.isfinite(adjusted(WINDOW, narrow).center)


def test_the_header_offers_every_window_and_table_that_can_be_used() -> None:
    other = VoiWindow(1.0, 2.0)
    gray = Grayscale(12, windows=(VoiWindow(5, 0), VoiWindow(float("nan"), 5), WINDOW, other), luts=(LUT,))
    assert choices(gray, WINDOW) == (WINDOW, other, LUT)


def test_the_caption_tells_the_values_in_force() -> None:
    assert caption(PLAIN, WINDOW, Adjustment()) == "C 2000  W 1000"
    assert caption(PLAIN, WINDOW, Adjustment(0.1, 2.0)) == "C 1900  W 2000"
    assert caption(PLAIN, VoiWindow(2, 3, VoiFunction.SIGMOID), Adjustment()) == "C 2  W 3  SIGMOID"
    assert caption(PLAIN, LUT, Adjustment()) == "LUT SOFT"
    assert caption(PLAIN, WINDOW, Adjustment(), is_inverted=True).endswith("INVERTED")
