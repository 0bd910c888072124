from __future__ import annotations

from dataclasses import fields, replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListWidget, QSpinBox
from pytestqt.qtbot import QtBot
from ui_study import IMAGES, make_finding

from mammoview.core.errors import Problem
from mammoview.core.findings import (
    BreastResult,
    ExamResult,
    ImageResult,
    Link,
    MemberScore,
    Provenance,
    ScoreMeaning,
    Threshold,
)
from mammoview.core.study import Laterality, Study
from mammoview.session.events import Level, Message
from mammoview.session.messages import Messages
from mammoview.session.settings import RECORDS, Settings
from mammoview.ui.actions import ACTIONS, GESTURES
from mammoview.ui.commands import COMMANDS
from mammoview.ui.dialogs.keys import KeysDialog
from mammoview.ui.dialogs.model_choice import ModelChoice
from mammoview.ui.dialogs.settings import SettingsDialog, set_value
from mammoview.ui.key_binding import KeyBinding
from mammoview.ui.panels.findings import FindingsPanel
from mammoview.ui.panels.maps import MapsPanel
from mammoview.ui.panels.messages import Banner, MessagesDialog
from mammoview.ui.panels.scores import ScoresPanel
from mammoview.ui.panels.studies import StudiesPanel
from mammoview.ui.score_notes import notes
from mammoview.ui.viewport.layers import Layer, OverlayOptions

MEANING = ScoreMeaning("Malignant against benign lesion.", 0.49)
LOW, HIGH = make_finding(IMAGES[0], p_malignant=0.2), make_finding(IMAGES[2], p_malignant=0.9)
RESULTS = (
    ImageResult(IMAGES[0].id, findings=(LOW,), p_malignant=0.31, uncertainty=0.04),
    ImageResult(IMAGES[1].id, warnings=("Not scored: a spot view shows part of a breast at another scale.",)),
    ImageResult(IMAGES[2].id, findings=(HIGH,), p_malignant=0.77),
)
EXAM = ExamResult(
    "1.2",
    "f",
    Provenance("test", "cpu", "onnx", (), "", 1.0),
    RESULTS,
    breasts=(BreastResult(Laterality.RIGHT, 0.54, (IMAGES[0].id, IMAGES[2].id), is_single_view=False),),
    p_malignant=0.54,
    meaning=MEANING,
    warnings=("No model for segmentation is installed.",),
)


def test_every_action_can_be_done_and_no_key_does_two_things() -> None:
    methods = {name for commands in COMMANDS for name in dir(commands) if name.startswith("do_")}
    layers = {f"{layer.name.lower()}_layer" for layer in Layer}
    for row in ACTIONS:
        assert (f"do_{row.id}" in methods) != (row.id in layers)
        assert row.help
    assert methods | layers == {row.id if row.id in layers else f"do_{row.id}" for row in ACTIONS}
    keys = [key for row in ACTIONS for key in row.keys]
    assert len(keys) == len(set(keys))


def test_the_help_dialog_shows_every_key(qtbot: QtBot) -> None:
    binding = KeyBinding(Messages())
    dialog = KeysDialog(binding)
    qtbot.addWidget(dialog)
    text = dialog.text.toPlainText()
    for row in ACTIONS:
        assert row.title.rstrip("…") in text
        assert binding.text(row.id) in text
    assert all(gesture.how in text for gesture in GESTURES)


def test_beside_every_score_stands_what_it_means(qtbot: QtBot) -> None:
    panel = ScoresPanel()
    qtbot.addWidget(panel)
    panel.show_scores(IMAGES, RESULTS, EXAM, MEANING)
    for number in ("0.54", "0.31", "0.77"):
        assert number in panel.text()
    assert panel.text().count("Malignant against benign lesion; trained at 49% malignant") == 4
    assert "a spot view shows part of a breast" in panel.text()
    assert "No model for segmentation" in panel.text()
    assert "Right breast" in panel.text()


