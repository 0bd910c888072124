from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mammoview.core.display_check import QUESTIONS, Answer, DisplayCheck, Limits, Reading
from mammoview.core.errors import InputError, MammoViewError, OutputError
from mammoview.core.paths import display_checks
from mammoview.imaging.gsdf import curve
from mammoview.session.luminance import append, last_check, limits, load, reminder, withdraw
from mammoview.session.luminance_csv import export_csv, parse_csv, read_csv
from mammoview.session.settings import Settings

NOW = datetime(2026, 3, 20, 8, 30, tzinfo=UTC)
READINGS = tuple(Reading(15 * k, float(v)) for k, v in enumerate(curve(0.6, 420.0, count=18)))
CHECK = DisplayCheck(
    "a1",
    "2026-03-12T08:30:00+01:00",
    "EIZO|RX560|123",
    "Left (RX560)",
    person="Ö. Müller",
    instrument="LX-1",
    ambient_lux=12.0,
    ambient=0.1,
    readings=READINGS,
    answers=(Answer("squares", "yes"), Answer("ramps", "no"), Answer("letters_dark", "11")),
    note='lamp "off"; blinds\nclosed',
)


def test_no_log_means_no_checks() -> None:
    assert load() == ((), ())


def test_checks_come_back_as_they_were_and_older_ones_stay() -> None:
    other = replace(CHECK, id="b2", readings=(), ambient=None, ambient_lux=None, has_ambient=True)
    append(CHECK)
    first = display_checks().read_bytes()
    append(other)
    assert load() == ((CHECK, other), ())
    assert display_checks().read_bytes().startswith(first), "lines are added, none is changed"
    assert [path.name for path in display_checks().parent.iterdir()] == [display_checks().name]


def test_a_withdrawn_check_stays_on_record_and_does_not_count() -> None:
    append(CHECK)
    withdraw("a1", now=NOW)
    (check,), problems = load()
    assert check == replace(CHECK, is_withdrawn=True)
    assert not problems
    assert last_check((check,), CHECK.monitor) is None
    assert "a1" in display_checks().read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize(
    "bad",
    [
        '{"schema": 1, "id": "x", "time": "2026',
        "[1, 2]",
        '{"schema": 1, "id": "x"}',
        '{"schema": 1, "id": "x", "time": "yesterday", "monitor": "m"}',
        '{"schema": 1, "id": "x", "time": "2026-01-01T00:00:00+00:00", "monitor": "m", "readings": [{"level": "a"}]}',
        '{"schema": 1, "id": "x", "time": "2026-01-01T00:00:00+00:00", "monitor": "m", "ambient": "dim"}',
        '{"schema": 1, "withdrawn": "nobody"}',
        "\x00\x00\x00",
        "\ufffd",
    ],
)
def test_a_damaged_line_costs_itself_and_the_file_is_kept(bad: str) -> None:
    append(CHECK)
    path = display_checks()
    before = path.read_text(encoding="utf-8") + bad + "\n"
    path.write_text(before, encoding="utf-8")
    append(replace(CHECK, id="b2"))
    checks, (problem,) = load()
    assert [check.id for check in checks] == ["a1", "b2"]
    assert "1 entries" in problem.message
    kept = path.with_name(f"{path.name}.kept")
    assert kept.name in problem.hint
    assert kept.read_text(encoding="utf-8").startswith(before)
    assert load() == (checks, ()), "told once"


def test_a_file_that_is_no_text_is_kept_aside() -> None:
    path = display_checks()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xfe\x00garbage")
    checks, problems = load()
    assert not checks
    assert len(problems) == 1
    assert path.with_name(f"{path.name}.kept").read_bytes() == b"\xff\xfe\x00garbage"
    append(CHECK)
    assert load() == ((CHECK,), ())


def test_entries_of_a_newer_version_stay_in_the_file() -> None:
    append(CHECK)
    newer = json.dumps({"schema": 2, "kind": "colour"})
    with display_checks().open("a") as file:
        file.write(newer + "\n")
    checks, (problem,) = load()
    assert checks == (CHECK,)
    assert "newer version" in problem.message
    assert newer in display_checks().read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_is_told_and_unharmed(monkeypatch: pytest.MonkeyPatch) -> None:
    append(CHECK)
    before = display_checks().read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError) as caught:
        append(replace(CHECK, id="b2"))
    assert "No space left" in caught.value.user_message
    assert display_checks().read_bytes() == before
    assert [path.name for path in display_checks().parent.iterdir()] == [display_checks().name]


def test_a_log_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    path = display_checks()
    path.mkdir(parents=True)
    checks, (problem,) = load()
    assert not checks
    assert problem.path == str(path)


# The reminder


@pytest.mark.parametrize(
    ("age", "days", "expected"),
    [
        (timedelta(days=7), 7, ""),
        (timedelta(days=7, seconds=1), 7, "7 days old"),
        (timedelta(days=30), 7, "30 days old"),
        (timedelta(days=30), 0, ""),
        (timedelta(days=30), 31, ""),
    ],
)
def test_a_check_is_due_after_so_many_days(age: timedelta, days: int, expected: str) -> None:
    check = replace(CHECK, time=(NOW - age).isoformat())
    text = reminder((check,), CHECK.monitor, days=days, now=NOW)
    assert expected in text
    assert bool(text) == bool(expected)


