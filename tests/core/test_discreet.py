from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from mammoview.core.discreet import DiscreetFormatter, crash_text, short_file

SECRETS = ("DOE^JANE", "Doe", "PID4711", "19600102")


class StudyError(Exception):
    pass


def fail(name: str) -> None:
    raise ValueError(f"cannot read /archive/{name}/PID4711.dcm")


def caught() -> StudyError:
    try:
        try:
            fail("DOE^JANE")
        except ValueError as error:
            raise StudyError("Doe, born 19600102") from error
    except StudyError as error:
        return error


def assert_discreet(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text], text


def test_frames_and_types_are_all_that_is_said() -> None:
    text = crash_text(caught())
    assert_discreet(text)
    assert "builtins.ValueError" in text
    assert "StudyError" in text
    assert "test_discreet.py:" in text
    assert " in fail" in text
    assert text.index("ValueError") < text.index("StudyError")
    assert str(Path.cwd()) not in text


def test_a_context_is_told_unless_it_was_suppressed() -> None:
    def told(*, is_hidden: bool) -> str:
        try:
            try:
                fail("x")
            except ValueError:
                if is_hidden:
                    raise StudyError from None
                raise StudyError  # noqa: B904
        except StudyError as error:
            return crash_text(error)

    assert "ValueError" in told(is_hidden=False)
    assert "ValueError" not in told(is_hidden=True)


def test_a_ring_of_causes_ends() -> None:
    one, other = StudyError("a"), StudyError("b")
    one.__cause__, other.__cause__ = other, one
    assert crash_text(one).count("StudyError") == 2


def test_errors_within_a_group_are_named() -> None:
    assert "KeyError" in crash_text(ExceptionGroup("DOE^JANE", [KeyError("Doe")]))


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/home/doe/work/mammoview/mammoview/ui/app.py", "mammoview/ui/app.py"),
        ("/v/lib/python3.11/site-packages/pydicom/valuerep.py", "pydicom/valuerep.py"),
        ("C:\\Users\\Doe\\mammoview\\ui\\app.py", "mammoview/ui/app.py"),
        ("/usr/lib/python3.11/json/decoder.py", "decoder.py"),
        ("/archive/DOE^JANE/1.dcm", "?"),
        ("<string>", "?"),
    ],
)
def test_source_files_lose_their_folders(path: str, short: str) -> None:
    assert short_file(path) == short


def test_the_words_of_other_libraries_are_left_out() -> None:
    formatter = DiscreetFormatter("%(levelname)s %(name)s: %(message)s")
    error = caught()
    info = (type(error), error, error.__traceback__)
    theirs = logging.LogRecord("pydicom", logging.WARNING, "f", 1, "Invalid value: %s", ("DOE^JANE",), None)
    ours = logging.LogRecord("mammoview.x", logging.ERROR, "f", 1, "job %d failed", (3,), info)
    assert formatter.format(theirs) == "WARNING pydicom: (words left out)"
    text = formatter.format(ours)
    assert text.startswith("ERROR mammoview.x: job 3 failed\n")
    assert "ValueError" in text
    assert_discreet(text)
    assert theirs.getMessage() == "Invalid value: DOE^JANE", "other handlers hear it as it was"


CHILD = """
import sys, warnings, logging, threading
from multiprocessing import Pipe, Process
from mammoview.session.child import run_child

def work(pipe):
    warnings.warn("Invalid value for VR DA: 19600102", UserWarning)
    logging.getLogger("pydicom").warning("PID4711 is odd")
    thread = threading.Thread(target=lambda: int("Doe"))
    thread.start()
    thread.join()
    raise ValueError("/archive/DOE^JANE/PID4711.dcm")

if __name__ == "__main__":
    import os
    ours, theirs = Pipe()
    child = Process(target=run_child, args=("__main__:work", theirs, "helper", os.getpid()))
    child.start()
    child.join()
    print(child.exitcode)
"""


def test_the_log_of_a_child_that_dies_over_a_patient_holds_nothing_of_her(tmp_path: Path, isolated_home: Path) -> None:
    script = tmp_path / "DOE^JANE" / "crash.py"
    script.parent.mkdir()
    script.write_text(CHILD)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert_discreet(done.stderr)
    text = (isolated_home / "logs" / "helper.log").read_text()
    assert_discreet(text)
    assert text.count("builtins.ValueError") == 2
    assert "UserWarning at crash.py:" in text
    assert "in work" in text
