from __future__ import annotations

import csv
import sqlite3
from dataclasses import replace

import pytest
from worklist_makers import NORMAL, RECALL, import_studies, seat_for, use

from mammoview.core.reading.comparing import BreastOutcome
from mammoview.core.reading.decisions import BreastDecision, ReaderDecision
from mammoview.core.reading.states import ReaderRole
from mammoview.core.reading.words import Assessment
from mammoview.core.study import Laterality
from mammoview.session.worklist.errors import LockedError, WorklistError
from mammoview.session.worklist.mrmc import COLUMNS
from mammoview.session.worklist.protocol import CaseDecision, Protocol, ReadingMode


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_passphrase_is_kept_as_an_argon2id_hash_only(worklist, database_path) -> None:
    reader = worklist.readers.add("R1", "Dr One", passphrase="correct horse")
    assert reader.has_passphrase
    raw = sqlite3.connect(database_path)
    (stored,) = raw.execute("SELECT passphrase_hash FROM readers").fetchone()
    raw.close()
    assert stored.startswith("$argon2id$")
    for path in database_path.parent.iterdir():
        assert b"correct horse" not in path.read_bytes()
    assert worklist.readers.sign_in("R1", "correct horse").reader.name == "Dr One"
    for wrong in ("", "Correct horse", "correct horse "):
        with pytest.raises(LockedError):
            worklist.readers.sign_in("R1", wrong)
    with pytest.raises(LockedError) as unknown:
        worklist.readers.sign_in("R2", "x")
    with pytest.raises(LockedError) as refused:
        worklist.readers.sign_in("R1", "x")
    assert str(unknown.value) == str(refused.value), "the words do not tell who has an account"


def test_the_window_locks_after_idle_time_and_opens_with_the_passphrase(worklist) -> None:
    worklist.readers.add("R1", "Dr One", passphrase="open")
    clock = Clock()
    seat = worklist.readers.sign_in("R1", "open", idle_s=60, clock=clock)
    clock.now_s += 59
    seat.touch()
    clock.now_s += 59
    assert seat.reader_id() == "R1"
    clock.now_s += 1
    assert seat.is_locked
    seat.touch()
    assert seat.is_locked, "a key does not unlock"
    with pytest.raises(LockedError):
        seat.reader_id()
    worklist.readers.lock(seat)
    with pytest.raises(LockedError):
        worklist.readers.unlock(seat, "wrong")
    assert seat.is_locked
    worklist.readers.unlock(seat, "open")
    assert seat.reader_id() == "R1"
    events = [row[0] for row in worklist._database._reader.execute("SELECT event FROM audit ORDER BY seq")]
    assert events == ["reader", "unlock", "lock", "refused", "unlock"]


def test_passphrases_are_changed_by_those_who_know_the_old_one(worklist) -> None:
    worklist.readers.add("R1", "Dr One", passphrase="old")
    seat = worklist.readers.sign_in("R1", "old")
    with pytest.raises(LockedError):
        worklist.readers.change_passphrase(seat, "wrong", new="new")
    worklist.readers.change_passphrase(seat, "old", new="new")
    with pytest.raises(LockedError):
        worklist.readers.sign_in("R1", "old")
    worklist.readers.change_passphrase(seat, "new", new="")
    worklist.readers.sign_in("R1")


def test_ids_are_unique_and_none_that_studies_reserve(worklist) -> None:
    worklist.readers.add("R1", "One")
    for wrong in ("R1", " R1 ", "", "truth", "Truth", "-1"):
        with pytest.raises(WorklistError):
            worklist.readers.add(wrong, "Two")
    assert [reader.id for reader in worklist.readers.all()] == ["R1"]


