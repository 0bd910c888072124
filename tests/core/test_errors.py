from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from mammoview.core import errors, paths
from mammoview.core.errors import InputError, MammoViewError, Problem


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MammoViewError)]
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_a_problem_repeats_the_error_and_names_the_path() -> None:
    error = InputError("It is empty.", "Copy it again.")
    assert Problem.from_error(error, "a.dcm") == Problem("a.dcm", "input", "It is empty.", "Copy it again.")
    assert str(error) == "It is empty. Copy it again."


def test_a_missing_resource_is_told() -> None:
    with pytest.raises(InputError, match="lacks"):
        paths.resource("no/such/file")


def test_the_users_files_move_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path))
    for place in (paths.user_data(), paths.user_config(), paths.user_models(), paths.demo_study()):
        assert place.is_relative_to(tmp_path)
    monkeypatch.delenv("MAMMOVIEW_HOME")
    assert not paths.user_data().is_relative_to(tmp_path)
    assert not paths.user_config().is_relative_to(tmp_path)
