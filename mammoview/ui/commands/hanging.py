"""Which images hang where."""

from __future__ import annotations

from mammoview.session import events
from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.hanging_editor import HangingEditor
from mammoview.ui.second_screen import SecondScreen


class HangingCommands:
    """The Hanging menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._second: SecondScreen | None = None
        desk.listeners.append(self._listen)

    def _listen(self, event: object) -> None:
        if isinstance(event, events.StudySelected | events.HangingChanged):
            self._show_stage()

    def _show_stage(self) -> None:
        hanging, wall = self._desk.session.hangings.current, self._desk.wall
        caption = hanging.caption if hanging else ""
        self._desk.stage_label.setText(f"{caption}, sides swapped" if wall.is_swapped else caption)
        self._desk.check("swap_sides", is_on=wall.is_swapped)

    def _say(self, text: str) -> None:
        self._desk.state_label.setText(text)

    def do_next_in_stack(self) -> None:
        self._desk.wall.step(1)

    def do_previous_in_stack(self) -> None:
        self._desk.wall.step(-1)

    def do_next_study(self) -> None:
        self._desk.studies.step(1)

    def do_previous_study(self) -> None:
        self._desk.studies.step(-1)

    def do_next_stage(self) -> None:
        if not self._desk.session.hangings.step(1):
            self._say("This is the last stage")

    def do_previous_stage(self) -> None:
        if not self._desk.session.hangings.step(-1):
            self._say("This is the first stage")

    def do_priors(self) -> None:
        if not self._desk.session.hangings.toggle_priors():
            self._say("No prior of this patient is open")

    def do_compare(self) -> None:
        pane = self._desk.active
        if pane is None or pane.hung is None:
            return
        is_back = self._desk.wall.is_comparing
        prior = None if is_back else self._desk.session.hangings.counterpart(pane.hung.image)
        if not self._desk.wall.compare(prior):
            self._say(f"No prior {pane.hung.image.label} is open")

    def do_swap_sides(self) -> None:
        self._desk.wall.set_swapped(is_on=self._desk.is_checked("swap_sides"))
        self._show_stage()

    def do_second_screen(self) -> None:
        if self._second is None:
            self._second = SecondScreen(self._desk.wall, self._desk.window)
            self._second.closed.connect(lambda: self._desk.check("second_screen", is_on=False))
        self._second.set_shown(is_shown=self._desk.is_checked("second_screen"))

    def do_flip(self) -> None:
        pane = self._desk.active
        if pane is None or pane.hung is None:
            return
        item = pane.hung
        if self._desk.session.hangings.mirror(item.image):
            self._desk.wall.lay_active(self._desk.session.hangings.laid(item))
            self._say(f"{item.image.label} mirrored; kept for this image")
        else:
            self._desk.wall.flip_active()
            self._say(f"{item.image.label} mirrored for now: its header says how it lies")

    def do_hanging_editor(self) -> None:
        self._desk.open_dialog(HangingEditor(self._desk.session, self._desk.window))
