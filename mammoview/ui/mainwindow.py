"""The window: images in the middle, studies at the left, scores and findings at the right, one banner for messages."""

from __future__ import annotations

import gc
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.session.session import Session
from mammoview.session.worklist.database import worklist_path
from mammoview.ui.actions import ACTIONS, Action, Group
from mammoview.ui.bridge import Background
from mammoview.ui.comfort import Comfort
from mammoview.ui.commands import handlers
from mammoview.ui.desk import Desk
from mammoview.ui.scrolled import Pages, scrolled
from mammoview.ui.undoable import Undoable
from mammoview.ui.worklist.page import WorklistPage

_WELCOME = (
    "Drop a study here: files, folders or a DICOMDIR\n\n{files} opens files, {folder} a folder\n{worklist} shows the "
    "worklist\n\nResearch software. Not for diagnosis."
)


class MainWindow(QMainWindow):
    """The reading window of one session: lays out the parts of its `Desk` and gives the actions their places."""

    closed = Signal()

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__()
        self.setWindowTitle("MammoView — research only, not for diagnosis")
        self.setAcceptDrops(True)
        # Without a window manager nobody else keeps the window on a small screen.
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize()))
        self.desk = Desk(session, background, self)
        self.actions_by_id = self.desk.actions
        self.actions_by_id.update({row.id: self._make_action(row) for row in ACTIONS})
        self.desk.keys.bind(self.actions_by_id)
        self._lay_out()
        self._undoable = Undoable(self.desk)
        for identity, do in self._undoable.wrap(handlers(self.desk)).items():
            self.actions_by_id[identity].triggered.connect(lambda _is_on=False, do=do: do())
        self._connect()
        self.desk.set_options(self.desk.options)
        # A full collection over all that was imported and built holds the window for 70 ms; none of it will go.
        gc.freeze()

    # Building

    def _make_action(self, row: Action) -> QAction:
        made = QAction(row.title, self)
        made.setCheckable(row.is_checkable)
        made.setIconText(row.tool or row.title)
        return made

    def _lay_out(self) -> None:
        self._lay_out_actions()
        welcome = QLabel()
        self.desk.keys.changed.connect(lambda: welcome.setText(self._welcome()))
        welcome.setText(self._welcome())
        welcome.setObjectName("welcome")
        # Large letters must not make the window wider than the screen.
        welcome.setWordWrap(True)
        welcome.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stack = self.desk.stack = Pages()
        self.desk.worklist = WorklistPage(self.desk)
        # At large letters its line of buttons is wider than a small screen: the window is not.
        self.desk.worklist.setMinimumWidth(1)
        for page in (welcome, self.desk.wall, self.desk.worklist):
            self.stack.addWidget(page)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.desk.banner)
        column.addWidget(self.stack, 1)
        self.setCentralWidget(centre)
        self.desk.left = self._dock("Studies", self.desk.studies, Qt.DockWidgetArea.LeftDockWidgetArea)
        side = QTabWidget()
        side.setDocumentMode(True)
        # Arrows would hide whole pages at large letters.
        side.tabBar().setDrawBase(False)
        side.setUsesScrollButtons(False)
        side.setElideMode(Qt.TextElideMode.ElideRight)
        side.addTab(scrolled(self.desk.analysis), "AI")
        side.addTab(self.desk.marks, "Marks")
        self.desk.reading_tab = QSplitter(Qt.Orientation.Vertical)
        self.desk.reading_tab.addWidget(self.desk.decision)
        side.addTab(self.desk.reading_tab, "Reading")
        side.addTab(self.desk.report, "Report")
        self.desk.tabs = side
        self.desk.findings.place(side, self.desk.reading_tab, height=self.height())
        self.desk.right = self._dock("Results", side, Qt.DockWidgetArea.RightDockWidgetArea)
        # The tabs say what the title would.
        self.desk.right.setTitleBarWidget(QWidget())
        self.desk.left.hide()
        self._lay_out_status()
        self.comfort = Comfort(self.desk)

    def _welcome(self) -> str:
        keys = self.desk.keys
        return _WELCOME.format(
            files=keys.text("open_files") or "Open",
            folder=keys.text("open_folder") or "Folder",
            worklist=keys.text("worklist") or "Worklist",
        )

    def _lay_out_actions(self) -> None:
        menus = {group: self.menuBar().addMenu(group.value) for group in Group}
        # What cannot be done there now says why.
        menus[Group.ANALYSIS].setToolTipsVisible(True)
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setMovable(False)
        lists: dict[str, QToolButton] = {}
        inner: dict[tuple[Group, str], QMenu] = {}
        last = Group.FILE
        for row in ACTIONS:
            made = self.actions_by_id[row.id]
            menu = menus[row.group]
            if row.submenu:
                key = row.group, row.submenu
                menu = inner[key] if key in inner else inner.setdefault(key, menu.addMenu(row.submenu))
            menu.addAction(made)
            if row.tool:
                if row.group is not last:
                    bar.addSeparator()
                bar.addAction(made)
                last = row.group
            if row.drop_down and row.drop_down not in lists:
                if row.group is not last:
                    bar.addSeparator()
                bar.addWidget(lists.setdefault(row.drop_down, _list_button(row.drop_down)))
                last = row.group
            if row.drop_down:
                lists[row.drop_down].addAction(made)
        for menu in menus.values():
            menu.menuAction().setVisible(not menu.isEmpty())
        self.addToolBar(bar)
        # Its own arrows are drawn dark on dark.
        more = bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if more is not None:
            more.setText("»")
            more.setToolTip("More tools")
            more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)

    def _dock(self, title: str, content: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(content)
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.addDockWidget(area, dock)
        return dock

    def _lay_out_status(self) -> None:
        bar, desk = self.statusBar(), self.desk
        bar.setSizeGripEnabled(False)
        desk.state_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        desk.engine_label.setText(f"device {desk.session.settings.device}")
        bar.addWidget(desk.state_label, 2)
        bar.addWidget(desk.progress)
        bar.addWidget(desk.cancel_button)
        bar.addWidget(desk.cursor_label, 1)
        bar.addPermanentWidget(desk.stage_label)
        bar.addPermanentWidget(desk.engine_label)

    def _connect(self) -> None:
        desk, wall, findings = self.desk, self.desk.wall, self.desk.analysis.findings
        wall.hovered.connect(desk.cursor_label.setText)
        wall.pixels_wanted.connect(desk.presenter.want)
        wall.finding_clicked.connect(lambda finding: desk.presenter.select(finding, reveal=False))
        wall.single_toggled.connect(self.actions_by_id["single"].setChecked)
        findings.selected.connect(lambda finding: desk.presenter.select(finding, reveal=True))
        desk.studies.selected.connect(desk.session.select_study)
        desk.analysis.maps.changed.connect(desk.set_options)
        desk.analysis.layers.changed.connect(desk.set_options)
        desk.banner.all_wanted.connect(self.actions_by_id["messages"].trigger)

    # What happens

    def show_event(self, event: object) -> None:
        """Show what the session tells; connected to the bridge."""
        desk = self.desk
        desk.show_event(event)
        desk.left.setVisible(len(desk.session.listed) > 1 and desk.right.isVisible())
        self.actions_by_id["analyse"].setEnabled(desk.presenter.study is not None)
        self.actions_by_id["save_results"].setEnabled(
            any(desk.session.result_of(study.uid) is not None for study in desk.session.studies)
        )

    def open(self, paths: list[Path]) -> None:
        """Open files and folders; what is open stays open."""
        if paths:
            self.desk.session.open(paths)

    def begin_with_the_worklist(self) -> None:
        """Show the worklist, where there is one."""
        if worklist_path().exists() and not self.desk.session.studies:
            self.actions_by_id["worklist"].trigger()

    # Qt

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.open(paths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.comfort.fit()
        self.desk.findings.place(self.desk.tabs, self.desk.reading_tab, height=event.size().height())

    def closeEvent(self, event: QCloseEvent) -> None:
        self.desk.worklist.close_all()
        self.desk.closing.emit()
        self.closed.emit()
        super().closeEvent(event)


def _list_button(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    # As the bar's other buttons: the keys stay with the images, and the menus have all of it.
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button
