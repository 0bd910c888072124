"""What is shown beside and over the images."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt

from mammoview.core.errors import Problem
from mammoview.session.answers import lacks
from mammoview.session.events import Level, SettingsChanged, StudySelected
from mammoview.ui.comfort import scaled
from mammoview.ui.desk import Desk
from mammoview.ui.dialogs.ask_view import AskViewDialog
from mammoview.ui.dialogs.conformance import ConformanceDialog
from mammoview.ui.enhancer import Enhancer


class ViewCommands:
    """The View menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._conformance: ConformanceDialog | None = None
        desk.wall.activated.connect(self._show_conformance)
        desk.wall.renewed.connect(lambda _pane: self._show_conformance())
        self._enhancer = Enhancer(desk.wall, desk.background, desk)
        self._study_uid = ""
        self._asking: AskViewDialog | None = None
        self._asked: set[str] = set()
        desk.listeners.append(self._heard)

    def do_synchronous(self) -> None:
        self._desk.wall.set_synchronous(is_on=self._desk.is_checked("synchronous"))

    def do_single(self) -> None:
        self._desk.wall.set_single(is_single=self._desk.is_checked("single"))

    def do_identity(self) -> None:
        self._desk.set_identity(is_shown=self._desk.is_checked("identity"))

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

    def do_say_view(self) -> None:
        if not self._ask(is_wished=True):
            text = "The files of these images say their sides and views."
            self._desk.session.messages.tell(Problem("", "ask_view", text, ""), Level.WARNING)

    def _ask(self, *, is_wished: bool) -> bool:
        """Ask about the images of the current study that do not say what they show; whether there are any."""
        study = self._desk.session.selected
        images = [image for image in study.images if lacks(image) is not None] if study else []
        if not is_wished:
            images = [image for image in images if image.laterality is None or image.view is None]
        if self._asking is not None:
            self._asking.hide()
            self._asking.deleteLater()
            self._asking = None
        if not images:
            return False
        self._asking = AskViewDialog(images, is_named=self._desk.annotation.is_identity_shown, parent=self._desk.window)
        self._asking.answered.connect(self._desk.session.say)
        # A question that comes by itself takes no keys from the images.
        self._asking.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, not is_wished)
        self._asking.show()
        return True

    def do_clahe(self) -> None:
        self._enhance()

    def do_denoise(self) -> None:
        self._enhance()

    def _enhance(self) -> None:
        self._enhancer.set_wish(
            is_clahe=self._desk.is_checked("clahe"),
            is_denoised=self._desk.is_checked("denoise"),
            clip_limit=self._desk.session.settings.clahe_clip,
        )

    def _heard(self, event: object) -> None:
        if isinstance(event, StudySelected) and event.study_uid != self._study_uid:
            # Every patient begins with the images as they are.
            self._study_uid = event.study_uid
            self._desk.check("clahe", is_on=False)
            self._desk.check("denoise", is_on=False)
            self._enhance()
            if self._desk.session.settings.asks_views and event.study_uid not in self._asked:
                self._asked.add(event.study_uid)
                self._ask(is_wished=False)
        elif isinstance(event, SettingsChanged) and self._desk.is_checked("clahe"):
            self._enhance()

    def do_larger(self) -> None:
        self._scale(1)

    def do_smaller(self) -> None:
        self._scale(-1)

    def do_usual_size(self) -> None:
        self._scale(0)

    def _scale(self, by: int) -> None:
        session = self._desk.session
        changed = scaled(session.settings, by)
        if changed != session.settings:
            session.change_settings(changed)
        self._desk.state_label.setText(f"Letters at {changed.ui_scale} %")

    def do_high_contrast(self) -> None:
        contrast = "high" if self._desk.is_checked("high_contrast") else "normal"
        self._desk.session.change_settings(replace(self._desk.session.settings, contrast=contrast))

    def do_panel(self) -> None:
        is_shown = self._desk.is_checked("panel")
        self._desk.right.setVisible(is_shown)
        self._desk.left.setVisible(is_shown and len(self._desk.session.studies) > 1)