def test_a_readers_decision_in_the_stores_words() -> None:
    decision = ReaderDecision(
        "R1",
        ReaderRole.FIRST,
        "2024-05-06T07:08:09+00:00",
        (
            BreastDecision(Laterality.LEFT, Assessment.NEGATIVE, suspicion=3.0),
            BreastDecision(Laterality.RIGHT, Assessment.BENIGN, is_recalled=True, suspicion=40.0),
        ),
    )
    kept = CaseDecision.of(decision, '{"a": 1}')
    assert kept == CaseDecision(
        right=BreastOutcome(Assessment.BENIGN.value, True),
        left=BreastOutcome(Assessment.NEGATIVE.value, False),
        score=40.0,
        content='{"a": 1}',
    )
    assert CaseDecision.from_json(kept.to_json()) == kept


def read(worklist, reader: str, study: int, *, before, after=None) -> None:
    seat = seat_for(worklist, reader)
    worklist.readings.open(seat, study)
    worklist.readings.commit(seat, study, decision=before)
    worklist.readings.reveal(seat, study)
    if after is not None:
        worklist.readings.decide(seat, study, decision=after)
    worklist.readings.sign(seat, study)
    worklist.readings.close(study)


def table(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_reader_study_is_exported_as_iMRMC_reads_it(worklist, tmp_path) -> None:
    import_studies(worklist, 3)
    coordinator = seat_for(worklist, "boss")
    use(worklist, coordinator, Protocol(reading=ReadingMode.READER_STUDY))
    for study in (1, 2, 3):
        worklist.ai.put(study, "p", path="x", score=0.5)
    for reader in ("R1", "R2"):
        read(worklist, reader, 1, before=NORMAL, after=RECALL)
        read(worklist, reader, 2, before=replace(NORMAL, score=None))
    worklist.readings.open(seat_for(worklist, "R1"), 3)
    path = tmp_path / "study.csv"
    counts = worklist.reader_study.write(coordinator, path, truth={1: True, 2: False, 3: True})
    assert (counts.readers, counts.cases, counts.lines) == (2, 2, 8)
    rows = table(path)
    assert tuple(rows[0]) == COLUMNS
    assert COLUMNS[:4] == ("readerID", "caseID", "modalityID", "score")
    four = [tuple(row[name] for name in COLUMNS[:4]) for row in rows]
    assert four[:2] == [("truth", "case000001", "truth", "1"), ("truth", "case000002", "truth", "0")]
    assert four[2:4] == [("R1", "case000001", "unaided", "5.0"), ("R1", "case000001", "aided", "70.0")]
    assert ("R2", "case000002", "aided", "0") in four
    aided = rows[3]
    assert (aided["recall"], aided["recall_changed"], aided["score_change"]) == ("1", "1", "65.0")
    assert (aided["category_right"], aided["category_left"], aided["score_from"]) == ("4A", "2", "scale")
    assert float(aided["seconds"]) >= 0
    text = path.read_text()
    assert not [word for word in ("Doe", "P0000", "1.2.1", "/data") if word in text]


def test_whoever_took_a_reader_study_out_reads_no_more_in_it(worklist, tmp_path) -> None:
    import_studies(worklist, 2)
    one, two = seat_for(worklist, "R1"), seat_for(worklist, "R2")
    use(worklist, one, Protocol(reading=ReadingMode.READER_STUDY))
    worklist.ai.put(1, "p", path="x", score=0.5)
    read(worklist, "R1", 1, before=NORMAL)
    assert worklist.reader_study.write(two, tmp_path / "a.csv").lines == 2
    assert worklist.readings.open(two, 1).reading is None


def test_an_export_tells_nothing_before_both_readers_signed(worklist, tmp_path) -> None:
    import_studies(worklist, 1)
    one, two = seat_for(worklist, "R1"), seat_for(worklist, "R2")
    use(worklist, one, Protocol(reading=ReadingMode.DOUBLE))
    worklist.ai.put(1, "p", path="x", score=0.5)
    read(worklist, "R1", 1, before=RECALL)
    assert worklist.reader_study.write(two, tmp_path / "a.csv").lines == 0
    read(worklist, "R2", 1, before=NORMAL)
    assert worklist.reader_study.write(two, tmp_path / "a.csv").lines == 4
