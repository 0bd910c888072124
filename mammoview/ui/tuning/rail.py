"""The rail at the left: the pages, which of them are done, and which can be gone to."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing
from mammoview.ui import theme
from mammoview.ui.tuning.words import TITLES

_DONE, _HERE, _AHEAD = "✓", "›", "  "


class Rail(QListWidget):
    """The pages; a finished one has a tick."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(theme.px(150))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSpacing(theme.px(3))
        for page in Page:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, page)
            self.addItem(item)
        self.show_standing(None)
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)

    def show_standing(self, standing: Standing | None) -> None:
        """Tick what is done; what cannot be gone to yet is dim."""
        for place, page in enumerate(Page):
            item = self.item(place)
            is_done = standing is not None and page in standing.finished
            is_open = standing is not None and standing.may_open(page)
            mark = _DONE if is_done else _HERE if standing is not None and page is standing.reached else _AHEAD
            item.setText(f"{mark}  {place + 1}  {TITLES[page]}")
            item.setToolTip("Done" if is_done else "" if is_open else "The pages before it come first")
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(flags if is_open else Qt.ItemFlag.NoItemFlags)

    def show_page(self, page: Page | None) -> None:
        """Mark the page that is shown."""
        self.setCurrentRow(-1 if page is None else list(Page).index(page))

    def is_done(self, page: Page) -> bool:
        """Whether a page has its tick."""
        return self.item(list(Page).index(page)).text().startswith(_DONE)

    def _choose(self, item: QListWidgetItem) -> None:
        page = Page(item.data(Qt.ItemDataRole.UserRole))
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.wanted.emit(page)