def test_scores_come_image_by_image_before_the_exam_is_done(qtbot: QtBot) -> None:
    panel = ScoresPanel()
    qtbot.addWidget(panel)
    panel.show_scores(IMAGES, RESULTS[:1], None, MEANING)
    assert "0.31" in panel.text()
    assert "Exam" not in panel.text()


def test_an_unscored_image_says_why_in_its_corner() -> None:
    assert notes(RESULTS[1], EXAM, MEANING) == (RESULTS[1].warnings[0],)
    assert notes(RESULTS[0], EXAM, MEANING)[0] == "score 0.31 ± 0.04"
    assert "49%" in notes(RESULTS[0], EXAM, MEANING)[2]


def test_without_a_model_an_image_says_so() -> None:
    (line,) = notes(ImageResult(IMAGES[0].id), EXAM, MEANING)
    assert line == "Not scored: no model for whole images is installed."
    assert notes(ImageResult(IMAGES[0].id), None, MEANING) == ("Not scored.",)


def test_findings_are_sorted_and_tell_their_selection(qtbot: QtBot) -> None:
    panel = FindingsPanel()
    qtbot.addWidget(panel)
    panel.show_findings(IMAGES, RESULTS, (Link(LOW.id, HIGH.id, 0.8),))
    assert [panel.topLevelItem(k).text(0) for k in range(2)] == ["RMLO", "RCC"]
    assert panel.topLevelItem(0).text(4) == "RCC"
    with qtbot.waitSignal(panel.selected) as told:
        panel.step(1)
    assert told.args == [HIGH.id]
    with qtbot.assertNotEmitted(panel.selected):
        panel.select(LOW.id)
    assert panel.current() == LOW.id
    panel.show_findings(IMAGES, RESULTS, ())
    assert panel.current() == LOW.id
    panel.select("")
    assert panel.current() == ""


def test_studies_are_grouped_by_patient_and_sorted_by_date(qtbot: QtBot) -> None:
    panel = StudiesPanel()
    qtbot.addWidget(panel)
    old, new = Study("1", "7", "ROE^RAY", "20200101", IMAGES), Study("2", "7", "ROE^RAY", "20240101", IMAGES)
    nobody = Study("3", "", "", "", IMAGES[:1])
    panel.show_studies((old, nobody, new))
    group = panel.topLevelItem(0)
    assert group.text(0) == "ROE, RAY"
    assert [group.child(k).text(0) for k in range(2)] == ["2024-01-01  current", "2020-01-01  prior"]
    assert panel.topLevelItem(1).text(0) == "unknown patient"
    panel.select("2")
    with qtbot.waitSignal(panel.selected) as told:
        panel.step(1)
    assert told.args == ["1"]
    panel.set_identity(is_shown=False)
    assert panel.topLevelItem(0).text(0) == "patient 1"
    assert panel.current() == "1"


def test_map_controls_tell_new_options(qtbot: QtBot) -> None:
    panel = MapsPanel()
    qtbot.addWidget(panel)
    panel.set_options(OverlayOptions(frozenset({Layer.PATCH_MAP}), opacity=0.2, threshold=0.1))
    assert (panel.opacity.value(), panel.threshold.value()) == (20, 10)
    with qtbot.waitSignal(panel.changed) as told:
        panel.opacity.setValue(80)
    assert told.args[0].opacity == pytest.approx(0.8)
    with qtbot.waitSignal(panel.changed) as told:
        panel.channel.setCurrentIndex(panel.channel.findData("benign_mass"))
    assert told.args[0].patch_channel == "benign_mass"
    panel.grab()


