"""What the AI said of an earlier study beside what it says of a later one: told only after the later one's reveal."""

from __future__ import annotations

import pytest
from worklist_makers import NORMAL, header, seat_for, use

from mammoview.core.reading.states import RevealProtocol
from mammoview.session.worklist.errors import BlindedError, WorklistError
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.worklist import Worklist

NOW, THEN, STRANGER = 1, 2, 3


@pytest.fixture
def shelf(worklist: Worklist) -> Worklist:
    """Two studies of one woman and one of another, all with a result."""
    worklist.ingest.add(
        [
            header(1, date="20240601"),
            header(2, date="20230601", patient_id="P00001", patient_name="Doe^Jane1"),
            header(3, date="20230601"),
        ]
    )
    for row in (NOW, THEN, STRANGER):
        worklist.ai.put(row, f"print-{row}", path=f"/results/{row}", score=0.1 * row)
    return worklist


def revealed(worklist: Worklist, reader: str = "r1"):
    seat = seat_for(worklist, reader)
    worklist.readings.open(seat, NOW)
    worklist.readings.commit(seat, NOW, decision=NORMAL)
    worklist.readings.reveal(seat, NOW)
    return seat


def test_an_earlier_study_is_told_after_the_reveal_of_the_later_one_and_logged(shelf: Worklist) -> None:
    seat = seat_for(shelf, "r1")
    shelf.readings.open(seat, NOW)
    with pytest.raises(BlindedError):
        shelf.patients.reveal(seat, NOW, THEN)
    shelf.readings.commit(seat, NOW, decision=NORMAL)
    with pytest.raises(BlindedError, match="not shown for this study yet"):
        shelf.patients.reveal(seat, NOW, THEN)
    shelf.readings.reveal(seat, NOW)
    assert shelf.patients.reveal(seat, NOW, THEN).path == "/results/2"
    assert shelf.verify_audit().is_sound
    assert not shelf.readings.visible(seat, THEN), "it is not opened for reading by that"


def test_a_study_of_another_woman_is_never_told(shelf: Worklist) -> None:
    with pytest.raises(WorklistError, match="no earlier study"):
        shelf.patients.reveal(revealed(shelf), NOW, STRANGER)


def test_the_later_study_is_no_prior_of_the_earlier_one(shelf: Worklist) -> None:
    seat = seat_for(shelf, "r1")
    shelf.readings.open(seat, THEN)
    shelf.readings.commit(seat, THEN, decision=NORMAL)
    shelf.readings.reveal(seat, THEN)
    with pytest.raises(WorklistError, match="no earlier study"):
        shelf.patients.reveal(seat, THEN, NOW)


def test_who_is_at_the_earlier_study_commits_it_first(shelf: Worklist) -> None:
    seat = revealed(shelf)
    shelf.readings.open(seat, THEN)
    with pytest.raises(BlindedError):
        shelf.patients.reveal(seat, NOW, THEN)
    shelf.readings.commit(seat, THEN, decision=NORMAL)
    assert shelf.patients.reveal(seat, NOW, THEN).score == pytest.approx(0.2)


def test_in_a_reader_study_everybody_commits_the_earlier_one_first(shelf: Worklist) -> None:
    use(shelf, seat_for(shelf, "r1"), Protocol(reading=ReadingMode.READER_STUDY))
    with pytest.raises(BlindedError):
        shelf.patients.reveal(revealed(shelf), NOW, THEN)


def test_what_is_never_shown_is_not_compared_either(shelf: Worklist) -> None:
    seat = revealed(shelf)
    use(shelf, seat, Protocol(reveal=RevealProtocol.NEVER))
    with pytest.raises(BlindedError):
        shelf.patients.reveal(seat, NOW, THEN)
