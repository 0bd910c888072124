"""The reader's seat: what is shown at once, what is stored, and what is refused."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication

from mammoview.core.errors import OutputError
from mammoview.core.reading import Assessment
from mammoview.core.study import Laterality, ScanResult, Study
from mammoview.session.events import StudiesFound
from mammoview.session.marks import Marks
from mammoview.session.messages import Messages
from mammoview.session.reading import changes
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui.reading.reading_desk import ReadingDesk

sys.path.insert(0, str(Path(__file__).parents[2] / "session" / "reading"))

from reading_makers import Shelf, import_study, normal, result_of, study_of


class Session:
    """The part of a session that the desk asks."""

    def __init__(self, *studies: Study) -> None:
        self.files = {study.uid: study for study in studies}
        self.open_studies: dict[str, Study] = {}
        self.selected = ""
        self.messages = Messages()
        self.marks = Marks(lambda _event: None, self.messages)
        self.tell: Callable[[object], None] = lambda _event: None

    def study(self, uid: str) -> Study | None:
        return self.open_studies.get(uid)

    def open(self, paths: tuple[str, ...]) -> None:
        found = [study for study in self.files.values() if {image.path for image in study.images} & set(paths)]
        self.open_studies.update({study.uid: study for study in found})
        self.tell(StudiesFound(ScanResult(tuple(found))))

    def select_study(self, uid: str) -> None:
        self.selected = uid


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        QCoreApplication.processEvents()
        time.sleep(0.002)


@pytest.fixture
def worklist(tmp_path: Path) -> Worklist:
    return open_worklist(tmp_path / "worklist.db")[0]


@pytest.fixture
def desk(qapp: object, worklist: Worklist) -> Iterator[ReadingDesk]:
    studies, shelf = [study_of(number) for number in (1, 2, 3)], Shelf()
    for row, study in enumerate(studies, start=1):
        import_study(worklist, study)
        shelf.put(worklist, row, result_of(study))
    worklist.readers.add("a", "Dr A")
    session = Session(*studies)
    made = ReadingDesk(session, open_database=lambda: (worklist, ()), load_result=shelf.load)  # type: ignore[arg-type]
    session.tell = made.hear
    made.open_worklist()
    wait_until(lambda: made.worklist is not None)
    made.sign_in("a")
    wait_until(lambda: made.seat is not None)
    made.order = (1, 2, 3)
    made.open_case(1)
    wait_until(lambda: made.case is not None)
    yield made
    made.close()
    session.marks.close()


def stored(worklist: Worklist) -> str:
    with worklist._database.read() as connection:
        return str(connection.execute("SELECT content FROM documents ORDER BY id DESC").fetchone()[0])


def test_a_change_is_shown_at_once_and_stored_soon(desk: ReadingDesk, worklist: Worklist) -> None:
    assert desk.change(lambda draft: changes.assess(draft, Laterality.RIGHT, Assessment.BENIGN))
    assert desk.case is not None
    assert desk.case.draft.breasts[0].assessment is Assessment.BENIGN
    assert not desk.is_stored
    wait_until(lambda: desk.is_stored)
    assert '"assessment":"2"' in stored(worklist)


def test_undo_takes_a_change_back_on_the_disk_too(desk: ReadingDesk, worklist: Worklist) -> None:
    desk.change(lambda draft: changes.assess(draft, Laterality.RIGHT, Assessment.BENIGN), "category")
    history = desk.session.marks.history_of("1.2.1")
    assert history.undo() == "category"
    wait_until(lambda: desk.is_stored)
    assert desk.case is not None
    assert desk.case.draft.breasts == ()
    assert '"assessment"' not in stored(worklist)
    history.redo()
    wait_until(lambda: desk.is_stored)
    assert '"assessment":"2"' in stored(worklist)


def test_undo_does_not_reach_behind_the_commit(desk: ReadingDesk) -> None:
    desk.change(normal)
    desk.commit()
    wait_until(lambda: desk.case is not None and desk.case.is_committed)
    desk.session.marks.history_of("1.2.1").undo()
    assert desk.case is not None
    assert len(desk.case.draft.breasts) == 2


def test_the_committed_read_is_not_changed_until_the_ai_was_seen(desk: ReadingDesk) -> None:
    desk.change(normal)
    desk.commit()
    wait_until(lambda: desk.case is not None and desk.case.is_committed)
    worse = lambda draft: changes.assess(draft, Laterality.LEFT, Assessment.INCOMPLETE)  # noqa: E731
    assert not desk.change(worse)
    desk.reveal()
    wait_until(lambda: desk.case is not None and desk.case.is_revealed)
    assert desk.change(worse)
    desk.decide()
    wait_until(lambda: desk.case is not None and desk.case.reading is not None and bool(desk.case.reading.after))


def test_the_next_case_follows_the_list(desk: ReadingDesk) -> None:
    shown: list[object] = []
    desk.case_changed.connect(shown.append)
    desk.next_case()
    wait_until(lambda: desk.case is not None and desk.case.study == 2)
    assert desk.session.selected == "1.2.2"  # type: ignore[comparison-overlap]
    # The list shows unread cases only: the one before is gone from it.
    desk.order = (2, 3)
    desk.next_case()
    wait_until(lambda: desk.case is not None and desk.case.study == 3)
    desk.next_case()
    assert desk.session.messages.history[-1].problem.code == "end_of_list"
    desk.previous_case()
    wait_until(lambda: desk.case is not None and desk.case.study == 2)


def test_a_full_disk_loses_nothing(desk: ReadingDesk, worklist: Worklist, monkeypatch: pytest.MonkeyPatch) -> None:
    room = desk._room
    assert room is not None
    save = worklist.documents.save

    def full(*_args: object, **_more: object) -> None:
        raise OutputError("The disk is full.", "Make room.")

    monkeypatch.setattr(worklist.documents, "save", full)
    desk.change(normal)
    wait_until(lambda: any("disk" in message.problem.message for message in desk.session.messages.history))
    assert desk.case is not None
    assert len(desk.case.draft.breasts) == 2
    assert not desk.is_stored
    monkeypatch.setattr(worklist.documents, "save", save)
    desk._retry.timeout.emit()
    wait_until(lambda: desk.is_stored)
    assert '"assessment":"1"' in stored(worklist)


def test_locking_is_told_and_refuses(desk: ReadingDesk) -> None:
    told: list[bool] = []
    desk.locked.connect(told.append)
    desk.lock()
    wait_until(lambda: told == [True])
    answers: list[str] = []
    desk.ask(lambda _worklist, seat: seat.reader_id(), answers.append, lambda error: answers.append(str(error)))
    wait_until(lambda: bool(answers))
    assert "locked" in answers[0]
    desk.unlock()
    wait_until(lambda: told == [True, False])
