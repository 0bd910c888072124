"""docs/conformance.md says what the tests' markers say, and every row of it has a test or a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import conformance  # noqa: TID252 - tests are no package that could be named

#: The rows asked for, by chapter and number of rows.
ASKED = {"A": 10, "B": 16, "C": 9, "D": 14, "E": 4, "F": 11, "G": 7, "I": 9, "K": 4}


def test_the_page_is_what_rows_and_markers_say() -> None:
    rows, markers = conformance.read_rows(), conformance.read_markers()
    assert conformance.complaints(rows, markers) == []
    assert conformance.PAGE.read_text(encoding="utf-8") == conformance.write(rows, markers), "run `make conformance`"


def test_every_row_asked_for_has_its_line() -> None:
    asked = [f"MG-{letter}{number:02d}" for letter, count in ASKED.items() for number in range(1, count + 1)]
    assert [row.id for row in conformance.read_rows()] == asked
    page = conformance.PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| (MG-\w\d\d) \|", page, re.MULTILINE) == asked


def test_markers_are_found_wherever_a_test_can_carry_them(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_some.py").write_text(
        """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.meets("MG-A01")]

@pytest.mark.meets("MG-A02", "MG-A03")
def test_one(): ...

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.meets("MG-B01"))])
def test_two(x): ...

@pytest.mark.meets("MG-C01")
class TestThree:
    def test_four(self): ...
    def helper(self): ...
"""
    )
    some = "tests/test_some.py::"
    every = (f"{some}TestThree::test_four", f"{some}test_one", f"{some}test_two")
    assert conformance.read_markers(folder) == {
        "MG-A01": every,
        "MG-A02": (f"{some}test_one",),
        "MG-A03": (f"{some}test_one",),
        "MG-B01": (f"{some}test_two",),
        "MG-C01": (f"{some}TestThree::test_four",),
    }


def test_a_marker_that_is_computed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("@pytest.mark.meets(ROW)\ndef test_one(): ...\n")
    with pytest.raises(SystemExit, match="plain string"):
        conformance.read_markers(tmp_path)


def test_a_marker_that_no_test_carries_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("@pytest.mark.meets('MG-A01')\ndef helper(): ...\n\ndef test_one(): ...\n")
    with pytest.raises(SystemExit, match="no test"):
        conformance.read_markers(tmp_path)


def test_contradictions_are_told() -> None:
    row = conformance.Row

    def told(*rows: object, **markers: tuple[str, ...]) -> list[str]:
        return conformance.complaints(rows, {name.replace("_", "-"): tests for name, tests in markers.items()})

    assert told(row("MG-A01", "t"), MG_A01=("x",)) == []
    assert told(row("MG-A01", "t", partly="some"), MG_A01=("x",)) == []
    assert told(row("MG-A01", "t", not_met="why")) == []
    assert "no row" in told(MG_A09=("x",))[0]
    assert "no test" in told(row("MG-A01", "t"))[0]
    assert "no test" in told(row("MG-A01", "t", partly="some"))[0]
    assert "has tests" in told(row("MG-A01", "t", not_met="why"), MG_A01=("x",))[0]
    assert "both" in told(row("MG-A01", "t", not_met="why", partly="some"))[0]
