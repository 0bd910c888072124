"""Puts the keys in force: on the actions, in their tool tips, and on disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence

from mammoview.core.errors import OutputError, Problem
from mammoview.session import keys as keys_file
from mammoview.session.events import Level
from mammoview.session.messages import Messages
from mammoview.ui.actions import ACTIONS, Action
from mammoview.ui.keymap import Keymap, printed, resolve


class KeyBinding(QObject):
    """The keys of one window. ``changed`` is told after every change."""

    changed = Signal()

    def __init__(self, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages = messages
        self._actions: Mapping[str, QAction] = {}
        self._asleep: frozenset[str] = frozenset()
        self._reasons: dict[str, str] = {}
        given, problems = keys_file.load()
        self.keymap, conflicts = resolve(given)
        self._tell((*problems, *conflicts))

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Give the actions their keys, now and after each change."""
        self._actions = actions
        self._apply()

    def set_asleep(self, among: Collection[str], *, is_asleep: bool) -> None:
        """Let actions rest whose keys belong to others meanwhile: keypad keys do what the main keyboard's do."""
        before = self._asleep
        self._asleep = before | set(among) if is_asleep else before - set(among)
        # Only what changed: this is asked with every change of a case.
        self._apply(before ^ self._asleep)

    def set_reason(self, identity: str, reason: str) -> None:
        """Say in its tool tip why an action cannot be done now, and do not let it be done; empty where it can."""
        if self._reasons.get(identity) == reason:
            # Asked with every change of a case.
            return
        self._reasons[identity] = reason
        self._actions[identity].setEnabled(not reason)
        self._actions[identity].setToolTip(reason or self._tip(next(row for row in ACTIONS if row.id == identity)))

    def _tip(self, row: Action) -> str:
        keys = self.text(row.id)
        return f"{row.help} ({keys})" if keys else row.help

    def text(self, identity: str) -> str:
        """The keys of an action as they are printed on this machine's keyboard."""
        return ", ".join(printed(key) for key in self.keymap.keys(identity))

    def change(self, keymap: Keymap) -> None:
        """Put other keys in force and keep them on disk."""
        self.keymap = keymap
        self._apply()
        try:
            keys_file.save(keymap.saved)
        except OutputError as error:
            self._messages.tell(Problem.from_error(error))
        self.changed.emit()

    def take(self, given: keys_file.Changes, problems: tuple[Problem, ...]) -> None:
        """Put keys in force that were read from an exported file, instead of the present ones."""
        keymap, conflicts = resolve(given)
        self._tell((*problems, *conflicts))
        self.change(keymap)

    def _tell(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems:
            self._messages.tell(problem, Level.WARNING)

    def _apply(self, among: Collection[str] | None = None) -> None:
        """Give actions their keys; None means all of them."""
        for row in ACTIONS:
            made = self._actions.get(row.id)
            if made is None or (among is not None and row.id not in among):
                continue
            keys = self.keymap.keys(row.id)
            made.setShortcuts([QKeySequence(key) for key in keys if row.id not in self._asleep])
            made.setToolTip(self._reasons.get(row.id) or self._tip(row))
