"""The arrows of the layers, the linters, and what is imported when."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
        ("-c", "from importlinter.cli import lint_imports_command as c; c()"),
    ],
    ids=["ruff", "format", "mypy", "import-linter"],
)
def test_linter_is_content(command: tuple[str, ...]) -> None:
    done = run(sys.executable, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_tests_share_has_names_of_its_own() -> None:
    """Such modules are imported by their bare names: of two alike the first one imported would be both."""
    shared = [path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith(("test_", "conftest", "__"))]
    twice = [name for name, count in Counter(path.name for path in shared).items() if count > 1]
    assert twice == []


def test_every_bench_can_be_imported() -> None:
    """No test runs a bench; what one takes from another or from the program must be there all the same."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("__"))
    done = run(sys.executable, "-c", f"from importlib import import_module as i; [i('bench.' + n) for n in {names}]")
    assert done.returncode == 0, done.stderr
