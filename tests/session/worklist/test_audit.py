from __future__ import annotations

import hashlib
import json
import sqlite3

import pytest
from typer.testing import CliRunner
from worklist_makers import NORMAL, import_studies, seat_for

from mammoview.cli.app import app
from mammoview.cli.app import main as cli_main
from mammoview.session.worklist.audit import GENESIS, Event, Head
from mammoview.session.worklist.errors import AuditError
from mammoview.session.worklist.worklist import verify_file


@pytest.fixture
def logged(worklist, database_path):
    import_studies(worklist, 2)
    seat = seat_for(worklist, "r1")
    worklist.ai.put(1, "print", path="x", score=0.5)
    worklist.readings.open(seat, 1)
    worklist.documents.save(seat, 1, kind="draft", content="{}")
    worklist.readings.commit(seat, 1, decision=NORMAL)
    worklist.readings.reveal(seat, 1)
    worklist.sign(seat, 1, make_report=lambda head: json.dumps({"head": str(head)}))
    worklist.documents.log_export(seat, 1, what="report pdf")
    worklist.readers.lock(seat)
    worklist.readers.unlock(seat)
    return worklist


@pytest.fixture
def forge(database_path, logged):
    """Change the table behind the program's back, triggers and all."""

    def change(*statements: str) -> None:
        raw = sqlite3.connect(database_path)
        for name in ("audit_stays", "audit_is_kept"):
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        raw.commit()
        raw.close()

    return change


def rows(path) -> list[tuple]:
    raw = sqlite3.connect(path)
    found = raw.execute(
        "SELECT seq, at, event, reader, study, detail, previous, hash FROM audit ORDER BY seq"
    ).fetchall()
    raw.close()
    return found


def test_every_event_is_there_in_order(logged, database_path) -> None:
    events = [row[2] for row in rows(database_path)]
    assert events == [
        Event.READER, Event.UNLOCK, Event.OPEN, Event.EDIT, Event.COMMIT, Event.REVEAL,
        Event.SIGN, Event.EXPORT, Event.LOCK, Event.UNLOCK,
    ]  # fmt: skip
    assert logged.verify_audit().is_sound
    assert logged.verify_audit().head == logged.audit_head()


def test_the_chain_is_what_the_page_says(logged, database_path) -> None:
    """Recomputed with hashlib and json alone."""
    previous = GENESIS
    for seq, at, event, reader, study, detail, stored_previous, stored in rows(database_path):
        assert stored_previous == previous
        content = {"at": at, "detail": detail, "event": event, "previous": previous}
        content |= {"reader": reader, "seq": seq, "study": study}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert stored == previous


@pytest.mark.parametrize("column", ["at", "event", "reader", "study", "detail", "previous", "hash"])
@pytest.mark.parametrize("seq", [1, 5, 10])
def test_a_flipped_letter_shows(logged, forge, column, seq) -> None:
    forge(f"UPDATE audit SET {column} = '!' || substr({column}, 2) WHERE seq = {seq}")
    verdict = logged.verify_audit()
    assert not verdict.is_sound
    assert f"Entry {seq} " in verdict.complaint
    assert verdict.entries == seq - 1


@pytest.mark.parametrize("seq", [1, 4, 9])
def test_a_missing_entry_shows(logged, forge, seq) -> None:
    forge(f"DELETE FROM audit WHERE seq = {seq}")
    assert logged.verify_audit().complaint == f"Entry {seq} is missing."


def test_a_missing_entry_shows_when_the_others_move_up(logged, forge) -> None:
    forge("DELETE FROM audit WHERE seq = 4", *(f"UPDATE audit SET seq = {n - 1} WHERE seq = {n}" for n in range(5, 11)))
    assert "Entry 4 " in logged.verify_audit().complaint


def test_two_entries_that_changed_places_show(logged, forge) -> None:
    forge(*(f"UPDATE audit SET seq = {new} WHERE seq = {old}" for old, new in ((4, 99), (5, 4), (99, 5))))
    assert "Entry 4 " in logged.verify_audit().complaint


