"""Deciding with the mouse and the keypad, as the panel shows it and the worklist stores it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.core.errors import Problem
from mammoview.core.reading import (
    Assessment,
    Density,
    DensityRead,
    QualityFault,
    Recommendation,
    RevealProtocol,
)
from mammoview.core.study import Laterality
from mammoview.imaging.density import ExamDensity
from mammoview.session.anatomy import DensityAnswer
from mammoview.session.messages import Messages
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui import theme
from mammoview.ui.key_binding import KeyBinding
from mammoview.ui.reading.decision_panel import AskDensity, DecisionPanel
from mammoview.ui.reading.key_map import short_keys
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.reading.sign_off import SignOff

sys.path.insert(0, str(Path(__file__).parent))

from reading_case import case_of, close, open_case, reading_desk, wait_until

RIGHT, LEFT = Laterality.RIGHT, Laterality.LEFT
Make = Callable[..., DecisionPanel]


@pytest.fixture
def worklist(tmp_path: Path) -> Worklist:
    return open_worklist(tmp_path / "worklist.db")[0]


@pytest.fixture
def desk(qapp: object, worklist: Worklist) -> Iterator[ReadingDesk]:
    made = reading_desk(worklist)
    yield made
    close(made)


@pytest.fixture
def make(qtbot: QtBot, desk: ReadingDesk) -> Make:
    def made(ask_density: AskDensity | None = None) -> DecisionPanel:
        sign_off = SignOff(desk, desk)
        panel = DecisionPanel(desk, sign_off, KeyBinding(Messages(), desk), ask_density=ask_density)
        qtbot.addWidget(panel)
        panel.resize(310, 620)
        panel.show()
        return panel

    return made


def set_protocol(worklist: Worklist, desk: ReadingDesk, **changes: object) -> None:
    assert desk.seat is not None
    worklist.protocols.change(desk.seat, Protocol(**changes))  # type: ignore[arg-type]


def commit(panel: DecisionPanel, desk: ReadingDesk) -> None:
    panel.step.click()
    wait_until(lambda: case_of(desk).is_committed)


def test_without_a_case_nothing_can_be_decided(make: Make) -> None:
    panel = make()
    assert not panel.step.isEnabled()
    assert not panel.boxes[RIGHT].categories[Assessment.NEGATIVE].isEnabled()
    assert "worklist" in panel.state.text()


def test_a_click_decides_for_one_breast_and_a_second_takes_it_back(make: Make, desk: ReadingDesk) -> None:
    panel = make()
    open_case(desk)
    button = panel.boxes[LEFT].categories[Assessment.LOW_SUSPICION]
    button.click()
    decision = case_of(desk).draft.breast(LEFT)
    assert decision is not None
    assert decision.assessment is Assessment.LOW_SUSPICION
    assert case_of(desk).draft.breast(RIGHT) is None
    assert panel.step.text() == "Commit first read"
    assert not panel.step.isEnabled()
    assert panel.note.text() == "Give the right breast its category."
    button.click()
    assert case_of(desk).draft.breasts == ()
    assert not button.isChecked()


def test_recall_recommendation_and_keys_for_one_breast(make: Make, desk: ReadingDesk) -> None:
    panel = make()
    open_case(desk)
    panel.boxes[RIGHT].title.click()
    assert panel.focus is RIGHT
    panel.assess(Assessment.SUSPICIOUS)
    panel.boxes[RIGHT].recall.click()
    action = next(one for one in panel.boxes[RIGHT].recommend.menu().actions() if one.text() == "Ultrasound")
    action.trigger()
    decision = case_of(desk).draft.breast(RIGHT)
    assert decision is not None
    assert (decision.assessment, decision.is_recalled) == (Assessment.SUSPICIOUS, True)
    assert decision.recommendations == (Recommendation.ULTRASOUND,)
    assert panel.boxes[RIGHT].recommend.text() == "Ultrasound"
    assert case_of(desk).draft.breast(LEFT) is None
    panel.boxes[RIGHT].title.click()
    assert panel.focus is None
    assert panel.boxes[LEFT].title.isChecked()


def test_what_was_committed_is_locked_until_the_reveal_and_the_difference_is_told(
    make: Make, desk: ReadingDesk
) -> None:
    panel = make()
    open_case(desk)
    panel.assess(Assessment.NEGATIVE)
    assert not panel.reveal.isEnabled()
    assert "committed your first read" in panel.reveal.toolTip()
    commit(panel, desk)
    button = panel.boxes[RIGHT].categories[Assessment.LOW_SUSPICION]
    assert not button.isEnabled()
    assert "before the AI" in panel.state.text()
    assert panel.step.text() == "Sign report"
    panel.reveal.click()
    wait_until(lambda: case_of(desk).is_revealed)
    assert button.isEnabled()
    assert "AI revealed" in panel.state.text()
    assert "no change" in panel.state.text()
    button.click()
    assert "right: BI-RADS 1 → 4A; no recall → recall" in panel.state.text()


def test_a_signature_that_cannot_be_says_why_and_one_that_can_asks_once(make: Make, desk: ReadingDesk) -> None:
    panel = make()
    wanted: list[bool] = []
    panel.remarks_wanted.connect(lambda: wanted.append(True))
    open_case(desk)
    panel.assess(Assessment.NEGATIVE)
    commit(panel, desk)
    panel.step.click()
    assert "density" in panel.note.text()
    assert wanted == [True]
    panel.density.letters[Density.SCATTERED].click()
    panel.step.click()
    assert "The AI was not revealed" in panel.note.text()
    assert panel.step.text() == "Sign now"
    assert not case_of(desk).is_signed
    panel.step.click()
    wait_until(lambda: case_of(desk).is_signed)
    assert "Signed" in panel.state.text()
    assert panel.step.text() == "Next case"
    assert not panel.density.letters[Density.SCATTERED].isEnabled()


def test_a_change_takes_the_question_away(make: Make, desk: ReadingDesk) -> None:
    panel = make()
    open_case(desk)
    panel.assess(Assessment.NEGATIVE)
    panel.choose_density(Density.FATTY)
    commit(panel, desk)
    panel.step.click()
    assert panel.step.text() == "Sign now"
    panel.choose_density(None)
    assert panel.step.text() == "Sign report"
    panel.step.click()
    assert not case_of(desk).is_signed


def test_density_is_measured_only_after_the_reader_chose_and_the_letter_stays(make: Make, desk: ReadingDesk) -> None:
    asked: list[str] = []
    measured = ExamDensity(31.4, Density.HETEROGENEOUS, ((RIGHT, 31.4), (LEFT, 28.0)))

    def ask(uid: str, then: Callable[[DensityAnswer | Problem], None]) -> None:
        asked.append(uid)
        # The session answers from one of its own threads.
        told = DensityAnswer(uid, measured, (), ("Two views only.",))
        answering = threading.Thread(target=then, args=(told,))
        answering.start()
        answering.join()

    panel = make(ask)
    case = open_case(desk)
    assert asked == []
    assert panel.density.told.text() == ""
    panel.density.letters[Density.SCATTERED].click()
    wait_until(lambda: case_of(desk).draft.density != DensityRead(Density.SCATTERED))
    read = case_of(desk).draft.density
    assert read is not None
    assert (read.grade, read.proposed, read.percent) == (Density.SCATTERED, Density.HETEROGENEOUS, 31.4)
    assert panel.density.told.text() == "31 % dense, c proposed, yours is b"
    assert panel.density.told.toolTip() == "Two views only."
    panel.density.letters[Density.HETEROGENEOUS].click()
    read = case_of(desk).draft.density
    assert read is not None
    assert not read.is_overridden
    assert asked == [case.uid]


def test_quality_is_noted_for_one_image_and_taken_away(make: Make, desk: ReadingDesk) -> None:
    panel = make()
    case = open_case(desk)
    image = next(one for one in case.draft.exam.images if one.label == "LMLO")
    panel.quality.buttons[image.id].click()
    dialog = panel.quality.dialog
    assert dialog is not None
    texts = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert not any(text.startswith("CC:") for text in texts)
    assert not dialog.repeat.isEnabled()
    dialog.list.item(texts.index("Motion blur")).setCheckState(Qt.CheckState.Checked)
    dialog.repeat.click()
    dialog.accept()
    (note,) = case_of(desk).draft.quality
    assert (note.label, note.faults, note.needs_repeat) == ("LMLO", (QualityFault.MOTION,), True)
    assert panel.quality.buttons[image.id].text() == "LMLO ↻"
    panel.quality.buttons[image.id].click()
    dialog = panel.quality.dialog
    assert dialog is not None
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.accept()
    assert case_of(desk).draft.quality == ()


def test_suspicion_is_asked_for_in_a_reader_study_and_told_before_the_commit(
    make: Make, desk: ReadingDesk, worklist: Worklist
) -> None:
    panel = make()
    open_case(desk)
    assert not panel.boxes[RIGHT].suspicion.isVisibleTo(panel)
    desk.close_case()
    set_protocol(worklist, desk, reading=ReadingMode.READER_STUDY)
    open_case(desk, 2)
    assert panel.boxes[RIGHT].suspicion.isVisibleTo(panel)
    panel.assess(Assessment.NEGATIVE)
    assert panel.note.text() == "Say how suspicious each breast is."
    panel.set_focus(LEFT)
    panel.suspect_more(10)
    panel.suspect_more(-30)
    assert panel.note.text() == "Say how suspicious the right breast is."
    panel._sign_off.step()
    assert desk.session.messages.history[-1].problem.message == "Say how suspicious the right breast is."
    panel.boxes[RIGHT].slider.setValue(80)
    wait_until(panel.step.isEnabled)
    panel.boxes[RIGHT].slider.setValue(35)
    panel.step.click()
    wait_until(lambda: case_of(desk).is_committed)
    reading = case_of(desk).reading
    assert reading is not None
    assert reading.before is not None
    assert reading.before.score == 35


def test_without_the_ai_nothing_is_revealed(make: Make, desk: ReadingDesk, worklist: Worklist) -> None:
    set_protocol(worklist, desk, reveal=RevealProtocol.NEVER)
    panel = make()
    open_case(desk)
    panel.assess(Assessment.BENIGN)
    assert panel.step.text() == "Commit decision"
    commit(panel, desk)
    assert not panel.reveal.isEnabled()
    assert "without the AI" in panel.reveal.toolTip()


def test_the_keys_are_printed_and_follow_changes(make: Make) -> None:
    panel = make()
    assert not panel.key_map.text.isVisibleTo(panel)
    panel.resize(310, 1400)
    assert panel.key_map.text.isVisibleTo(panel), "there is room for it"
    panel.key_map.fold.click()
    panel.resize(310, 1500)
    assert not panel.key_map.text.isVisibleTo(panel), "the reader folded it"
    panel.key_map.fold.click()
    assert panel.key_map.text.isVisibleTo(panel)
    assert "Num+ Enter" in panel.key_map.text.text()
    assert "Num+ 0 1 2 3" in panel.key_map.text.text()
    assert short_keys(["Num++", "Ctrl+Up", "", "F12"]) == "Num+ +  Ctrl+ Up  F12"
    binding = panel.key_map._keys
    binding.change(binding.keymap.with_keys("take_step", ("F12",)))
    assert "F12" in panel.key_map.text.text()


@pytest.mark.parametrize("is_study", [False, True])
def test_nothing_is_cut_off_in_the_narrow_dock(
    make: Make, desk: ReadingDesk, worklist: Worklist, is_study: bool
) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app)
    if is_study:
        set_protocol(worklist, desk, reading=ReadingMode.READER_STUDY)
    panel = make()
    open_case(desk)
    panel.assess(Assessment.HIGH_SUSPICION)
    for side in (RIGHT, LEFT):
        for action in panel.boxes[side].recommend.menu().actions()[:1]:
            action.trigger()
    assert panel.minimumSizeHint().width() <= 310
    for box in panel.boxes.values():
        buttons = (*box.categories.values(), box.recall, box.no_recall, box.recommend, box.title)
        for button in buttons:
            needed = button.fontMetrics().horizontalAdvance(button.text())
            assert needed + 4 <= button.width(), button.text()
            assert button.height() >= 22
    assert not panel.area.verticalScrollBar().isVisible()
