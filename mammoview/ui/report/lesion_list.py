"""The lesions that the report tells of, with their pictures; a click shows one on the images."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from mammoview.report.breast_report.drafting import NamedLesion
from mammoview.report.breast_report.phrases import lesion_sentences, shipped_phrases
from mammoview.ui.report.pictures import Pictured
from mammoview.ui.wrapped import WrappedLabel


class LesionRow(QWidget):
    """One lesion: what is said of it, and its pictures."""

    clicked = Signal()

    def __init__(self, one: NamedLesion, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lesion = one
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(f"Show {one.name} on the images.")
        text = WrappedLabel(f"{one.name}: {lesion_sentences(one.lesion, shipped_phrases())}")
        self.pictures = QHBoxLayout()
        self.pictures.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addWidget(text)
        column.addLayout(self.pictures)

    def show_pictures(self, pictured: Sequence[Pictured], *, is_named: bool) -> None:
        """Show the pictures that this lesion is on; the band that names the patient only where it may be seen."""
        while (item := self.pictures.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for one in pictured:
            if self.lesion.name in one.key.names:
                label = QLabel()
                label.setPixmap(QPixmap.fromImage(one.named if is_named else one.unnamed))
                label.setToolTip(one.key.caption)
                self.pictures.addWidget(label)
        self.pictures.addStretch(1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class LesionList(QWidget):
    """All lesions, right before left."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[LesionRow] = []
        self._lesions: tuple[NamedLesion, ...] = ()
        self._pictured: tuple[Pictured, ...] = ()
        self._is_named = True
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(QLabel("Described findings"))

    def show_lesions(self, lesions: Sequence[NamedLesion]) -> None:
        """Show what the report tells of; nothing is rebuilt where nothing changed."""
        self.setVisible(bool(lesions))
        if tuple(lesions) == self._lesions:
            return
        self._lesions = tuple(lesions)
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [LesionRow(one) for one in lesions]
        for row in self.rows:
            self._column.addWidget(row)
            row.clicked.connect(lambda row=row: self.chosen.emit(row.lesion))
            row.show_pictures(self._pictured, is_named=self._is_named)

    def show_pictures(self, pictured: Sequence[Pictured]) -> None:
        """Put pictures beside the lesions."""
        self._pictured = tuple(pictured)
        for row in self.rows:
            row.show_pictures(self._pictured, is_named=self._is_named)

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patient is."""
        self._is_named = is_shown
        self.show_pictures(self._pictured)
