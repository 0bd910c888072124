"""The comparison with earlier exams in the window: never without the word experimental."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from mammoview.core.findings import ComparedExam, ExamResult, PriorsScore, Provenance, ScoreMeaning
from mammoview.ui.panels.scores import ScoresPanel

pytestmark = pytest.mark.gui

EXAM = ExamResult("1.2", "f", Provenance("test", "cpu", "onnx", (), "", 1.0), (), p_malignant=0.54)
PRIORS = PriorsScore(
    0.68,
    ScoreMeaning("growth of a drawn mass", 0.5),
    "toy@1",
    (ComparedExam("1.2", 0.0, ()), ComparedExam("1.1", 14.0, ())),
)


def test_comparison_is_shown_as_experimental(qtbot: QtBot) -> None:
    panel = ScoresPanel()
    qtbot.addWidget(panel)
    panel.show_scores([], [], replace(EXAM, priors=PRIORS), None)
    assert "0.68" in panel.text()
    assert "experimental: compared with 1 earlier exam, 14 months before" in panel.text()
    assert "growth of a drawn mass" in panel.text()


def test_nothing_is_said_without_a_comparison(qtbot: QtBot) -> None:
    panel = ScoresPanel()
    qtbot.addWidget(panel)
    panel.show_scores([], [], EXAM, None)
    assert "0.54" in panel.text()
    assert "Earlier exams" not in panel.text()
    assert "experimental" not in panel.text()
