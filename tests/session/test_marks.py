from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mammoview.core.marks import Mark, MarkKind
from mammoview.session import marks_file
from mammoview.session.events import HistoryChanged, MarksChanged
from mammoview.session.marks import Marks, new_id
from mammoview.session.marks_file import Loaded, load, marks_path, save
from mammoview.session.messages import Messages

STUDY = "1.2.3"
LINE = Mark("a", "image-1", MarkKind.DISTANCE, ((1.5, 2.25), (30.125, 4.0)), text="naïve „quoted“ \\ 😀")
SPOT = Mark("b", "image-2", MarkKind.ELLIPSE, ((1.0, 2.0), (9.0, 8.0)), frame=7)


@pytest.fixture
def open_marks(ear) -> Iterator[Callable[[], Marks]]:
    """A store as a session makes it; what it tells, messages included, goes to the ear."""
    made: list[Marks] = []

    def make() -> Marks:
        messages = Messages()
        messages.connect(ear)
        made.append(Marks(ear, messages))
        return made[-1]

    yield make
    for marks in made:
        marks.close()


def test_marks_are_drawn_changed_and_deleted_and_all_is_taken_back(open_marks, ear) -> None:
    marks = open_marks()
    history = marks.history_of(STUDY)
    marks.add(STUDY, LINE)
    marks.add(STUDY, SPOT)
    moved = LINE.shifted(3, 4)
    marks.change(STUDY, moved)
    marks.remove(STUDY, SPOT.id)
    assert marks.of_study(STUDY) == (moved,)
    assert marks.of_image(STUDY, "image-2") == ()
    states = [{moved.id: moved, SPOT.id: SPOT}, {LINE.id: LINE, SPOT.id: SPOT}, {LINE.id: LINE}, {}]
    texts = ["delete ellipse", "change distance", "draw ellipse", "draw distance"]
    for text, state in zip(texts, states, strict=True):
        assert history.undo_text == text
        history.undo()
        assert {mark.id: mark for mark in marks.of_study(STUDY)} == state
    for text in reversed(texts):
        assert history.redo() == text
    assert marks.of_study(STUDY) == (moved,)
    assert len(ear.of(MarksChanged)) == 12
    assert len(ear.of(HistoryChanged)) == 12


def test_what_changes_nothing_is_no_step(open_marks) -> None:
    marks = open_marks()
    marks.add(STUDY, LINE)
    marks.change(STUDY, LINE)
    marks.change(STUDY, SPOT)
    marks.remove(STUDY, "another")
    assert marks.of_study(STUDY) == (LINE,)
    marks.history_of(STUDY).undo()
    assert marks.history_of(STUDY).undo_text == ""


def test_each_study_has_its_own_marks_and_its_own_history(open_marks) -> None:
    marks = open_marks()
    marks.add(STUDY, LINE)
    marks.add("other", SPOT)
    marks.history_of(STUDY).undo()
    assert marks.of_study(STUDY) == ()
    assert marks.of_study("other") == (SPOT,)


def test_a_reader_sees_nothing_of_what_another_marked_or_may_take_back(open_marks, ear) -> None:
    marks = open_marks()
    marks.belong_to("r1")
    marks.add(STUDY, LINE)
    marks.belong_to("r2")
    assert marks.of_study(STUDY) == ()
    assert marks.history_of(STUDY).undo_text == ""
    marks.add(STUDY, SPOT)
    marks.belong_to("")
    assert marks.of_study(STUDY) == ()
    marks.belong_to("r1")
    assert marks.of_study(STUDY) == (LINE,)
    assert marks.history_of(STUDY).undo_text == "draw distance"
    marks.close()
    again = open_marks()
    again.belong_to("r2")
    told = len(ear.of(MarksChanged))
    again.open(STUDY)
    ear.wait(MarksChanged, count=told + 1)
    assert again.of_study(STUDY) == (SPOT,)
    assert load(STUDY).marks == ()


def test_marks_are_there_again_the_next_time(open_marks, ear) -> None:
    first = open_marks()
    first.add(STUDY, LINE)
    first.add(STUDY, SPOT)
    first.close()
    again = open_marks()
    assert again.of_study(STUDY) == ()
    again.open(STUDY)
    ear.wait(MarksChanged, count=3)
    assert again.of_study(STUDY) == (LINE, SPOT)
    assert again.history_of(STUDY).undo_text == "", "what another day did is not taken back"


