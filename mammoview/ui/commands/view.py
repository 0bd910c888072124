"""What is shown beside and over the images."""

from __future__ import annotations

from dataclasses import replace

from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.conformance import ConformanceDialog


class ViewCommands:
    """The View menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._conformance: ConformanceDialog | None = None
        desk.wall.activated.connect(self._show_conformance)

    def do_synchronous(self) -> None:
        self._desk.wall.set_synchronous(is_on=self._desk.is_checked("synchronous"))

    def do_single(self) -> None:
        self._desk.wall.set_single(is_single=self._desk.is_checked("single"))

    def do_identity(self) -> None:
        is_shown = self._desk.is_checked("identity")
        self._desk.set_annotation(replace(self._desk.annotation, is_identity_shown=is_shown))
        self._desk.studies.set_identity(is_shown=is_shown)

    def do_technique(self) -> None:
        is_shown = self._desk.is_checked("technique")
        self._desk.set_annotation(replace(self._desk.annotation, is_technique_shown=is_shown))

    def do_conformance(self) -> None:
        if self._conformance is None:
            self._conformance = ConformanceDialog(self._desk.window)
        self._conformance.show()
        self._conformance.raise_()
        self._show_conformance()

    def _show_conformance(self) -> None:
        pane = self._desk.active
        if self._conformance is not None and self._conformance.isVisible():
            self._conformance.show_image(pane.hung.image if pane and pane.hung else None)

    def do_panel(self) -> None:
        is_shown = self._desk.is_checked("panel")
        self._desk.right.setVisible(is_shown)
        self._desk.left.setVisible(is_shown and len(self._desk.session.studies) > 1)
