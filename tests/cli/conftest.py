"""Running the command line in this process, as a user would."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from mammoview.cli.app import main


@pytest.fixture
def mammoview(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run ``mammoview WORDS…`` and give its exit code, and what it printed to stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mammoview", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run
