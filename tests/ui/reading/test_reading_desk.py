"""The reader's seat: what is shown at once, what is stored, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from reading_case import FakeQuestions, FakeSession, FakeVeil, close, open_case, reading_desk, wait_until
from reading_makers import normal, study_of

from mammoview.core.anatomy import Landmarks, Nipple, WallLine
from mammoview.core.errors import OutputError
from mammoview.core.geometry import Dihedral
from mammoview.core.image import Mask
from mammoview.core.reading import Assessment
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.location import ViewFrame
from mammoview.session.anatomy import FrameAnswer
from mammoview.session.reading import changes
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui.reading.reading_desk import ReadingDesk


@pytest.fixture
def worklist(tmp_path: Path) -> Worklist:
    return open_worklist(tmp_path / "worklist.db")[0]


@pytest.fixture
def desk(qapp: object, worklist: Worklist) -> Iterator[ReadingDesk]:
    made = reading_desk(worklist)
    open_case(made)
    yield made
    close(made)


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
    assert desk.session.selected == "1.2.2"
    # The list shows unread cases only: the one before is gone from it.
    desk.order = (2, 3)
    desk.next_case()
    wait_until(lambda: desk.case is not None and desk.case.study == 3)
    desk.next_case()
    assert desk.session.messages.history[-1].problem.code == "end_of_list"
    desk.previous_case()
    wait_until(lambda: desk.case is not None and desk.case.study == 2)


def test_while_the_next_case_is_fetched_nothing_can_be_changed(desk: ReadingDesk) -> None:
    desk.open_case(2)
    assert desk.case is None
    assert not desk.change(normal)
    wait_until(lambda: desk.case is not None and desk.case.study == 2)


def test_what_is_asked_for_during_a_step_comes_after_it(desk: ReadingDesk) -> None:
    desk.change(normal)
    # Refused, as the first read is not committed; neither the commit nor what follows may be lost over it.
    desk.reveal()
    desk.commit()
    desk.reveal()
    desk.change(lambda draft: changes.assess(draft, Laterality.LEFT, Assessment.INCOMPLETE))
    wait_until(lambda: desk.case is not None and desk.case.is_revealed)
    assert desk.case is not None
    assert desk.case.draft.breasts[1].assessment is Assessment.INCOMPLETE


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
    told = len(desk.session.messages.history)
    desk._retry.timeout.emit()
    wait_until(lambda: desk._retry.isActive())
    assert len(desk.session.messages.history) == told
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


def veil_of(desk: ReadingDesk) -> FakeVeil:
    assert isinstance(desk.session, FakeSession)
    return desk.session.veil


def test_the_veil_is_lifted_by_the_reveal_alone(desk: ReadingDesk) -> None:
    assert veil_of(desk).is_on
    desk.reveal()
    wait_until(lambda: bool(desk.session.messages.history))
    assert veil_of(desk).lifted == set()
    desk.change(normal)
    desk.commit()
    wait_until(lambda: desk.case is not None and desk.case.is_committed)
    assert veil_of(desk).lifted == set()
    desk.reveal()
    wait_until(lambda: veil_of(desk).lifted == {"1.2.1"})
    desk.open_case(2)
    wait_until(lambda: desk.case is not None and desk.case.study == 2)
    assert veil_of(desk).lifted == set()
    desk.open_case(1)
    wait_until(lambda: veil_of(desk).lifted == {"1.2.1"})
    desk.sign_out()
    assert not veil_of(desk).is_on
    assert veil_of(desk).lifted == set()


def test_a_case_whose_files_are_gone_is_told(desk: ReadingDesk) -> None:
    rows: list[int] = []
    desk.case_opening.connect(rows.append)
    assert isinstance(desk.session, FakeSession)
    del desk.session.files["1.2.3"]
    desk.open_case(3)
    wait_until(lambda: rows == [3, -1])
    assert desk.case is None


def framed(found: Landmarks) -> tuple[ViewFrame, FrameAnswer]:
    """The first case's first image with these landmarks, and the answer that says so."""
    image = study_of(1).images[0]
    frame = ViewFrame(Laterality.RIGHT, ViewPosition.CC, image.rows, image.columns, Dihedral(), found)
    return frame, FrameAnswer(image.id, frame, Mask.from_array(np.zeros((2, 2), bool)), ())


def test_frames_of_the_case_on_the_table_are_taken_and_no_others(desk: ReadingDesk) -> None:
    questions = desk.session.questions
    assert isinstance(questions, FakeQuestions)
    first = dict(questions.frames)
    assert set(first) == {f"1.2.1.{number}" for number in range(4)}
    image = study_of(1).images[0]
    _, answer = framed(Landmarks(None, WallLine(None)))
    threading.Thread(target=first[image.id], args=(answer,)).start()
    wait_until(lambda: desk.case is not None and image.id in desk.case.frames)
    desk.open_case(2)
    wait_until(lambda: desk.case is not None)
    first[image.id](answer)
    QCoreApplication.processEvents()
    assert desk.case is not None
    assert not desk.case.frames


def test_landmarks_that_were_dragged_come_back_with_the_case(desk: ReadingDesk) -> None:
    questions = desk.session.questions
    assert isinstance(questions, FakeQuestions)
    image, found = study_of(1).images[0], Landmarks(Nipple((500.0, 700.0), 0.9), WallLine(((0.0, 0.0), (1000.0, 0.0))))
    frame, answer = framed(found)
    questions.frames[image.id](answer)
    wait_until(lambda: desk.case is not None and image.id in desk.case.frames)
    assert desk.case is not None
    assert desk.case.landmarks == {}, "what was found is not kept as the reader's"
    assert found.nipple is not None
    moved = replace(frame, landmarks=replace(found, nipple=found.nipple.moved((400.0, 690.0))))
    desk.show_frames(desk.case.uid, {image.id: moved})
    assert desk.case.frames[image.id] == moved
    desk.open_case(2)
    wait_until(lambda: desk.case is not None and desk.case.study == 2)
    desk.open_case(1)
    wait_until(lambda: desk.case is not None and desk.case.study == 1)
    questions.frames[image.id](answer)
    wait_until(lambda: desk.case is not None and image.id in desk.case.frames)
    assert desk.case.frames[image.id] == moved


def test_a_drag_that_was_taken_back_does_not_come_back(desk: ReadingDesk) -> None:
    questions = desk.session.questions
    assert isinstance(questions, FakeQuestions)
    image, found = study_of(1).images[0], Landmarks(Nipple((500.0, 700.0), 0.9), WallLine(((0.0, 0.0), (1000.0, 0.0))))
    frame, answer = framed(found)
    questions.frames[image.id](answer)
    wait_until(lambda: desk.case is not None and image.id in desk.case.frames)
    assert desk.case is not None
    assert found.nipple is not None
    moved = replace(frame, landmarks=replace(found, nipple=found.nipple.moved((400.0, 690.0))))
    history = desk.session.marks.history_of(desk.case.uid)
    assert desk.change(lambda draft: draft, "landmarks", frames={image.id: moved})
    assert history.undo_text == "landmarks"
    assert desk.case.frames[image.id] == moved
    history.undo()
    assert desk.case.frames[image.id] == frame
    history.redo()
    assert desk.case.frames[image.id] == moved
    history.undo()
    desk.open_case(2)
    wait_until(lambda: desk.case is not None and desk.case.study == 2)
    desk.open_case(1)
    wait_until(lambda: desk.case is not None and desk.case.study == 1)
    questions.frames[image.id](answer)
    wait_until(lambda: desk.case is not None and image.id in desk.case.frames)
    assert desk.case.frames[image.id] == frame
