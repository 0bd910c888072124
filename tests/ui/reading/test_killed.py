"""Kills the whole program again and again: whatever it said was stored is there, and it goes on from there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mammoview.report.breast_report.values import SectionName
from mammoview.report.documents import DRAFT, REPORT, from_json
from mammoview.session import marks_file
from mammoview.session.decoders import start_decoders
from mammoview.session.demo import write_phantom
from mammoview.session.settings import Settings
from mammoview.session.worklist.importer import ImportEnded
from mammoview.session.worklist.worklist import open_worklist, verify_file

pytestmark = [pytest.mark.gui, pytest.mark.slow]
CASES, KILLS = 5, 6


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A worklist with a few studies and a reader."""
    home = tmp_path / "home"
    monkeypatch.setenv("MAMMOVIEW_HOME", str(home))
    for seed in range(CASES):
        write_phantom(tmp_path / "studies", seed=seed, rows=256, columns=208)
    worklist, _ = open_worklist()
    crew = start_decoders(Settings())
    ended: list[object] = []
    worklist.start_import(crew, (str(tmp_path / "studies"),), on_report=ended.append).wait(60)
    crew.close()
    assert isinstance(ended[-1], ImportEnded)
    worklist.readers.add("a", "Dr A")
    worklist.close()
    return home


def run_and_kill(lines: int, after_s: float) -> list[list[int]]:
    """What the program said was stored before it was killed, so long after it had said so many lines."""
    script = str(Path(__file__).with_name("killed_child.py"))
    with subprocess.Popen([sys.executable, script, str(CASES)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        first = "".join(child.stdout.readline() for _ in range(lines))
        time.sleep(after_s)
        family = psutil.Process(child.pid).children(recursive=True)
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, "children outlived the program"
    # A line cut by the kill was not said.
    lines = (first + rest).split("\n")[:-1]
    return [[int(part) for part in line.split()] for line in lines if line]


def test_what_was_stored_survives_kill_9_at_any_moment(home: Path) -> None:
    chance = random.Random(5)
    most: dict[int, list[int]] = {}
    for _ in range(KILLS):
        for row, *said in run_and_kill(chance.randint(2, 11), chance.uniform(0.0, 0.02)):
            before = most.get(row, [0, 0, 0, 0])
            # It went on from where it was; nothing that was said before is missing.
            assert all(now >= was for now, was in zip(said, before, strict=True)), (row, before, said)
            most[row] = said
        check(most)
    assert len(most) > 1, "the program was always killed before it had signed a case"


def check(most: dict[int, list[int]]) -> None:
    worklist, problems = open_worklist()
    try:
        assert problems == ()
        seat = worklist.readers.sign_in("a")
        for row, (findings, marks, is_committed, is_signed) in most.items():
            own = [one for one in worklist.documents.visible(seat, row) if one.kind == "report"]
            drafts = [from_json(DRAFT, one.content) for one in own if not one.is_signed]
            reports = [from_json(REPORT, one.content) for one in own if one.is_signed]
            contents = [*drafts, *(report.content for report in reports)]
            if findings:
                (content,) = contents
                assert len(content.findings) >= findings
                (text,) = [one.text for one in content.sections if one.name is SectionName.INDICATION]
                assert text == f"number {len(content.findings)}"
            reading = worklist.readings.visible(seat, row)[0]
            assert (reading.committed_at is not None) >= is_committed
            assert (reading.signed_at is not None) >= is_signed
            assert bool(reports) == (reading.signed_at is not None)
            uid = worklist.listing.rows(seat, (row,))[0].uid
            assert len(marks_file.load(uid, "a").marks) >= marks
        path = worklist.path
    finally:
        worklist.close()
    assert verify_file(path).is_sound
