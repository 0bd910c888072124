"""The table of the AI's change since the earlier exam: what it says, and when it is there at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from mammoview.core.findings import ComparedExam, LesionKind, PriorsScore, ScoreMeaning
from mammoview.core.reading.prior_change import AnalysedView, Place, PriorChange, Spot, Tolerance, compare_views
from mammoview.core.study import Laterality, ViewPosition
from mammoview.session.demo import write_phantom
from mammoview.session.events import AnalysisStarted, QuestionAnswered
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Bridge
from mammoview.ui.panels.analysis import AnalysisPanel
from mammoview.ui.panels.prior_change import PriorChangePanel
from mammoview.ui.since_prior import SincePrior

RCC = AnalysedView(Laterality.RIGHT, ViewPosition.CC, "n", 0.62, 0.03, "above the 80 % specificity point", ("a",))
SPOTS = tuple(Spot(f"n{at}", LesionKind.MASS, 0.5, Place(at, at, 0, "mm")) for at in (20.0, 60.0))
NOW = (
    replace(RCC, spots=SPOTS),
    replace(RCC, view=ViewPosition.MLO, score=0.31),
    replace(RCC, side=Laterality.LEFT, models=("b",)),
)
THEN = (
    replace(RCC, score=0.21, words="below the 80 % sensitivity point", spots=SPOTS[:1]),
    replace(RCC, view=ViewPosition.MLO, score=0.33),
    replace(RCC, side=Laterality.LEFT),
)
VIEWS = compare_views(NOW, THEN, {"mm": Tolerance(25, 21)})
CHANGE = PriorChange("now", "then", "20240502", VIEWS)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[PriorChangePanel]:
    made = AnalysisPanel()
    qtbot.addWidget(made)
    made.resize(330, 700)
    made.show()
    yield made.change
    made.hide()


def plain(panel: QLabel) -> str:
    from PySide6.QtGui import QTextDocument

    document = QTextDocument()
    document.setHtml(panel.text())
    return " ".join(document.toPlainText().split())


def test_each_view_has_then_now_and_change_with_findings(panel: PriorChangePanel) -> None:
    panel.show_change(CHANGE)
    assert panel.isVisible()
    text = plain(panel)
    assert "AI since 2024-05-02" in text
    assert "RCC 0.21 0.62 +0.41 ± 0.04 then below the 80 % sensitivity point, now above the 80 % specificity" in text
    assert "Findings: 1 new, 1 as before" in text
    assert "RMLO 0.33 0.31 −0.02 ± 0.04 above the 80 % specificity point, as then No findings then or now" in text
    assert "LCC 0.62 0.62 – Other models" in text
    bold = panel.text()
    assert "<b>+0.41" in bold, "more than its spread stands out"
    assert "<b>−0.02" not in bold


def test_an_earlier_exam_that_was_not_analysed_says_so(panel: PriorChangePanel) -> None:
    panel.show_change(PriorChange("now", "then", "20240502", reason="The earlier exam was not analysed by the AI."))
    assert panel.isVisible()
    assert "not analysed" in plain(panel)


def test_without_an_earlier_exam_there_is_no_table(panel: PriorChangePanel) -> None:
    panel.show_change(CHANGE)
    panel.show_change(PriorChange("now", reason="There is no earlier exam."))
    assert not panel.isVisible()
    assert panel.text() == ""


def test_the_temporal_model_is_marked_experimental(panel: PriorChangePanel) -> None:
    exams = (ComparedExam("now", 0.0, ()), ComparedExam("then", 12.0, ()))
    score = PriorsScore(0.44, ScoreMeaning("Toy meaning", 0.5), "gru@1", exams)
    panel.show_change(replace(CHANGE, temporal=score))
    assert "Temporal model 0.44 experimental: compared with 1 earlier exam, 12 months before" in plain(panel)


def test_words_of_models_are_no_markup(panel: PriorChangePanel) -> None:
    views = compare_views([replace(RCC, words="<b>loud</b>")], [RCC], {})
    panel.show_change(replace(CHANGE, views=views))
    assert "<b>loud" not in panel.text()


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Session, Bridge]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "session"))
    for path in write_phantom(tmp_path / "exams", seed=4, priors=1, rows=384, columns=312):
        if path.name != "LCC.dcm":
            path.unlink()
    bridge = Bridge()
    settings = replace(Settings(), analyse_on_open=False, device="cpu")
    made = Session(settings, bridge.send, engine="fake_children:engine")
    made.open([tmp_path / "exams"])
    yield made, bridge
    made.close()


def test_the_table_comes_with_the_reveal_and_goes_with_the_veil(
    qtbot: QtBot, panel: PriorChangePanel, session: tuple[Session, Bridge]
) -> None:
    reading, bridge = session
    heard: list[object] = []
    bridge.told.connect(heard.append)
    teller = SincePrior(reading, panel)
    bridge.told.connect(teller.hear)
    qtbot.waitUntil(lambda: reading.selected is not None, timeout=30_000)
    now, then = reading.studies
    reading.veil.begin()
    reading.analyze(now.uid)
    qtbot.waitUntil(lambda: reading.has_result(now.uid) and reading.has_result(then.uid), timeout=30_000)
    qtbot.wait(100)
    assert not panel.isVisible()
    assert not [one for one in heard if isinstance(one, QuestionAnswered)], "nothing was even asked"

    reading.veil.lift(now.uid, [then.uid])
    qtbot.waitUntil(panel.isVisible, timeout=30_000)
    assert "LCC 0.50 0.50" in plain(panel)
    assert len([one for one in heard if isinstance(one, AnalysisStarted)]) == 2

    reading.veil.drop(now.uid)
    qtbot.waitUntil(lambda: not panel.isVisible(), timeout=5_000)
    assert panel.text() == ""
