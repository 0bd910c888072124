"""Two models in one window: whose overlays lie where, what moves together, what the table says, who may not see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.core.findings import ImageResult
from mammoview.core.paths import user_data
from mammoview.pipeline.comparing import ComparedExams, Side, SideImage
from mammoview.pipeline.runner import run
from mammoview.pipeline.shelf import Shelf
from mammoview.session.analysis import models_of, request_for
from mammoview.session.comparing import BLIND, NO_STUDY, ComparedCase
from mammoview.session.demo import write_phantom
from mammoview.session.session import ENGINE, Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.comparing.comparing_desk import Wish
from mammoview.ui.comparing.window import ComparingWindow
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.layers import Layer
from mammoview.ui.viewport.pane import Pane

pytestmark = pytest.mark.gui
SECONDS = 60_000
OLD, NEW = "cbis-whole-image-1@0.3", "cbis-whole-image-2@0.3"
BOTH = Wish(OLD, NEW)


class Hand:
    """The viewer with the window of the comparison."""

    def __init__(self, viewer: MainWindow, session: Session, qtbot: QtBot) -> None:
        self.viewer, self.session, self._qtbot = viewer, session, qtbot

    def until(self, holds: Callable[[], object]) -> None:
        self._qtbot.waitUntil(lambda: bool(holds()), timeout=SECONDS)

    @property
    def window(self) -> ComparingWindow:
        made = self.viewer.desk.comparing.window
        assert made is not None
        return made

    def pane(self, side: Side) -> Pane:
        pane = self.window.pair.pane(side)
        assert pane is not None
        return pane

    def compare(self, wish: Wish = BOTH) -> ComparingWindow:
        self.until(lambda: not self.viewer.desk.comparing.reasons[bool(wish.cases)])
        self.viewer.desk.comparing.open(wish)
        return self.window

    @property
    def is_done(self) -> bool:
        panes = self.window.pair.wall.panes
        return len(panes) == 2 and all(p.prepared for p in panes) and self.window.start.text() == "Compare"

    def rows(self) -> list[tuple[str, ...]]:
        return [self.window.table.words(place) for place in range(self.window.table.rowCount())]


@pytest.fixture
def start(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Hand]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    opened: list[tuple[Session, Background, MainWindow]] = []

    def make(*, engine: str = "ui_children:engine", study: Path | None = None, **changes: object) -> Hand:
        settings = replace(Settings(), analyse_on_open=False, device="cpu", **changes)  # type: ignore[arg-type]
        session = Session(settings, engine=engine)
        bridge, background = Bridge(), Background()
        window = MainWindow(session, background)
        bridge.setParent(window)
        opened.append((session, background, window))
        qtbot.addWidget(window)
        bridge.told.connect(window.show_event)
        window.show()
        session.connect(bridge.send)
        if study is None:
            study = tmp_path / "study"
            write_phantom(study, seed=3, priors=0, rows=512, columns=416)
        window.open([study])
        return Hand(window, session, qtbot)

    yield make
    for session, background, window in opened:
        window.close()
        background.close()
        session.close()


@pytest.fixture
def hand(start: Callable[..., Hand]) -> Hand:
    return start()


def hold(name: str) -> Path:
    user_data().mkdir(parents=True, exist_ok=True)
    file = user_data() / name
    file.touch()
    return file


def test_each_pane_shows_its_own_model_of_the_same_view(hand: Hand) -> None:
    window = hand.compare()
    hand.until(lambda: hand.is_done)
    labels = {side: hand.pane(side).hung.image.label for side in Side}  # type: ignore[union-attr]
    assert labels[Side.OLD] == labels[Side.NEW] == "RCC"
    assert hand.pane(Side.OLD).x() < hand.pane(Side.NEW).x()
    for side, key, score in ((Side.OLD, OLD, "score 0.40"), (Side.NEW, NEW, "score 0.70, uncalibrated")):
        assert key in window.pair.headings[side].text()
        assert f">{score}<" in window.pair.headings[side].text()
        assert hand.pane(side)._notes[0] == score
    boxes = [hand.pane(side).prepared.findings[0].box for side in Side]  # type: ignore[union-attr]
    assert boxes[0].row0 < boxes[1].row0, "the new model's finding lies lower"
    assert all(Layer.SALIENCY in hand.pane(side)._options.visible for side in Side)
    window.views.forward.click()
    hand.until(lambda: hand.is_done)
    assert "score 0.80" in window.pair.headings[Side.NEW].text()
    assert window.views.text.text() == "LCC  2 of 4"


def test_the_table_says_old_new_and_the_change_of_views_breasts_and_exam(hand: Hand) -> None:
    hand.compare()
    hand.until(lambda: hand.is_done)
    assert hand.rows() == [
        ("RCC", "0.40", "0.70", "+0.30", "old only"),
        ("LCC", "0.50", "0.80", "+0.30", "old only"),
        ("RMLO", "0.60", "0.90", "+0.30", "old only"),
        ("LMLO", "0.70", "1.00", "+0.30", "old only"),
        ("Left breast", "0.50", "0.75", "+0.25", "old only"),
        ("Exam", "0.50", "0.75", "+0.25", "old only"),
    ]
    assert "The new model is not calibrated" in hand.window.remarks.text()
    hand.window.table.itemClicked.emit(hand.window.table.item(2, 0))
    assert hand.window.views.text.text() == "RMLO  3 of 4"


def seen(pane: Pane) -> tuple[float, ...]:
    """How large, and where a native point lies, from the upper edge and from the chest wall."""
    row, outward = pane.outward_point(*pane.placement.device_point(200.0, 150.0))
    return round(pane.placement.zoom[0], 9), round(row, 6), round(outward, 6)


def test_panes_are_zoomed_panned_and_windowed_together(hand: Hand) -> None:
    hand.compare()
    hand.until(lambda: hand.is_done)
    old, new = hand.pane(Side.OLD), hand.pane(Side.NEW)
    before = seen(old)
    assert seen(new) == before
    at = QPointF(old.width() * 0.6, old.height() * 0.4)
    wheel = QWheelEvent(
        at,
        old.mapToGlobal(at),
        QPoint(),
        QPoint(0, 360),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(old, wheel)
    zoomed = seen(old)
    assert zoomed[0] > before[0]
    assert seen(new) == zoomed
    new.panned.emit(12.0, 7.0)
    assert seen(old) == seen(new) != zoomed
    new.windowed.emit(40.0, 20.0)
    assert new.shade == old.shade
    assert new.shade.adjustment != type(new.shade.adjustment)()


def test_the_viewer_and_the_studys_own_result_stay_as_they_are(hand: Hand) -> None:
    hand.until(lambda: hand.session.selected)
    uid = hand.session.studies[0].uid
    hand.session.analyze(uid)
    hand.until(lambda: hand.session.result_of(uid))
    wall = hand.viewer.desk.wall
    hand.until(lambda: len(wall.panes) == 4 and all(pane.prepared for pane in wall.panes))
    result, settings = hand.session.result_of(uid), hand.session.settings
    overlays = [pane.prepared for pane in wall.panes]
    scores = hand.viewer.desk.analysis.scores.text()
    hand.compare()
    hand.until(lambda: hand.is_done)
    assert hand.session.result_of(uid) is result
    assert hand.session.settings == settings
    assert [pane.prepared for pane in wall.panes] == overlays
    assert hand.viewer.desk.analysis.scores.text() == scores


def test_it_says_what_is_under_way_and_can_be_stopped(hand: Hand) -> None:
    file = hold("hold-engine")
    window = hand.compare()
    hand.until(lambda: "Old model: Scoring RCC" in window.job.text.text())
    assert window.start.text() == "Stop"
    window.start.click()
    hand.until(lambda: window.start.text() == "Compare")
    assert not window.job.isVisible()
    assert not window.problem.isVisible()
    file.unlink()
    window.start.click()
    hand.until(lambda: hand.is_done)


def test_a_spoiled_package_is_one_clear_message(hand: Hand) -> None:
    hold("spoil-model")
    window = hand.compare()
    hand.until(window.problem.isVisible)
    assert window.problem.text.text() == "The model package was refused: hash mismatch. Install it again."
    assert not hand.viewer.desk.banner.isVisible()


def test_a_model_that_is_gone_is_named_by_the_engine(start: Callable[..., Hand]) -> None:
    hand = start(engine=ENGINE)
    window = hand.compare(Wish(OLD, "gone@1.0"))
    assert window.new.currentText() in ("", "gone@1.0 (not found)")
    hand.until(window.problem.isVisible)
    assert window.problem.text.text().startswith("There is no model called gone@1.0. Installed models:")
    assert window.new.currentText() == "gone@1.0 (not found)"


def test_the_action_is_off_without_a_study_and_during_a_blind_read_and_says_why(hand: Hand) -> None:
    action = hand.viewer.actions_by_id["compare_models"]
    assert not action.isEnabled()
    assert action.toolTip() == NO_STUDY
    hand.until(action.isEnabled)
    hand.session.veil.begin()
    hand.viewer.desk.reading.signed_in.emit(None)
    assert not action.isEnabled()
    assert action.toolTip() == BLIND
    action.trigger()
    assert hand.viewer.desk.comparing.window is None
    hand.session.veil.lift(hand.session.studies[0].uid)
    hand.until(action.isEnabled)


def shows_nothing(window: ComparingWindow) -> bool:
    texts = [*(label.text() for label in window.pair.headings.values()), window.remarks.text()]
    panes = window.pair.wall.panes
    bare = all(pane.prepared is None and pane.image is None and pane._notes == () for pane in panes)
    return bare and not any(texts) and window.table.rowCount() == 0 and not window.isVisible()


@pytest.mark.parametrize("is_done", [True, False])
def test_a_blind_read_closes_the_window_and_nothing_stays_in_it(hand: Hand, is_done: bool) -> None:
    file = hold("hold-engine")
    window = hand.compare()
    hand.until(lambda: "Scoring" in window.job.text.text())
    if is_done:
        file.unlink()
        hand.until(lambda: hand.is_done)
    desk, number = hand.viewer.desk.comparing, hand.viewer.desk.comparing._number
    hand.session.veil.begin()
    hand.until(lambda: shows_nothing(window))
    # What was on its way when the read began is not shown either.
    image = hand.session.studies[0].images[0]
    desk._hear_comparison(number, SideImage(Side.NEW, ImageResult(image.id, p_malignant=0.9), is_calibrated=True))
    file.unlink(missing_ok=True)
    hand._qtbot.wait(300)
    assert shows_nothing(window)


def test_a_blind_case_that_comes_on_the_table_closes_it(hand: Hand, tmp_path: Path) -> None:
    hand.until(lambda: hand.session.selected)
    first = hand.session.studies[0].uid
    write_phantom(tmp_path / "blind", seed=8, priors=0, rows=512, columns=416)
    hand.session.open([tmp_path / "blind"], select=False)
    hand.until(lambda: len(hand.session.studies) == 2)
    (other,) = [study.uid for study in hand.session.studies if study.uid != first]
    hand.session.veil.begin()
    hand.session.veil.lift(first)
    window = hand.compare()
    hand.until(lambda: hand.is_done)
    hand.session.select_study(other)
    hand.until(lambda: shows_nothing(window))
    assert not hand.viewer.actions_by_id["compare_models"].isEnabled()


def test_it_follows_the_table(hand: Hand, tmp_path: Path) -> None:
    window = hand.compare()
    hand.until(lambda: hand.is_done)
    write_phantom(tmp_path / "next", seed=8, priors=0, rows=512, columns=416)
    hand.viewer.open([tmp_path / "next"])
    hand.until(lambda: len(hand.session.studies) == 2)
    uid = hand.session.selected.uid  # type: ignore[union-attr]
    hand.until(lambda: hand.is_done and window.pair.wall.panes[0].hung.image.study_uid == uid)  # type: ignore[union-attr]


def test_cases_are_stepped_through_without_touching_the_table(hand: Hand, tmp_path: Path) -> None:
    hand.until(lambda: hand.session.selected)
    first = hand.session.selected
    write_phantom(tmp_path / "a", seed=8, priors=0, rows=512, columns=416)
    files = sorted((tmp_path / "a").rglob("*.dcm"))[:2]
    cases = tuple(ComparedCase(path, f"P{place}", "it got worse") for place, path in enumerate(files))
    window = hand.compare(Wish(OLD, NEW, cases, 1))
    hand.until(lambda: hand.is_done)
    assert window.case_words.text() == f"it got worse. Patient P1, {files[1].name}"
    assert window.cases.text.text() == "Case  2 of 2"
    assert len(hand.rows()) == 3, "one view, its breast and the exam"
    window.cases.back.click()
    hand.until(lambda: hand.is_done and "P0" in window.case_words.text())
    assert hand.session.selected == first
    assert hand.session.listed == (first,)
    hand.viewer.actions_by_id["identity"].trigger()
    assert "P0" not in window.case_words.text()
    assert files[0].name not in window.case_words.text()
    assert not any(pane._annotation.is_identity_shown for pane in window.pair.wall.panes)
    window.close()
    assert hand.session.studies == (first,), "what was opened for a case alone is let go"


def test_a_case_that_was_seen_comes_back_at_once_and_ends_what_is_under_way(hand: Hand, tmp_path: Path) -> None:
    write_phantom(tmp_path / "a", seed=8, priors=0, rows=512, columns=416)
    cases = tuple(ComparedCase(path, "P") for path in sorted((tmp_path / "a").rglob("*.dcm"))[:2])
    window = hand.compare(Wish(OLD, NEW, cases))
    hand.until(lambda: hand.is_done)
    seen = hand.rows()
    file = hold("hold-engine")
    window.cases.forward.click()
    hand.until(lambda: "Scoring" in window.job.text.text())
    window.cases.back.click()
    hand.until(lambda: hand.is_done)
    assert hand.rows() == seen, "though the engine is held up"
    assert not window.job.isVisible()
    file.unlink()
    window.cases.forward.click()
    hand.until(lambda: hand.is_done and window.cases.text.text() == "Case  2 of 2")


def test_another_kind_of_model_can_be_chosen(hand: Hand) -> None:
    window = hand.compare()
    hand.until(lambda: hand.is_done)
    window.task.setCurrentIndex(window.task.findData("segmentation"))
    window.task.activated.emit(window.task.currentIndex())
    hand.until(lambda: hand.is_done and window.table.columnCount() == 6)
    assert window.old.currentText() == "5 × cesm-bcir-unet (in use)"
    assert set(window.layers) == {"Outlines", "Benign and malignant"}
    assert Layer.FINDINGS in hand.pane(Side.OLD)._options.visible
    assert "experimental" not in window.new.currentText(), "unless it is chosen"
    window.new.setCurrentIndex(window.new.findText("three-class-bcir-unet@0.1 (experimental)"))
    window.new.activated.emit(window.new.currentIndex())
    assert [row[1:3] for row in hand.rows()] == [("…", "…")] * 4, "until Compare is pressed"
    window.start.click()
    hand.until(lambda: hand.is_done)
    assert "three-class-bcir-unet@0.1" in window.pair.headings[Side.NEW].text()


def test_a_case_whose_file_is_gone_says_so(hand: Hand, tmp_path: Path) -> None:
    window = hand.compare(Wish(OLD, NEW, (ComparedCase(tmp_path / "gone.dcm", "P1"),)))
    hand.until(window.problem.isVisible)
    assert "gone.dcm" in window.problem.text.text()
    assert hand.rows() == []
    hand.viewer.actions_by_id["identity"].trigger()
    assert window.problem.isVisible()
    assert "gone.dcm" not in window.problem.text.text()


def test_a_narrow_window_has_its_panes_above_each_other(hand: Hand) -> None:
    window = hand.compare()
    hand.until(lambda: hand.is_done)
    window.resize(420, 1400)
    hand.until(lambda: hand.is_done and hand.pane(Side.OLD).y() < hand.pane(Side.NEW).y())
    assert hand.pane(Side.OLD).x() == hand.pane(Side.NEW).x()


@pytest.mark.slow
def test_the_numbers_are_those_of_the_pipeline(start: Callable[..., Hand], small_study: Path) -> None:
    hand = start(engine=ENGINE, study=small_study)
    hand.compare(Wish(OLD, NEW))
    hand.until(lambda: len(hand.rows()) == 7)
    study, settings = hand.session.studies[0], hand.session.settings
    exams = []
    for key in (OLD, NEW):
        request = replace(request_for(study, settings), models=models_of(settings, {"whole_image": (key,)}))
        exams.append(run(request, networks=Shelf().open(request)))
    scores = [{image.image_id: image.p_malignant for image in exam.images} for exam in exams]
    labels = {image.label: image.id for image in study.images}
    shown = {row[0]: row[1:3] for row in hand.rows()}
    for label, image_id in labels.items():
        assert shown[label] == tuple(f"{one[image_id]:.2f}" for one in scores)
    assert shown["Exam"] == tuple(f"{exam.p_malignant:.2f}" for exam in exams)
    told = hand.viewer.desk.comparing._so_far
    assert told is not None
    assert isinstance(told.exams, ComparedExams)
    assert told.exams.new.exam.p_malignant == pytest.approx(exams[1].p_malignant, abs=1e-6)