def test_a_cut_tail_shows_against_the_counter(logged, forge) -> None:
    forge("DELETE FROM audit WHERE seq > 8")
    assert "10" in logged.verify_audit().complaint


def test_a_cut_tail_shows_against_the_signed_report_when_the_counter_was_set_back(logged, forge) -> None:
    forge("DELETE FROM audit WHERE seq > 6", "UPDATE sqlite_sequence SET seq = 6 WHERE name = 'audit'")
    verdict = logged.verify_audit()
    assert verdict.complaint == "The log ends at entry 6, but there was an entry 7."


def test_a_cut_tail_shows_against_a_head_kept_elsewhere(logged, forge) -> None:
    head = logged.audit_head()
    forge("DELETE FROM audit WHERE seq > 9", "UPDATE sqlite_sequence SET seq = 9 WHERE name = 'audit'")
    assert logged.verify_audit().is_sound, "nothing within the file can tell"
    assert not logged.verify_audit([head]).is_sound


def test_a_log_written_anew_shows_against_the_report(logged, forge, database_path) -> None:
    """Somebody changes an entry and computes every later hash again."""
    previous, statements = GENESIS, []
    for seq, at, event, reader, study, detail, _, _ in rows(database_path):
        reader = "r9" if seq == 3 else reader
        content = {"at": at, "detail": detail, "event": event, "previous": previous}
        content |= {"reader": reader, "seq": seq, "study": study}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        statements.append(f"UPDATE audit SET reader='{reader}', previous='{previous}', hash='{digest}' WHERE seq={seq}")
        previous = digest
    forge(*statements)
    assert "Entry 7 is not the one" in logged.verify_audit().complaint


def test_the_table_refuses_changes(logged, database_path) -> None:
    raw = sqlite3.connect(database_path, isolation_level=None)
    for statement in ("UPDATE audit SET reader = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            raw.execute(statement)
    raw.close()


def test_a_report_carries_the_hash_alone_and_a_cut_tail_shows_against_it(logged, forge) -> None:
    bare = Head.parse(logged.audit_head().hash)
    assert logged.verify_audit([bare]).is_sound
    forge("DELETE FROM audit WHERE seq > 9", "UPDATE sqlite_sequence SET seq = 9 WHERE name = 'audit'")
    assert not logged.verify_audit([bare]).is_sound


def test_a_head_reads_what_it_wrote(logged) -> None:
    head = logged.audit_head()
    assert Head.parse(str(head)) == head
    for wrong in ("", "12", "x:" + "0" * 64, "1:abc", "g" * 64, "1:" + "g" * 64):
        with pytest.raises(AuditError):
            Head.parse(wrong)


def test_the_command_says_whether_it_is_sound(logged, forge, database_path, capsys) -> None:
    head = str(logged.audit_head())
    content = database_path.read_bytes()
    told = CliRunner().invoke(app, ["audit", "verify", "--database", str(database_path), "--head", head])
    assert told.exit_code == 0, told.output
    assert "10 entries" in told.output
    assert head in told.output
    assert database_path.read_bytes() == content
    forge("UPDATE audit SET reader = 'r9' WHERE seq = 2")
    with pytest.raises(SystemExit) as ended:
        cli_main(["audit", "verify", "--database", str(database_path)])
    assert ended.value.code == 3
    assert "Entry 2 was changed." in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        cli_main(["audit", "verify", "--database", str(database_path.with_name("none.db"))])
    assert ended.value.code == 3


def test_another_database_is_no_worklist(tmp_path) -> None:
    other = tmp_path / "other.db"
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE audit (seq)")
    raw.close()
    (tmp_path / "text.db").write_text("no database at all, but some text that is long enough to look at" * 20)
    for path in (other, tmp_path / "text.db"):
        with pytest.raises(Exception, match="worklist"):
            verify_file(path)
