from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot
from test_hanging_window import SECONDS, are_shown, open_window

from mammoview.ui.dialogs.ask_view import AskViewDialog
from mammoview.ui.mainwindow import MainWindow


def asking(window: MainWindow) -> list[AskViewDialog]:
    return [dialog for dialog in window.findChildren(AskViewDialog) if dialog.isVisible()]


def press(dialog: AskViewDialog, text: str) -> None:
    next(button for button in dialog.findChild(QDialogButtonBox).buttons() if button.text() == text).click()


@pytest.mark.meets("MG-A07")
def test_what_no_file_says_is_asked_once_and_remembered(tmp_path: Path, qtbot: QtBot) -> None:
    rows, columns = np.indices((300, 200))
    inside = ((rows - 150) / 130) ** 2 + (columns / 120) ** 2 < 1
    Image.fromarray(np.where(inside, 180, 4).astype(np.uint8)).save(tmp_path / "Jane Doe.png")
    for is_first in (True, False):
        made, session, background = open_window(qtbot, tmp_path)
        qtbot.waitUntil(lambda made=made: are_shown(made, 1), timeout=SECONDS)
        if is_first:
            (dialog,) = asking(made)
            assert "Jane Doe" in dialog.name.text()
            made.desk.set_identity(is_shown=False)
            assert "Jane" not in dialog.name.text()
            dialog.side.setCurrentText("left")
            dialog.view.setCurrentText("MLO")
            press(dialog, "Use")
        assert not asking(made)
        qtbot.waitUntil(lambda made=made: [p.hung.image.label for p in made.desk.wall.panes if p.hung] == ["LMLO"])
        qtbot.waitUntil(lambda made=made: are_shown(made, 1), timeout=SECONDS)
        background.close()
        session.close()
        made.close()
