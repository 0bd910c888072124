"""Whole workflows in the real window, with real children behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from mammoview.core.paths import user_data
from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.app import watch_for_the_unexpected
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.layers import Layer

pytestmark = pytest.mark.gui
FAKE_ENGINE = "ui_children:engine"
SECONDS = 30_000


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic study with a prior."""
    folder = tmp_path_factory.mktemp("study")
    write_phantom(folder, seed=3, priors=1, rows=1024, columns=832)
    return folder


@pytest.fixture
def start(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[MainWindow, Session]]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    opened: list[tuple[Session, Background]] = []

    def make(*paths: Path, engine: str = FAKE_ENGINE, **changes: object) -> tuple[MainWindow, Session]:
        session = Session(replace(Settings(), **changes), engine=engine)  # type: ignore[arg-type]
        bridge, background = Bridge(), Background()
        window = MainWindow(session, background)
        bridge.setParent(window)
        opened.append((session, background))
        qtbot.addWidget(window)
        bridge.told.connect(window.show_event)
        window.resize(1366, 768)
        window.show()
        session.connect(bridge.send)
        if paths:
            window.open(list(paths))
        return window, session

    yield make
    for session, background in opened:
        background.close()
        session.close()


def all_shown(window: MainWindow) -> bool:
    return len(window.desk.wall.panes) == 4 and all(pane.image is not None for pane in window.desk.wall.panes)


def is_analysed(window: MainWindow) -> bool:
    return all_shown(window) and all(pane.prepared is not None for pane in window.desk.wall.panes)


def test_the_window_is_no_larger_than_the_screen(qtbot: QtBot) -> None:
    session, background = Session(Settings(), engine=FAKE_ENGINE), Background()
    window = MainWindow(session, background)
    qtbot.addWidget(window)
    room = window.screen().availableSize()
    assert room.width() < 1440, "the test's screen is small"
    assert window.width() <= room.width()
    assert window.height() <= room.height()
    background.close()
    session.close()


def test_open_analyse_select_save(
    start: Callable[..., tuple[MainWindow, Session]],
    study: Path,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, session = start(study)
    qtbot.waitUntil(lambda: is_analysed(window), timeout=SECONDS)
    qtbot.waitUntil(lambda: session.result_of(session.studies[0].uid) is not None, timeout=SECONDS)
    assert [pane.hung.image.label for pane in window.desk.wall.panes if pane.hung] == ["RCC", "LCC", "RMLO", "LMLO"]
    assert session.selected is not None
    assert session.selected.date == max(s.date for s in session.studies)
    qtbot.waitUntil(lambda: "Exam" in window.desk.analysis.scores.text(), timeout=SECONDS)
    assert "trained at 51 %" in window.desk.analysis.scores.text().replace("51%", "51 %")

    # A row selects the outline and centres it.
    assert window.desk.analysis.findings.topLevelItemCount() == 4
    window.actions_by_id["next_finding"].trigger()
    chosen = window.desk.analysis.findings.current()
    (pane,) = [p for p in window.desk.wall.panes if p.prepared and p.prepared.findings[0].id == chosen]
    assert pane.prepared is not None
    at = pane.placement.device_point(*pane.prepared.findings[0].centre)
    assert at == pytest.approx((pane.device_size[0] / 2, pane.device_size[1] / 2), abs=1)
    # A click on another outline selects its row.
    window.actions_by_id["fit"].trigger()
    other = next(p for p in window.desk.wall.panes if p is not pane)
    assert other.prepared is not None
    row, col = other.placement.device_point(*other.prepared.findings[0].centre)
    qtbot.mouseClick(other, Qt.MouseButton.LeftButton, pos=QPoint(round(col), round(row)))
    assert window.desk.analysis.findings.current() == other.prepared.findings[0].id

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a, **_k: str(tmp_path / "out"))
    window.actions_by_id["save_results"].trigger()
    qtbot.waitUntil(lambda: window.desk.state_label.text().startswith("Saved"), timeout=SECONDS)
    # What lies there is replaced only when the reader says so.
    answers = iter([QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes])
    monkeypatch.setattr(QMessageBox, "question", lambda *_a, **_k: next(answers))
    first = (tmp_path / "out" / "result.json").stat().st_mtime_ns
    window.actions_by_id["save_results"].trigger()
    window.desk.state_label.setText("")
    assert (tmp_path / "out" / "result.json").stat().st_mtime_ns == first
    window.actions_by_id["save_results"].trigger()
    qtbot.waitUntil(lambda: window.desk.state_label.text().startswith("Saved"), timeout=SECONDS)
    written = json.loads((tmp_path / "out" / "result.json").read_text())
    assert {image["id"] for study in written["studies"] for image in study["images"]} == {
        image.id for image in session.selected.images
    }


def test_studies_are_switched_and_come_back_with_their_results(
    start: Callable[..., tuple[MainWindow, Session]], study: Path, qtbot: QtBot
) -> None:
    window, session = start(study)
    qtbot.waitUntil(lambda: is_analysed(window), timeout=SECONDS)
    first = session.selected
    assert window.desk.left.isVisible()
    window.actions_by_id["next_study"].trigger()
    qtbot.waitUntil(lambda: session.selected is not first and all_shown(window), timeout=SECONDS)
    assert session.selected is not None
    assert first is not None
    assert session.selected.date < first.date
    qtbot.waitUntil(lambda: is_analysed(window), timeout=SECONDS)
    window.actions_by_id["previous_study"].trigger()
    qtbot.waitUntil(lambda: session.selected is first and is_analysed(window), timeout=SECONDS)
    assert window.desk.analysis.findings.topLevelItemCount() == 4


