from __future__ import annotations

import pytest

from mammoview.session.mirrored import load, mirrored_path, save


def test_ids_come_back() -> None:
    assert load() == (frozenset(), None)
    save(frozenset({"1.2", "sha256:ab"}))
    assert load() == (frozenset({"1.2", "sha256:ab"}), None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2, "mirrored": []}', '{"schema": 1, "mirrored": 5}'])
def test_a_damaged_list_is_kept_and_told(text) -> None:
    mirrored_path().parent.mkdir(parents=True, exist_ok=True)
    mirrored_path().write_text(text)
    ids, problem = load()
    assert ids == frozenset()
    assert problem is not None
    assert mirrored_path().with_name("mirrored.json.kept").read_text() == text
