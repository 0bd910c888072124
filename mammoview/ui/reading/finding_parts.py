"""The parts with which findings are shown, drawn and described, put together for one window."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QSplitter, QTabWidget

from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.frames import Frames
from mammoview.ui.reading.case_desk import Reading
from mammoview.ui.reading.correspondence_overlay import Correspondence
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_overlay import FindingOverlay
from mammoview.ui.reading.finding_tools import FindingTools
from mammoview.ui.reading.findings_panel import CaseFindings
from mammoview.ui.reading.landmark_tool import LandmarkOverlay
from mammoview.ui.reading.questions import Asking
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.toolbox import Toolbox
from mammoview.ui.viewport.wall import Wall

#: From this height on a window has room for decision and findings at once.
_TALL_PX: Final = 1300
_FEW_ROWS, _MANY_ROWS = 4, 10


class FindingParts(QObject):
    """Findings in one window.

    Attributes
    ----------
    board
        What there is, and what the reader does to it.
    correspondence
        The arc in the other view, and who lies in it.
    tools
        What the mouse draws.
    panel
        List and form.
    """

    def __init__(
        self,
        reading: Reading,
        session: Session,
        wall: Wall,
        background: Background,
        *,
        frames: Frames,
        marks: Board,
        toolbox: Toolbox,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.board = FindingBoard(reading, wall, self)
        self.board.frame_of = frames.stored_at
        self.board.image_of = session.image
        self.board.show_frame = lambda image_id, stored: frames.show_stored(image_id, stored + 1)
        self.correspondence = Correspondence(self.board, wall, background, self)
        overlay = FindingOverlay(self.board)
        for rider in (self.correspondence, LandmarkOverlay(self.board), overlay):
            wall.add_rider(rider)
        self.tools = FindingTools(
            self.board,
            overlay,
            Asking(session.questions, session.messages, self),
            marks=marks,
            toolbox=toolbox,
            wall=wall,
            is_tool_kept=lambda: session.settings.is_tool_kept,
            parent=self,
        )
        self.panel = CaseFindings(self.board)
        reading.settling.connect(self.panel.form.settle)

    def place(self, tabs: QTabWidget, below: QSplitter, *, height: int) -> None:
        """Put the panel where there is room: below the decision in a tall window, else on a page of its own.

        Parameters
        ----------
        tabs, below
            The pages, and the one where the decision stands.
        height
            Of the window, in its points.
        """
        is_below = height >= _TALL_PX
        self.panel.set_rows(_MANY_ROWS if is_below else _FEW_ROWS)
        if is_below is (self.panel.parent() is below) and self.panel.parent() is not None:
            return
        if is_below:
            below.addWidget(self.panel)
            self.panel.show()
        else:
            tabs.insertTab(tabs.indexOf(below) + 1, self.panel, "Findings")
