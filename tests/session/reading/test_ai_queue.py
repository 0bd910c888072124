from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from study_makers import import_folder, make_studies, results_of, write_pgm

from mammoview.core.errors import OutputError
from mammoview.core.paths import user_data
from mammoview.session.events import AnalysisFailed, AnalysisStarted, ExamAnalysed, PixelsReady, ResultsConcealed
from mammoview.session.reading import ai_files
from mammoview.session.reading.ai_queue import AiProgress, AiQueue
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.worklist import Worklist, open_worklist

HERE = Path(__file__).parent
QUIET = replace(Settings(), analyse_on_open=False)


@pytest.fixture(autouse=True)
def importable_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE.parent))


@pytest.fixture
def session(ear) -> Iterator[Session]:
    made = Session(QUIET, ear, engine="fake_children:engine")
    yield made
    made.close()


@pytest.fixture
def worklist(tmp_path: Path, session: Session) -> Iterator[Worklist]:
    """Of four studies of two images."""
    opened, _ = open_worklist(tmp_path / "worklist.db")
    make_studies(tmp_path / "studies", 4)
    import_folder(opened, session, tmp_path / "studies")
    yield opened
    opened.close()


@pytest.fixture
def make_queue(worklist: Worklist, session: Session, reports) -> Iterator[Callable[[], AiQueue]]:
    made: list[AiQueue] = []

    def make() -> AiQueue:
        made.append(AiQueue(worklist, session, reports))
        return made[-1]

    yield make
    for queue in made:
        queue.close()


@pytest.fixture
def reports():
    from tests.session.conftest import Ear

    return Ear()


def is_done(progress: AiProgress) -> bool:
    return progress.done + progress.failed > 0 and not progress.is_running


def hold_engine() -> Path:
    user_data().mkdir(parents=True, exist_ok=True)
    file = user_data() / "hold-engine"
    file.write_text("")
    return file


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_whole_list_is_analysed_and_kept(make_queue, worklist, reports, ear) -> None:
    make_queue().start()
    last = reports.wait(is_done)
    assert (last.done, last.left, last.failed, last.total) == (4, 0, 0, 4)
    assert worklist.ai.count_pending() == 0
    for uid, (fingerprint, path, _score) in results_of(worklist).items():
        result = ai_files.load(Path(path))
        assert (result.study_uid, result.fingerprint) == (uid, fingerprint)
        assert Path(path).parent == ai_files.folder_of(uid)
    told = [(one.done, one.left) for one in reports.heard if one.is_running]
    assert told == sorted(told)
    assert {1, 2, 3} <= {done for done, _ in told}
    assert any(one.seconds_left for one in reports.heard)
    assert not ear.of(ExamAnalysed), "nobody asked to see them"
    assert not ear.of(AnalysisStarted)


def test_pause_stops_at_once_and_resume_goes_on(make_queue, worklist, reports) -> None:
    hold = hold_engine()
    queue = make_queue()
    queue.start()
    wait_until(lambda: queue._asked is not None and queue._asked[1].startswith("ai queue analyze"))
    queue.pause()
    assert reports.wait(lambda one: one.is_paused).done == 0
    hold.unlink()
    time.sleep(0.2)
    assert worklist.ai.count_pending() == 4
    queue.resume()
    assert reports.wait(is_done).done == 4


def test_that_the_work_began_is_told_before_the_first_study_is_done(make_queue, reports) -> None:
    hold = hold_engine()
    make_queue().start()
    assert reports.wait(lambda one: one.is_running).left == 4
    hold.unlink()


def test_cancel_keeps_what_was_found(make_queue, worklist, reports) -> None:
    queue = make_queue()
    queue.start()
    reports.wait(lambda one: one.done == 1)
    queue.cancel()
    reports.wait(lambda one: not one.is_running and one.done >= 1)
    left = worklist.ai.count_pending()
    assert left < 4
    queue.start()
    wait_until(lambda: worklist.ai.count_pending() == 0)


def test_the_case_being_read_goes_first(make_queue, worklist, reports) -> None:
    rows = worklist.ai.pending(9)
    hold = hold_engine()
    queue = make_queue()
    queue.first((rows[3], rows[2]))
    queue.start()
    wait_until(lambda: queue._asked is not None and queue._asked[1].startswith("ai queue analyze"))
    assert queue._asked[1].endswith(worklist.ai.inputs(rows[3]).uid)
    hold.unlink()
    reports.wait(lambda one: one.done == 2)
    assert not worklist.ai.lacks_result(rows[2])
    assert reports.wait(is_done).done == 4


def test_what_somebody_waits_for_goes_before(make_queue, worklist, session, reports, ear, tmp_path) -> None:
    """A running study of the list gives way to an analysis of the case on screen, and is begun anew."""
    write_pgm(tmp_path / "other" / "L-MLO.pgm", 99)
    session.open([tmp_path / "other"])
    ear.wait(PixelsReady)
    hold = hold_engine()
    queue = make_queue()
    queue.start()
    wait_until(lambda: queue._asked is not None and queue._asked[1].startswith("ai queue analyze"))
    wanted = f"analyze {session.selected.uid}"
    session.analyze(session.selected.uid)
    # Both are held up by the same file; it must be the session's analysis that runs when the file goes.
    wait_until(lambda: [child.task.order.key for child in session.engine._busy() if child.task] == [wanted])
    hold.unlink()
    ear.wait(ExamAnalysed)
    assert reports.wait(is_done).done == 4
    assert not ear.of(AnalysisFailed)


