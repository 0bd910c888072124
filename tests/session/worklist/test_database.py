from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from worklist_makers import NORMAL, RECALL, header, import_studies, seat_for

from mammoview.core.errors import OutputError
from mammoview.session.worklist import database, schema
from mammoview.session.worklist.database import open_database
from mammoview.session.worklist.errors import DamagedWorklistError, NewerWorklistError, WorklistError
from mammoview.session.worklist.listing import Query
from mammoview.session.worklist.worklist import open_worklist

HERE = Path(__file__).parent
KILLS = 32


def start_writer(path: Path, first: int, reader: str = "r1") -> subprocess.Popen[str]:
    root = HERE.parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(HERE)])}
    command = [sys.executable, str(HERE / "worklist_writer.py"), str(path), str(first), reader]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged(process: subprocess.Popen[str]) -> list[list]:
    # Not `communicate`: it would pass over what a `readline` before has left in the buffer.
    assert process.stdout is not None
    with process.stdout as told:
        output = told.read()
    process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL, "the child ended by itself"
    # The last line may be cut.
    return [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith("\n")]


def require_stored(worklist, seat, said: list[list]) -> None:
    """Everything that the child was told is stored is there, whole."""
    rows = {row.uid: row for row in worklist.listing.rows(seat, worklist.listing.order(seat, Query()))}
    last_draft: dict[int, int] = {}
    signed = {number for what, number, *_ in said if what == "sign"}
    for what, number, *rest in said:
        study = rows[f"1.2.{number}"].id
        readings = worklist.readings.visible(seat, study)
        if what == "draft":
            last_draft[number] = rest[0]
        elif what == "commit":
            assert readings[0].before == NORMAL
        elif what == "reveal":
            assert readings[0].revealed_at is not None
        elif what == "decide":
            assert readings[0].after == RECALL
        elif what == "sign":
            assert readings[0].signed_at is not None
            (report,) = worklist.documents.visible(seat, study, kind="report")
            assert json.loads(report.content) == {"head": report.audit_head}
    for number, version in last_draft.items():
        study = rows[f"1.2.{number}"].id
        (draft,) = worklist.documents.visible(seat, study, kind="draft")
        content = json.loads(draft.content)
        assert content["study"] == number
        # One more may have been stored than was acknowledged; never one less, never half of one.
        assert content["version"] in ({version} if number in signed else {version, version + 1})
        assert content["text"] == "é" * 500


@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_kill_9_at_any_moment(database_path) -> None:
    chance = random.Random(7)
    said: list[list] = []
    first, kills_in_work = 1, 0
    for _ in range(KILLS):
        process = start_writer(database_path, first)
        assert process.stdout is not None
        # Most are killed at some moment of the work, however slow the machine; the others while they start, too.
        lines = [process.stdout.readline()] if chance.random() < 0.8 else []
        time.sleep(chance.uniform(0.0, 0.6))
        process.send_signal(signal.SIGKILL)
        new = [*(json.loads(line) for line in lines if line), *acknowledged(process)]
        kills_in_work += bool(new)
        said.extend(new)
        first += 1 + len([line for line in new if line[0] == "study"])
        worklist, problems = open_worklist(database_path)
        assert problems == ()
        seat = seat_for(worklist, "r1")
        require_stored(worklist, seat, said)
        assert worklist.verify_audit().is_sound
        worklist.close()
    assert kills_in_work >= 10, "most of the kills must hit the work, not the start"
    assert len(said) > 100


def test_two_processes_write_at_once_and_nothing_is_lost(database_path) -> None:
    open_worklist(database_path)[0].close()
    writers = [start_writer(database_path, 1000, "r1"), start_writer(database_path, 5000, "r2")]
    # Both are at work when both have signed something.
    said = [[json.loads(writer.stdout.readline()) for _ in range(25)] for writer in writers if writer.stdout]
    for writer, lines in zip(writers, said, strict=True):
        writer.send_signal(signal.SIGKILL)
        lines.extend(acknowledged(writer))
    worklist, problems = open_worklist(database_path)
    assert problems == ()
    assert worklist.verify_audit().is_sound
    seat = seat_for(worklist, "r1")
    uids = {row.uid for row in worklist.listing.rows(seat, worklist.listing.order(seat, Query()))}
    for lines in said:
        studies = [number for what, number, *_ in lines if what == "study"]
        assert len(studies) >= 2
        assert {f"1.2.{number}" for number in studies} <= uids
    worklist.close()


