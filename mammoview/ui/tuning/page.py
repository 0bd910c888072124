"""What the eight pages have in common: a title, two sentences, and the desk that they act on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing
from mammoview.ui import theme
from mammoview.ui.scrolled import scrolled
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.words import INTRODUCTIONS, TITLES
from mammoview.ui.wrapped import WrappedLabel


class TuningPage(QWidget):
    """One page; its parts go into ``body``, its buttons into ``foot``.

    Parameters
    ----------
    desk
        The project on the table.
    page
        Which one it is.
    """

    def __init__(self, desk: TuningDesk, page: Page) -> None:
        super().__init__()
        self.desk, self.page = desk, page
        title = QLabel(TITLES[page])
        title.setObjectName("score")
        self.introduction = WrappedLabel(INTRODUCTIONS[page])
        inner = QWidget()
        self.body, self.foot = QVBoxLayout(inner), QHBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(16), theme.px(10), theme.px(16), theme.px(8))
        layout.addWidget(title)
        layout.addWidget(self.introduction)
        # The buttons stay in sight, however large the letters.
        layout.addWidget(scrolled(inner), 1)
        layout.addLayout(self.foot)

    def button(self, title: str, do: Callable[[], object], tip: str = "", *, is_step: bool = False) -> QPushButton:
        """A button at the foot; it can be pressed once the page says so."""
        made = QPushButton(title)
        made.setEnabled(False)
        made.setToolTip(tip)
        made.setMinimumHeight(theme.px(32))
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if is_step:
            made.setStyleSheet(f"border-color: {theme.ACCENT.name()};")
        made.clicked.connect(lambda _is_on=False: do())
        self.foot.addWidget(made)
        return made

    @property
    def is_idle(self) -> bool:
        """Whether a job can be started."""
        return self.desk.standing is not None and self.desk.busy is None and not self.desk.is_starting

    def show_standing(self, standing: Standing) -> None:
        """Show the project as it is now."""

    def hear(self, event: object) -> None:
        """Show what a job tells."""

    def forget(self) -> None:
        """Show nothing more of the project before: another one is on the table."""

    def leave(self) -> None:
        """Keep what was entered here: another page is wanted."""
