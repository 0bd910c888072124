"""The first and the last words of a child process."""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import logging
import os
import signal
import sys
import threading
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

from mammoview.core.discreet import DiscreetFormatter, crash_text, warn_discreetly
from mammoview.core.paths import user_data

_MOST_LOG_BYTES = 2**20
_PR_SET_PDEATHSIG = 1


def log_file(name: str) -> Path:
    """Where the children of that name write what they have to say."""
    return user_data() / "logs" / f"{name}.log"


def run_child(target: str, pipe: Connection, name: str, parent: int) -> None:
    """Be a child: import ``target`` (``module:function``) and let it serve ``pipe`` until the parent is gone.

    Parameters
    ----------
    target
        What to run, given ``pipe``.
    name
        Names the log file, which takes standard output and standard error.
    parent
        The parent's process id.
    """
    _redirect(log_file(name))
    faulthandler.enable()
    # Ctrl-C in a terminal goes to the whole group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    module, _, function = target.partition(":")
    with _Discreet():
        try:
            getattr(importlib.import_module(module), function)(pipe)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            logging.getLogger(__name__).info("the parent is gone")


def how_it_ended(exitcode: int | None) -> str:
    """A child's exit code in words."""
    if exitcode == -9:
        return "killed, perhaps because memory ran out"
    return f"signal {-exitcode}" if exitcode is not None and exitcode < 0 else f"exit code {exitcode}"


def _redirect(log: Path) -> None:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        is_full = log.exists() and log.stat().st_size > _MOST_LOG_BYTES
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_full else os.O_APPEND), 0o600)
    except OSError:
        descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    handler = logging.StreamHandler()
    handler.setFormatter(DiscreetFormatter(f"%(asctime)s {os.getpid()} %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    warnings.showwarning = warn_discreetly
    sys.excepthook = lambda _kind, error, _trace: _say(error)
    threading.excepthook = lambda what: _say(what.exc_value)


def _say(error: BaseException | None) -> None:
    if error is not None:
        sys.stderr.write(f"{crash_text(error)}\n")
        sys.stderr.flush()


class _Discreet:
    """Ends the process over an error as Python would, but with `crash_text` in place of its words."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            _say(error)
            sys.exit(1)


def _die_with(parent: int) -> None:
    """Have Linux kill this process when its parent is killed; elsewhere the closed pipe ends it at the next job."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent is gone")