def test_a_newer_programs_database_is_refused_and_left_as_it_was(database_path, worklist) -> None:
    worklist.close()
    raw = sqlite3.connect(database_path)
    raw.execute(f"PRAGMA user_version = {schema.SCHEMA + 1}")
    raw.close()
    content = database_path.read_bytes()
    with pytest.raises(NewerWorklistError) as raised:
        open_worklist(database_path)
    assert "newer version" in raised.value.user_message
    assert raised.value.hint
    assert database_path.read_bytes() == content
    assert [path.name for path in database_path.parent.iterdir() if "kept" in path.name or "backup" in path.name] == []


def test_a_program_that_is_overtaken_writes_no_more(database_path, worklist) -> None:
    raw = sqlite3.connect(database_path)
    raw.execute(f"PRAGMA user_version = {schema.SCHEMA + 1}")
    raw.close()
    with pytest.raises(NewerWorklistError):
        import_studies(worklist, 1)


@pytest.mark.parametrize("damage", ["head", "middle", "text"])
def test_a_damaged_database_is_kept_aside_whole(database_path, worklist, damage) -> None:
    import_studies(worklist, 300)
    worklist.close()
    content = bytearray(database_path.read_bytes())
    if damage == "head":
        content[:16] = bytes(16)
    elif damage == "middle":
        for page in range(2, len(content) // 4096 - 1):
            content[page * 4096 : page * 4096 + 12] = b"\xff" * 12
    else:
        content = bytearray(b"Dear diary\n" * 400)
    database_path.write_bytes(content)
    for number in (1, 2):
        opened, problems = open_worklist(database_path)
        (problem,) = problems
        assert problem.code == DamagedWorklistError.code
        assert f"kept{number}" in problem.hint
        assert database_path.with_name(f"worklist.db.kept{number}").read_bytes() == content
        seat = seat_for(opened, "r1")
        assert opened.listing.order(seat, Query()) == ()
        opened.close()
        database_path.write_bytes(content)


def test_an_older_database_is_copied_then_brought_up_to_date(database_path, worklist, monkeypatch) -> None:
    import_studies(worklist, 5)
    worklist.close()
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + 1)
    migrations = {schema.SCHEMA - 1: lambda connection: connection.execute("ALTER TABLE studies ADD COLUMN wish TEXT")}
    opened, problems = open_worklist(database_path, migrations=migrations)
    assert problems == ()
    assert len(opened.listing.order(seat_for(opened, "r1"), Query())) == 5
    opened.close()
    raw = sqlite3.connect(database_path)
    assert raw.execute("SELECT count(*), count(wish) FROM studies").fetchone() == (5, 0)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == schema.SCHEMA
    raw.close()
    (copy,) = database_path.parent.glob("*.backup")
    old = sqlite3.connect(copy)
    assert old.execute("PRAGMA user_version").fetchone()[0] == schema.SCHEMA - 1
    assert old.execute("SELECT count(*) FROM studies").fetchone() == (5,)
    assert "wish" not in {row[1] for row in old.execute("PRAGMA table_info(studies)")}
    old.close()


def test_a_migration_that_fails_changes_nothing(database_path, worklist, monkeypatch) -> None:
    import_studies(worklist, 5)
    worklist.close()
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + 1)

    def step(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE images")
        connection.execute("THIS IS NO SQL")

    with pytest.raises(WorklistError):
        open_worklist(database_path, migrations={schema.SCHEMA - 1: step})
    raw = sqlite3.connect(database_path)
    assert raw.execute("SELECT count(*) FROM images").fetchone() == (5,)
    assert raw.execute("PRAGMA user_version").fetchone()[0] == schema.SCHEMA - 1
    raw.close()


def test_without_room_for_a_copy_there_is_no_migration(database_path, worklist, monkeypatch) -> None:
    worklist.close()
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + 1)

    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", no_room)
    with pytest.raises(OutputError, match="no copy"):
        open_worklist(database_path, migrations={schema.SCHEMA - 1: lambda connection: pytest.fail("migrated")})
    assert not list(database_path.parent.glob("*.tmp"))


