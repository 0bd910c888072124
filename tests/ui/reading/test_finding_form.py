"""What is said of a finding: with the real form of the real window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox
from reader_hand import SECONDS, SPOT, Hand, square

from mammoview.core.reading import (
    AssociatedFeature,
    CalcificationMorphology,
    Change,
    Depth,
    FindingType,
    MassMargin,
    MassShape,
    ReaderFinding,
    Region,
)
from mammoview.core.study import ViewPosition
from mammoview.ui.reading.finding_form import FindingForm
from mammoview.ui.reading.findings_panel import CaseFindings
from mammoview.ui.reading.location_form import LocationForm

pytestmark = pytest.mark.gui


def choose(box: QComboBox, text: str) -> None:
    """As a reader does: the list tells only what was activated."""
    index = box.findText(text)
    assert index >= 0, text
    box.setCurrentIndex(index)
    box.activated.emit(index)


@pytest.fixture
def made(hand: Hand) -> str:
    hand.window.desk.show_tab(hand.window.desk.findings.panel)
    return hand.board.add(hand.pane("LCC"), square((400.0, 200.0)))


@pytest.fixture
def form(hand: Hand) -> FindingForm:
    return hand.window.desk.findings.panel.form


def found(hand: Hand) -> ReaderFinding:
    finding = hand.board.finding
    assert finding is not None
    return finding


def test_descriptors_belong_to_the_type(hand: Hand, made: str, form: FindingForm) -> None:
    assert form.words["shape"].isVisible()
    assert not form.words["morphology"].isVisible()
    assert "shape, margin, density" in form.lacks.text()
    choose(form.words["shape"], "irregular")
    choose(form.words["margin"], "spiculated")
    assert found(hand).descriptors.shape is MassShape.IRREGULAR
    assert found(hand).descriptors.margin is MassMargin.SPICULATED
    assert form.lacks.text().endswith(": density")
    form.associated.actions_by_word[AssociatedFeature.CALCIFICATIONS].trigger()
    assert found(hand).descriptors.associated == (AssociatedFeature.CALCIFICATIONS,)
    choose(form.kind, "calcifications")
    assert found(hand).kind is FindingType.CALCIFICATIONS
    # Words of a mass went with it, and calcifications do not go along with themselves.
    assert found(hand).descriptors.given == frozenset()
    assert form.words["morphology"].isVisible()
    assert not form.words["shape"].isVisible()
    choose(form.words["morphology"], "fine pleomorphic")
    assert found(hand).descriptors.morphology is CalcificationMorphology.FINE_PLEOMORPHIC
    hand.do("undo")
    hand.do("undo")
    assert found(hand).descriptors.shape is MassShape.IRREGULAR


def test_change_size_and_comment_reach_the_report(hand: Hand, made: str, form: FindingForm) -> None:
    choose(form.change, "larger")
    assert found(hand).change is Change.LARGER
    form.size_mm.setFocus()
    form.size_mm.selectAll()
    hand.qtbot.keyClicks(form.size_mm, "12.5")
    hand.qtbot.keyClick(form.size_mm, Qt.Key.Key_Tab)
    assert found(hand).size_mm == pytest.approx(12.5)
    form.comment.setFocus()
    hand.qtbot.keyClicks(form.comment, "seen on both sides of the scar")
    hand.qtbot.keyClick(form.comment, Qt.Key.Key_Tab)
    assert found(hand).comment == "seen on both sides of the scar"
    text = "".join(section.text for section in hand.draft.sections)
    assert "scar" in text
    assert "12" in text or "13" in text


def test_the_location_is_computed_overridden_and_computed_again(hand: Hand, made: str, form: FindingForm) -> None:
    place: LocationForm = form.location
    computed = found(hand).location
    assert computed.region is not None
    assert place.region.currentText() == computed.region.value
    assert not place.computed.isEnabled()
    choose(place.region, "axillary tail")
    choose(place.third, "posterior third")
    choose(place.clock, "2 o'clock")
    assert found(hand).location.region is Region.AXILLARY_TAIL
    assert found(hand).location.depth is Depth.POSTERIOR
    assert found(hand).location.clock == 2
    assert place.computed.isEnabled()
    assert "Yours" in place.doubts.text()
    # Another outline does not take the reader's word away.
    hand.board.set_outline(made, square((600.0, 200.0)))
    assert found(hand).location.region is Region.AXILLARY_TAIL
    choose(place.clock, "9 o'clock")
    assert "do not fit" in place.doubts.text()
    place.computed.click()
    assert found(hand).location.region is Region.INNER
    assert found(hand).location.clock is None


def test_one_form_speaks_for_both_views(hand: Hand, form: FindingForm) -> None:
    hand.reveal()
    hand.window.desk.show_tab(hand.window.desk.findings.panel)
    hand.click(hand.pane("LCC"), SPOT[ViewPosition.CC])
    choose(form.words["margin"], "indistinct")
    lesion = hand.board.lesion
    assert lesion is not None
    assert [one.descriptors.margin for one in lesion.findings] == [MassMargin.INDISTINCT] * 2


def test_the_list_and_the_images_select_each_other(hand: Hand, made: str) -> None:
    panel = hand.window.desk.findings.panel
    other = hand.board.add(hand.pane("RMLO"), square((500.0, 600.0)))
    row = panel.list.currentItem()
    assert row is not None
    assert row.text(0) == "R1"
    hand.click(hand.pane("LCC"), (400.0, 200.0))
    row = panel.list.currentItem()
    assert row is not None
    assert row.text(0) == "L1"
    panel.list.setFocus()
    hand.qtbot.keyClick(panel.list, Qt.Key.Key_Up)
    assert hand.board.selected == other
    hand.qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert hand.board.selected == made
    hand.key(Qt.Key.Key_N)
    assert hand.board.selected == other
    hand.click(hand.pane("RCC"), (900.0, 800.0))
    assert panel.list.currentItem() is None
    assert not form_shown(panel)


def form_shown(panel: CaseFindings) -> bool:
    return panel.form.kind.isVisible()


def test_the_form_is_walked_through_with_the_keyboard(hand: Hand, made: str, form: FindingForm) -> None:
    form.kind.setFocus()
    seen = []
    for _ in range(16):
        focus = QApplication.focusWidget()
        assert focus is not None
        seen.append(focus)
        hand.qtbot.keyClick(focus, Qt.Key.Key_Tab)
    for widget in (form.words["shape"], form.words["density"], form.associated, form.change, form.comment):
        assert widget in seen
    form.kind.setFocus()
    hand.qtbot.keyClick(form.kind, Qt.Key.Key_Down)
    assert found(hand).kind is not FindingType.MASS


def test_the_wheel_changes_no_word_of_a_form_that_is_scrolled(hand: Hand, made: str, form: FindingForm) -> None:

    hand.window.setFocus()
    at = QPointF(form.kind.rect().center())
    event = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(form.kind, event)
    assert found(hand).kind is FindingType.MASS


def test_it_fits_a_small_window(hand: Hand, made: str, form: FindingForm) -> None:
    hand.qtbot.waitUntil(lambda: form.viewport().width() > 0, timeout=SECONDS)
    inner = form.widget()
    assert inner is not None
    assert inner.minimumSizeHint().width() <= form.viewport().width()
    assert hand.window.desk.right.width() <= 360
    for button in hand.window.desk.findings.panel.buttons:
        assert button.width() >= button.minimumSizeHint().width() - 1


def test_a_signed_case_is_only_shown(hand: Hand, made: str, form: FindingForm) -> None:
    case = hand.board.case
    assert case is not None
    draft = hand.draft
    signed = hand.put_case(is_signed=True)

    hand.show(replace(signed, draft=draft))
    hand.board.select(made)
    assert not form.kind.isEnabled()
    assert not hand.window.actions_by_id["delete_finding"].isEnabled()


def test_what_is_half_written_goes_with_what_it_was_written_of(hand: Hand, made: str, form: FindingForm) -> None:
    other = hand.board.add(hand.pane("RMLO"), square((500.0, 600.0)))
    hand.board.select(made)
    form.comment.setFocus()
    hand.qtbot.keyClicks(form.comment, "the left one")
    # A click on an image moves the selection, not the focus.
    hand.click(hand.pane("RMLO"), (500.0, 600.0))
    assert hand.board.selected == other
    first, second = hand.board.of(made), hand.board.of(other)
    assert first is not None
    assert second is not None
    assert (first.comment, second.comment) == ("the left one", "")
    assert form.comment.toPlainText() == ""
    hand.qtbot.keyClicks(form.comment, "the right one")
    form.size_mm.setFocus()
    form.size_mm.selectAll()
    hand.qtbot.keyClicks(form.size_mm, "17")
    hand.window.desk.reading.settling.emit()
    settled = hand.board.of(other)
    assert settled is not None
    assert settled.comment == "the right one"
    assert settled.size_mm == pytest.approx(17)


def test_nothing_is_drawn_on_an_image_of_another_exam(hand: Hand) -> None:
    case = hand.board.case
    assert case is not None
    images = tuple(image for image in case.draft.exam.images if image.id != hand.image("RCC").id)
    hand.show(replace(case, draft=replace(case.draft, exam=replace(case.draft.exam, images=images))))
    hand.do("finding_place")
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    assert hand.draft.findings == ()
    assert "another exam" in hand.window.desk.state_label.text()
