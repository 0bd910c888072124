"""Identities hidden everywhere with one key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QTableWidget, QTreeWidget, QWidget
from pytestqt.qtbot import QtBot
from ui_study import make_mammogram

from mammoview.core.errors import Problem
from mammoview.core.facts import Fact, Topic
from mammoview.core.study import Laterality, Study, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.hiding import HIDDEN, HIDDEN_PATH, hidden_problem, hidden_text
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.panels.messages import MessagesDialog

FACTS = (
    Fact("AccessionNumber", "Accession", "ACC-99", Topic.STUDY, is_identifying=True),
    Fact("PatientSex", "Sex", "F", Topic.PERSON, is_identifying=True),
    Fact("KVP", "Tube", "29 kVp", Topic.EXPOSURE),
)
STUDY = Study(
    "1",
    "42-17",
    "MOSER^ANNA",
    "20260101",
    (make_mammogram(patient_id="42-17", patient_name="MOSER^ANNA=山田", technique=FACTS),),
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Anna Moser has no image", f"{HIDDEN} {HIDDEN} has no image"),
        ("patient 42-17, ACC-99, 山田", f"patient {HIDDEN}, {HIDDEN}, {HIDDEN}"),
        ("/data/roe jane/RCC.dcm is empty (0 bytes).", f"{HIDDEN_PATH} is empty (0 bytes)."),
        (r"C:\scans\roe.dcm cannot be read.", f"{HIDDEN_PATH} cannot be read."),
        ("The file claims 20 × 30 pixels at 29 kVp.", "The file claims 20 × 30 pixels at 29 kVp."),
        ("DICOM and/or pictures", "DICOM and/or pictures"),
    ],
)
def test_names_numbers_and_paths_go(text: str, left: str) -> None:
    assert hidden_text(text, [STUDY]) == left


def test_a_message_loses_its_file() -> None:
    problem = Problem("ROE.dcm", "input", "ROE.dcm is empty.", "Copy ROE.dcm again.")
    shown = hidden_problem(problem, [STUDY])
    assert "ROE" not in f"{shown.path} {shown.message} {shown.hint}"
    assert "is empty" in shown.message


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    session = Session(replace(Settings(), analyse_on_open=False), engine="ui_children:fake_engine")
    bridge, background = Bridge(), Background()
    made = MainWindow(session, background)
    bridge.setParent(made)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    made.resize(1366, 768)
    made.show()
    session.connect(bridge.send)
    yield made
    background.close()
    session.close()


def written(folder: Path, study: int, name: str) -> None:
    for view in (ViewPosition.CC, ViewPosition.MLO):
        uid = make_uid(name, study, view)
        header = NewMammogram(
            sop_uid=uid,
            series_uid=make_uid("series", name, study),
            study_uid=make_uid("study", name, study),
            view=view,
            laterality=Laterality.LEFT,
            spacing_mm=(0.1, 0.1),
            patient_id=f"PAT-{name}",
            patient_name=f"{name}^GIVEN",
            birth_date="19620801",
            age_years=60,
            study_date=f"202{study}0101",
            study_time="101010",
            windows=(VoiWindow(500, 1000, explanation="NORMAL"),),
            accession=f"ACC-{name}",
        )
        write_mammogram(folder / f"{name}-{study}-{view}.dcm", np.full((300, 240), 300, np.uint16), header)


def everything_said() -> str:
    """All text of all widgets, tool tips and titles included."""
    said: list[str] = []
    for widget in filter(QWidget.isVisible, QApplication.allWidgets()):
        said += [widget.windowTitle(), widget.toolTip(), widget.statusTip()]
        text = getattr(widget, "text", None)
        if callable(text) and not isinstance(widget, QTableWidget):
            said.append(str(text()))
        if isinstance(widget, QTreeWidget):
            stack = [widget.invisibleRootItem()]
            while stack:
                item = stack.pop()
                said += [item.text(0), item.toolTip(0)]
                stack += [item.child(index) for index in range(item.childCount())]
        if isinstance(widget, QTableWidget):
            cells = (widget.item(r, c) for r in range(widget.rowCount()) for c in range(widget.columnCount()))
            said += [cell.text() for cell in cells if cell is not None]
    return "\n".join(said)


@pytest.mark.meets("MG-F01")
def test_one_key_hides_identities_in_the_whole_window(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "SECRETNAME"
    folder.mkdir()
    for study in (4, 5):
        written(folder, study, "SECRETNAME")
    (folder / "SECRETNAME-broken.dcm").write_bytes(b"")
    window.open([folder])
    wall = window.desk.wall
    qtbot.waitUntil(lambda: bool(wall.panes) and any(p.image is not None for p in wall.panes), timeout=60_000)
    qtbot.waitUntil(window.desk.banner.isVisible, timeout=60_000)
    window.actions_by_id["messages"].trigger()
    assert "SECRETNAME" in everything_said()
    window.actions_by_id["identity"].trigger()
    qtbot.waitUntil(lambda: not [d for d in window.findChildren(MessagesDialog) if d.isVisible()])
    window.actions_by_id["messages"].trigger()
    hover = wall.panes[0].read_out(window.rect().center().toPointF())
    assert "SECRETNAME" not in everything_said() + hover
    for pane in wall.panes:
        assert pane._annotation.is_identity_shown is False
    window.actions_by_id["identity"].trigger()
    assert "SECRETNAME" in everything_said()