def test_a_study_that_fails_is_passed_over_until_asked_again(make_queue, worklist, reports, tmp_path) -> None:
    bad = worklist.ai.pending(9)[1]
    moved = []
    for path in map(Path, worklist.ai.inputs(bad).paths):
        moved.append((path, path.rename(path.with_suffix(".away"))))
    queue = make_queue()
    queue.start()
    last = reports.wait(is_done)
    assert (last.done, last.left, last.failed) == (3, 0, 1)
    assert list(queue.failures) == [bad]
    assert queue.failures[bad].message
    for path, away in moved:
        away.rename(path)
    queue.start()
    time.sleep(0.2)
    assert worklist.ai.count_pending() == 1, "not before somebody asks"
    queue.retry()
    wait_until(lambda: worklist.ai.count_pending() == 0)
    assert not queue.failures


def test_a_study_that_kills_the_engine_is_passed_over(make_queue, worklist, reports) -> None:
    user_data().mkdir(parents=True, exist_ok=True)
    (user_data() / "kill-engine").write_text("2")
    queue = make_queue()
    queue.start()
    last = reports.wait(is_done)
    assert (last.done, last.failed) == (3, 1)
    assert [problem.code for problem in queue.failures.values()] == ["worker_died"]


def test_a_full_disk_pauses_and_says_why(make_queue, worklist, reports, monkeypatch) -> None:
    def full(folder: Path, result: object) -> Path:
        raise OutputError("The disk is full.", "Make room.")

    with monkeypatch.context() as patch:
        patch.setattr(ai_files, "save", full)
        queue = make_queue()
        queue.start()
        told = reports.wait(lambda one: one.problem is not None)
        assert told.is_paused
        assert told.problem.hint == "Make room."
        assert worklist.ai.count_pending() == 4, "what is not written is not put"
    queue.resume()
    assert reports.wait(is_done).done == 4


def test_what_the_session_finds_is_kept_the_same_way(make_queue, worklist, session, ear, tmp_path) -> None:
    make_queue()
    session.veil.begin()
    session.open([tmp_path / "studies" / "2"])
    ear.wait(PixelsReady, count=2)
    uid = session.selected.uid
    session.analyze(uid)
    ear.wait(ResultsConcealed)
    wait_until(lambda: worklist.ai.count_pending() == 3)
    ((fingerprint, path, score),) = results_of(worklist).values()
    assert score is None
    assert ai_files.load(Path(path)).fingerprint == fingerprint
    session.open([write_pgm(tmp_path / "stranger" / "L-CC.pgm", 77)])
    ear.wait(PixelsReady, count=3)
    session.analyze(session.selected.uid)
    ear.wait(ResultsConcealed, count=2)
    time.sleep(0.2)
    assert len(results_of(worklist)) == 1, "a study that the worklist does not know"


def test_a_part_of_a_study_is_not_kept_as_its_result(make_queue, worklist, session, ear, tmp_path) -> None:
    make_queue()
    session.open([tmp_path / "studies" / "1" / "R-CC.pgm"])
    ear.wait(PixelsReady)
    session.analyze(session.selected.uid)
    ear.wait(ExamAnalysed)
    time.sleep(0.2)
    assert worklist.ai.count_pending() == 4


def test_a_neighbour_that_is_open_learns_of_its_result(make_queue, worklist, session, reports, ear, tmp_path) -> None:
    session.open([tmp_path / "studies" / "1"], select=False)
    ear.wait(PixelsReady, count=2)
    session.veil.begin()
    make_queue().start()
    reports.wait(is_done)
    (study,) = session.studies
    assert session.has_result(study.uid)
    assert session.result_of(study.uid) is None


def test_what_was_written_before_a_kill_is_not_computed_again(make_queue, worklist, reports, monkeypatch) -> None:
    queue = make_queue()
    queue.start()
    reports.wait(is_done)
    files = {uid: Path(path).stat().st_mtime_ns for uid, (_, path, _) in results_of(worklist).items()}
    with worklist._database.write() as connection:
        connection.execute("DELETE FROM ai_results")
    hold = hold_engine()
    queue.start()
    wait_until(lambda: worklist.ai.count_pending() == 0)
    hold.unlink()
    assert set(files) == set(results_of(worklist))


@pytest.mark.slow
def test_kill_9_at_any_moment_never_puts_half_a_result(worklist, session, tmp_path) -> None:
    make_studies(tmp_path / "more", 12, seed=1000)
    import_folder(worklist, session, tmp_path / "more")
    session.close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((os.environ.get("PYTHONPATH", ""), str(HERE.parent)))}
    command = [sys.executable, str(HERE / "ai_queue_child.py"), str(tmp_path / "worklist.db")]
    dice = random.Random(4)
    known = 0
    for _ in range(5):
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        while int(child.stdout.readline()) < 1:
            pass
        time.sleep(dice.uniform(0.0, 0.03))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        kept = results_of(worklist)
        assert len(kept) > known, "what was put stays"
        known = len(kept)
        for uid, (fingerprint, path, _) in kept.items():
            result = ai_files.load(Path(path))
            assert (result.study_uid, result.fingerprint) == (uid, fingerprint)
    assert known < 16, "it was killed at work"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert worklist.ai.count_pending() == 0


def test_closing_at_any_moment_ends_the_thread(tmp_path) -> None:
    class Quiet:
        """A session that finds nothing by itself."""

        def keep_results(self, keeper: Callable[..., None]) -> None:
            self.keeper = keeper

    class Result:
        study_uid = "1.2"

    opened, _ = open_worklist(tmp_path / "empty.db")
    for pause_s in (0.0, 0.0, 0.001, 0.003, 0.01):
        lent, told = Quiet(), []
        queue = AiQueue(opened, lent, told.append)  # type: ignore[arg-type]
        time.sleep(pause_s)
        study = type("Study", (), {"uid": "1.2", "images": ()})()
        lent.keeper(study, Result())
        queue.close()
        assert not queue._thread.is_alive()
    opened.close()
