"""What the AI proposes: not seen before the reveal, seen once, judged with a reason, hidden with one key."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from reader_hand import CONTROL, SPOT, Hand, square
from ui_study import COLUMNS, ROWS, make_mammogram, make_result

from mammoview.core.reading import LinkMaker, RejectReason, VerdictKind
from mammoview.core.study import ViewPosition
from mammoview.ui.reading.shown import Standing, Tie, standing
from mammoview.ui.viewport.layers import Layer, OverlayOptions, prepare
from mammoview.ui.viewport.marks import paint_marks
from mammoview.ui.viewport.placement import Placement

pytestmark = pytest.mark.gui


def names_in(hand: Hand) -> list[str]:
    tree = hand.window.desk.findings.panel.list
    rows = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [row.text(0) for row in rows if row is not None]


def test_nothing_of_the_ai_is_there_before_the_reveal(hand: Hand) -> None:
    for identity in ("ai_marks", "ai_scores", "ai_hide", "ask_ai", "finding_assist", "accept_finding"):
        action = hand.window.actions_by_id[identity]
        assert not action.isEnabled(), identity
        assert action.toolTip()
    assert "after the first read" in hand.window.actions_by_id["ask_ai"].toolTip()
    assert names_in(hand) == []
    hand.reveal()
    assert hand.window.actions_by_id["ai_marks"].isChecked()
    assert names_in(hand) == ["AI1", "AI2"]


def test_three_keys_show_marks_and_scores_and_hide_all(hand: Hand) -> None:
    hand.reveal()
    pane = hand.pane("LCC")
    shown = hand.board.shown(pane)
    assert [(one.name, one.note) for one in shown] == [("AI2", "")]
    with_marks = pane.grab().toImage()
    hand.key(Qt.Key.Key_Asterisk, Qt.KeyboardModifier.KeypadModifier)
    assert [one.note for one in hand.board.shown(pane)] == ["0.81"]
    assert Layer.SALIENCY in hand.window.desk.options.visible
    hand.key(Qt.Key.Key_Slash, Qt.KeyboardModifier.KeypadModifier)
    assert hand.board.shown(pane) == ()
    hand.key(Qt.Key.Key_Slash)
    assert len(hand.board.shown(pane)) == 1
    hand.key(Qt.Key.Key_Minus, Qt.KeyboardModifier.KeypadModifier)
    assert hand.board.shown(pane) == ()
    assert Layer.SALIENCY not in hand.window.desk.options.visible
    assert names_in(hand) == []
    assert not hand.window.actions_by_id["ai_scores"].isChecked()
    hand.key(Qt.Key.Key_Slash)
    hand.window.desk.wall.refresh()
    assert pane.grab().toImage() == with_marks


def test_a_linked_pair_is_one_row_and_judged_together(hand: Hand) -> None:
    hand.reveal()
    hand.click(hand.pane("LMLO"), SPOT[ViewPosition.MLO])
    found = hand.board.finding
    assert found is not None
    assert found.image_id == hand.image("LMLO").id
    tree = hand.window.desk.findings.panel.list
    row = tree.currentItem()
    assert row is not None
    assert (row.text(0), row.text(2), row.text(4)) == ("AI2", "CC + MLO", "open")
    (partner,) = hand.board.shown(hand.pane("LCC"))
    assert partner.tie is Tie.PROPOSED
    hand.key(Qt.Key.Key_A, CONTROL)
    taken = [one for one in hand.draft.findings if one.verdict is not None]
    assert {one.verdict.kind for one in taken if one.verdict} == {VerdictKind.ACCEPTED}
    assert len(taken) == 2
    assert names_in(hand) == ["L1", "AI1"]
    # Two views tell the quadrant, and both say the same.
    assert len({one.location for one in taken}) == 1
    assert taken[0].location.clock is not None
    assert any("L1" in section.text for section in hand.draft.sections)
    hand.do("take_back_verdict")
    assert all(one.verdict is None for one in hand.draft.findings)


def test_a_rejection_asks_for_a_reason_and_for_words_where_the_list_has_none(hand: Hand) -> None:
    hand.reveal()
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    hand.key(Qt.Key.Key_X, CONTROL)
    box = hand.window.desk.findings.panel.reject_box
    assert box.isVisible()
    box.reason.setCurrentIndex(box.reason.words.index(RejectReason.OTHER))
    assert not box.button.isEnabled()
    hand.qtbot.keyClicks(box.comment, "known scar")
    assert box.button.isEnabled()
    hand.qtbot.keyClick(box.comment, Qt.Key.Key_Return)
    (out,) = [one for one in hand.draft.findings if standing(one) is Standing.REJECTED]
    assert out.verdict is not None
    assert (out.verdict.reason, out.verdict.comment) == (RejectReason.OTHER, "known scar")
    # Still selected, therefore shown; gone with the selection, and listed last.
    pane = hand.pane("RCC")
    assert len(hand.board.shown(pane)) == 1
    hand.click(pane, (800.0, 600.0))
    assert hand.board.shown(pane) == ()
    assert names_in(hand)[-1] == hand.window.desk.findings.panel.list.topLevelItem(1).text(0)  # type: ignore[union-attr]
    hand.window.desk.findings.panel.list.setCurrentItem(hand.window.desk.findings.panel.list.topLevelItem(1))
    assert [one.standing for one in hand.board.shown(pane)] == [Standing.REJECTED]
    hand.do("take_back_verdict")
    assert not [one for one in hand.draft.findings if one.verdict is not None]


def test_escape_leaves_the_finding_as_it_is(hand: Hand) -> None:
    hand.reveal()
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    hand.do("reject_finding")
    box = hand.window.desk.findings.panel.reject_box
    hand.qtbot.keyClick(box.comment, Qt.Key.Key_Escape)
    assert not box.isVisible()
    assert all(one.verdict is None for one in hand.draft.findings)


def test_links_are_made_by_hand_and_parted(hand: Hand) -> None:
    cc = hand.board.add(hand.pane("LCC"), square(SPOT[ViewPosition.CC]))
    mlo = hand.board.add(hand.pane("LMLO"), square((700.0, 120.0)))
    assert len(hand.board.lesions) == 2
    hand.do("link_finding")
    if not hand.draft.links:
        # Nothing lies in the band: the next one that is clicked is meant.
        hand.click(hand.pane("LCC"), SPOT[ViewPosition.CC])
    (link,) = hand.draft.links
    assert {link.first, link.second} == {cc, mlo}
    assert link.made_by is LinkMaker.HAND
    assert names_in(hand) == ["L1"]
    hand.do("unlink_finding")
    assert hand.draft.links == ()
    assert sorted(names_in(hand)) == ["L1", "L2"]


def test_an_own_finding_is_deleted_one_of_the_ai_is_not(hand: Hand) -> None:
    hand.reveal()
    hand.board.add(hand.pane("RMLO"), square((500.0, 600.0)))
    hand.do("delete_finding")
    assert all(one.origin.is_from_ai for one in hand.draft.findings)
    hand.click(hand.pane("LCC"), SPOT[ViewPosition.CC])
    assert not hand.window.actions_by_id["delete_finding"].isEnabled()
    assert len(hand.draft.findings) == 3


def test_the_ais_findings_are_not_painted_twice(hand: Hand) -> None:
    assert hand.window.desk.options.read == {image.id for image in hand.study.images}
    hand.show(None)
    assert hand.window.desk.options.read == frozenset()


def test_one_key_leaves_the_images_alone_and_brings_all_back(hand: Hand) -> None:
    pane = hand.pane("LCC")
    bare = pane.grab().toImage()
    hand.board.add(pane, square(SPOT[ViewPosition.CC]))
    hand.window.desk.wall.activate(hand.pane("RCC"))
    assert hand.board.shown(pane)
    hand.key(Qt.Key.Key_Space)
    assert hand.board.shown(pane) == ()
    hand.window.desk.wall.activate(hand.window.desk.wall.panes[0])
    if hand.window.desk.wall.panes[0] is not pane:
        assert pane.grab().toImage() == bare
    hand.key(Qt.Key.Key_Space)
    assert hand.board.shown(pane)


def test_enter_on_the_list_is_the_readings_own_key(hand: Hand) -> None:
    hand.board.add(hand.pane("LCC"), square(SPOT[ViewPosition.CC]))
    panel, pressed = hand.window.desk.findings.panel, []
    hand.window.desk.show_tab(panel)
    hand.window.actions_by_id["take_step"].triggered.connect(lambda: pressed.append("step"))
    panel.list.setFocus()
    hand.qtbot.keyClick(panel.list, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert pressed == ["step"]
    panel.form.size_mm.setFocus()
    hand.qtbot.keyClick(panel.form.size_mm, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert pressed == ["step"]


def test_an_edited_outline_is_taken_back_or_rejected(hand: Hand) -> None:
    hand.reveal()
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    first = hand.board.finding
    assert first is not None
    hand.board.set_outline(first.id, square((500.0, 600.0), 80))
    edited = hand.board.finding
    assert edited is not None
    assert standing(edited) is Standing.EDITED
    assert not hand.window.actions_by_id["accept_finding"].isEnabled()
    hand.do("take_back_verdict")
    again = hand.board.finding
    assert again is not None
    assert (again.contour, again.origin, again.verdict) == (first.contour, first.origin, None)
    hand.board.set_outline(first.id, square((500.0, 600.0), 80))
    hand.do("reject_finding")
    box = hand.window.desk.findings.panel.reject_box
    box.reason.setCurrentIndex(box.reason.words.index(RejectReason.ARTIFACT))
    box.button.click()
    out = hand.board.finding
    assert out is not None
    assert standing(out) is Standing.REJECTED
    assert out.contour == first.contour


def test_a_read_images_findings_are_left_to_the_reader() -> None:
    image = make_mammogram()
    prepared = prepare(make_result(image), 3)

    def painted(options: OverlayOptions) -> QImage:
        on = QImage(480, 600, QImage.Format.Format_ARGB32_Premultiplied)
        on.fill(Qt.GlobalColor.transparent)
        painter = QPainter(on)
        paint_marks(
            painter, prepared, Placement(ROWS, COLUMNS), options, size=(600, 480), selected=frozenset(), line_px=1.0
        )
        painter.end()
        return on

    bare = painted(OverlayOptions(visible=frozenset()))
    assert painted(OverlayOptions()) != bare
    assert painted(OverlayOptions(read=frozenset({image.id}))) == bare
