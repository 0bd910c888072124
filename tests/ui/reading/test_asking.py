"""Asking the AI at a place, with the engine's part played."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from PySide6.QtCore import Qt
from reader_hand import CONTROL, MODEL, SECONDS, SPOT, Hand, square

from mammoview.core.errors import Problem
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.marks import Point
from mammoview.core.reading import Maker
from mammoview.core.study import ViewPosition
from mammoview.pipeline.question import ContourAnswer, PointAnswer
from mammoview.ui.reading.finding_tools import Tool

pytestmark = pytest.mark.gui

SHARES = (0.05, 0.1, 0.05, 0.2, 0.6)


class Engine:
    """Answers from a thread of its own, when it is told to."""

    def __init__(self) -> None:
        self.ready: tuple[str, ...] = ()
        self.asked: list[tuple[str, object]] = []
        self.then: Callable[[Any], None] = lambda _answer: None
        self.kind = LesionKind.MASS

    def get_ready(self, image_ids: Any) -> None:
        self.ready = tuple(image_ids)

    def ask_point(self, image_id: str, row: float, col: float, then: Callable[[Any], None]) -> None:
        self.asked.append((image_id, (row, col)))
        self.then = then

    def ask_contour(
        self, image_id: str, seed: Point | Box, then: Callable[[Any], None], *, kind: LesionKind = LesionKind.MASS
    ) -> None:
        self.asked.append((image_id, seed))
        self.kind = kind
        self.then = then

    def answer(self, answer: object) -> None:
        thread = Thread(target=self.then, args=(answer,))
        thread.start()
        thread.join()

    def point(self) -> PointAnswer:
        image_id, at = self.asked[-1]
        return PointAnswer(image_id, at, Box(0, 0, 9, 9), SHARES, 0.65, (), None, "", None, (MODEL,))  # type: ignore[arg-type]

    def contour(self, contour: tuple[Point, ...]) -> ContourAnswer:
        return ContourAnswer(self.asked[-1][0], contour, Box(0, 0, 9, 9), 5.0, 20.0, False, (MODEL,))


@pytest.fixture
def engine(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(hand.window.desk.findings.tools.asking, "_questions", made)
    return made


def test_the_five_classes_stand_beside_the_place_until_escape(hand: Hand, engine: Engine) -> None:
    pane, tools = hand.pane("LCC"), hand.window.desk.findings.tools
    hand.key(Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    assert tools.tool is None
    hand.reveal()
    hand.window.desk.wall.activate(pane)
    bare = pane.grab().toImage()
    hand.key(Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    assert tools.tool is Tool.ASK
    assert hand.image("LCC").id in engine.ready
    hand.click(pane, (500.0, 200.0))
    assert engine.asked[0][0] == hand.image("LCC").id
    engine.answer(engine.point())
    hand.qtbot.waitUntil(lambda: tools.ask.answer is not None, timeout=SECONDS)
    assert tools.ask.answer is not None
    assert tools.ask.answer.classes[0] == (PatchClass.MALIGNANT_MASS, 0.6)
    shown = pane.grab().toImage()
    assert shown != bare
    hand.key(Qt.Key.Key_Escape)
    assert tools.ask.answer is None
    hand.key(Qt.Key.Key_Escape)
    assert tools.tool is None
    assert pane.grab().toImage() == bare


def test_a_refusal_is_told_and_a_late_answer_is_dropped(hand: Hand, engine: Engine) -> None:
    hand.reveal()
    tools = hand.window.desk.findings.tools
    hand.do("ask_ai")
    hand.click(hand.pane("LCC"), (500.0, 200.0))
    engine.answer(Problem("", "no_models", "No models are installed.", "Install them."))
    hand.qtbot.waitUntil(hand.window.desk.banner.isVisible, timeout=SECONDS)
    assert tools.ask.answer is None
    hand.click(hand.pane("LCC"), (500.0, 200.0))
    late = engine.point()
    hand.key(Qt.Key.Key_Escape)
    engine.answer(late)
    hand.qtbot.wait(20)
    assert tools.ask.answer is None


def test_a_click_is_outlined_by_the_models_and_a_box_as_well(hand: Hand, engine: Engine) -> None:
    assert not hand.window.actions_by_id["finding_assist"].isEnabled()
    hand.reveal()
    pane, count = hand.pane("RMLO"), len(hand.draft.findings)
    hand.key(Qt.Key.Key_J, CONTROL)
    hand.click(pane, (500.0, 600.0))
    seed = engine.asked[-1][1]
    assert seed == pytest.approx((500.0, 600.0), abs=2 / pane.placement.zoom[0])
    outline = square((500.0, 600.0), 30)
    engine.answer(engine.contour(outline))
    hand.qtbot.waitUntil(lambda: len(hand.draft.findings) == count + 1, timeout=SECONDS)
    made = hand.draft.findings[-1]
    assert made.contour == outline
    assert made.origin.maker is Maker.READER
    assert made.outlined_by == (MODEL,)
    assert hand.board.selected == made.id
    hand.key(Qt.Key.Key_J, CONTROL)
    hand.drag(pane, (300.0, 500.0), (350.0, 520.0), (380.0, 560.0))
    box = engine.asked[-1][1]
    assert isinstance(box, Box)
    assert (box.row0, box.col1) == pytest.approx((300.0, 560.0), abs=2 / pane.placement.zoom[0])
    engine.answer(engine.contour(square((340.0, 530.0), 20)))
    hand.qtbot.waitUntil(lambda: len(hand.draft.findings) == count + 2, timeout=SECONDS)
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert len(hand.draft.findings) == count + 1


def test_in_a_selected_finding_of_the_ai_its_outline_becomes_another(hand: Hand, engine: Engine) -> None:
    hand.reveal()
    pane, at = hand.pane("LCC"), SPOT[ViewPosition.CC]
    hand.click(pane, at)
    count, chosen = len(hand.draft.findings), hand.board.selected
    hand.do("finding_assist")
    hand.click(pane, at)
    engine.answer(engine.contour(square(at, 55)))
    hand.qtbot.waitUntil(
        lambda: hand.draft.findings != () and not hand.window.desk.findings.tools.tool, timeout=SECONDS
    )
    assert len(hand.draft.findings) == count
    changed = next(one for one in hand.draft.findings if one.id == chosen)
    assert changed.origin.maker is Maker.AI_EDITED
    assert changed.contour == square(at, 55)
    assert changed.outlined_by == (MODEL,)
    hand.board.set_outline(chosen, square(at, 50), outlined_by=None)
    assert hand.board.of(chosen).outlined_by == (MODEL,)  # type: ignore[union-attr]
    hand.board.set_outline(chosen, square(at, 45))
    assert hand.board.of(chosen).outlined_by == ()  # type: ignore[union-attr]


def test_a_group_of_calcifications_is_asked_for_as_one(hand: Hand, engine: Engine) -> None:
    hand.reveal()
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    hand.do("finding_assist")
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    assert engine.kind is LesionKind.CALCIFICATION
    hand.click(hand.pane("LCC"), (700.0, 100.0))
    assert engine.kind is LesionKind.MASS
