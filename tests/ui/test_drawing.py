"""Marks in the real window: drawn with the mouse, changed, taken back, kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.core.marks import Mark, MarkKind, Point
from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.dialogs.gray_chooser import GrayChooser
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.text import TextEntry

pytestmark = pytest.mark.gui
SECONDS = 30_000
LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_phantom(folder, seed=3, priors=1, rows=1024, columns=832)
    return folder


class Desk:
    """A window and a hand with a mouse."""

    def __init__(self, window: MainWindow, session: Session, qtbot: QtBot) -> None:
        self.window, self.session, self.qtbot = window, session, qtbot

    @property
    def pane(self) -> Pane:
        return self.window.desk.wall.panes[1]

    @property
    def marks(self) -> tuple[Mark, ...]:
        study = self.session.selected
        assert study is not None
        return self.session.marks.of_study(study.uid)

    def place(self, point: Point) -> QPoint:
        row, col = self.pane.placement.device_point(*point)
        return QPoint(round(col), round(row))

    def press(self, point: Point, keys: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mousePress(self.pane, LEFT, keys, self.place(point))

    def move(self, point: Point) -> None:
        self.qtbot.mouseMove(self.pane, self.place(point))
        # Without this the offscreen platform merges moves.
        QApplication.processEvents()

    def release(self, point: Point, keys: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mouseRelease(self.pane, LEFT, keys, self.place(point))

    def drag(self, *points: Point, keys: Qt.KeyboardModifier = NONE) -> None:
        self.press(points[0], keys)
        for point in points[1:]:
            self.move(point)
        self.release(points[-1], keys)

    def click(self, *points: Point) -> None:
        for point in points:
            self.qtbot.mouseClick(self.pane, LEFT, NONE, self.place(point))

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.keyClick(self.window, key, modifier)

    def do(self, identity: str) -> None:
        self.window.actions_by_id[identity].trigger()

    def write(self, text: str) -> None:
        (entry,) = [e for e in self.pane.findChildren(TextEntry) if e.isVisible()]
        self.qtbot.keyClicks(entry, text)
        self.qtbot.keyClick(entry, Qt.Key.Key_Return)

    def is_shown(self) -> bool:
        panes = self.window.desk.wall.panes
        return len(panes) == 4 and all(pane.image is not None for pane in panes)


@pytest.fixture
def open_desk(qtbot: QtBot, study: Path) -> Iterator[Callable[..., Desk]]:
    opened: list[tuple[Session, Background]] = []

    def make(**changes: object) -> Desk:
        session = Session(replace(Settings(), analyse_on_open=False, **changes))  # type: ignore[arg-type]
        bridge, background = Bridge(), Background()
        window = MainWindow(session, background)
        bridge.setParent(window)
        opened.append((session, background))
        qtbot.addWidget(window)
        bridge.told.connect(window.show_event)
        window.resize(1366, 768)
        window.show()
        session.connect(bridge.send)
        window.open([study])
        desk = Desk(window, session, qtbot)
        qtbot.waitUntil(desk.is_shown, timeout=SECONDS)
        return desk

    yield make
    for session, background in opened:
        background.close()
        session.close()


def near(found: Point, meant: Point, pane: Pane) -> bool:
    """Within a device pixel and a half, which the mouse cannot do better than."""
    return max(abs(found[0] - meant[0]), abs(found[1] - meant[1])) <= 1.5 / pane.placement.zoom[0]


#: What each tool draws with: the key, how the hand moves, and the points that must come of it.
A, B, C, D = (300.0, 120.0), (300.0, 320.0), (480.0, 320.0), (480.0, 120.0)
STROKES: dict[MarkKind, tuple[Qt.Key, Callable[[Desk], None], tuple[Point, ...]]] = {
    MarkKind.DISTANCE: (Qt.Key.Key_D, lambda desk: desk.drag(A, C), (A, C)),
    MarkKind.ANGLE: (Qt.Key.Key_W, lambda desk: desk.click(A, D, C), (A, D, C)),
    MarkKind.AREA: (Qt.Key.Key_R, lambda desk: desk.drag(A, B, C, D, A), (A, B, C, D)),
    MarkKind.ELLIPSE: (Qt.Key.Key_O, lambda desk: desk.drag(A, C), (A, C)),
    MarkKind.POLYGON: (Qt.Key.Key_P, lambda desk: desk.click(A, B, C, D, A), (A, B, C, D)),
    MarkKind.ARROW: (Qt.Key.Key_F, lambda desk: desk.drag(C, A), (C, A)),
    MarkKind.TEXT: (Qt.Key.Key_K, lambda desk: (desk.click(B), desk.write("second look"))[0], (B,)),
}


@pytest.mark.meets("MG-C09")
@pytest.mark.parametrize("kind", MarkKind)
def test_each_kind_is_drawn_changed_taken_back_and_found_again(
    open_desk: Callable[..., Desk], kind: MarkKind, qtbot: QtBot
) -> None:
    desk = open_desk()
    key, stroke, points = STROKES[kind]
    desk.key(key, SHIFT)
    assert desk.window.desk.toolbox.kind is kind
    stroke(desk)
    (mark,) = desk.marks
    assert mark.kind is kind
    assert len(mark.points) == len(points)
    assert desk.pane.hung is not None
    assert mark.image_id == desk.pane.hung.image.id
    for point in points:
        assert any(near(found, point, desk.pane) for found in mark.points)
    # One shot: the pointer is in the hand again, and the mark is chosen.
    assert desk.window.desk.toolbox.kind is None
    assert desk.window.desk.board.chosen == mark.id

    # Dragged as a whole by what is under the mouse: a line, or the words of a text.
    start = (B[0] + 2, B[1] + 12) if kind is MarkKind.TEXT else ((A[0] + C[0]) / 2, (A[1] + C[1]) / 2)
    start = {
        MarkKind.ANGLE: ((A[0] + D[0]) / 2, A[1]),
        MarkKind.AREA: ((A[0] + D[0]) / 2, A[1]),
        MarkKind.POLYGON: ((A[0] + D[0]) / 2, A[1]),
        MarkKind.ELLIPSE: (390 - 90 * np.sqrt(0.5), 220 - 100 * np.sqrt(0.5)),
    }.get(kind, start)
    desk.pane.grab()
    desk.drag(start, (start[0] + 60, start[1] + 90))
    (moved,) = desk.marks
    assert moved.id == mark.id
    for old, new in zip(mark.points, moved.points, strict=True):
        assert near(new, (old[0] + 60, old[1] + 90), desk.pane)

    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.marks == (mark,)
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.marks == ()
    redo = Qt.KeyboardModifier.ControlModifier | SHIFT
    desk.key(Qt.Key.Key_Z, redo)
    desk.key(Qt.Key.Key_Z, redo)
    assert desk.marks == (moved,)

    # Another study and back: nothing is lost. Another day: it is read from disk.
    first = desk.session.selected
    desk.do("next_study")
    qtbot.waitUntil(lambda: desk.session.selected is not first and desk.is_shown(), timeout=SECONDS)
    assert desk.window.desk.marks.list.topLevelItemCount() == 0
    desk.do("previous_study")
    qtbot.waitUntil(lambda: desk.session.selected is first and desk.is_shown(), timeout=SECONDS)
    assert desk.marks == (moved,)
    desk.session.close()

    again = open_desk()
    qtbot.waitUntil(lambda: again.marks == (moved,), timeout=SECONDS)
    qtbot.waitUntil(lambda: again.window.desk.marks.list.topLevelItemCount() == 1, timeout=SECONDS)
    row = again.window.desk.marks.list.topLevelItem(0)
    assert row is not None
    assert (row.text(0), row.text(1)) == ("LCC", kind.label)


@pytest.mark.meets("MG-C09")
def test_a_distance_says_its_millimetres_and_their_source(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_D, SHIFT)
    desk.drag((300.0, 100.0), (300.0, 300.0))
    (mark,) = desk.marks
    assert desk.pane.hung is not None
    image = desk.pane.hung.image
    assert image.spacing_mm is not None
    told = desk.window.desk.board.reading_of(image, mark)
    assert told.measured is not None
    drawn_mm = abs(mark.points[1][1] - mark.points[0][1]) * image.spacing_mm[1]
    assert told.measured.value == pytest.approx(drawn_mm, abs=0.01)
    assert image.spacing_source in " ".join(told.details)
    # The mouse over the line brings the whole text.
    desk.move((300.0, 200.0))
    assert image.spacing_source in desk.pane.toolTip()
    desk.move((800.0, 700.0))
    assert desk.pane.toolTip() == ""


@pytest.mark.meets("MG-E02")
def test_statistics_are_those_of_the_pixels_under_the_ellipse(open_desk: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_O, SHIFT)
    desk.drag((300.0, 60.0), (800.0, 460.0))
    (mark,) = desk.marks
    assert desk.pane.hung is not None
    assert desk.pane.image is not None
    image, board = desk.pane.hung.image, desk.window.desk.board
    qtbot.waitUntil(lambda: board.reading_of(image, mark).found is not None, timeout=SECONDS)
    found = board.reading_of(image, mark).found
    assert found is not None
    (top, left), (bottom, right) = np.sort(np.array(mark.points), axis=0)
    rows, cols = np.indices(desk.pane.image.levels[0].shape) + 0.5
    inside = ((rows - (top + bottom) / 2) / ((bottom - top) / 2)) ** 2 + (
        (cols - (left + right) / 2) / ((right - left) / 2)
    ) ** 2 <= 1
    padding = desk.pane.image.padding[0] > 0
    assert (inside & padding).any(), "the ellipse reaches into the air"
    assert found.padding_count == (inside & padding).sum()
    inside &= ~padding
    values = desk.pane.image.levels[0][inside].astype(float) + desk.pane.image.value_offset
    assert found.count == inside.sum()
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation == pytest.approx(values.std())


def test_a_handle_moves_one_point_only_when_the_mark_is_chosen(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_D, SHIFT)
    desk.drag(A, C)
    (drawn,) = desk.marks
    # Chosen: the end follows.
    desk.drag(C, (600.0, 400.0))
    (changed,) = desk.marks
    assert changed.points[0] == drawn.points[0]
    assert near(changed.points[1], (600.0, 400.0), desk.pane)
    # Not chosen: the same drag pans, and the mark stays where it is.
    desk.click((900.0, 600.0))
    assert desk.window.desk.board.chosen == ""
    placed = desk.pane.placement
    desk.drag((600.0, 400.0), (640.0, 440.0))
    assert desk.marks == (changed,)
    assert desk.pane.placement != placed
    # A click chooses it, the key deletes it.
    desk.click(((A[0] + 600) / 2, (A[1] + 400) / 2))
    assert desk.window.desk.board.chosen == changed.id
    desk.key(Qt.Key.Key_Delete)
    assert desk.marks == ()
    desk.do("undo")
    assert desk.marks == (changed,)


def test_escape_drops_the_drawing_then_the_tool_then_the_analysis(
    open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk()
    cancelled: list[int] = []
    monkeypatch.setattr(desk.session, "cancel_analysis", lambda: cancelled.append(1))
    desk.key(Qt.Key.Key_P, SHIFT)
    desk.click(A, B)
    desk.key(Qt.Key.Key_Escape)
    assert desk.window.desk.toolbox.kind is MarkKind.POLYGON
    desk.click(A, B, C)
    desk.key(Qt.Key.Key_Escape)
    desk.key(Qt.Key.Key_Escape)
    assert desk.window.desk.toolbox.kind is None
    assert desk.marks == ()
    assert not cancelled
    desk.key(Qt.Key.Key_Escape)
    assert cancelled


def test_a_tool_stays_with_shift_or_by_setting(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_D, SHIFT)
    desk.drag(A, C, keys=SHIFT)
    assert desk.window.desk.toolbox.kind is MarkKind.DISTANCE
    desk.drag(B, D)
    assert desk.window.desk.toolbox.kind is None
    assert len(desk.marks) == 2
    desk.session.change_settings(replace(desk.session.settings, is_tool_kept=True))
    desk.qtbot.waitUntil(desk.is_shown, timeout=SECONDS)
    desk.key(Qt.Key.Key_F, SHIFT)
    desk.drag(B, C)
    assert desk.window.desk.toolbox.kind is MarkKind.ARROW
    # The same key again puts it down.
    desk.key(Qt.Key.Key_F, SHIFT)
    assert desk.window.desk.toolbox.kind is None


def test_a_click_without_a_stroke_leaves_nothing(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    for kind in (MarkKind.AREA, MarkKind.ELLIPSE, MarkKind.DISTANCE):
        desk.do(f"draw_{kind.value}")
        desk.click(A)
        if kind is not MarkKind.AREA:
            desk.click(A)
        desk.key(Qt.Key.Key_Escape)
        desk.key(Qt.Key.Key_Escape)
    assert desk.marks == ()


def test_while_drawing_the_other_buttons_still_window_and_zoom(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    wall = desk.window.desk.wall
    desk.key(Qt.Key.Key_P, SHIFT)
    desk.click(A, B)
    before = wall.tones.adjustment
    desk.qtbot.mousePress(desk.pane, Qt.MouseButton.RightButton, NONE, desk.place(C))
    desk.move(D)
    desk.qtbot.mouseRelease(desk.pane, Qt.MouseButton.RightButton, NONE, desk.place(D))
    desk.click(C)
    desk.qtbot.mouseDClick(desk.pane, LEFT, NONE, desk.place(C))
    (mark,) = desk.marks
    assert len(mark.points) == 3
    assert not wall.is_single
    assert wall.tones.adjustment != before


def test_letters_written_on_an_image_are_no_shortcuts(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_K, SHIFT)
    desk.click(B)
    (entry,) = [e for e in desk.pane.findChildren(TextEntry) if e.isVisible()]
    inverted = desk.window.desk.wall.tones.is_inverted
    for letter in "Mix x1 ?":
        desk.qtbot.keyClick(entry, letter)
    desk.qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert [mark.text for mark in desk.marks] == ["Mix x1 ?"]
    assert desk.window.desk.wall.tones.is_inverted is inverted
    assert not desk.window.desk.wall.is_single
    # Escape drops what is being written and nothing else; the tool stays.
    desk.key(Qt.Key.Key_K, SHIFT)
    desk.click(D)
    (entry,) = [e for e in desk.pane.findChildren(TextEntry) if e.isVisible()]
    desk.qtbot.keyClicks(entry, "never")
    desk.qtbot.keyClick(entry, Qt.Key.Key_Escape)
    assert len(desk.marks) == 1
    assert desk.window.desk.toolbox.kind is MarkKind.TEXT


def test_a_double_click_on_a_mark_writes_on_it(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_D, SHIFT)
    desk.drag(A, B)
    middle = (A[0], (A[1] + B[1]) / 2)
    desk.qtbot.mouseDClick(desk.pane, LEFT, NONE, desk.place(middle))
    desk.write("skin to mass")
    (mark,) = desk.marks
    assert mark.text == "skin to mass"
    assert not desk.window.desk.wall.is_single
    desk.do("undo")
    assert desk.marks[0].text == ""


def test_the_list_reveals_deletes_and_copies(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    for kind in (MarkKind.DISTANCE, MarkKind.ELLIPSE):
        desk.key(STROKES[kind][0], SHIFT)
        STROKES[kind][1](desk)
    panel = desk.window.desk.marks
    assert panel.list.topLevelItemCount() == 2
    panel.list.setCurrentItem(panel.list.topLevelItem(0))
    chosen = desk.window.desk.board.chosen
    assert chosen == desk.marks[0].id
    row, col = np.mean(desk.marks[0].points, axis=0)
    at = desk.pane.placement.device_point(row, col)
    assert at == pytest.approx((desk.pane.device_size[0] / 2, desk.pane.device_size[1] / 2), abs=2)
    desk.qtbot.mouseClick(panel.copy, LEFT)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("view,kind,value,error,unit,mean")
    assert [line.split(",")[1] for line in lines[1:]] == ["distance", "ellipse"]
    desk.qtbot.mouseClick(panel.delete, LEFT)
    assert [mark.kind for mark in desk.marks] == [MarkKind.ELLIPSE]
    assert panel.list.topLevelItemCount() == 1


def test_another_hanging_in_the_middle_of_a_drawing_drops_it(open_desk: Callable[..., Desk], qtbot: QtBot) -> None:
    desk = open_desk()
    first = desk.session.selected
    desk.key(Qt.Key.Key_P, SHIFT)
    desk.click(A, B)
    desk.do("next_study")
    qtbot.waitUntil(lambda: desk.session.selected is not first and desk.is_shown(), timeout=SECONDS)
    assert not desk.window.desk.toolbox.drop()
    desk.key(Qt.Key.Key_K, SHIFT)
    desk.click(B)
    desk.do("previous_study")
    qtbot.waitUntil(lambda: desk.session.selected is first and desk.is_shown(), timeout=SECONDS)
    desk.click(B)
    desk.write("still works")
    assert [mark.text for mark in desk.marks] == ["still works"]


def test_what_was_done_to_the_display_is_taken_back_too(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    wall = desk.window.desk.wall

    def look() -> tuple[object, ...]:
        panes = [(pane.shade, pane.hung.orientation if pane.hung else None) for pane in wall.panes]
        return (*panes, wall.is_swapped, desk.window.actions_by_id["invert"].isChecked())

    states = [look()]
    desk.key(Qt.Key.Key_I)
    states.append(look())
    desk.qtbot.mousePress(desk.pane, Qt.MouseButton.RightButton, NONE, desk.place(A))
    for point in (B, C):
        desk.move(point)
    desk.qtbot.mouseRelease(desk.pane, Qt.MouseButton.RightButton, NONE, desk.place(C))
    states.append(look())
    desk.key(Qt.Key.Key_X)
    states.append(look())
    desk.key(Qt.Key.Key_X, SHIFT)
    states.append(look())
    desk.key(Qt.Key.Key_R)
    states.append(look())
    assert all(one != other for one, other in pairwise(states))
    texts = []
    for state in states[-2::-1]:
        texts.append(desk.window.actions_by_id["undo"].text())
        desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert look() == state
    assert texts == [
        f"Undo {what}" for what in ("reset of the window", "swap of the sides", "mirroring", "window", "invert")
    ]
    assert not desk.window.actions_by_id["undo"].isEnabled()
    for state in states[1:]:
        desk.do("redo")
        assert look() == state


def test_steps_of_the_display_end_with_another_study_and_marks_do_not(
    open_desk: Callable[..., Desk], qtbot: QtBot
) -> None:
    desk = open_desk()
    desk.key(Qt.Key.Key_D, SHIFT)
    desk.drag(A, C)
    desk.key(Qt.Key.Key_I)
    first = desk.session.selected
    desk.do("next_study")
    qtbot.waitUntil(lambda: desk.session.selected is not first and desk.is_shown(), timeout=SECONDS)
    assert not desk.window.actions_by_id["undo"].isEnabled()
    desk.do("previous_study")
    qtbot.waitUntil(lambda: desk.session.selected is first and desk.is_shown(), timeout=SECONDS)
    assert desk.window.actions_by_id["undo"].text() == "Undo draw distance"
    desk.do("undo")
    assert desk.marks == ()


# The offscreen platform says so of every window that stays above another.
@pytest.mark.qt_log_ignore(r"This plugin does not support raise\(\)", extend=True)
def test_a_choice_of_gray_from_the_list_is_taken_back(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    before = desk.pane.shade
    desk.do("choose_gray")
    (chooser,) = desk.window.findChildren(GrayChooser)
    chooser.chosen.emit(1)
    chosen = desk.pane.shade
    assert chosen != before
    desk.do("undo")
    assert desk.pane.shade == before
    desk.do("redo")
    assert desk.pane.shade == chosen
    chooser.close()


@pytest.mark.parametrize("kind", [kind for kind in MarkKind if kind is not MarkKind.TEXT])
def test_the_image_stays_as_it_is_around_a_drawing(open_desk: Callable[..., Desk], kind: MarkKind) -> None:
    desk = open_desk()

    def corner() -> int:
        """Below the middle of the pane's upper edge: air beside the writing, inside the frame."""
        shown = desk.pane.grab().toImage()
        return max(shown.pixelColor(shown.width() // 2 + step, 40).lightness() for step in (-3, 0, 3))

    before = corner()
    desk.do(f"draw_{kind.value}")
    desk.press(A)
    for point in (D, C, B)[: kind.point_range[1]]:
        desk.move(point)
        assert corner() == before
        if kind in (MarkKind.ANGLE, MarkKind.POLYGON):
            desk.release(point)
            desk.press(point)
    desk.do("draw_pointer")


def test_an_open_line_of_text_leaves_the_image_as_it_is(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    before = desk.pane.grab().toImage().pixelColor(desk.pane.width() // 2, 40)
    desk.do("draw_text")
    desk.click(B)
    assert desk.pane.grab().toImage().pixelColor(desk.pane.width() // 2, 40) == before
    (entry,) = [e for e in desk.pane.findChildren(TextEntry) if e.isVisible()]
    # As an input method does; the test's keyboard knows ASCII only.
    entry.insert("Über Größe, ß")
    desk.qtbot.keyClick(entry, Qt.Key.Key_Return)
    assert [mark.text for mark in desk.marks] == ["Über Größe, ß"]


def test_the_status_bar_tells_how_the_tool_in_the_hand_draws(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    label = desk.window.desk.state_label
    before = label.text()
    desk.do("draw_polygon")
    assert "double click to close" in label.text()
    desk.do("draw_distance")
    assert "from end to end" in label.text()
    assert "double click" not in label.text()
    desk.key(Qt.Key.Key_Escape)
    assert label.text() == before


def test_a_mark_beyond_the_edge_leaves_no_label_on_the_pane(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    desk.do("draw_distance")
    desk.drag(A, C)
    board, motion = desk.window.desk.board, desk.window.desk.wall.motion
    desk.pane.grab()
    assert board.hit(desk.pane, board._painted_on(desk.pane).labels[desk.marks[0].id].center()) is not None
    motion.pan(desk.pane, 3.0 * desk.pane.height(), 0.0)
    desk.pane.grab()
    assert desk.marks[0].id not in board._painted_on(desk.pane).labels


def test_marks_are_hidden_with_one_key_and_come_back_with_a_new_one(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk()
    bare = desk.pane.grab().toImage()
    desk.do("draw_distance")
    desk.drag(A, C)
    window = desk.window.desk
    line = QPointF(desk.place(((A[0] + C[0]) / 2, (A[1] + C[1]) / 2)))
    desk.key(Qt.Key.Key_H, SHIFT)
    assert not window.is_checked("marks")
    assert desk.pane.grab().toImage().pixelColor(line.toPoint()) == bare.pixelColor(line.toPoint())
    assert [badge.text for badge in desk.pane.written.badges if "MARKS" in badge.text] == ["MARKS HIDDEN"]
    assert window.board.hit(desk.pane, line) is None
    assert len(desk.marks) == 1
    desk.do("draw_arrow")
    desk.drag(B, D)
    desk.pane.grab()
    assert not [badge.text for badge in desk.pane.written.badges if "MARKS" in badge.text]
    assert window.is_checked("marks")
    assert window.board.hit(desk.pane, line) is not None
