"""A model of another site is installed in the window: tried out, told, not put to use; a damaged one leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from real_window import shown

from mammoview.core import paths
from mammoview.models import registry
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.mainwindow import MainWindow

pytestmark = pytest.mark.gui
SECONDS = 60_000


@pytest.fixture
def window(qtbot: QtBot, isolated_home: Path) -> Iterator[MainWindow]:
    with shown(qtbot, Session(replace(Settings(), device="cpu"))) as made:
        yield made


def test_a_model_is_installed_once_and_a_damaged_one_not_at_all(
    window: MainWindow, toy_packages: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = registry.read_info(toy_packages / "segmentation")
    sent = registry.pack(info, tmp_path / "from-elsewhere.mvmodel")
    damaged = tmp_path / "damaged.mvmodel"
    damaged.write_bytes(sent.read_bytes()[:-2000])
    used = registry.active(info.task)

    def install(path: Path) -> str:
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        told = len(window.desk.session.messages.history)
        window.actions_by_id["install_model"].trigger()
        assert window.desk.progress.isVisible()
        qtbot.waitUntil(lambda: not window.desk.progress.isVisible(), timeout=SECONDS)
        said = [message.problem for message in window.desk.session.messages.history[told:]]
        (problem,) = (one for one in said if one.code in {"installed", "model_package"})
        assert problem.hint
        return problem.message

    assert "not a readable zip file" in install(damaged)
    assert not any(paths.user_models().iterdir())
    assert install(sent) == f"The model {info.key} is installed."
    assert registry.find(info.key).sha256 == info.sha256
    assert registry.active(info.task) == used
    qtbot.waitUntil(lambda: info.key in str(window.desk.presenter.installed.choices), timeout=SECONDS)
    assert "installed already" in install(sent)
