"""Where a case stands, in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mammoview.core.reading import Assessment, BreastDecision, Recommendation, RevealProtocol
from mammoview.core.study import Laterality
from mammoview.session.reading import changes
from mammoview.session.worklist.leases import Holder
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui.reading.standing import (
    Step,
    changes_between,
    moment,
    offer,
    read_words,
    reveal_hindrance,
    sign_questions,
    state_lines,
)

sys.path.insert(0, str(Path(__file__).parents[2] / "session" / "reading"))

from reading_makers import Shelf, import_study, normal, result_of, room_for, study_of

STUDY = study_of(1)
RIGHT = Laterality.RIGHT


@pytest.fixture
def worklist(tmp_path: Path) -> Iterator[Worklist]:
    opened, _ = open_worklist(tmp_path / "worklist.db")
    import_study(opened, STUDY)
    yield opened
    opened.close()


@pytest.fixture
def shelf(worklist: Worklist) -> Shelf:
    made = Shelf()
    made.put(worklist, 1, result_of(STUDY))
    return made


def set_protocol(worklist: Worklist, **parts: object) -> None:
    seat = room_for(worklist, "admin").seat
    worklist.protocols.change(seat, Protocol(**parts))  # type: ignore[arg-type]


def test_a_case_without_decisions_asks_for_both_then_for_one(worklist: Worklist) -> None:
    case = room_for(worklist, "a").open_case(1, STUDY)
    assert offer(case).hindrance == "Give both breasts their category."
    half = replace(case, draft=changes.assess(case.draft, RIGHT, Assessment.BENIGN))
    assert offer(half).hindrance == "Give the left breast its category."
    assert state_lines(case) == ("Before the AI; first read not committed",)


def test_with_the_ai_in_view_the_reveal_comes_first(worklist: Worklist, shelf: Shelf) -> None:
    set_protocol(worklist, reveal=RevealProtocol.CONCURRENT)
    room = room_for(worklist, "a", shelf)
    assert reveal_hindrance(room.open_case(1, STUDY)) == ""
    case = room.reveal()
    lines = state_lines(case)
    assert lines[0].startswith("AI revealed")
    assert lines[1] == "Decision not committed"
    room.store(normal(case.draft))
    lines = state_lines(room.commit())
    assert lines[1].startswith("Decision committed")
    assert lines[1].endswith("with the AI in view")
    assert room.case is not None
    # Nothing lies between the two keys: the signature is asked for once more.
    assert sign_questions(room.case) != ()


def test_a_look_at_the_ai_is_the_pause_before_the_signature(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    assert sign_questions(room.commit())[0] == "The AI was not revealed."
    case = room.reveal()
    assert sign_questions(case) == ("2 findings of the AI are not judged.",)
    draft = replace(case.draft, findings=(), links=())
    assert sign_questions(replace(case, draft=draft)) == ()


def test_the_second_reader_reads_a_second_read(worklist: Worklist) -> None:
    set_protocol(worklist, reading=ReadingMode.DOUBLE)
    first = room_for(worklist, "a")
    assert read_words(first.open_case(1, STUDY)) == "first read"
    first.close_case()
    second = room_for(worklist, "b")
    case = second.open_case(1, STUDY)
    assert offer(case).text == "Commit second read"
    assert state_lines(case) == ("Before the AI; second read not committed",)


def test_a_case_that_another_window_has_can_only_be_left(worklist: Worklist) -> None:
    case = room_for(worklist, "a").open_case(1, STUDY)
    held = replace(case, holder=Holder("other", 7))
    assert offer(held).step is Step.NEXT
    assert state_lines(held)[0] == "Another window works on this case: read only here."


def test_who_has_no_part_may_look(worklist: Worklist) -> None:
    first = room_for(worklist, "a")
    first.store(normal(first.open_case(1, STUDY).draft))
    first.commit()
    first.sign()
    first.close_case()
    case = room_for(worklist, "b").open_case(1, STUDY)
    assert offer(case).step is Step.NEXT
    assert state_lines(case)[0].startswith("Read by others")


def test_an_amendment_says_which_version_and_why(worklist: Worklist) -> None:
    room = room_for(worklist, "a")
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    room.sign()
    case = room.amend("The sides were confused.")
    assert offer(case).text == "Sign amendment, version 2"
    assert state_lines(case)[-1] == "Amending version 1: The sides were confused."


def test_changes_are_told_as_before_and_after() -> None:
    before = BreastDecision(RIGHT, Assessment.NEGATIVE, suspicion=5)
    after = BreastDecision(RIGHT, Assessment.INCOMPLETE, recommendations=(Recommendation.ULTRASOUND,), suspicion=60)
    assert changes_between(before, after) == [
        "BI-RADS 1 → 0",
        "no recall → recall",
        "nothing recommended → ultrasound",
        "suspicion 5 → 60",
    ]
    assert changes_between(before, before) == []


def test_moments_of_other_days_tell_the_day() -> None:
    now = datetime.now(UTC)
    assert len(moment(now.isoformat())) == 5
    assert len(moment((now - timedelta(days=2)).isoformat())) == 16
