from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from worklist_makers import NORMAL, RECALL, import_studies, seat_for, use

import mammoview.session.worklist as package
from mammoview.core.errors import UsageError
from mammoview.core.reading.comparing import BreastOutcome, Discordance, difference, needs_arbiter
from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist.errors import BlindedError, InUseError, LockedError, WorklistError
from mammoview.session.worklist.listing import Query, Sort, Stage
from mammoview.session.worklist.protocol import CaseDecision, Protocol, ReadingMode
from mammoview.session.worklist.worklist import open_worklist

SECRET_PATH, SECRET_SCORE = "/results/secret-place/result.json", 0.8765


@pytest.fixture
def read_by(worklist):
    import_studies(worklist, 3)
    worklist.ai.put(1, "print-1", path=SECRET_PATH, score=SECRET_SCORE)
    worklist.ai.put(2, "print-2", path="/results/2", score=0.1)

    def seat(reader: str):
        return seat_for(worklist, reader)

    return seat


def everything_in(value: object) -> Iterator[object]:
    if is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from everything_in(getattr(value, one.name))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from everything_in(one)
    else:
        yield value


def all_that_can_be_asked(worklist, seat) -> list[object]:
    """What every question of the store's interface answers, whatever is sorted or filtered."""
    answers: list[object] = []
    for sort in Sort:
        for descending in (False, True):
            for least in (None, 0.0, 0.5):
                query = Query(sort=sort, is_descending=descending, least_score=least)
                try:
                    answers.append(worklist.listing.rows(seat, worklist.listing.order(seat, query)))
                except BlindedError:
                    continue
    answers.append(worklist.readings.visible(seat, 1))
    answers.append(worklist.documents.visible(seat, 1))
    answers.append(worklist.listing.paths(seat, 1))
    answers.append(worklist.patients.priors(seat, 1))
    answers.append(worklist.ai.pending(9))
    return [leaf for answer in answers for leaf in everything_in(answer)]


@pytest.mark.parametrize("rule", [RevealProtocol.AFTER_FIRST_READ, RevealProtocol.NEVER])
def test_nothing_that_can_be_asked_tells_what_the_ai_says_before_the_first_read(worklist, read_by, rule) -> None:
    seat = read_by("r1")
    use(worklist, seat, Protocol(reveal=rule))
    for prepare in (lambda: None, lambda: worklist.readings.open(seat, 1)):
        prepare()
        leaves = all_that_can_be_asked(worklist, seat)
        assert SECRET_SCORE not in leaves
        assert not [leaf for leaf in leaves if isinstance(leaf, str) and "secret" in leaf]
        with pytest.raises(BlindedError):
            worklist.readings.reveal(seat, 1)
    assert worklist.readings.visible(seat, 1)[0].revealed_at is None


def test_a_hidden_score_moves_no_study_in_the_order(worklist, read_by) -> None:
    seat = read_by("r1")
    by_score = Query(sort=Sort.AI_SCORE)
    before = worklist.listing.order(seat, by_score)
    worklist.ai.put(1, "other", path="x", score=0.0)
    worklist.ai.put(2, "other", path="x", score=0.99)
    worklist.ai.put(3, "other", path="x", score=0.5)
    assert worklist.listing.order(seat, by_score) == before == (1, 2, 3)
    assert worklist.listing.order(seat, Query(least_score=0.5)) == ()