def test_the_banner_tells_path_message_and_hint_and_goes_when_dismissed(qtbot: QtBot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.tell(Message(Problem("/a/b.dcm", "truncated", "The file ends too early.", "Copy it again."), Level.ERROR))
    assert banner.text.text() == "/a/b.dcm\nThe file ends too early. Copy it again."
    assert not banner.isHidden()
    banner.dismiss()
    assert banner.isHidden()


def test_the_banner_is_silent_about_what_is_only_for_information(qtbot: QtBot) -> None:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.tell(Message(Problem("LICENSE", "not_an_image", "It is no image.", ""), Level.INFO))
    assert banner.isHidden()


def test_all_messages_are_listed_newest_first(qtbot: QtBot) -> None:
    messages = [Message(Problem(f"/{k}", "x", f"message {k}", "hint")) for k in range(3)]
    dialog = MessagesDialog(messages)
    qtbot.addWidget(dialog)
    assert [dialog.table.item(k, 2).text() for k in range(3)] == ["message 2", "message 1", "message 0"]


def test_the_settings_dialog_has_an_editor_for_every_record(qtbot: QtBot) -> None:
    dialog = SettingsDialog(Settings(), {})
    qtbot.addWidget(dialog)
    assert set(dialog.editors) == {record.key for record in RECORDS} == {f.name for f in fields(Settings)}
    assert dialog.values() == Settings()


def test_the_settings_dialog_tells_what_was_changed(qtbot: QtBot) -> None:
    choices = {"model_patch": (("", "Active: a@1"), ("b", "b@2 (user)"))}
    dialog = SettingsDialog(replace(Settings(), model_whole_image="gone"), choices)
    qtbot.addWidget(dialog)
    threads = dialog.editors["threads"]
    assert isinstance(threads, QSpinBox)
    threads.setValue(3)
    set_value(dialog.editors["device"], "cpu")
    set_value(dialog.editors["model_patch"], "b")
    with qtbot.waitSignal(dialog.saved) as told:
        dialog.accept()
    expected = replace(Settings(), threads=3, device="cpu", model_patch="b", model_whole_image="gone")
    assert told.args[0] == expected


def test_several_models_may_be_ticked(qtbot: QtBot) -> None:
    choices = {"model_whole_image": (("", "None ticked: a@1 + b@2"), ("a", "a@1"), ("b", "b@2"), ("c", "c@3"))}
    dialog = SettingsDialog(replace(Settings(), model_whole_image="c,gone"), choices)
    qtbot.addWidget(dialog)
    choice = dialog.editors["model_whole_image"]
    assert isinstance(choice, ModelChoice)
    assert choice.findChild(QLabel).text() == "None ticked: a@1 + b@2"
    rows = choice.findChild(QListWidget)
    texts = [rows.item(k).text() for k in range(rows.count())]
    assert texts == ["a@1", "b@2", "c@3", "gone (not found)"]
    rows.item(0).setCheckState(Qt.CheckState.Checked)
    rows.item(3).setCheckState(Qt.CheckState.Unchecked)
    assert dialog.values().model_whole_image == "a,c"
    set_value(choice, "")
    assert dialog.values() == Settings()


def test_spread_members_and_operating_point_stand_beside_a_score(qtbot: QtBot) -> None:
    point = Threshold("specificity 90%", 0.6, 0.31, 0.9, "cross-validation", 152)
    meaning = replace(MEANING, thresholds=(point,), models=2)
    members = (MemberScore("a@1", 0.7), MemberScore("b@2", 0.84))
    known = {"members": members, "uncertainty": 0.06, "spread_over": "4 flips × 2 models"}
    scored = replace(RESULTS[2], **known, findings=(replace(HIGH, **known),))  # type: ignore[arg-type]
    panel, findings = ScoresPanel(), FindingsPanel()
    for widget in (panel, findings):
        qtbot.addWidget(widget)
    panel.show_scores(IMAGES, (scored,), None, meaning)
    point_text = "above the 90 % specificity point (sensitivity 0.31 on cross-validation, 152 patients)"
    for words in ("spread ±0.06 over 4 flips × 2 models", point_text, "a@1 0.70 · b@2 0.84"):
        assert words in panel.text()
    findings.show_findings(IMAGES, (scored,), (), meaning)
    tip = findings.topLevelItem(0).toolTip(2)
    assert point_text in tip
    assert "a@1 0.70" in tip
    assert notes(scored, None, meaning)[:2] == ("score 0.77 ± 0.06", "above the 90 % specificity point")
    panel.show_scores(IMAGES, (replace(scored, members=members[:1]),), None, meaning)
    assert "specificity" not in panel.text(), "one of two models did not score: the point does not hold"
