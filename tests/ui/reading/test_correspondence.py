"""The arc in the other view, its candidates, and the landmarks that they come from."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from reader_hand import CONTROL, SECONDS, SHIFT, SPOT, Hand, square

from mammoview.core.reading import LinkMaker, Region
from mammoview.core.study import ViewPosition
from mammoview.imaging.location import centre_of
from mammoview.ui.reading.correspondence_overlay import breast_of
from mammoview.ui.reading.shown import Tie

pytestmark = pytest.mark.gui

CC = SPOT[ViewPosition.CC]


def other_at(hand: Hand, label: str, distance: float, turn: float = 0.6) -> tuple[float, float]:
    """A point of a left view at a distance from its nipple, in mm."""
    frame = hand.board.frames[hand.image(label).id]
    assert frame.landmarks.nipple is not None
    row, col = frame.landmarks.nipple.point
    down, right = frame.spacing
    return row - distance * np.sin(turn) / down, col - distance * np.cos(turn) / right


def test_selecting_shows_the_band_and_ranks_who_lies_in_it(hand: Hand) -> None:
    frame = hand.board.frames[hand.image("LCC").id]
    kept = frame.distance(CC)
    assert kept is not None
    far = hand.board.add(hand.pane("LMLO"), square(other_at(hand, "LMLO", kept + 15), 20))
    best = hand.board.add(hand.pane("LMLO"), square(other_at(hand, "LMLO", kept + 3, turn=0.1), 20))
    hand.board.add(hand.pane("LMLO"), square(other_at(hand, "LMLO", kept - 45), 15))
    first = hand.board.add(hand.pane("LCC"), square(CC, 30))
    parts = hand.window.desk.findings.correspondence
    image_id = hand.image("LMLO").id
    band = parts.band_on(image_id)
    assert band is not None
    assert band.value == pytest.approx(kept, abs=0.5)
    assert parts.band_on(hand.image("RMLO").id) is None
    assert hand.board.candidates == (best, far)
    notes = {one.finding.id: (one.tie, one.note) for one in hand.board.shown(hand.pane("LMLO"))}
    assert notes[best] == (Tie.CANDIDATE, "match 1")
    assert notes[far] == (Tie.CANDIDATE, "match 2")

    def is_traced() -> bool:
        outline = parts.outline_on(image_id)
        return outline is not None and bool(outline.edges)

    hand.qtbot.waitUntil(is_traced, timeout=SECONDS)
    outline = parts.outline_on(image_id)
    assert outline is not None
    other = hand.board.frames[image_id]
    for line in outline.middle:
        assert all(abs((other.distance(point) or 0) - kept) < 2 for point in line)
    with_band = hand.pane("LMLO").grab().toImage()
    hand.key(Qt.Key.Key_C, SHIFT)
    assert hand.pane("LMLO").grab().toImage() != with_band

    hand.key(Qt.Key.Key_U, CONTROL)
    (link,) = hand.draft.links
    assert {link.first, link.second} == {first, best}
    # A pair tells the quadrant; what is linked has no candidates any more.
    assert hand.board.candidates == ()
    found = hand.board.finding
    assert found is not None
    assert found.location.region is not None
    assert not found.location.region.is_half
    hand.board.select("")
    assert parts.band_on(image_id) is None


def test_a_link_of_the_ai_is_proposed_and_kept_by_hand(hand: Hand) -> None:
    hand.reveal()
    hand.click(hand.pane("LCC"), CC)
    assert [one.tie for one in hand.board.shown(hand.pane("LMLO"))] == [Tie.PROPOSED]
    hand.do("link_finding")
    (link,) = hand.draft.links
    assert link.made_by is LinkMaker.HAND
    assert [one.tie for one in hand.board.shown(hand.pane("LMLO"))] == [Tie.LINKED]


def test_a_dragged_nipple_moves_locations_and_band_and_is_taken_back(hand: Hand) -> None:
    pane, image_id = hand.pane("LCC"), hand.image("LCC").id
    made = hand.board.add(pane, square((400.0, 200.0), 30))
    before = hand.board.of(made)
    nipple = hand.board.frames[image_id].landmarks.nipple
    assert before is not None
    assert nipple is not None
    assert before.location.region in {Region.OUTER, Region.CENTRAL}
    hand.key(Qt.Key.Key_N, CONTROL)
    to = (250.0, nipple.point[1] - 40)
    hand.drag(pane, nipple.point, (300.0, nipple.point[1]), to)
    moved = hand.board.frames[image_id].landmarks.nipple
    assert moved is not None
    assert moved.is_by_hand
    assert moved.point == pytest.approx(to, abs=2 / pane.placement.zoom[0])
    after = hand.board.of(made)
    assert after is not None
    assert after.location.region is Region.INNER
    assert after.location.nipple_mm != before.location.nipple_mm
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert hand.board.frames[image_id].landmarks.nipple == nipple
    again = hand.board.of(made)
    assert again is not None
    assert again.location == before.location
    hand.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert hand.board.frames[image_id].landmarks.nipple == moved


def test_the_wall_is_dragged_by_its_ends_and_nothing_else_is(hand: Hand) -> None:
    pane, image_id = hand.pane("LMLO"), hand.image("LMLO").id
    hand.do("landmarks")
    frame = hand.board.frames[image_id]
    assert frame.landmarks.wall.ends is not None
    hand.drag(pane, (2.0, 2.0), (100.0, 100.0), (60.0, 150.0))
    ends = hand.board.frames[image_id].landmarks.wall.ends
    assert ends is not None
    assert ends[0] == pytest.approx((60.0, 150.0), abs=3 / pane.placement.zoom[0])
    assert ends[1] == frame.landmarks.wall.ends[1]
    placement = pane.placement
    hand.drag(pane, (500.0, 250.0), (520.0, 260.0))
    # A drag elsewhere pans.
    assert pane.placement != placement
    assert hand.board.frames[image_id].landmarks.wall.ends == ends


def test_the_rough_breast_is_the_bright_piece(hand: Hand) -> None:
    pane = hand.pane("LCC")
    assert pane.image is not None
    mask = breast_of(pane.image, pane.breast, is_dark_high=False)
    assert mask.shape == pane.image.levels[0].shape
    row, col = (int(part) for part in centre_of(square((512.0, 150.0))))
    assert mask[row, col]
    assert not mask[10, -10]
    assert 0.1 < mask.mean() < 0.6
