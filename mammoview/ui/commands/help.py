"""Messages, keys and the rest."""

from __future__ import annotations

from dataclasses import replace

from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.about import AboutDialog
from mammoview.ui.dialogs.key_editor import KeyEditor
from mammoview.ui.dialogs.keys import KeysDialog
from mammoview.ui.panels.messages import MessagesDialog
from mammoview.ui.tour import Tour


class HelpCommands:
    """The Help menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tour: Tour | None = None

    def do_messages(self) -> None:
        history = self._desk.session.messages.history
        self._desk.open_dialog(MessagesDialog(history, self._desk.window, hide=self._desk.hiding))

    def do_keys(self) -> None:
        dialog = KeysDialog(self._desk.keys, self._desk.window)
        dialog.change_wanted.connect(self.do_edit_keys)
        self._desk.open_dialog(dialog)

    def do_edit_keys(self) -> None:
        self._desk.open_dialog(KeyEditor(self._desk.keys, self._desk.window))

    def do_tour(self) -> None:
        if self._tour is not None:
            self._tour.end()
        self._tour = Tour(self._desk)
        self._tour.ended.connect(self._tour_ended)
        session = self._desk.session
        if session.settings.offers_tour:
            # Once begun it does not come again by itself, however it ends.
            session.change_settings(replace(session.settings, offers_tour=False))
        self._tour.begin()

    def _tour_ended(self) -> None:
        self._tour = None

    def do_about(self) -> None:
        self._desk.open_dialog(AboutDialog(self._desk.window))