def test_a_full_disk_costs_the_last_change_only(database_path, worklist) -> None:
    import_studies(worklist, 20)
    seat = seat_for(worklist, "r1")
    worklist.readings.open(seat, 1)
    worklist.documents.save(seat, 1, kind="draft", content='{"text": "stored"}')
    with worklist._database.read() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    worklist._database._writer.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(1, 400):
            worklist.documents.save(seat, 1, kind="draft", content=json.dumps("x" * 5000 * number))

    with pytest.raises(OutputError) as raised:
        fill()
    assert "full" in raised.value.user_message
    assert raised.value.hint
    worklist._database._writer.execute("PRAGMA max_page_count = 100000")
    (draft,) = worklist.documents.visible(seat, 1)
    assert json.loads(draft.content) == {"text": "stored"} or set(json.loads(draft.content)) == {"x"}
    assert worklist.verify_audit().is_sound
    worklist.documents.save(seat, 1, kind="draft", content='{"text": "again"}')
    assert worklist.verify_audit().is_sound


def test_a_reader_is_not_held_up_by_a_writer(worklist) -> None:
    import_studies(worklist, 10)
    seat = seat_for(worklist, "r1")
    may_end, has_begun = threading.Event(), threading.Event()

    def write() -> None:
        with worklist._database.write() as connection:
            connection.execute("UPDATE studies SET description = 'x'")
            has_begun.set()
            may_end.wait(10)

    thread = threading.Thread(target=write)
    thread.start()
    assert has_begun.wait(5)
    began = time.perf_counter()
    assert worklist.listing.rows(seat, [1])[0].description == "Screening"
    assert time.perf_counter() - began < 1.0
    may_end.set()
    thread.join()
    assert worklist.listing.rows(seat, [1])[0].description == "x"


def test_the_file_is_nobody_elses_business(database_path, worklist) -> None:
    import_studies(worklist, 1)
    for path in database_path.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_settings_of_the_connection(worklist) -> None:
    for connection in (worklist._database._writer, worklist._database._reader):
        asked = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
        assert asked == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 5000}


def test_a_folder_that_cannot_be_made_is_told(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        open_worklist(tmp_path / "file" / "worklist.db")


def test_an_empty_file_is_no_damage(database_path) -> None:
    database_path.parent.mkdir(parents=True)
    database_path.touch()
    opened, problems = open_database(database_path)
    assert problems == ()
    opened.close()


def test_the_log_says_no_names(worklist, caplog) -> None:
    caplog.set_level("DEBUG")
    import_studies(worklist, 1)
    with pytest.raises(WorklistError), worklist._database.write() as connection:
        connection.execute("INSERT INTO patients VALUES (1, 'P00001', 'CLINIC', '19600102', 'Doe^Jane1', 'doe')")
    worklist.ingest.add([header(2)])
    assert caplog.records
    for word in ("Doe", "P0000", "/data"):
        assert word not in caplog.text


def test_leases_of_windows_that_are_gone_are_taken(worklist, database_path, monkeypatch) -> None:
    import_studies(worklist, 1)
    seat = seat_for(worklist, "r1")
    worklist.readings.open(seat, 1)
    second, _ = open_worklist(database_path)
    there = second.readers.sign_in("r1")
    assert second.readings.open(there, 1).holder is not None
    second.leases._clock = lambda: time.time() + 61
    assert second.readings.open(there, 1).holder is None, "not renewed for a minute"
    second.leases._clock = time.time
    second.leases.renew()
    second.close()
    worklist.readings.open(seat, 1)
    raw = sqlite3.connect(database_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    raw.execute("UPDATE leases SET window = 'other', pid = ?", (ended.pid,))
    raw.commit()
    raw.close()
    assert worklist.readings.open(seat, 1).holder is None, "its process is gone"


def test_the_path_is_the_users(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path))
    assert database.worklist_path() == tmp_path / "worklist.db"