def test_a_mark_drawn_before_the_file_was_read_costs_none_of_it(open_marks, monkeypatch) -> None:
    save(STUDY, (LINE,))
    may_read = threading.Event()
    real = marks_file.load
    monkeypatch.setattr(marks_file, "load", lambda *key: (may_read.wait(10), real(*key))[1])
    marks = open_marks()
    marks.add(STUDY, SPOT)
    may_read.set()
    marks.close()
    assert {mark.id for mark in marks.of_study(STUDY)} == {LINE.id, SPOT.id}
    assert {mark.id for mark in load(STUDY).marks} == {LINE.id, SPOT.id}


def test_deleting_the_last_mark_deletes_the_file(open_marks) -> None:
    marks = open_marks()
    marks.add(STUDY, LINE)
    marks.remove(STUDY, LINE.id)
    marks.close()
    assert not marks_path(STUDY).exists()
    assert load(STUDY) == Loaded()


def test_the_file_says_no_patient_in_its_name_and_keeps_every_digit() -> None:
    exact = replace(LINE, points=((0.1 + 0.2, 1 / 3), (2.0**-40, 1e6 + 1e-9)))
    save(STUDY, (exact, SPOT))
    assert load(STUDY) == Loaded((exact, SPOT))
    assert STUDY not in marks_path(STUDY).name
    assert marks_path("../../escape").parent == marks_path(STUDY).parent


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"schema": 1}',
        b'{"schema": 1, "marks": 5}',
        b'{"schema": 1, "marks": [{"id": "a", "image": "i", "kind": "circle", "points": [[0, 0]]}]}',
        b'{"schema": 1, "marks": [{"id": "a", "image": "i", "kind": "text", "points": [[0, NaN]]}]}',
        b'{"schema": 1, "marks": [{"id": "a", "image": "i", "kind": "text", "points": [[0, 0, 0]]}]}',
        b'{"schema": 1, "marks": [{"id": "a", "image": "i", "kind": "text", "points": []}]}',
        b'{"schema": 99, "marks": []}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_kept_aside_and_told(open_marks, ear, content) -> None:
    path = marks_path(STUDY)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    marks = open_marks()
    marks.open(STUDY)
    message = ear.wait(lambda told: hasattr(told, "problem"))
    assert message.problem.path == str(path)
    assert path.with_name(f"{path.name}.kept").name in message.problem.hint
    marks.add(STUDY, LINE)
    marks.close()
    assert path.with_name(f"{path.name}.kept").read_bytes() == content
    assert load(STUDY) == Loaded((LINE,))


def test_a_full_disk_is_told_once_and_nothing_is_lost(open_marks, ear, monkeypatch) -> None:
    marks = open_marks()
    marks.add(STUDY, LINE)
    ear.wait(HistoryChanged)
    marks.close()

    marks = open_marks()
    marks.open(STUDY)
    ear.wait(MarksChanged, count=2)

    def no_room(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_text", no_room)
        for step in range(5):
            marks.change(STUDY, LINE.shifted(step + 1, 0))
        message = ear.wait(lambda told: hasattr(told, "problem"))
        marks._files.submit(lambda: None).result()
    assert "No space left" in message.problem.message
    assert sum(hasattr(told, "problem") for told in ear.heard) == 1
    assert load(STUDY) == Loaded((LINE,)), "the file before is whole"
    assert not list(marks_path(STUDY).parent.glob("*.tmp"))
    assert marks.of_study(STUDY) == (LINE.shifted(5, 0),)
    # There is room again: the last try is made at the end.
    marks.close()
    assert load(STUDY) == Loaded((LINE.shifted(5, 0),))


def test_a_file_that_cannot_be_read_is_told_and_never_written_over(open_marks, ear, monkeypatch) -> None:
    save(STUDY, (LINE,))

    def forbidden(*_args: object, **_kwargs: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    marks = open_marks()
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_text", forbidden)
        marks.open(STUDY)
        message = ear.wait(lambda told: hasattr(told, "problem"))
    assert "Permission denied" in message.problem.message
    marks.add(STUDY, SPOT)
    marks.close()
    assert marks.of_study(STUDY) == (SPOT,)
    assert load(STUDY) == Loaded((LINE,))


def test_a_damaged_file_without_a_copy_is_left(open_marks, ear, monkeypatch) -> None:
    path = marks_path(STUDY)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{")

    def no_room(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("shutil.copyfile", no_room)
    marks = open_marks()
    marks.open(STUDY)
    ear.wait(lambda told: hasattr(told, "problem"))
    marks.add(STUDY, SPOT)
    marks.close()
    assert path.read_bytes() == b"{"


def test_ids_are_new() -> None:
    assert len({new_id() for _ in range(100)}) == 100
