"""Findings on the slices of a volume: drawn on one, seen on that one alone, found again from the list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reader_hand import SECONDS, Hand, square

from mammoview.session.demo import write_phantom
from mammoview.session.demo_volume import VolumePlan
from mammoview.ui.viewport.pane import Pane

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("volumes")
    write_phantom(folder, seed=5, rows=512, columns=416, volumes=VolumePlan(frames=6))
    (study,) = {path.parent for path in folder.rglob("*tomo.dcm")}
    for path in study.glob("*.dcm"):
        if "tomo" not in path.name:
            path.unlink()
    return study


def volume(hand: Hand) -> Pane:
    return next(pane for pane in hand.window.desk.wall.panes if hand.window.desk.frames.volume_of(pane) is not None)


def test_a_finding_lies_on_its_slice(open_hand: Callable[..., Hand], volumes: Path) -> None:
    hand = open_hand(volumes)
    hand.put_case()
    pane, frames = volume(hand), hand.window.desk.frames
    frames.jump(pane, 2)
    hand.qtbot.waitUntil(lambda: frames.stored_at(pane) != 0, timeout=SECONDS)
    stored = frames.stored_at(pane)
    corners = square((250.0, 120.0), 30)
    hand.window.desk.wall.activate(pane)
    hand.do("finding_polygon")
    hand.click(pane, *corners, corners[0])
    (made,) = hand.draft.findings
    assert made.frame == stored
    assert len(hand.board.shown(pane)) == 1
    hand.board.select("")
    frames.jump(pane, 5)
    hand.qtbot.waitUntil(lambda: frames.stored_at(pane) != stored, timeout=SECONDS)
    assert hand.board.shown(pane) == ()
    tree = hand.window.desk.findings.panel.list
    tree.setCurrentItem(tree.topLevelItem(0))
    hand.qtbot.waitUntil(lambda: frames.stored_at(pane) == stored, timeout=SECONDS)
    assert [one.finding.id for one in hand.board.shown(pane)] == [made.id]
