"""What the window writes when something unexpected happens names nobody."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mammoview.core.paths import user_data
from mammoview.session.messages import Messages
from mammoview.ui.app import watch_for_the_unexpected


class _Session:
    def __init__(self) -> None:
        self.messages = Messages()


def test_the_log_of_unexpected_errors_names_nobody(tmp_path: Path) -> None:
    session = _Session()
    tell = watch_for_the_unexpected(session)  # type: ignore[arg-type]
    try:
        (tmp_path / "DOE^JANE PID4711.dcm").read_bytes()
    except OSError as error:
        tell(type(error), error, error.__traceback__)
    log = (user_data() / "errors.log").read_text()
    assert "FileNotFoundError" in log
    assert "test_crash_log.py:" in log
    for secret in ("DOE", "JANE", "4711", str(tmp_path)):
        assert secret not in log
    (message,) = session.messages.history
    assert "DOE" not in message.problem.message + message.problem.hint


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_on_a_thread_is_told_too() -> None:
    session = _Session()
    tell = watch_for_the_unexpected(session)  # type: ignore[arg-type]
    errors: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, errors.append
    thread = threading.Thread(target=lambda: int("DOE^JANE"))
    thread.start()
    thread.join()
    threading.excepthook = before
    (what,) = errors
    assert what.exc_value is not None
    tell(what.exc_type, what.exc_value, what.exc_traceback)
    tell(SystemExit, SystemExit(), None)
    assert [message.problem.code for message in session.messages.history] == ["unexpected"]
    assert "DOE" not in (user_data() / "errors.log").read_text()
