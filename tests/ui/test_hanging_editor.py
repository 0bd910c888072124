from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from ui_study import IMAGES

from mammoview.core.paths import user_hanging
from mammoview.core.study import ScanResult, Study
from mammoview.session.hanging_file import load, read, shipped
from mammoview.session.protocols import Role, read_place
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.dialogs.hanging_editor import HangingEditor


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session(replace(Settings(), analyse_on_open=False))
    # What a search would have found, without the files.
    made._open.add(ScanResult((Study("1.2", "42", "", "20260102", IMAGES),)), 0)
    made.hangings.begin("1.2")
    yield made
    made.close()


@pytest.fixture
def editor(session: Session, qtbot: QtBot) -> HangingEditor:
    made = HangingEditor(session)
    qtbot.addWidget(made)
    made.show()
    return made


def labels(session: Session) -> list[str]:
    assert session.hangings.current is not None
    return [slot.label for slot in session.hangings.current.slots]


def test_it_opens_on_the_protocol_in_use(editor: HangingEditor) -> None:
    assert editor.protocol.id == "cc_over_mlo"
    assert editor.form.stage() == editor.protocol.stages[0]
    assert editor.told.text() == ""
    for row in range(editor.protocol_list.count()):
        editor.protocol_list.setCurrentRow(row)
        for stage in range(editor.stage_list.count()):
            editor.stage_list.setCurrentRow(stage)
            assert editor.form.stage() == editor.protocol.stages[stage]
    assert tuple(editor.protocols) == shipped(), "looking changes nothing"


def test_the_wall_follows_every_change_until_the_editor_closes(editor: HangingEditor, session: Session) -> None:
    editor.form.cells[1, 0, 0].setCurrentText("LML")
    assert labels(session)[0] == "LML"
    editor.form.columns.setValue(3)
    editor.form.cells[1, 1, 2].setCurrentText("RCC prior1")
    assert labels(session)[-1] == "prior RCC"
    editor.form.second_columns.setValue(1)
    editor.form.cells[2, 0, 0].setCurrentText("RXCCL")
    assert session.hangings.current is not None
    assert session.hangings.current.second == (1, 1)
    editor.is_previewed.setChecked(False)
    assert labels(session) == ["RCC", "LCC", "RMLO", "LMLO"]
    editor.is_previewed.setChecked(True)
    assert labels(session)[0] == "LML"
    editor.close()
    assert labels(session) == ["RCC", "LCC", "RMLO", "LMLO"]
    assert session.hangings.protocols == shipped(), "nothing was saved"


@pytest.mark.parametrize(
    ("text", "told"), [("RXX", "names no view"), ("RCC sport", "“sport”"), ("RCC prior7", "“prior7”")]
)
def test_what_is_no_slot_is_said_and_marked(editor: HangingEditor, session: Session, text: str, told: str) -> None:
    cell = editor.form.cells[1, 0, 0]
    cell.setCurrentText(text)
    assert told in editor.told.text()
    assert cell.property("wrong") is True
    assert labels(session)[0] == "RCC", "what hung before still hangs"
    assert not editor.save()
    assert not user_hanging().exists()
    cell.setCurrentText("RCC")
    assert cell.property("wrong") is False
    assert editor.told.text() == ""


def test_more_images_than_slots_cannot_be_asked_for(editor: HangingEditor) -> None:
    editor.form.at_least.setValue(5)
    assert "5 images" in editor.told.text()
    assert not editor.save()


def test_an_own_protocol_is_made_saved_and_hangs(editor: HangingEditor, session: Session) -> None:
    editor.add_protocol()
    editor.name.setText("Mine")
    editor.form.rows.setValue(1)
    editor.form.columns.setValue(1)
    editor.form.at_least.setValue(1)
    editor.form.cells[1, 0, 0].setCurrentText("LMLO")
    editor.add_stage()
    editor.form.name.setText("Both")
    editor._move(editor.stage_list, -1)
    editor._move(editor.stage_list, 1)
    editor.choose()
    assert session.settings.hanging == editor.protocol.id
    editor.close()
    assert labels(session) == ["LMLO"]
    saved = {protocol.name: protocol for protocol in load()[0]}
    assert [stage.name for stage in saved["Mine"].stages] == ["CC over MLO", "Both"]
    assert saved["Mine"].stages[0].rows == ((read_place("LMLO"),),)


def test_protocols_and_stages_are_removed_but_the_last(editor: HangingEditor) -> None:
    count = len(editor.protocols)
    editor._remove(editor.stage_list)
    assert len(editor.protocol.stages) == 1
    editor._remove(editor.protocol_list)
    assert len(editor.protocols) == count - 1
    for _ in range(count):
        editor._remove(editor.protocol_list)
    assert len(editor.protocols) == 1


def test_without_one_that_can_be_chosen_nothing_is_saved(editor: HangingEditor) -> None:
    for row in range(len(editor.protocols)):
        editor.protocol_list.setCurrentRow(row)
        editor.role.setCurrentIndex(editor.role.findData(Role.AFTER))
    assert not editor.save()
    assert "No protocol can be chosen" in editor.told.text()
    editor.choose()
    assert "Only a protocol that can be chosen" in editor.told.text()


def test_export_import_and_reset(
    editor: HangingEditor, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(file), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(file), ""))
    editor.name.setText("Renamed")
    editor.export_file()
    assert "Renamed" in [protocol.name for protocol in read(file)]
    editor.name.setText("Again")
    editor.import_file()
    assert tuple(editor.protocols) == read(file)
    assert editor.save()
    assert session.hangings.protocols == read(file)
    file.write_text("schema = 9", encoding="utf-8")
    editor.import_file()
    assert "another version" in editor.told.text()
    monkeypatch.setattr(QMessageBox, "question", lambda *_a, **_k: QMessageBox.StandardButton.No)
    editor.reset()
    assert "Renamed" in [protocol.name for protocol in session.hangings.protocols]
    monkeypatch.setattr(QMessageBox, "question", lambda *_a, **_k: QMessageBox.StandardButton.Yes)
    editor.reset()
    assert session.hangings.protocols == shipped() == tuple(editor.protocols)
