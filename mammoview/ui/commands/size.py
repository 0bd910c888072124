"""Zoom, true size, roaming, coverage and the magnifier."""

from __future__ import annotations

from mammoview.core.errors import OutputError, Problem
from mammoview.session.coverage import Coverages
from mammoview.session.pitches import load, save
from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.calibration import CalibrationDialog
from mammoview.ui.viewport.navigator import Navigator

_ZOOM_STEP = 1.25


class SizeCommands:
    """The Size menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        motion = desk.wall.motion
        self.coverages = Coverages()
        self._navigator = Navigator(self.coverages, lambda: motion.tile)
        desk.wall.add_overpaint(self._navigator)
        calibrated, problem = load()
        desk.wall.pitches.calibrated.update(calibrated)
        if problem is not None:
            desk.session.messages.tell(problem)

    def do_fit(self) -> None:
        self._desk.wall.fit()

    def do_one_to_one(self) -> None:
        self._desk.wall.one_to_one()

    def do_true_size(self) -> None:
        pane = self._desk.active
        if pane is None or pane.hung is None:
            return
        if pane.hung.image.spacing_mm is None:
            self._desk.state_label.setText("No physical scale: the true size is unknown")
            return
        self._desk.wall.motion.life_size(pane)

    def do_roam_next(self) -> None:
        self._roam(1)

    def do_roam_previous(self) -> None:
        self._roam(-1)

    def _roam(self, by: int) -> None:
        if self._desk.active is not None:
            self._desk.wall.motion.roam(self._desk.active, by)

    def do_quadrant(self) -> None:
        wall = self._desk.wall
        pane = next((pane for pane in wall.panes if pane.pointed is not None), wall.active)
        if pane is not None and pane.image is not None:
            wall.motion.quadrant(pane, *(pane.pointed or (0.0, 0.0)))

    def do_coverage(self) -> None:
        self._navigator.is_on = self._desk.is_checked("coverage")
        self._desk.wall.refresh()

    def do_calibrate(self) -> None:
        dialog = CalibrationDialog(self._desk.wall.pitches, self._desk.window)
        dialog.calibrated.connect(self._calibrate)
        self._desk.open_dialog(dialog)

    def _calibrate(self, monitor: str, pitch_mm: float) -> None:
        calibrated = self._desk.wall.pitches.calibrated
        calibrated.pop(monitor, None)
        if pitch_mm:
            calibrated[monitor] = pitch_mm
        # How images on two monitors compare has changed, too.
        self._desk.wall.motion.refit()
        self._desk.wall.refresh()
        try:
            save(calibrated)
        except OutputError as error:
            self._desk.session.messages.tell(Problem("", "monitors", error.user_message, error.hint))

    def do_zoom_in(self) -> None:
        self._desk.wall.zoom(_ZOOM_STEP)

    def do_zoom_out(self) -> None:
        self._desk.wall.zoom(1 / _ZOOM_STEP)

    def do_magnifier(self) -> None:
        self._desk.wall.set_lens(is_on=self._desk.is_checked("magnifier"))
