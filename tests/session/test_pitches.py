from __future__ import annotations

import json
from pathlib import Path

import pytest

from mammoview.core.errors import OutputError
from mammoview.session.pitches import is_plausible, load, monitor_name, pitch_from_card, pitches_path, save

NAME = monitor_name("EIZO|RX560|123", 2560, 2048)


@pytest.mark.meets("MG-C05")
def test_a_card_of_a_known_width_gives_the_pitch() -> None:
    # ISO/IEC 7810 ID-1 is 85.60 mm wide; a 5 megapixel monitor has pixels of 0.165 mm.
    assert pitch_from_card(85.60 / 0.165) == pytest.approx(0.165)


@pytest.mark.meets("MG-C05")
def test_what_was_calibrated_is_there_after_the_next_start() -> None:
    save({NAME: 0.165, "other|m|1|1080×1920": 0.2745})
    assert load() == ({NAME: 0.165, "other|m|1|1080×1920": 0.2745}, None)
    assert not list(pitches_path().parent.glob("*.tmp"))


def test_nothing_is_calibrated_at_first() -> None:
    assert load() == ({}, None)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema": 1}', '{"schema": 1, "pitch_mm": {"a": "wide"}}', '{"schema": 2, "pitch_mm": {}}']
)
def test_a_damaged_file_is_kept_aside_and_told_of(tmp_path: Path, content: str) -> None:
    path = tmp_path / "monitors.json"
    path.write_text(content)
    pitches, problem = load(path)
    assert pitches == {}
    assert problem is not None
    assert "Ctrl+M" in problem.hint
    assert (tmp_path / "monitors.json.kept").read_text() == content


def test_a_pitch_that_no_monitor_has_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "monitors.json"
    path.write_text(json.dumps({"schema": 1, "pitch_mm": {NAME: 0.165, "a": 0, "b": -1, "c": 90.0}}))
    assert load(path) == ({NAME: 0.165}, None)
    assert not is_plausible(float("nan"))


def test_a_disk_that_refuses_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be saved"):
        save({NAME: 0.165}, tmp_path / "file" / "monitors.json")