def test_the_ai_is_seen_after_the_first_read_and_the_moment_is_stamped_once(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    committed = worklist.readings.commit(seat, 1, decision=NORMAL)
    assert SECRET_SCORE not in all_that_can_be_asked(worklist, seat), "the commit alone reveals nothing by accident"
    result = worklist.readings.reveal(seat, 1)
    assert (result.path, result.score) == (SECRET_PATH, SECRET_SCORE)
    first = worklist.readings.visible(seat, 1)[0].revealed_at
    assert first is not None
    assert first >= committed.committed_at
    worklist.readings.reveal(seat, 1)
    assert worklist.readings.visible(seat, 1)[0].revealed_at == first
    assert worklist.listing.rows(seat, [1])[0].ai_score == SECRET_SCORE
    assert worklist.listing.order(seat, Query(sort=Sort.AI_SCORE)) == (1, 2, 3)
    assert worklist.listing.order(seat, Query(least_score=0.5)) == (1,)
    assert SECRET_SCORE not in all_that_can_be_asked(worklist, read_by("r2")), "revealed to one is revealed to one"


def test_no_module_but_one_reads_the_table_of_results() -> None:
    """``ai`` writes and asks what is missing; ``schema`` makes the table; only ``blinding`` selects from it."""
    readers = set()
    for path in Path(package.__file__).parent.glob("*.py"):
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        if any("ai_results" in text for text in texts):
            readers.add(path.stem)
        if path.stem == "ai":
            selected = [text for text in texts if "SELECT" in text and "ai_results" in text]
            assert all("SELECT 1 FROM ai_results" in text for text in selected)
    assert readers == {"ai", "blinding", "schema"}


def test_both_decisions_are_kept_with_their_difference(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    worklist.readings.commit(seat, 1, decision=NORMAL)
    with pytest.raises(WorklistError):
        worklist.readings.decide(seat, 1, decision=RECALL)
    worklist.readings.reveal(seat, 1)
    reading = worklist.readings.decide(seat, 1, decision=RECALL)
    assert (reading.before, reading.after, reading.final) == (NORMAL, RECALL, RECALL)
    changed = difference(reading.before, reading.after)
    assert changed.recall == (False, True)
    assert changed.right == ("1", "4A")
    assert changed.left == ("1", "2")
    assert not changed.is_none
    assert difference(NORMAL, NORMAL).is_none
    with pytest.raises(WorklistError):
        worklist.readings.commit(seat, 1, decision=RECALL)


def test_the_database_itself_keeps_what_was_committed(worklist, read_by, database_path) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    worklist.readings.commit(seat, 1, decision=NORMAL)
    worklist.readings.reveal(seat, 1)
    other = sqlite3.connect(database_path, isolation_level=None)
    for column in ("before", "committed_at", "revealed_at"):
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(f"UPDATE readings SET {column} = 'x'")
    with pytest.raises(sqlite3.IntegrityError):
        other.execute("DELETE FROM readings")
    worklist.readings.sign(seat, 1)
    with pytest.raises(sqlite3.IntegrityError):
        other.execute("UPDATE readings SET after = 'x'")
    other.close()


def test_concurrent_reading_shows_the_ai_at_once_and_calls_the_decision_one_after_it(worklist, read_by) -> None:
    seat = read_by("r1")
    use(worklist, seat, Protocol(reveal=RevealProtocol.CONCURRENT))
    assert worklist.listing.rows(seat, [1])[0].ai_score == SECRET_SCORE
    assert worklist.listing.order(seat, Query(sort=Sort.AI_SCORE)) == (1, 2, 3)
    worklist.readings.open(seat, 1)
    worklist.readings.reveal(seat, 1)
    reading = worklist.readings.commit(seat, 1, decision=RECALL)
    assert reading.before is None
    assert reading.after == RECALL


def test_a_reading_keeps_the_rules_under_which_it_was_begun(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    use(worklist, seat, Protocol(reveal=RevealProtocol.CONCURRENT))
    with pytest.raises(BlindedError):
        worklist.readings.reveal(seat, 1)
    rows = worklist.listing.rows(seat, [1, 2])
    assert [row.ai_score for row in rows] == [None, 0.1]
    use(worklist, seat, Protocol(reveal=RevealProtocol.NEVER))
    worklist.readings.commit(seat, 1, decision=NORMAL)
    with pytest.raises(BlindedError):
        worklist.readings.reveal(seat, 1)


@pytest.mark.parametrize("rule", [RevealProtocol.AFTER_FIRST_READ, RevealProtocol.NEVER])
def test_the_second_reader_is_bound_by_the_rules_of_the_first(worklist, read_by, rule) -> None:
    use(worklist, read_by("r1"), Protocol(reveal=rule, reading=ReadingMode.DOUBLE))
    worklist.readings.open(read_by("r1"), 1)
    use(worklist, read_by("r1"), Protocol(reveal=RevealProtocol.CONCURRENT, reading=ReadingMode.DOUBLE))
    seat = read_by("r2")
    with pytest.raises(BlindedError):
        worklist.readings.reveal(seat, 1)
    assert [row.ai_score for row in worklist.listing.rows(seat, [1, 2])] == [None, 0.1]
    assert worklist.listing.order(seat, Query(least_score=0.5)) == ()
    worklist.readings.open(seat, 1)
    assert SECRET_SCORE not in all_that_can_be_asked(worklist, seat)


def test_a_reveal_without_a_result_stamps_nothing(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 3)
    worklist.readings.commit(seat, 3, decision=NORMAL)
    with pytest.raises(WorklistError, match="not looked"):
        worklist.readings.reveal(seat, 3)
    assert worklist.readings.visible(seat, 3)[0].revealed_at is None


def read_and_sign(worklist, seat, study, decision) -> ReadingState:
    worklist.readings.open(seat, study)
    worklist.documents.save(seat, study, kind="findings", content=f'{{"by": "{seat.reader.id}"}}')
    worklist.readings.commit(seat, study, decision=decision)
    signed = worklist.sign(seat, study, make_report=lambda head: f'{{"head": "{head}"}}')
    worklist.readings.close(study)
    return signed[1]


def test_two_readers_are_blinded_until_both_signed_and_a_third_settles_it(worklist, read_by) -> None:
    one, two, three = (read_by(name) for name in ("r1", "r2", "r3"))
    use(worklist, one, Protocol(reading=ReadingMode.DOUBLE))
    assert read_and_sign(worklist, one, 1, NORMAL) is ReadingState.FIRST_READ
    for other in (two, three):
        assert worklist.readings.visible(other, 1) == ()
        assert worklist.documents.visible(other, 1) == ()
    opened = worklist.readings.open(two, 1)
    assert opened.reading is not None
    assert opened.reading.place == 2
    worklist.readings.commit(two, 1, decision=RECALL)
    assert worklist.listing.rows(two, [1])[0].state is ReadingState.SECOND_READ
    assert [seen.reader for seen in worklist.readings.visible(two, 1)] == ["r2"]
    assert [seen.reader for seen in worklist.readings.visible(one, 1)] == ["r1"]
    assert worklist.readings.open(three, 1).is_read_only, "a third has no part before two disagree"
    assert worklist.sign(two, 1)[1] is ReadingState.ARBITRATION
    assert [seen.final for seen in worklist.readings.visible(two, 1)] == [NORMAL, RECALL]
    assert {seen.author for seen in worklist.documents.visible(two, 1)} == {"r1"}, "drafts of others stay hidden"
    assert worklist.listing.order(three, Query(states=frozenset({ReadingState.ARBITRATION}))) == (1,)
    assert 1 in worklist.listing.order(three, Query(only_for_me=True))
    assert 1 not in worklist.listing.order(one, Query(only_for_me=True)), "nobody settles the own disagreement"
    assert [seen.reader for seen in worklist.readings.visible(three, 1)] == ["r1", "r2"]
    assert read_and_sign(worklist, three, 1, RECALL) is ReadingState.SIGNED


def test_two_readers_who_agree_need_no_third(worklist, read_by) -> None:
    one, two = read_by("r1"), read_by("r2")
    use(worklist, one, Protocol(reading=ReadingMode.DOUBLE))
    read_and_sign(worklist, one, 1, NORMAL)
    assert read_and_sign(worklist, two, 1, replace(NORMAL, score=9.0)) is ReadingState.SIGNED


def test_in_a_reader_study_nobody_sees_another(worklist, read_by) -> None:
    seats = [read_by(f"r{number}") for number in range(1, 5)]
    use(worklist, seats[0], Protocol(reading=ReadingMode.READER_STUDY))
    for seat in seats:
        assert 1 in worklist.listing.order(seat, Query(only_for_me=True))
        read_and_sign(worklist, seat, 1, RECALL)
        assert 1 not in worklist.listing.order(seat, Query(only_for_me=True))
        assert [seen.reader for seen in worklist.readings.visible(seat, 1)] == [seat.reader.id]
        assert {seen.author for seen in worklist.documents.visible(seat, 1)} == {seat.reader.id}


@pytest.mark.parametrize(
    ("rule", "recall", "side", "category"),
    [
        (Discordance.RECALL, True, False, False),
        (Discordance.SIDE, True, True, False),
        (Discordance.CATEGORY, True, True, True),
    ],
)
def test_when_two_decisions_needs_arbiter(rule, recall, side, category) -> None:
    other_side = CaseDecision(left=BreastOutcome("4A", True), right=BreastOutcome("2"))
    other_category = replace(RECALL, right=BreastOutcome("5", True))
    assert needs_arbiter(NORMAL, RECALL, rule) is recall
    assert needs_arbiter(RECALL, other_side, rule) is side
    assert needs_arbiter(RECALL, other_category, rule) is category
    assert not needs_arbiter(RECALL, replace(RECALL, score=1.0, content="{}"), rule)
    assert needs_arbiter(NORMAL, replace(NORMAL, is_technical_recall=True), rule)
    assert not needs_arbiter(NORMAL, replace(NORMAL, right=BreastOutcome()), rule), "no category is no other category"


def test_decisions_that_an_older_version_stored_are_read() -> None:
    old = (
        '{"content": "{}", "left": {"category": "2", "is_recall": false}, '
        '"right": {"category": "4A", "is_recall": true}, "score": 70.0}'
    )
    read = CaseDecision.from_json(old)
    assert read == replace(RECALL, content="{}")
    assert not read.is_technical_recall
    assert CaseDecision.from_json(replace(read, is_technical_recall=True).to_json()).is_technical_recall


def test_a_repeat_that_one_reader_asks_for_goes_to_the_arbiter(worklist, read_by) -> None:
    one, two = read_by("r1"), read_by("r2")
    use(worklist, one, Protocol(reading=ReadingMode.DOUBLE))
    read_and_sign(worklist, one, 1, NORMAL)
    state = read_and_sign(worklist, two, 1, replace(NORMAL, is_technical_recall=True))
    assert state is ReadingState.ARBITRATION


def test_states_and_stages_follow_a_single_reading(worklist, read_by) -> None:
    seat, other = read_by("r1"), read_by("r2")

    def seen(by=seat) -> tuple[ReadingState, Stage]:
        row = worklist.listing.rows(by, [1])[0]
        return row.state, row.stage

    assert seen() == (ReadingState.NEW, Stage.NONE)
    worklist.readings.open(seat, 1)
    assert seen() == (ReadingState.OPENED, Stage.OPENED)
    assert 1 not in worklist.listing.order(other, Query(only_for_me=True))
    worklist.readings.commit(seat, 1, decision=NORMAL)
    assert seen() == (ReadingState.FIRST_READ, Stage.COMMITTED)
    worklist.readings.reveal(seat, 1)
    assert seen() == (ReadingState.FIRST_READ, Stage.REVEALED)
    worklist.readings.sign(seat, 1)
    assert seen() == (ReadingState.SIGNED, Stage.SIGNED)
    assert seen(other) == (ReadingState.SIGNED, Stage.NONE)
    with pytest.raises(WorklistError):
        worklist.readings.sign(seat, 1)
    opened = worklist.readings.open(other, 1)
    assert opened.is_read_only
    assert [reading.reader for reading in worklist.readings.visible(other, 1)] == ["r1"]
    assert worklist.readings.reveal(other, 1).score == SECRET_SCORE, "a signed study has nothing to be blind for"


def test_a_second_window_is_told_and_only_looks(worklist, read_by, database_path) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    second, _ = open_worklist(database_path)
    there = second.readers.sign_in("r1")
    opened = second.readings.open(there, 1)
    assert opened.holder is not None
    assert opened.is_read_only
    for change in (
        lambda: second.readings.commit(there, 1, decision=NORMAL),
        lambda: second.documents.save(there, 1, kind="draft", content="{}"),
    ):
        with pytest.raises(InUseError):
            change()
    assert second.readings.open(there, 2).holder is None
    worklist.readings.close(1)
    assert not second.readings.open(there, 1).is_read_only
    with pytest.raises(InUseError):
        worklist.readings.commit(seat, 1, decision=NORMAL)
    second.close()


def test_a_decision_that_cannot_be_stored_is_refused(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    for wrong in (CaseDecision(score=float("nan")), CaseDecision(content="{")):
        with pytest.raises(UsageError):
            worklist.readings.commit(seat, 1, decision=wrong)
    with pytest.raises(UsageError):
        worklist.ai.put(1, "p", path="", score=float("inf"))
    with pytest.raises(WorklistError):
        worklist.readings.sign(seat, 1)
    with pytest.raises(WorklistError):
        worklist.readings.open(seat, 99)


def test_nothing_is_shown_while_locked(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readers.lock(seat)
    for ask in (
        lambda: worklist.listing.order(seat, Query()),
        lambda: worklist.listing.rows(seat, [1]),
        lambda: worklist.listing.paths(seat, 1),
        lambda: worklist.listing.counts(seat),
        lambda: worklist.readings.open(seat, 1),
        lambda: worklist.readings.visible(seat, 1),
        lambda: worklist.documents.visible(seat, 1),
        lambda: worklist.patients.priors(seat, 1),
    ):
        with pytest.raises(LockedError):
            ask()


def test_signed_reports_are_amended_never_edited(worklist, read_by, database_path) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    with pytest.raises(WorklistError):
        worklist.documents.amend(seat, 1, make_content=lambda head: "{}")
    worklist.documents.save(seat, 1, kind="report", content='{"text": "draft"}')
    second = worklist.documents.save(seat, 1, kind="report", content='{"text": "draft 2"}')
    assert second.version == 2
    worklist.readings.commit(seat, 1, decision=NORMAL)
    worklist.sign(seat, 1, make_report=lambda head: f'{{"head": "{head}"}}')
    (report,) = worklist.documents.visible(seat, 1, kind="report")
    assert report.is_signed
    assert report.content == f'{{"head": "{report.audit_head}"}}'
    amended = worklist.documents.amend(seat, 1, make_content=lambda head: '{"text": "amended"}')
    assert (amended.amends, amended.version) == (report.id, report.version + 1)
    assert worklist.documents.visible(seat, 1, kind="report") == (report, amended)
    other = sqlite3.connect(database_path, isolation_level=None)
    for statement in ("UPDATE documents SET content = '{}'", "DELETE FROM documents"):
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(statement)
    other.close()


def test_a_report_that_cannot_be_made_signs_nothing(worklist, read_by) -> None:
    seat = read_by("r1")
    worklist.readings.open(seat, 1)
    worklist.readings.commit(seat, 1, decision=NORMAL)
    head = worklist.audit_head()
    with pytest.raises(UsageError):
        worklist.sign(seat, 1, make_report=lambda head: "no json")
    assert worklist.audit_head() == head
    assert worklist.readings.visible(seat, 1)[0].signed_at is None
