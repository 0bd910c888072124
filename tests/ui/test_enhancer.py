"""Local contrast and denoising on the wall: marked, reversible, and never what is read out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot
from ui_study import IMAGES

from mammoview.core.study import VoiWindow
from mammoview.ui.bridge import Background
from mammoview.ui.enhancer import Enhancer
from mammoview.ui.viewport.enhanced import Wish, enhance
from mammoview.ui.viewport.voi import Adjustment
from mammoview.ui.viewport.wall import Wall


@pytest.fixture
def enhancer(wall: Wall, qapp: object) -> Iterator[Enhancer]:
    background = Background()
    yield Enhancer(wall, background)
    background.close()


def gray(wall: Wall) -> list[np.ndarray]:
    """What each pane paints, without text."""
    made = []
    for pane in wall.panes:
        pane.grab()
        # At rest: the quick look may or may not have gone.
        pane._renderer.settle(pane._renderer.exact(pane.placement.to_device, pane.device_size))
        made.append(np.array(pane._renderer.gray(pane._table())))
    return made


def wish(enhancer: Enhancer, *, clahe: bool = False, denoised: bool = False, clip: float = 3.0) -> None:
    enhancer.set_wish(is_clahe=clahe, is_denoised=denoised, clip_limit=clip)


def is_made(wall: Wall) -> bool:
    return all(pane.enhanced is not None for pane in wall.panes)


@pytest.mark.parametrize(
    ("clahe", "denoised", "badges"),
    [
        (True, False, ("ENHANCED: CLAHE",)),
        (False, True, ("DENOISED",)),
        (True, True, ("ENHANCED: CLAHE", "DENOISED")),
    ],
)
def test_it_is_marked_and_the_original_comes_back_bit_by_bit(
    wall: Wall, enhancer: Enhancer, qtbot: QtBot, clahe: bool, denoised: bool, badges: tuple[str, ...]
) -> None:
    before = gray(wall)
    wish(enhancer, clahe=clahe, denoised=denoised)
    assert all(pane.badges == ("ENHANCING …",) for pane in wall.panes)
    assert all((a == b).all() for a, b in zip(before, gray(wall), strict=True)), "until it is ready"
    qtbot.waitUntil(lambda: is_made(wall))
    assert all(pane.badges == badges for pane in wall.panes)
    if clahe:
        assert any((a != b).any() for a, b in zip(before, gray(wall), strict=True))
    wish(enhancer)
    assert all(pane.badges == () for pane in wall.panes)
    assert all((a == b).all() for a, b in zip(before, gray(wall), strict=True))


def test_values_are_read_from_the_original(wall: Wall, enhancer: Enhancer, qtbot: QtBot) -> None:
    pane = wall.panes[0]
    at = QPointF(*reversed(pane.middle))
    before = pane.read_out(at)
    wish(enhancer, clahe=True, denoised=True)
    qtbot.waitUntil(lambda: is_made(wall))
    assert "value" in before
    assert pane.read_out(at) == before
    assert pane.image is not None
    assert pane.image.levels[0].max() == 900


def test_the_window_still_works_and_another_window_is_made_anew(wall: Wall, enhancer: Enhancer, qtbot: QtBot) -> None:
    wish(enhancer, clahe=True)
    qtbot.waitUntil(lambda: is_made(wall))
    first, before = wall.panes[0].enhanced, gray(wall)
    wall.tones.set_adjustment(Adjustment(0.3, 0.5))
    assert wall.panes[0].enhanced is first, "no pixel is computed for a drag"
    assert any((a != b).any() for a, b in zip(before, gray(wall), strict=True))
    pane = wall.panes[0]
    pane.set_shade(replace(pane.shade, voi=VoiWindow(300.0, 200.0)))
    qtbot.waitUntil(lambda: pane.enhanced is not None and pane.enhanced is not first)
    assert pane.enhanced is not None
    assert pane.enhanced.wish.voi == VoiWindow(300.0, 200.0)


def test_what_is_overtaken_is_never_shown(wall: Wall, enhancer: Enhancer, qtbot: QtBot) -> None:
    wish(enhancer, clahe=True)
    wish(enhancer, denoised=True)
    qtbot.waitUntil(lambda: is_made(wall))
    assert all(pane.badges == ("DENOISED",) for pane in wall.panes)
    wish(enhancer, clahe=True)
    wish(enhancer)
    qtbot.wait(300)
    assert all(pane.enhanced is None and pane.badges == () for pane in wall.panes)


def test_padding_stays_black(wall: Wall) -> None:
    from ui_study import GRAY, WINDOW, make_display

    image = make_display(IMAGES[0], padding_columns=80)
    made = enhance(image, GRAY, Wish(is_clahe=True, clip_limit=4.0, voi=WINDOW))
    assert (made.levels[0][:, -80:] == 0).all()
    assert made.levels[0][300, 100] > made.levels[0][5, 300], "tissue is brighter than air"
    assert [level.shape for level in made.levels] == [level.shape for level in image.levels]
