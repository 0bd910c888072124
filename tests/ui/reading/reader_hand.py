"""A reader's hand at a window: a case is put on the table, the mouse draws, the models' part is played."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.core.anatomy import Landmarks, Nipple, WallLine
from mammoview.core.findings import (
    ExamResult,
    Finding,
    ImageResult,
    LesionKind,
    Link,
    ModelUse,
    Provenance,
)
from mammoview.core.geometry import Box
from mammoview.core.marks import Point
from mammoview.core.reading import RevealProtocol, now
from mammoview.core.study import Laterality, Mammogram, Study, ViewPosition
from mammoview.imaging.location import ViewFrame
from mammoview.report.breast_report.values import Draft
from mammoview.session.locating import view_frame
from mammoview.session.reading.beginning import exam_of, first_draft, with_ai
from mammoview.session.reading.case import Case
from mammoview.session.session import Session
from mammoview.session.worklist.protocol import Protocol
from mammoview.session.worklist.readings import Reading
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.viewport.pane import Pane

SECONDS = 30_000
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
MODEL = ModelUse("m1", "1", "ab" * 32, "patch")
#: A mass of the AI: in both views of the left breast at one distance from the nipple.
SPOT = {ViewPosition.CC: (400.0, 200.0), ViewPosition.MLO: (360.0, 220.0)}
NIPPLE = 0.62
#: Corners of a square around a point.
SQUARE = ((-60.0, -60.0), (-60.0, 60.0), (60.0, 60.0), (60.0, -60.0))


def square(middle: Point, half: float = 60.0) -> tuple[Point, ...]:
    return tuple((middle[0] + row * half / 60, middle[1] + col * half / 60) for row, col in SQUARE)


class Hand:
    """What a reader does at one window."""

    def __init__(self, window: MainWindow, session: Session, qtbot: QtBot) -> None:
        self.window, self.session, self.qtbot = window, session, qtbot

    @property
    def board(self) -> FindingBoard:
        return self.window.desk.findings.board

    @property
    def draft(self) -> Draft:
        draft = self.board.draft
        assert draft is not None
        return draft

    @property
    def study(self) -> Study:
        study = self.session.selected
        assert study is not None
        return study

    def is_hung(self) -> bool:
        panes = self.window.desk.wall.panes
        return len(panes) >= 4 and all(pane.image is not None for pane in panes)

    def image(self, label: str) -> Mammogram:
        return next(image for image in self.study.images if image.label == label and image.frames == 1)

    def pane(self, label: str) -> Pane:
        pane = self.window.desk.wall.pane_of(self.image(label).id)
        assert pane is not None
        return pane

    # The case

    def frames(self) -> dict[str, ViewFrame]:
        """Landmarks as if they had been found: a nipple at the far side, the wall at the chest wall's edge."""
        found = {}
        for pane in self.window.desk.wall.panes:
            if pane.hung is None:
                continue
            image = pane.hung.image
            box = pane.breast
            is_right = image.laterality is Laterality.RIGHT
            far = box.col0 if is_right else box.col1
            near = float(image.columns) if is_right else 0.0
            wall = WallLine(((0.0, near), (float(image.rows), near)))
            nipple = Nipple((image.rows * 0.5, far), 0.9)
            frame = view_frame(image, pane.hung.orientation, Landmarks(nipple, wall))
            if frame is not None:
                found[image.id] = frame
        return found

    def put_case(self, *, is_revealed: bool = False, is_signed: bool = False) -> Case:
        """Put the study on the table as a reader's case."""
        reading = Reading(1, "a", 1, Protocol(), now(), None, now() if is_revealed else None, None, None, None, None)
        if is_signed:
            reading = replace(reading, signed_at=now())
        draft = first_draft(exam_of(self.study), "Dr A", RevealProtocol.AFTER_FIRST_READ)
        case = Case(1, self.study.uid, reading, None, draft, RevealProtocol.AFTER_FIRST_READ, frames=self.frames())
        self.show(case)
        if is_revealed:
            self.reveal()
        return case

    def show(self, case: Case | None) -> None:
        self.window.desk.reading.case = case
        self.window.desk.reading.case_changed.emit(case)

    def reveal(self) -> None:
        """As the room does: the result, and what it proposes in the draft."""
        case = self.board.case
        assert case is not None
        result = self.result()
        draft = with_ai(case.draft, result, self.study.images, revealed_at=now())
        self.show(replace(case, draft=draft, result=result))

    def result(self) -> ExamResult:
        """A mass in both views of the left breast, linked; calcifications on RCC."""
        spots = [(self.image("LCC"), SPOT[ViewPosition.CC], LesionKind.MASS, 0.81)]
        spots += [(self.image("LMLO"), SPOT[ViewPosition.MLO], LesionKind.MASS, 0.74)]
        spots += [(self.image("RCC"), (500.0, 600.0), LesionKind.CALCIFICATION, 0.33)]
        images = tuple(
            ImageResult(image.id, findings=(self.ai_finding(image, at, kind, score),), p_malignant=score)
            for image, at, kind, score in spots
        )
        first, second = images[0].findings[0].id, images[1].findings[0].id
        return ExamResult(
            self.study.uid,
            "print",
            Provenance("mammoview 1", "cpu", "torch", (MODEL,), "2024-06-01T00:00:00+00:00", 1.0),
            images,
            (),
            0.7,
            links=(Link(first, second, 0.9),),
        )

    @staticmethod
    def ai_finding(image: Mammogram, at: Point, kind: LesionKind, score: float) -> Finding:
        box = Box(at[0] - 40, at[1] - 40, at[0] + 40, at[1] + 40)
        return Finding(
            f"{image.id}#1", kind, box, at, score, (0.1, 0.1, 0.1, 0.1, 0.6), contour=square(at, 40), area_mm2=10.0
        )

    # The mouse and the keys

    def place(self, pane: Pane, point: Point) -> QPoint:
        row, col = pane.placement.device_point(*point)
        return QPoint(round(col), round(row))

    def press(self, pane: Pane, point: Point, keys: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mousePress(pane, LEFT, keys, self.place(pane, point))

    def move(self, pane: Pane, point: Point) -> None:
        self.qtbot.mouseMove(pane, self.place(pane, point))
        # Without this the offscreen platform merges moves.
        QApplication.processEvents()

    def release(self, pane: Pane, point: Point, keys: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.mouseRelease(pane, LEFT, keys, self.place(pane, point))

    def drag(self, pane: Pane, *points: Point, keys: Qt.KeyboardModifier = NONE) -> None:
        self.press(pane, points[0], keys)
        for point in points[1:]:
            self.move(pane, point)
        self.release(pane, points[-1], keys)

    def click(self, pane: Pane, *points: Point) -> None:
        for point in points:
            self.qtbot.mouseClick(pane, LEFT, NONE, self.place(pane, point))

    def wheel(self, pane: Pane, point: Point, steps: int, keys: Qt.KeyboardModifier = NONE) -> None:
        at = QPointF(self.place(pane, point))
        event = QWheelEvent(
            at,
            QPointF(pane.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, 120 * steps),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(pane, event)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        self.qtbot.keyClick(self.window, key, modifier)

    def do(self, identity: str) -> None:
        self.window.actions_by_id[identity].trigger()
