"""Files, results and settings."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox

from mammoview.session.protocols import Role
from mammoview.session.settings import Settings
from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.settings import SettingsDialog
from mammoview.ui.viewport.layers import Layer


class FileCommands:
    """The File menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _open(self, paths: list[Path]) -> None:
        if paths:
            self._desk.session.open(paths)

    def do_open_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self._desk.window, "Open images")
        self._open([Path(name) for name in names])

    def do_open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self._desk.window, "Open a folder")
        self._open([Path(name)] if name else [])

    def do_save_results(self) -> None:
        name = QFileDialog.getExistingDirectory(self._desk.window, "Folder for result.json, masks and maps")
        is_taken = bool(name) and (Path(name) / "result.json").exists()
        if name and (not is_taken or self._may_replace(name)):
            self._desk.session.save_results(name, overwrite=is_taken)

    def _may_replace(self, folder: str) -> bool:
        text = f"{folder} holds a result already. Replace it?"
        answer = QMessageBox.question(self._desk.window, "Save results", text)
        return answer == QMessageBox.StandardButton.Yes

    def do_open_truth(self) -> None:
        pane = self._desk.active
        if pane is None or pane.hung is None:
            return
        image = pane.hung.image
        name, _ = QFileDialog.getOpenFileName(self._desk.window, f"Truth mask of {image.label}")
        if name:
            self._desk.show_layer(Layer.TRUTH)
            self._desk.session.open_truth(image.id, name)

    def do_settings(self) -> None:
        protocols = self._desk.session.hangings.protocols
        own = tuple((protocol.id, protocol.name) for protocol in protocols if protocol.role is Role.CHOICE)
        choices = dict(self._desk.presenter.installed.choices) | {"hanging": own}
        dialog = SettingsDialog(self._desk.session.settings, choices, self._desk.window)
        dialog.saved.connect(self._change_settings)
        self._desk.open_dialog(dialog)

    def _change_settings(self, settings: Settings) -> None:
        self._desk.session.change_settings(settings)
        self._desk.set_options(self._desk.options.under(settings))

    def do_quit(self) -> None:
        self._desk.window.close()
