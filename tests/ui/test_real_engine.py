"""The whole workflow with nothing made up: the shipped models, a killed engine, the command line beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from real_window import shown

from mammoview.core.findings import ImageResult
from mammoview.core.paths import resource
from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.mainwindow import MainWindow

pytestmark = [pytest.mark.gui, pytest.mark.slow]
SECONDS = 120_000
#: What differs between two runs by its nature.
CHANGING = {"started", "seconds", "timings_s", "root", "path"}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A small synthetic exam."""
    folder = tmp_path / "study"
    write_phantom(folder, seed=3, rows=1024, columns=832)
    return folder


@pytest.fixture
def window(qtbot: QtBot, study: Path) -> Iterator[tuple[MainWindow, Session]]:
    session = Session(replace(Settings(), device="cpu"))
    with shown(qtbot, session) as made:
        made.open([study])
        yield made, session


def engines() -> list[psutil.Process]:
    """Our children that have loaded torch: the engine, and no decoder."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if any("libtorch_cpu" in entry.path for entry in child.memory_maps())]


def steady(content: Any) -> Any:
    """A result without what changes from run to run."""
    if isinstance(content, dict):
        return {key: steady(value) for key, value in content.items() if key not in CHANGING}
    return [steady(value) for value in content] if isinstance(content, list) else content


def test_a_killed_engine_costs_time_only_and_saving_writes_what_the_command_line_writes(
    window: tuple[MainWindow, Session], study: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, session = window
    qtbot.waitUntil(lambda: bool(made.desk.progress.isVisible() and engines()), timeout=SECONDS)
    os.kill(engines()[0].pid, signal.SIGKILL)
    qtbot.waitUntil(made.desk.banner.isVisible, timeout=SECONDS)
    # The session has the result a moment before the window has shown it.
    qtbot.waitUntil(lambda: "Exam" in made.desk.analysis.scores.text(), timeout=SECONDS)
    result = session.result_of(session.studies[0].uid)
    assert result is not None
    assert all(isinstance(image, ImageResult) and image.p_malignant is not None for image in result.images)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(tmp_path / "window"))
    made.actions_by_id["save_results"].trigger()
    qtbot.waitUntil((tmp_path / "window" / "result.json").exists, timeout=SECONDS)
    command = [sys.executable, "-m", "mammoview", "analyze", str(study), "--device", "cpu", "--out"]
    subprocess.run([*command, str(tmp_path / "command")], check=True, capture_output=True)

    ours, theirs = (json.loads((tmp_path / name / "result.json").read_text()) for name in ("window", "command"))
    jsonschema.validate(ours, json.loads(resource("schema/result-1.json").read_text()))
    assert steady(ours) == steady(theirs)
