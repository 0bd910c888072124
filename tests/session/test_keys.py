from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.core.errors import InputError
from mammoview.session.keys import import_from, keys_file, load, save


def test_only_changes_are_kept_and_come_back() -> None:
    changes = {"fit": ("Ctrl+F", "0"), "quit": (), "naïve": ('"',)}
    save(changes)
    assert load() == (changes, ())
    assert keys_file().name == "keys.toml"


def test_without_a_file_nothing_is_changed() -> None:
    assert load() == ({}, ())


@pytest.mark.parametrize("content", [b"[keys\nfit = ", b"\xff\xfe\x00"], ids=["no TOML", "no text"])
def test_a_damaged_file_is_kept_aside_and_told(content: bytes) -> None:
    keys_file().parent.mkdir(parents=True, exist_ok=True)
    keys_file().write_bytes(content)
    changes, (problem,) = load()
    assert changes == {}
    assert "damaged" in problem.message
    assert (keys_file().parent / "keys.toml.kept").read_bytes() == content


def test_what_is_no_list_of_texts_costs_its_own_entry_only(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('schema = 9\n[keys]\nfit = "F"\nquit = [1]\nopen_files = ["F7"]\n')
    changes, problems = load(path)
    assert changes == {"open_files": ("F7",)}
    assert len(problems) == 3


def test_importing_what_is_no_table_of_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("= =")
    for path in (tmp_path / "a.toml", tmp_path / "absent.toml"):
        with pytest.raises(InputError, match=path.name):
            import_from(path)