def test_the_window_survives_a_killed_engine_and_tells(
    start: Callable[..., tuple[MainWindow, Session]], study: Path, qtbot: QtBot
) -> None:
    user_data().mkdir(parents=True, exist_ok=True)
    hold, pid = user_data() / "hold-engine", user_data() / "engine-pid"
    hold.touch()
    window, _ = start(study)
    qtbot.waitUntil(
        lambda: pid.exists() and pid.read_text() != "" and window.desk.progress.isVisible(), timeout=SECONDS
    )
    assert window.desk.cancel_button.isVisible()
    first = pid.read_text()
    os.kill(int(first), signal.SIGKILL)
    qtbot.waitUntil(window.desk.banner.isVisible, timeout=SECONDS)
    qtbot.waitUntil(lambda: pid.read_text() not in {"", first}, timeout=SECONDS)
    hold.unlink()
    qtbot.waitUntil(lambda: is_analysed(window), timeout=SECONDS)
    assert window.isVisible()
    assert not window.desk.progress.isVisibleTo(window) or window.desk.progress.value() > 0


def test_an_analysis_can_be_cancelled_and_run_again(
    start: Callable[..., tuple[MainWindow, Session]], study: Path, qtbot: QtBot
) -> None:
    user_data().mkdir(parents=True, exist_ok=True)
    hold = user_data() / "hold-engine"
    hold.touch()
    window, _ = start(study)
    qtbot.waitUntil(window.desk.cancel_button.isVisible, timeout=SECONDS)
    qtbot.waitUntil((user_data() / "engine-pid").exists, timeout=SECONDS)
    qtbot.mouseClick(window.desk.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.desk.state_label.text() == "Analysis cancelled", timeout=SECONDS)
    assert not window.desk.progress.isVisible()
    hold.unlink()
    window.actions_by_id["analyse"].trigger()
    qtbot.waitUntil(lambda: is_analysed(window), timeout=SECONDS)


def test_what_cannot_be_read_is_told_in_the_banner_and_the_rest_is_shown(
    start: Callable[..., tuple[MainWindow, Session]], study: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"")
    window, _ = start(analyse_on_open=False)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(broken)), QUrl.fromLocalFile(str(study))])
    window.dropEvent(
        QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
    )
    qtbot.waitUntil(lambda: all_shown(window), timeout=SECONDS)
    qtbot.waitUntil(window.desk.banner.isVisible, timeout=SECONDS)
    assert "broken.dcm" in window.desk.banner.text.text()
    window.actions_by_id["messages"].trigger()


def test_every_overlay_has_its_key(start: Callable[..., tuple[MainWindow, Session]], study: Path, qtbot: QtBot) -> None:
    window, _ = start(study)
    qtbot.waitUntil(lambda: is_analysed(window), timeout=SECONDS)
    for key, layer in (
        (Qt.Key.Key_B, Layer.BREAST),
        (Qt.Key.Key_L, Layer.PECTORAL),
        (Qt.Key.Key_A, Layer.ARTIFACTS),
        (Qt.Key.Key_C, Layer.CANDIDATES),
        (Qt.Key.Key_S, Layer.SALIENCY),
    ):
        assert layer not in window.desk.options.visible
        qtbot.keyClick(window, key)
        qtbot.waitUntil(lambda layer=layer: layer in window.desk.options.visible)
        assert window.desk.wall.options.visible == window.desk.options.visible
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert Layer.SALIENCY not in window.desk.options.visible
    qtbot.keyClick(window, Qt.Key.Key_K)
    assert window.desk.wall.options.is_cleaned
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.desk.wall.options.visible
    assert not window.desk.wall.options.is_cleaned


def test_an_unexpected_error_is_told_and_the_window_stays(
    start: Callable[..., tuple[MainWindow, Session]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, session = start()
    hook = watch_for_the_unexpected(session)
    try:
        raise ZeroDivisionError("so it goes")
    except ZeroDivisionError as error:
        hook(type(error), error, error.__traceback__)
    qtbot.waitUntil(window.desk.banner.isVisible)
    log = user_data() / "errors.log"
    assert str(log) in window.desk.banner.text.text()
    assert "builtins.ZeroDivisionError" in log.read_text()
    assert "so it goes" not in log.read_text()
    assert window.isVisible()


def test_the_window_needs_nothing_heavy() -> None:
    code = (
        "import sys, mammoview.ui.app\n"
        "heavy = {'torch', 'pydicom', 'skimage', 'scipy', 'pyqtgraph', 'onnxruntime', 'pydantic', 'torchvision'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.meets("MG-E04")
def test_the_whole_window_is_dark_without_a_study(
    start: Callable[..., tuple[MainWindow, Session]], qapp: QApplication
) -> None:
    theme.apply(qapp)
    window, _ = start()
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    gray = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    gray = gray[:, : picture.width()]
    assert (gray > 100).mean() < 0.03, "only letters and lines are lighter"
    assert gray.mean() < 40


def test_the_look_is_dark(qapp: object) -> None:
    assert theme.CHROME.lightness() < 40
    assert theme.TEXT.lightness() - theme.CHROME.lightness() > 120
