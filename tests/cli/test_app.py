"""How the command line decides what to do, and what it imports for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from mammoview import __version__
from mammoview.cli.app import arguments
from mammoview.session.session import Session

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands for the window: keeps the paths that it was opened on."""
    seen: list[Path] = []

    def run(paths: Sequence[Path], *, session: Session) -> int:
        session.close()
        seen.extend([Path("a window"), *paths])
        return 0

    window = ModuleType("mammoview.ui.app")
    window.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mammoview.ui.app", window)
    return seen


def test_without_words_the_window_opens(mammoview: Run, opened: list[Path]) -> None:
    assert mammoview()[0] == 0
    assert opened == [Path("a window")]


def test_paths_open_in_the_window(mammoview: Run, opened: list[Path], tmp_path: Path) -> None:
    assert mammoview(tmp_path)[0] == 0
    assert opened == [Path("a window"), tmp_path]


def test_a_subcommand_wins_over_a_path_of_its_name(
    mammoview: Run, opened: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "doctor").mkdir()
    code, out, _ = mammoview("doctor")
    assert code == 0
    assert not opened
    assert __version__ in out
    assert mammoview("./doctor")[0] == 0
    assert opened == [Path("a window"), Path("doctor")]


def test_a_path_that_is_not_there_is_wrong_usage(mammoview: Run, opened: list[Path]) -> None:
    code, _, err = mammoview("analyse", "x")
    assert code == 2
    assert "analyse does not exist" in err
    assert not opened


def test_without_a_display_no_window_is_tried(
    mammoview: Run, opened: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = mammoview()
    assert code == 2
    assert "no display" in err
    assert "analyze" in err
    assert not opened


def test_version_and_help(mammoview: Run) -> None:
    assert mammoview("--version")[1].strip() == f"mammoview {__version__}"
    code, out, _ = mammoview("--help")
    assert code == 0
    assert all(word in out for word in ("analyze", "demo", "phantom", "doctor", "not a medical device"))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ([], ["open"]),
        (["/tmp"], ["open", "/tmp"]),
        (["analyze", "/tmp", "--out", "x"], ["analyze", "/tmp", "--out", "x"]),
        (["analyze", "--models", "a", "b", "/tmp"], ["analyze", "--models", "a", "--models", "b", "/tmp"]),
        (["analyze", "--models", "a", "--threads", "2"], ["analyze", "--models", "a", "--threads", "2"]),
        (["-x"], ["open", "-x"]),
    ],
)
def test_words_as_the_parser_takes_them(given: list[str], taken: list[str]) -> None:
    assert arguments(given) == taken


@pytest.mark.parametrize(
    "statement",
    [
        "import sys; sys.argv = ['mammoview', '--help']\ntry:\n    main()\nexcept SystemExit:\n    pass",
        "import mammoview.pipeline.request, mammoview.pipeline.worker",
    ],
    ids=["help", "worker-by-name"],
)
def test_nothing_heavy_is_imported_before_a_command_runs(statement: str) -> None:
    heavy = ("torch", "onnxruntime", "pydicom", "skimage", "scipy", "PySide6", "cv2")
    code = f"from mammoview.cli.app import main\n{statement}\nimport json, sys\n"
    code += f"print('HEAVY', json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert json.loads(done.stdout.rsplit("HEAVY", 1)[1]) == []


def test_a_pipe_that_lacks_a_sign_gets_a_question_mark(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "MAMMOVIEW_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "mammoview", "tune", "new", "東京", "--task", "image", "--parent"]
    done = subprocess.run([*words, "cbis-whole-image-1"], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "??, from cbis-whole-image-1@" in done.stdout
