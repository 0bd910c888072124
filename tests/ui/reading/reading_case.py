"""A reading desk over a real worklist, without the window's children."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from mammoview.core.study import ScanResult, Study
from mammoview.session.events import StudiesFound
from mammoview.session.marks import Marks
from mammoview.session.messages import Messages
from mammoview.session.reading.case import Case
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.reading.reading_desk import ReadingDesk

sys.path.insert(0, str(Path(__file__).parents[2] / "session" / "reading"))

from reading_makers import Shelf, import_study, result_of, study_of


class FakeSession:
    """The part of a session that the reading desk asks."""

    def __init__(self, *studies: Study) -> None:
        self.files = {study.uid: study for study in studies}
        self.open_studies: dict[str, Study] = {}
        self.selected = ""
        self.messages = Messages()
        self.marks = Marks(lambda _event: None, self.messages)
        self.tell: Callable[[object], None] = lambda _event: None

    @property
    def studies(self) -> tuple[Study, ...]:
        return tuple(self.open_studies.values())

    def study(self, uid: str) -> Study | None:
        return self.open_studies.get(uid)

    def open(self, paths: tuple[str, ...]) -> None:
        found = [study for study in self.files.values() if {image.path for image in study.images} & set(paths)]
        self.open_studies.update({study.uid: study for study in found})
        self.tell(StudiesFound(ScanResult(tuple(found))))

    def select_study(self, uid: str) -> None:
        self.selected = uid


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
