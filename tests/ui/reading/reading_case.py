"""A reading desk over a real worklist, without the window's children."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from mammoview.core.errors import Problem
from mammoview.core.findings import ExamResult
from mammoview.core.image import DisplayImage
from mammoview.core.study import Mammogram, Study
from mammoview.session.anatomy import FrameAnswer
from mammoview.session.events import Message, StudySelected
from mammoview.session.marks import Marks
from mammoview.session.messages import Messages
from mammoview.session.opened import GONE
from mammoview.session.reading.case import Case
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.reading.reading_desk import ReadingDesk

sys.path.insert(0, str(Path(__file__).parents[2] / "session" / "reading"))

from reading_makers import Shelf, import_study, result_of, study_of


class FakeVeil:
    """Remembers what was lifted."""

    def __init__(self) -> None:
        self.is_on, self.lifted = False, set[str]()

    def begin(self) -> None:
        self.is_on = True

    def end(self, awaited: Iterable[str] = ()) -> None:
        self.is_on = False

    def lift(self, uid: str, compared: Iterable[str] = ()) -> None:
        self.lifted.add(uid)

    def drop(self, uid: str) -> None:
        self.lifted.discard(uid)


class FakeQuestions:
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.frames: dict[str, Callable[[FrameAnswer | Problem], None]] = {}

    def ask_frame(self, image_id: str, then: Callable[[FrameAnswer | Problem], None]) -> None:
        self.frames[image_id] = then


class FakeSession:
    """The part of a session that the desk asks."""

    def __init__(self, *studies: Study) -> None:
        self.files = {study.uid: study for study in studies}
        self.open_studies: dict[str, Study] = {}
        self.selected = ""
        self.pixels: dict[str, DisplayImage] = {}
        self.requested: list[str] = []
        self.veil = FakeVeil()
        self.questions = FakeQuestions()
        self.told: list[ExamResult] = []
        self.messages = Messages()
        self.marks = Marks(lambda _event: None, self.messages)
        self.tell: Callable[[object], None] = lambda _event: None

    @property
    def studies(self) -> tuple[Study, ...]:
        return tuple(self.open_studies.values())

    @property
    def listed(self) -> tuple[Study, ...]:
        return self.studies

    def study(self, uid: str) -> Study | None:
        return self.open_studies.get(uid)

    def open_study(self, uid: str, paths: tuple[str, ...]) -> None:
        if uid not in self.files:
            self.tell(Message(GONE[0], GONE[1]))
            return
        assert {image.path for image in self.files[uid].images} <= set(paths)
        self.open_studies[uid] = self.files[uid]
        self.selected = uid
        self.tell(StudySelected(uid))

    def open(self, paths: tuple[str, ...], *, select: bool = True, then: Callable[[], None] | None = None) -> None:
        assert not select
        if then is not None:
            # What is fetched ahead of the reader is not what these tests are about.
            return
        found = [study for study in self.files.values() if {image.path for image in study.images} & set(paths)]
        self.open_studies.update({study.uid: study for study in found})

    def fetch_ahead(self, uids: Iterable[str]) -> None:
        pass

    def release(self, uids: Iterable[str]) -> None:
        pass

    def has_result(self, uid: str) -> bool:
        return True

    def image(self, image_id: str) -> Mammogram | None:
        return next((one for study in self.studies for one in study.images if one.id == image_id), None)

    def pixels_of(self, image_id: str) -> DisplayImage | None:
        return self.pixels.get(image_id)

    def request_pixels(self, image_ids: list[str]) -> None:
        self.requested += image_ids

    def hanging_of(self, _study_uid: str) -> None:
        return None

    def put_result(self, result: ExamResult) -> None:
        self.told.append(result)


def wait_until(condition: Callable[[], bool]) -> None:
    """Let the window live until something is so."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        QCoreApplication.processEvents()
        time.sleep(0.002)


def reading_desk(worklist: Worklist, *, reader: str = "a", cases: int = 3, has_ai: bool = True) -> ReadingDesk:
    """A reader who signed in, with a list of cases; none is open yet."""
    studies, shelf = [study_of(number) for number in range(1, cases + 1)], Shelf()
    known = {one.id for one in worklist.readers.all()}
    for row, study in enumerate(studies, start=1):
        if not known:
            import_study(worklist, study)
        shelf.results[f"/results/{row}"] = result_of(study)
        if has_ai and not known:
            shelf.put(worklist, row, result_of(study))
    if reader not in known:
        worklist.readers.add(reader, f"Dr {reader.upper()}")
    session = FakeSession(*studies)
    desk = ReadingDesk(session, open_database=lambda: (worklist, ()), load_result=shelf.load)  # type: ignore[arg-type]
    session.tell = desk.hear
    desk.open_worklist()
    wait_until(lambda: desk.worklist is not None)
    desk.sign_in(reader)
    wait_until(lambda: desk.seat is not None)
    desk.order = tuple(range(1, cases + 1))
    return desk


def open_case(desk: ReadingDesk, row: int = 1) -> Case:
    """Put a case on the table."""
    desk.open_case(row)
    wait_until(lambda: desk.case is not None and desk.case.study == row)
    return case_of(desk)


def case_of(desk: ReadingDesk) -> Case:
    """The case on the table."""
    assert desk.case is not None
    return desk.case


def close(desk: ReadingDesk) -> None:
    """End the desk and its session."""
    desk.close()
    desk.session.marks.close()
