"""What the window's commands act on: the session, the images, the panels, and the options in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QDialog,
    QDockWidget,
    QLabel,
    QMainWindow,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from mammoview.core.errors import Problem
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.comparing.comparing_desk import ComparingDesk
from mammoview.ui.dialogs.ask_view import AskViewDialog
from mammoview.ui.dialogs.settings import SettingsDialog
from mammoview.ui.frames import Frames
from mammoview.ui.hiding import hidden_problem
from mammoview.ui.key_binding import KeyBinding
from mammoview.ui.panels.analysis import AnalysisPanel
from mammoview.ui.panels.marks import MarksPanel
from mammoview.ui.panels.messages import Banner, MessagesDialog
from mammoview.ui.panels.studies import StudiesPanel
from mammoview.ui.presenter import Parts, Presenter
from mammoview.ui.progress_line import ProgressLine
from mammoview.ui.reading.decision_panel import DecisionPanel
from mammoview.ui.reading.finding_parts import FindingParts
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.reading.sign_off import SignOff
from mammoview.ui.report.page import ReportPage
from mammoview.ui.since_prior import SincePrior
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.layers import Layer, OverlayOptions
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.toolbox import Toolbox
from mammoview.ui.viewport.wall import Wall

if TYPE_CHECKING:
    from mammoview.ui.worklist.page import WorklistPage


class Desk(QObject):
    """The parts of one window, without their layout.

    Attributes
    ----------
    actions
        The window's actions by the id of their row; filled by the window.
    keys
        The keys in force.
    listeners
        Called with every event of the session, after the presenter has shown it.
    jobs
        Shows how far long jobs are; whoever does one tells it here.
    left, right
        The docks beside the images; set by the window.
    stack, worklist
        The window's pages, and the one of the worklist; set by the window.
    tabs, reading_tab
        The pages of the right dock, and the one where a case is read; set by the window.
    reading
        Who reads which case of the worklist.
    findings
        What the case on the table shows, as its reader sees it.
    comparing
        Two models beside each other.
    """

    #: Whether the patients are named from now on; whatever has a window of its own follows it.
    identity_shown = Signal(bool)
    #: The window is closed.
    closing = Signal()

    def __init__(self, session: Session, background: Background, window: QMainWindow) -> None:
        super().__init__(window)
        self.session, self.background, self.window = session, background, window
        self.actions: dict[str, QAction] = {}
        self.listeners: list[Callable[[object], None]] = []
        self.keys = KeyBinding(session.messages, self)
        self.left: QDockWidget
        self.right: QDockWidget
        self.stack: QStackedWidget
        self.worklist: WorklistPage
        self.tabs: QTabWidget
        self.reading_tab: QSplitter
        self.options = OverlayOptions().under(session.settings)
        self.annotation = AnnotationOptions()
        self.wall, self.banner = Wall(), Banner()
        self.wall.run = background.run
        self.studies, self.analysis = StudiesPanel(), AnalysisPanel()
        self.progress, self.cancel_button = QProgressBar(), QPushButton("Cancel")
        self.jobs = ProgressLine(self.progress, self.cancel_button, self)
        self.cursor_label, self.state_label, self.engine_label = QLabel(), QLabel("Ready"), QLabel()
        self.stage_label = QLabel()
        self.wall.set_synchronous(is_on=session.settings.is_synchronous)
        self.frames = Frames(session, background, self.wall, self)
        self.listeners.append(self.frames.hear)
        parts = Parts(
            self.wall,
            self.studies,
            self.analysis.scores,
            self.analysis.findings,
            self.analysis.caption,
            self.banner,
            self.jobs,
            self.engine_label,
            self.state_label,
        )
        self.presenter = Presenter(session, parts, background, self)
        self.since_prior = SincePrior(session, self.analysis.change, self)
        self.listeners.append(self.since_prior.hear)
        self.board = Board(session, self.wall, background, self)
        self.board.frame_of = self.frames.stored_at
        self.board.show_frame = lambda image_id, stored: self.frames.show_stored(image_id, stored + 1)
        self.toolbox = Toolbox(self.board, self.wall, lambda: session.settings.is_tool_kept, self)
        self.marks = MarksPanel(self.board)
        self.listeners.append(self.board.hear)
        self.reading = ReadingDesk(session, self)
        self.listeners.append(self.reading.hear)
        self.reading.stepped.connect(self.banner.case_stepped)
        self.sign_off = SignOff(self.reading, self)
        self.decision = DecisionPanel(self.reading, self.sign_off, self.keys, ask_density=session.questions.ask_density)
        self.report = ReportPage(self.reading, self.sign_off, background, window)
        self.listeners.append(self.report.pictures.hear)
        self.reading.case_opening.connect(
            lambda row: self.tabs.setCurrentWidget(self.reading_tab) if row >= 0 else None
        )
        self.findings = FindingParts(
            self.reading,
            session,
            self.wall,
            background,
            frames=self.frames,
            marks=self.board,
            toolbox=self.toolbox,
            parent=self,
        )
        self.comparing = ComparingDesk(self)

    @property
    def active(self) -> Pane | None:
        """The pane that was touched last."""
        return self.wall.active

    def is_checked(self, identity: str) -> bool:
        """Whether the action of that id is on."""
        return self.actions[identity].isChecked()

    def check(self, identity: str, *, is_on: bool) -> None:
        """Show an action as on or off, without doing it."""
        self.actions[identity].setChecked(is_on)

    def show_event(self, event: object) -> None:
        """Show what the session tells."""
        self.presenter.show(event)
        for listener in self.listeners:
            listener(event)

    def set_options(self, options: OverlayOptions) -> None:
        """Put overlay options in force everywhere."""
        self.options = options
        self.wall.set_options(options)
        self.analysis.maps.set_options(options)
        self.analysis.layers.set_options(options)
        self.show_checks()

    def show_layer(self, layer: Layer) -> None:
        """Switch an overlay on."""
        self.set_options(replace(self.options, visible=self.options.visible | {layer}))

    def set_annotation(self, annotation: AnnotationOptions) -> None:
        """Put annotation options in force everywhere."""
        self.annotation = annotation
        self.wall.set_annotation(annotation)
        self.show_checks()

    @property
    def hiding(self) -> Callable[[Problem], Problem] | None:
        """What takes identities out of messages; None while they are shown."""
        if self.annotation.is_identity_shown:
            return None
        return lambda problem: hidden_problem(problem, self.session.studies)

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patients are, wherever the window says so."""
        self.set_annotation(replace(self.annotation, is_identity_shown=is_shown))
        self.studies.set_identity(is_shown=is_shown)
        self.worklist.set_identity(is_shown=is_shown)
        self.banner.set_hiding(self.hiding)
        self.presenter.set_identity(is_shown=is_shown)
        self.report.set_identity(is_shown=is_shown)
        self.identity_shown.emit(is_shown)
        for dialog in self.window.findChildren(MessagesDialog):
            dialog.close()
        for asking in self.window.findChildren(AskViewDialog):
            asking.set_named(is_named=is_shown)

    def show_checks(self) -> None:
        """Let the actions say what is on."""
        self.check("cleaned", is_on=self.options.is_cleaned)
        for layer in Layer:
            # The findings of a case are its reader's to show.
            is_elsewhere = layer is Layer.FINDINGS and bool(self.options.read)
            self.check(f"{layer.name.lower()}_layer", is_on=layer in self.options.visible and not is_elsewhere)
        self.check("synchronous", is_on=self.wall.motion.is_synchronous)
        self.check("identity", is_on=self.annotation.is_identity_shown)
        self.check("technique", is_on=self.annotation.is_technique_shown)
        self.check("panel", is_on=self.right.isVisibleTo(self.window))

    def show_tab(self, content: QWidget) -> None:
        """Bring the tab at the right to the front that holds a widget."""
        pages = [self.tabs.widget(index) for index in range(self.tabs.count())]
        held = (page for page in pages if page is content or (page is not None and page.isAncestorOf(content)))
        self.tabs.setCurrentWidget(next(held, self.tabs.currentWidget()))

    def open_dialog(self, dialog: QDialog) -> None:
        """Show a dialog that deletes itself; only the settings hold the window."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open() if isinstance(dialog, SettingsDialog) else dialog.show()
