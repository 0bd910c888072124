"""Windows, tables and inversion."""

from __future__ import annotations

from mammoview.core.errors import InputError, OutputError, Problem
from mammoview.core.presentation import PresentationState
from mammoview.session import gray_presets
from mammoview.session.events import Level, SettingsChanged, StudySelected
from mammoview.session.gray_presets import GrayPreset
from mammoview.session.monitor import table_of
from mammoview.session.settings import Settings
from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.gray_chooser import GrayChooser
from mammoview.ui.viewport.output import Depth, Output
from mammoview.ui.viewport.shade import AirMode
from mammoview.ui.viewport.state_paint import StatePaint


class GrayCommands:
    """The Gray menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._tones = desk, desk.wall.tones
        self._chooser: GrayChooser | None = None
        self._own, problems = gray_presets.load_own()
        for problem in problems:
            desk.session.messages.tell(problem, Level.WARNING)
        self._tones.presets = (*gray_presets.shipped(), *self._own)
        desk.wall.add_overpaint(StatePaint())
        desk.listeners.append(self._heard)
        desk.wall.activated.connect(self._show_checks)
        self._show_checks()
        self._make_output(desk.session.settings)

    def do_window_tool(self) -> None:
        self._desk.wall.set_window_tool(is_on=self._desk.is_checked("window_tool"))

    def do_reset_window(self) -> None:
        self._tones.reset(self._desk.active)
        self._update_chooser()

    def do_next_voi(self) -> None:
        self._tones.step(self._desk.active)
        self._update_chooser()

    def do_invert(self) -> None:
        self._tones.set_inverted(is_inverted=self._desk.is_checked("invert"), pane=self._desk.active)
        self._show_checks()

    def do_dark_air(self) -> None:
        mode = AirMode.ON if self._desk.is_checked("dark_air") else AirMode.OFF
        self._tones.set_air(mode, self._desk.active)
        self._show_checks()

    def do_link_windows(self) -> None:
        self._tones.is_linked = self._desk.is_checked("link_windows")
        self._show_checks()

    def do_gray_choice_1(self) -> None:
        self._take(0)

    def do_gray_choice_2(self) -> None:
        self._take(1)

    def do_gray_choice_3(self) -> None:
        self._take(2)

    def do_gray_choice_4(self) -> None:
        self._take(3)

    def _choose(self, number: int) -> None:
        self._desk.wall.change_begun.emit()
        self._take(number)
        self._desk.wall.change_ended.emit("choice of gray")

    def _take(self, number: int) -> None:
        pane = self._desk.active
        choices = self._tones.choices(pane) if pane is not None else ()
        if pane is not None and number < len(choices):
            self._tones.choose(pane, choices[number])
            self._tell_left_out(choices[number].state)
            self._update_chooser()

    def _tell_left_out(self, state: PresentationState | None) -> None:
        if state is not None and state.not_applied:
            said = f"The presentation state {state.name} is applied without {', '.join(state.not_applied)}."
            hint = "The hanging decides how images lie and how large they are. R takes the state off."
            self._desk.session.messages.tell(Problem(state.path, "state_in_part", said, hint), Level.WARNING)

    # The chooser

    def do_choose_gray(self) -> None:
        if self._chooser is None:
            self._chooser = GrayChooser(self._desk.background, self._desk.window)
            self._chooser.chosen.connect(self._choose)
            self._chooser.linked.connect(self._link)
            self._chooser.kept.connect(self._keep)
            self._chooser.removed.connect(self._remove)
        self._update_chooser()
        self._chooser.place_beside(self._desk.wall, self._desk.right)
        self._chooser.show()
        self._chooser.raise_()
        self._chooser.activateWindow()

    def _update_chooser(self) -> None:
        if self._chooser is not None:
            pane = self._desk.active
            choices = self._tones.choices(pane) if pane is not None else ()
            self._chooser.show_choices(pane, choices, is_linked=self._tones.is_linked)

    def _link(self, is_linked: bool) -> None:
        self._desk.check("link_windows", is_on=is_linked)
        self.do_link_windows()

    def _keep(self, name: str) -> None:
        """Save what the active image shows as a preset, relative to its own window."""
        pane = self._desk.active
        if pane is not None:
            made = pane.shade.adjustment
            preset = GrayPreset(name, made.stretch, made.shift, is_own=True)
            self._save((*(one for one in self._own if one.name != name), preset))

    def _remove(self, name: str) -> None:
        self._save(tuple(one for one in self._own if one.name != name))

    def _save(self, own: tuple[GrayPreset, ...]) -> None:
        try:
            gray_presets.save_own(own)
        except OutputError as error:
            self._desk.session.messages.tell(Problem.from_error(error))
            return
        self._own = own
        self._tones.presets = (*gray_presets.shipped(), *own)
        self._update_chooser()

    # What happens meanwhile

    def _heard(self, event: object) -> None:
        if isinstance(event, SettingsChanged):
            self._make_output(event.settings)
        elif isinstance(event, StudySelected):
            self._show_checks()

    def _show_checks(self) -> None:
        """Let the actions say what holds for the active view."""
        pane = self._desk.active
        if "invert" in self._desk.actions:
            self._desk.check("link_windows", is_on=self._tones.is_linked)
            self._desk.check("invert", is_on=pane is not None and pane.shade.is_inverted)
            self._desk.check("dark_air", is_on=pane is not None and (pane.is_air_black or pane.shade.air is AirMode.ON))
        self._update_chooser()

    def _make_output(self, settings: Settings) -> None:
        """Find out beside the window what the monitor needs, and show it so."""
        depth = Depth(settings.gray_depth)
        if depth is Depth.TEN and self._desk.window.screen().depth() < 30:
            depth = Depth.EIGHT
        elif depth is Depth.DITHERED and self._desk.window.screen().depth() >= 30:
            depth = Depth.TEN

        def work() -> Output | Problem:
            try:
                return Output(depth, table_of(settings))
            except InputError as error:
                return Problem.from_error(error)

        self._desk.background.run(work, lambda made: self._take_output(made, depth))

    def _take_output(self, made: Output | Problem, depth: Depth) -> None:
        if isinstance(made, Problem):
            self._desk.session.messages.tell(made)
            made = Output(depth)
        self._tones.set_output(made)
