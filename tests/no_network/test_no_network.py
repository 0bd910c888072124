"""Nothing that the program does while somebody reads opens a network connection, in whatever process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mammoview.session.demo import write_phantom

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def run(*arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((os.environ["PYTHONPATH"], str(ROOT)))}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=timeout_s)


def attempts(record: Path) -> str:
    """What was tried; forgotten, as it was meant."""
    text = record.read_text() if record.exists() else ""
    record.unlink(missing_ok=True)
    return text


def test_the_guard_stops_this_process(no_network: Path) -> None:
    for family in (socket.AF_INET, socket.AF_INET6):
        with pytest.raises(PermissionError):
            socket.socket(family)
        assert "socket.__new__" in attempts(no_network)
    one, other = socket.socketpair()
    one.close()
    other.close()


GRANDCHILD = """
import multiprocessing, socket
def child():
    try:
        socket.create_connection(("127.0.0.1", 9))
    except PermissionError:
        raise SystemExit(5)
if __name__ == "__main__":
    made = multiprocessing.get_context("spawn").Process(target=child)
    made.start()
    made.join()
    print(made.exitcode)
"""


def test_the_guard_stops_children_and_theirs(no_network: Path, tmp_path: Path) -> None:
    script = tmp_path / "grandchild.py"
    script.write_text(GRANDCHILD)
    assert run(str(script)).stdout.strip() == "5"
    assert attempts(no_network)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
def test_the_kernel_stops_native_code(no_network: Path) -> None:
    done = run("-c", "import ctypes; ctypes.CDLL(None).socket(2, 1, 0)")
    assert done.returncode < 0
    assert run("-c", "import ctypes; print(ctypes.CDLL(None).socket(1, 1, 0) >= 0)").stdout.strip() == "True"


@pytest.mark.gui
@pytest.mark.slow
def test_reading_needs_no_network(
    no_network: Path, toy_models: Path, tmp_path: Path, fixtures_dir: Callable[[str], Path]
) -> None:
    """Import, AI over the list, blinded first read, reveal, signature, an analysis and its results: see `workflow`."""
    write_phantom(tmp_path / "studies" / "phantom", seed=3, priors=1, rows=512, columns=416)
    done = run(str(HERE / "workflow.py"), str(tmp_path / "studies"), timeout_s=400.0)
    assert done.stdout.strip() == "signed", done.stderr
    assert done.returncode == 0
