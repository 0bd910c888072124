"""What readers do to the display and can take back: the wall's state before and after an action or a change by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from mammoview.session.orientation import Orientation
from mammoview.ui.desk import Desk
from mammoview.ui.viewport.tones import Tone

#: Actions that can be taken back, and what they are called then.
UNDOABLE: Final[dict[str, str]] = {
    "invert": "invert",
    "reset_window": "reset of the window",
    "next_voi": "next window",
    "gray_choice_1": "choice of gray",
    "gray_choice_2": "choice of gray",
    "gray_choice_3": "choice of gray",
    "gray_choice_4": "choice of gray",
    "dark_air": "dark air",
    "swap_sides": "swap of the sides",
    "flip": "mirroring",
    "clahe": "local contrast",
    "denoise": "denoising",
}
#: Of these the action's own check mark is all that says how things stand; doing it again goes back.
_TOGGLES: Final = ("clahe", "denoise")


@dataclass(frozen=True)
class _State:
    """How the images of a wall are shown."""

    tone: Tone
    is_swapped: bool
    orientations: tuple[tuple[str, Orientation], ...]
    toggles: tuple[tuple[str, bool], ...]


class Undoable:
    """Remembers what changed the display in the history of the study that hangs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._handlers: dict[str, Callable[[], None]] = {}
        self._before: _State | None = None
        desk.wall.change_begun.connect(self._begin)
        desk.wall.change_ended.connect(self._end)

    def wrap(self, handlers: dict[str, Callable[[], None]]) -> dict[str, Callable[[], None]]:
        """The same handlers; those of `UNDOABLE` actions remember what they did."""
        self._handlers = handlers
        return {name: self._wrapped(name, do) if name in UNDOABLE else do for name, do in handlers.items()}

    def _wrapped(self, identity: str, do: Callable[[], None]) -> Callable[[], None]:
        def remembered() -> None:
            before = self._state()
            if identity in _TOGGLES:
                # A check mark has changed when its action is told so.
                was = tuple((name, is_on != (name == identity)) for name, is_on in before.toggles)
                before = _State(before.tone, before.is_swapped, before.orientations, was)
            do()
            self._record(before, UNDOABLE[identity])

        return remembered

    def _begin(self) -> None:
        self._before = self._state()

    def _end(self, text: str) -> None:
        before, self._before = self._before, None
        if before is not None:
            self._record(before, text)

    def _record(self, before: _State, text: str) -> None:
        study, after = self._desk.presenter.study, self._state()
        if study is not None and after != before:
            self._desk.session.marks.history_of(study.uid).record(
                text, undo=lambda: self._go(after, before), redo=lambda: self._go(before, after), is_display=True
            )

    def _state(self) -> _State:
        wall, actions = self._desk.wall, self._desk.actions
        return _State(
            wall.tones.state(),
            wall.is_swapped,
            tuple((pane.hung.image.id, pane.hung.orientation) for pane in wall.panes if pane.hung is not None),
            tuple((name, actions[name].isChecked()) for name in _TOGGLES if name in actions),
        )

    def _go(self, start: _State, end: _State) -> None:
        """Bring back what one step changed, and nothing else: other things may have changed since."""
        wall = self._desk.wall
        if end.tone != start.tone:
            wall.tones.restore(end.tone)
        if end.is_swapped is not start.is_swapped and wall.is_swapped is not end.is_swapped:
            self._do("swap_sides", is_on=end.is_swapped)
        for name, is_on in set(end.toggles) - set(start.toggles):
            if self._desk.is_checked(name) is not is_on:
                self._do(name, is_on=is_on)
        for image_id, orientation in set(end.orientations) - set(start.orientations):
            self._lay(image_id, orientation)
        # Check marks follow the active view.
        wall.activated.emit()

    def _lay(self, image_id: str, orientation: Orientation) -> None:
        pane = self._desk.wall.pane_of(image_id)
        if pane is None or pane.hung is None or pane.hung.orientation == orientation:
            return
        self._desk.wall.activate(pane)
        # Some images are mirrored for good, which only the action itself takes back.
        self._handlers["flip"]()
        if pane.hung.orientation != orientation:
            self._desk.wall.lay_active(replace(pane.hung, orientation=orientation))

    def _do(self, identity: str, *, is_on: bool) -> None:
        self._desk.check(identity, is_on=is_on)
        self._handlers[identity]()