def test_a_monitor_without_a_check_is_due_at_once() -> None:
    assert "No check" in reminder((CHECK,), "another", days=7, now=NOW)
    assert reminder((), "another", days=0, now=NOW) == ""
    assert "No check" in reminder((replace(CHECK, is_withdrawn=True),), CHECK.monitor, days=7, now=NOW)


def test_the_newest_check_counts_also_across_time_zones() -> None:
    east = replace(CHECK, id="east", time="2026-03-20T09:00:00+09:00")
    west = replace(CHECK, id="west", time="2026-03-20T01:00:00+00:00")
    assert last_check((west, east), CHECK.monitor) == west
    assert last_check((east, west), CHECK.monitor) == west


def test_limits_are_the_users_and_there_are_none_to_begin_with() -> None:
    assert limits(Settings()) == Limits(None, None, None, None)
    mine = replace(Settings(), limit_deviation=10.0, limit_ratio=250.0, limit_white=400.0, limit_pair=5.0)
    assert limits(mine) == Limits(0.1, 250.0, 400.0, 0.05)


# Numbers and what follows from them


def test_the_rooms_light_is_added_where_the_instrument_lacks_it() -> None:
    assert CHECK.luminances[0] == pytest.approx(0.7)
    assert replace(CHECK, has_ambient=True).luminances[0] == pytest.approx(0.6)
    assert replace(CHECK, ambient=None).luminances[0] == pytest.approx(0.6)
    assert CHECK.levels == tuple(range(0, 256, 15))


def test_refused_questions_are_told() -> None:
    assert CHECK.complaints == (next(q.text for q in QUESTIONS if q.id == "ramps"),)
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)


EXPECTED = (Reading(0, 0.52), Reading(15, 1.25), Reading(255, 401.0))


@pytest.mark.parametrize(
    "text",
    [
        "ddl,luminance\n0,0.52\n15,1.25\n255,401\n",
        "0;0,52\r\n15;1,25\r\n255;401,0\r\n",
        "DDL;cd/m²\n0;0.52\n15;1.25\n255;401",
        "\n# LX-1, 20 March\n15\t1,25\n0\t0,52\n\n255\t401\t\n",
        'level,cd/m2\n0,"0,52"\n15,"1,25"\n255,401\n',
        " 255 , 401 \n 0 , 0.52\n 15,1.25,,\n",
    ],
)
def test_lists_of_luminances_are_read_as_people_write_them(text: str) -> None:
    assert parse_csv(text) == EXPECTED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0,0.5\n15,bright\n", "Row 2: “bright” is no luminance"),
        ("0,0.5\n15,-1\n", "Row 2"),
        ("0,0.5\n15,nan\n", "Row 2"),
        ("0,0.5\n15,inf\n", "Row 2"),
        ("0,0.5\n300,9\n", "Row 2: “300” is no driving level"),
        ("0,0.5\n1.5,9\n", "Row 2: “1.5” is no driving level"),
        ("0,0.5\n0,0.6\n", "Row 2: level 0 comes twice"),
        ("0,0,52\n15,1,25\n", "Row 1 has 3 columns"),
        ("0,0.5\n15\n", "Row 2 has 1 columns"),
        ("0,0.5\n", "not two luminances"),
        ("", "not two luminances"),
        ("ddl,luminance\nddl,luminance\n", "Row 2"),
    ],
)
def test_a_bad_row_is_named(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_csv(text)
    assert says in caught.value.user_message
    assert caught.value.hint


def test_decimal_commas_between_commas_get_the_right_hint() -> None:
    with pytest.raises(InputError) as caught:
        parse_csv("0,0,52\n15,1,25\n")
    assert "semicolons" in caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_files_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "lum.csv"
    file.write_text("ddl;cd/m²\n0;0,52\n15;1,25\n255;401\n", encoding=encoding)
    assert read_csv(file) == EXPECTED


def test_a_file_that_is_not_there_or_too_large_is_told(tmp_path: Path) -> None:
    with pytest.raises(MammoViewError):
        read_csv(tmp_path / "none.csv")
    big = tmp_path / "big.csv"
    big.write_bytes(b"0" * 1_000_001)
    with pytest.raises(InputError):
        read_csv(big)


def test_the_log_goes_out_as_a_table() -> None:
    evil = replace(
        CHECK, id="b2", person="=HYPERLINK(1)", readings=(), answers=(), note="", ambient=None, ambient_lux=None
    )
    rows = list(csv.DictReader(io.StringIO(export_csv((CHECK, evil)))))
    luminances = {int(r["item"]): float(r["value"]) for r in rows if r["kind"] == "luminance"}
    assert luminances == {reading.level: pytest.approx(reading.luminance, rel=1e-5) for reading in READINGS}
    results = {row["item"]: float(row["value"]) for row in rows if row["kind"] == "result"}
    assert results["luminance ratio"] == pytest.approx(420.1 / 0.7, rel=1e-3)
    assert {row["value"] for row in rows if row["kind"] == "answer"} == {"yes", "no", "11"}
    assert any(row["value"] == CHECK.note for row in rows)
    (last,) = [row for row in rows if row["check"] == "b2"]
    assert last["person"].startswith("'=")


def test_what_cannot_be_fitted_still_goes_out() -> None:
    flat = replace(CHECK, readings=(Reading(0, 1.0), Reading(255, 0.5)))
    assert "not brighter" in export_csv((flat,))
