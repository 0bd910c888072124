from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.core.errors import OutputError
from mammoview.core.small_files import keep_aside, write_whole


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.toml"
    write_whole(path, "first", "The file")
    write_whole(path, "zweites ä", "The file")
    assert path.read_text(encoding="utf-8") == "zweites ä"
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_refuses_is_told_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.toml"
    write_whole(path, "old", "The keys")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match=r"The keys cannot be saved .*No space left"):
        write_whole(path, "new", "The keys")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_each_damaged_file_is_kept_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    for content in ("a", "b"):
        path.write_text(content)
        keep_aside(path)
    assert {kept.name: kept.read_text() for kept in tmp_path.glob("*.kept*")} == {
        "file.toml.kept": "a",
        "file.toml.kept2": "b",
    }
    assert keep_aside(tmp_path / "absent") is None
