"""The window: images in the middle, studies at the left, scores and findings at the right, one banner for messages."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QMainWindow,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.actions import ACTIONS, Group, action
from mammoview.ui.bridge import Background
from mammoview.ui.dialogs.about import AboutDialog
from mammoview.ui.dialogs.keys import KeysDialog, keys_text
from mammoview.ui.dialogs.settings import SettingsDialog
from mammoview.ui.panels.analysis import AnalysisPanel
from mammoview.ui.panels.messages import Banner, MessagesDialog
from mammoview.ui.panels.studies import StudiesPanel
from mammoview.ui.presenter import Parts, Presenter
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.layers import Layer, OverlayOptions
from mammoview.ui.viewport.voi import Adjustment
from mammoview.ui.viewport.wall import Wall

_LAYERS = {
    "findings_layer": Layer.FINDINGS,
    "candidates_layer": Layer.CANDIDATES,
    "saliency_layer": Layer.SALIENCY,
    "patch_map_layer": Layer.PATCH_MAP,
    "benign_layer": Layer.BENIGN,
    "malignant_layer": Layer.MALIGNANT,
    "truth_layer": Layer.TRUTH,
    "breast_layer": Layer.BREAST,
    "pectoral_layer": Layer.PECTORAL,
    "artifacts_layer": Layer.ARTIFACTS,
}
_ZOOM_STEP = 1.25
_WELCOME = (
    "Drop a study here: files, folders or a DICOMDIR\n\n{files} opens files, {folder} a folder\n\n"
    "Research software. Not for diagnosis."
)


class MainWindow(QMainWindow):
    """The reading window of one session.

    Every row of `mammoview.ui.actions.ACTIONS` has a method ``do_<id>`` here, or is a layer of ``_LAYERS``.
    """

    closed = Signal()

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__()
        self._session = session
        self.setWindowTitle("MammoView — research only, not for diagnosis")
        self.setAcceptDrops(True)
        # Without a window manager nobody else keeps the window on a small screen.
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize()))
        settings = session.settings
        self.options = OverlayOptions().under(settings)
        self._hidden_layers: frozenset[Layer] = frozenset()
        self.annotation = AnnotationOptions()
        self.wall, self.banner = Wall(), Banner()
        self.studies, self.analysis = StudiesPanel(), AnalysisPanel()
        self.scores, self.findings, self.maps = self.analysis.scores, self.analysis.findings, self.analysis.maps
        self.layers = self.analysis.layers
        self.progress, self.cancel_button = QProgressBar(), QPushButton("Cancel")
        self.cursor_label, self.state_label, self.engine_label = QLabel(), QLabel("Ready"), QLabel()
        self.actions_by_id = {row.id: self._make_action(row.id) for row in ACTIONS}
        self._lay_out()
        self.wall.is_synchronous = settings.is_synchronous
        parts = Parts(
            self.wall,
            self.studies,
            self.scores,
            self.findings,
            self.analysis.caption,
            self.banner,
            self.progress,
            self.cancel_button,
            self.engine_label,
            self.state_label,
        )
        self.presenter = Presenter(session, parts, background, self)
        self._connect()
        self._show_options()
        # A full collection over all that was imported and built holds the window for 70 ms; none of it will go.
        gc.freeze()

    # Building

    def _make_action(self, identity: str) -> QAction:
        row = action(identity)
        made = QAction(row.title, self)
        made.setShortcuts([QKeySequence(key) for key in row.keys])
        made.setCheckable(row.is_checkable)
        made.setToolTip(f"{row.help} ({keys_text(row)})" if row.keys else row.help)
        made.setIconText(row.tool or row.title)
        if identity in _LAYERS:
            made.triggered.connect(lambda: self.toggle_layer(_LAYERS[identity]))
        else:
            do: Callable[[], None] = getattr(self, f"do_{identity}")
            made.triggered.connect(lambda: do())
        return made

    def _lay_out(self) -> None:
        menus = {group: self.menuBar().addMenu(group.value) for group in Group}
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setMovable(False)
        last = Group.FILE
        for row in ACTIONS:
            made = self.actions_by_id[row.id]
            menus[row.group].addAction(made)
            if row.tool:
                if row.group is not last:
                    bar.addSeparator()
                bar.addAction(made)
                last = row.group
        self.addToolBar(bar)
        welcome = QLabel(
            _WELCOME.format(files=keys_text(action("open_files")), folder=keys_text(action("open_folder")))
        )
        welcome.setObjectName("welcome")
        welcome.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stack = QStackedWidget()
        self.stack.addWidget(welcome)
        self.stack.addWidget(self.wall)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.stack, 1)
        self.setCentralWidget(centre)
        self.left = self._dock("Studies", self.studies, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.right = self._dock("Analysis", self.analysis, Qt.DockWidgetArea.RightDockWidgetArea)
        self.resizeDocks([self.left, self.right], [190, 310], Qt.Orientation.Horizontal)
        self.left.hide()
        self._lay_out_status()

    def _dock(self, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(content)
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.addDockWidget(area, dock)
        return dock

    def _lay_out_status(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self.progress.setRange(0, 1000)
        self.progress.setFixedWidth(300)
        self.progress.hide()
        self.cancel_button.hide()
        self.state_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.engine_label.setText(f"device {self._session.settings.device}")
        bar.addWidget(self.state_label, 2)
        bar.addWidget(self.progress)
        bar.addWidget(self.cancel_button)
        bar.addWidget(self.cursor_label, 1)
        bar.addPermanentWidget(self.engine_label)

    def _connect(self) -> None:
        self.wall.hovered.connect(self.cursor_label.setText)
        self.wall.pixels_wanted.connect(self._session.request_pixels)
        self.wall.finding_clicked.connect(lambda finding: self.presenter.select(finding, reveal=False))
        self.wall.single_toggled.connect(self.actions_by_id["single"].setChecked)
        self.findings.selected.connect(lambda finding: self.presenter.select(finding, reveal=True))
        self.studies.selected.connect(self._session.select_study)
        self.maps.changed.connect(self.set_options)
        self.layers.changed.connect(self.set_options)
        self.banner.all_wanted.connect(self.do_messages)
        self.cancel_button.clicked.connect(self.do_cancel)

    def show_event(self, event: object) -> None:
        """Show what the session tells; connected to the bridge."""
        self.presenter.show(event)
        if self._session.studies and self.stack.currentWidget() is not self.wall:
            self.stack.setCurrentWidget(self.wall)
        self.left.setVisible(len(self._session.studies) > 1 and self.right.isVisible())
        is_there = self.presenter.study is not None
        self.actions_by_id["analyse"].setEnabled(is_there)
        self.actions_by_id["save_results"].setEnabled(
            any(self._session.result_of(study.uid) is not None for study in self._session.studies)
        )

    # Options

    def set_options(self, options: OverlayOptions) -> None:
        """Put overlay options in force everywhere."""
        self.options = options
        self._show_options()

    def toggle_layer(self, layer: Layer) -> None:
        """Switch an overlay."""
        self.set_options(self.options.toggled(layer))

    def _show_options(self) -> None:
        for identity, layer in _LAYERS.items():
            self.actions_by_id[identity].setChecked(layer in self.options.visible)
        self.actions_by_id["cleaned"].setChecked(self.options.is_cleaned)
        for identity, is_on in (
            ("synchronous", self.wall.is_synchronous),
            ("identity", self.annotation.is_identity_shown),
            ("technique", self.annotation.is_technique_shown),
            ("panel", self.right.isVisibleTo(self)),
        ):
            self.actions_by_id[identity].setChecked(is_on)
        self.wall.set_options(self.options)
        self.maps.set_options(self.options)
        self.layers.set_options(self.options)

    def _set_annotation(self, annotation: AnnotationOptions) -> None:
        self.annotation = annotation
        self.wall.set_annotation(annotation)

    # What the actions do

    def open(self, paths: list[Path]) -> None:
        """Open files and folders; what is open stays open."""
        if paths:
            self._session.open(paths)

    def do_open_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Open images")
        self.open([Path(name) for name in names])

    def do_open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open a folder")
        self.open([Path(name)] if name else [])

    def do_save_results(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for result.json, masks and maps")
        is_taken = bool(name) and (Path(name) / "result.json").exists()
        if name and (not is_taken or self._may_replace(name)):
            self._session.save_results(name, overwrite=is_taken)

    def _may_replace(self, folder: str) -> bool:
        text = f"{folder} holds a result already. Replace it?"
        return QMessageBox.question(self, "Save results", text) == QMessageBox.StandardButton.Yes

    def do_open_truth(self) -> None:
        pane = self.wall.active
        if pane is None or pane.hung is None:
            return
        image = pane.hung.image
        name, _ = QFileDialog.getOpenFileName(self, f"Truth mask of {image.label}")
        if name:
            self.set_options(replace(self.options, visible=self.options.visible | {Layer.TRUTH}))
            self._session.open_truth(image.id, name)

    def do_settings(self) -> None:
        dialog = SettingsDialog(self._session.settings, dict(self.presenter.installed.choices), self)
        dialog.saved.connect(self._change_settings)
        self._open_dialog(dialog)

    def _change_settings(self, settings: Settings) -> None:
        self._session.change_settings(settings)
        self.set_options(self.options.under(settings))

    def do_quit(self) -> None:
        self.close()

    def do_fit(self) -> None:
        self.wall.fit()

    def do_one_to_one(self) -> None:
        self.wall.one_to_one()

    def do_zoom_in(self) -> None:
        self.wall.zoom(_ZOOM_STEP)

    def do_zoom_out(self) -> None:
        self.wall.zoom(1 / _ZOOM_STEP)

    def do_window_tool(self) -> None:
        self.wall.set_window_tool(is_on=self.actions_by_id["window_tool"].isChecked())

    def do_reset_window(self) -> None:
        self.wall.set_adjustment(Adjustment())

    def do_next_voi(self) -> None:
        self.wall.next_voi()

    def do_invert(self) -> None:
        self.wall.set_inverted(is_inverted=self.actions_by_id["invert"].isChecked())

    def do_magnifier(self) -> None:
        self.wall.set_lens(is_on=self.actions_by_id["magnifier"].isChecked())

    def do_synchronous(self) -> None:
        self.wall.is_synchronous = self.actions_by_id["synchronous"].isChecked()

    def do_single(self) -> None:
        self.wall.set_single(is_single=self.actions_by_id["single"].isChecked())

    def do_next_in_stack(self) -> None:
        self.wall.step(1)

    def do_previous_in_stack(self) -> None:
        self.wall.step(-1)

    def do_next_study(self) -> None:
        self.studies.step(1)

    def do_previous_study(self) -> None:
        self.studies.step(-1)

    def do_flip(self) -> None:
        self.wall.flip_active()

    def do_identity(self) -> None:
        is_shown = self.actions_by_id["identity"].isChecked()
        self._set_annotation(replace(self.annotation, is_identity_shown=is_shown))
        self.studies.set_identity(is_shown=is_shown)

    def do_technique(self) -> None:
        is_shown = self.actions_by_id["technique"].isChecked()
        self._set_annotation(replace(self.annotation, is_technique_shown=is_shown))

    def do_panel(self) -> None:
        is_shown = self.actions_by_id["panel"].isChecked()
        self.right.setVisible(is_shown)
        self.left.setVisible(is_shown and len(self._session.studies) > 1)

    def do_cleaned(self) -> None:
        self.set_options(replace(self.options, is_cleaned=self.actions_by_id["cleaned"].isChecked()))

    def do_no_layers(self) -> None:
        shown, self._hidden_layers = self.options.visible, self._hidden_layers
        if shown:
            self._hidden_layers = shown
            self.set_options(replace(self.options, visible=frozenset(), is_cleaned=False))
        else:
            self.set_options(replace(self.options, visible=self._hidden_layers))

    def do_analyse(self) -> None:
        if self.presenter.study is not None:
            self._session.analyze(self.presenter.study.uid)

    def do_cancel(self) -> None:
        self._session.cancel_analysis()

    def do_next_finding(self) -> None:
        self.findings.step(1)

    def do_previous_finding(self) -> None:
        self.findings.step(-1)

    def do_messages(self) -> None:
        self._open_dialog(MessagesDialog(self._session.messages.history, self))

    def do_keys(self) -> None:
        self._open_dialog(KeysDialog(self))

    def do_about(self) -> None:
        self._open_dialog(AboutDialog(self))

    def _open_dialog(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open() if isinstance(dialog, SettingsDialog) else dialog.show()

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.open(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)
