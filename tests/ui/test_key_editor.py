"""Keys that the reader changes: conflicts are refused, and what is set works at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from mammoview.session import keys as keys_file
from mammoview.session.messages import Messages
from mammoview.ui.actions import ACTIONS, action
from mammoview.ui.dialogs.key_editor import KeyEditor
from mammoview.ui.key_binding import KeyBinding
from mammoview.ui.keymap import Keymap, normal, resolve


@pytest.fixture
def binding(qapp: object) -> KeyBinding:
    made = KeyBinding(Messages())
    made.bind({row.id: QAction(row.title, made) for row in ACTIONS})
    return made


@pytest.fixture
def editor(binding: KeyBinding, qtbot: QtBot) -> KeyEditor:
    made = KeyEditor(binding)
    qtbot.addWidget(made)
    made.show()
    return made


def shortcuts(binding: KeyBinding, identity: str) -> list[str]:
    return [key.toString() for key in binding._actions[identity].shortcuts()]


def test_every_key_of_the_table_is_one_stroke_in_qts_own_spelling(qapp: object) -> None:
    for row in ACTIONS:
        assert all(normal(key) for key in row.keys), row.id
    assert resolve({}) == (Keymap(), ())


@pytest.mark.parametrize("key", ["", "Foo", "Ctrl+", "Ctrl+K, A", "\n", "😀"])
def test_what_is_no_key_is_known_as_none(qapp: object, key: str) -> None:
    assert normal(key) == ""


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row.id)
def test_every_action_can_have_another_key(binding: KeyBinding, row) -> None:
    free = "Ctrl+Alt+Shift+F12"
    binding.change(binding.keymap.with_keys(row.id, [free]))
    assert shortcuts(binding, row.id) == [free]
    assert "F12" in binding._actions[row.id].toolTip()
    # It is still so after a restart.
    assert KeyBinding(Messages()).keymap.keys(row.id) == (free,)
    # And every key that it had is free for others.
    assert all(binding.keymap.owner(key) is None for key in row.keys)


def test_a_key_of_another_action_is_refused(qapp: object) -> None:
    keymap = Keymap()
    with pytest.raises(ValueError, match="F"):
        keymap.with_keys("invert", ["I", "f"])
    assert keymap.owner("f") is action("fit")


def test_taking_a_key_over_leaves_the_owner_its_other_keys(qapp: object) -> None:
    keymap = Keymap().taken_over("invert", "F")
    assert keymap.keys("invert") == ("I", "F")
    assert keymap.keys("fit") == ("0",)
    # The usual keys come back as far as they are free.
    assert keymap.reset("fit").keys("fit") == ("0",)
    assert keymap.reset("invert").reset("fit").changes == {}


def test_changes_in_a_file_that_contradict_each_other_are_told_and_the_usual_keys_stay(qapp: object) -> None:
    keymap, problems = resolve({"invert": ["F7"], "magnifier": ["F7"], "single": ["X"]})
    assert keymap.keys("invert") == ("F7",)
    assert keymap.keys("magnifier") == ("M",)
    assert keymap.keys("single") == ("Return", "Enter"), "X belongs to another action"
    assert len(problems) == 2
    assert "Magnifier" in problems[0].message + problems[1].message
    owners = [key for row in ACTIONS for key in keymap.keys(row.id)]
    assert len(owners) == len(set(owners))


def test_two_actions_may_swap_their_keys(qapp: object) -> None:
    keymap, problems = resolve({"invert": ["M"], "magnifier": ["I"]})
    assert not problems
    assert (keymap.keys("invert"), keymap.keys("magnifier")) == (("M",), ("I",))


def test_keys_of_unknown_actions_are_told_and_kept_in_the_file(qapp: object) -> None:
    keys_file.save({"teleport": ("F7",), "fit": ("F8",)})
    messages = Messages()
    binding = KeyBinding(messages)
    assert ["teleport" in message.problem.message for message in messages.history] == [True]
    binding.change(binding.keymap.with_keys("invert", ["F6"]))
    assert keys_file.load()[0] == {"teleport": ("F7",), "fit": ("F8",), "invert": ("F6",)}


def test_a_wrong_key_costs_its_own_action_only(qapp: object) -> None:
    keymap, (problem,) = resolve({"fit": ["F7", "Hyper+Q"], "invert": ["F6"]})
    assert "Hyper+Q" in problem.message
    assert keymap.keys("fit") == Keymap().keys("fit")
    assert keymap.keys("invert") == ("F6",)


@pytest.mark.parametrize(
    ("key", "modifier", "spelt"),
    [
        (Qt.Key.Key_F7, Qt.KeyboardModifier.NoModifier, "F7"),
        (Qt.Key.Key_F7, Qt.KeyboardModifier.ControlModifier, "Ctrl+F7"),
        (Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier, "Tab"),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier, "Esc"),
        (Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier, "?"),
        (Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier, "Shift+B"),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier, "Shift+Space"),
        (Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier, None),
    ],
)
def test_the_field_takes_any_key(editor: KeyEditor, qtbot: QtBot, key, modifier, spelt: str | None) -> None:
    told: list[str] = []
    editor.field.pressed.connect(told.append)
    qtbot.keyClick(editor.field, key, modifier)
    assert told == ([spelt] if spelt else [])
    assert editor.isVisible()


def test_a_free_key_is_added_and_works_at_once(editor: KeyEditor, binding: KeyBinding, qtbot: QtBot) -> None:
    editor.choose("fit")
    qtbot.keyClick(editor.field, Qt.Key.Key_F7)
    assert "free" in editor.said.text()
    assert editor.give.isEnabled()
    assert not editor.take.isEnabled()
    qtbot.mouseClick(editor.give, Qt.MouseButton.LeftButton)
    assert shortcuts(binding, "fit") == ["F", "0", "F7"]
    assert keys_file.load()[0] == {"fit": ("F", "0", "F7")}


def test_a_conflict_is_named_and_taken_over_only_when_asked(
    editor: KeyEditor, binding: KeyBinding, qtbot: QtBot
) -> None:
    editor.choose("fit")
    qtbot.keyClick(editor.field, Qt.Key.Key_I)
    assert "Invert" in editor.said.text()
    assert not editor.give.isEnabled()
    assert shortcuts(binding, "invert") == ["I"]
    qtbot.mouseClick(editor.take, Qt.MouseButton.LeftButton)
    assert shortcuts(binding, "invert") == []
    assert shortcuts(binding, "fit") == ["F", "0", "I"]


def test_one_action_and_all_go_back_to_their_usual_keys(editor: KeyEditor, binding: KeyBinding, qtbot: QtBot) -> None:
    editor.choose("fit")
    qtbot.mouseClick(editor.clear, Qt.MouseButton.LeftButton)
    assert shortcuts(binding, "fit") == []
    qtbot.mouseClick(editor.reset, Qt.MouseButton.LeftButton)
    assert shortcuts(binding, "fit") == ["F", "0"]
    binding.change(binding.keymap.taken_over("fit", "I"))
    editor.reset_all()
    assert binding.keymap.changes == {}
    assert shortcuts(binding, "invert") == ["I"]


def test_the_filter_finds_actions_by_name_and_by_key(editor: KeyEditor) -> None:
    def found() -> list[str]:
        return [str(item.data(0, Qt.ItemDataRole.UserRole)) for item in editor._items() if not item.isHidden()]

    assert found() == [row.id for row in ACTIONS]
    editor.filter.setText("magnif")
    assert "magnifier" in found()
    assert "fit" not in found()
    editor.filter.setText("ctrl+o")
    assert "open_files" in found()


def test_keys_go_to_a_file_and_come_back(
    editor: KeyEditor, binding: KeyBinding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    binding.change(binding.keymap.with_keys("fit", ["F7"]))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a, **_k: (str(path), ""))
    editor._export()
    editor.reset_all()
    editor._import()
    assert shortcuts(binding, "fit") == ["F7"]
    path.write_text("= =")
    editor._import()
    assert "no table of keys" in editor.said.text()
    assert shortcuts(binding, "fit") == ["F7"]
