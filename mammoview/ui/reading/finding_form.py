"""What the reader says of the selected lesion: type, BI-RADS descriptors, size, change, location, comment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QFrame, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from mammoview.core.reading import (
    ALLOWED,
    AssociatedFeature,
    AsymmetryKind,
    CalcificationMorphology,
    Change,
    Descriptors,
    Distribution,
    FindingType,
    Lesion,
    Location,
    MassDensity,
    MassMargin,
    MassShape,
    ReaderFinding,
    lacking,
)
from mammoview.ui.reading.choices import SeveralWords, WordChoice
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.location_form import LocationForm
from mammoview.ui.wrapped import WrappedLabel

_WORDS: Final[dict[str, tuple[str, type[StrEnum]]]] = {
    "shape": ("Shape", MassShape),
    "margin": ("Margin", MassMargin),
    "density": ("Density", MassDensity),
    "morphology": ("Morphology", CalcificationMorphology),
    "distribution": ("Distribution", Distribution),
    "asymmetry": ("Kind", AsymmetryKind),
}
_COMMENT_LINES: Final = 2


class Comment(QPlainTextEdit):
    """A few lines of the reader's own; they are taken when the focus goes elsewhere."""

    def __init__(self, on_left: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on_left = on_left
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Comment, printed as it is written")
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(self.fontMetrics().lineSpacing() * _COMMENT_LINES + 16)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._on_left(self.toPlainText().strip())


class FindingForm(QScrollArea):
    """Shows the selected lesion of a board, and changes it in all its views."""

    def __init__(self, board: FindingBoard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._lesion: Lesion | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.kind: WordChoice[FindingType] = WordChoice(FindingType, none="")
        self.words: dict[str, WordChoice[Any]] = {name: WordChoice(words) for name, (_, words) in _WORDS.items()}
        self.associated: SeveralWords[AssociatedFeature] = SeveralWords(tuple(AssociatedFeature))
        self.lacks = WrappedLabel()
        self.change: WordChoice[Change] = WordChoice(Change)
        self.size_mm = QDoubleSpinBox(decimals=1, minimum=0.0, maximum=500.0, suffix=" mm", singleStep=0.5)
        self.size_mm.setSpecialValueText("unknown")
        self.size_mm.setKeyboardTracking(False)
        self.location = LocationForm()
        self.comment = Comment(self._commented)
        self._lay_out()
        self._connect()
        self.show_selected()

    def _lay_out(self) -> None:
        inner, form = QWidget(), QFormLayout()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 4, 8, 6)
        column.addLayout(form)
        # Whatever room is left belongs below, not between the rows.
        column.addStretch(1)
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Type", self.kind)
        for name, (title, _) in _WORDS.items():
            form.addRow(title, self.words[name])
            self.words[name].setAccessibleName(title)
        form.addRow("With", self.associated)
        form.addRow(self.lacks)
        form.addRow("Change", self.change)
        form.addRow("Size", self.size_mm)
        form.addRow("Location", self.location)
        form.addRow(self.comment)
        for widget, name in (
            (self.kind, "Type"),
            (self.associated, "Associated features"),
            (self.change, "Change since the earlier exam"),
            (self.size_mm, "Longest diameter in this view"),
            (self.comment, "Comment"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(widget.toolTip() or name)
        self._form = form
        self._inner = inner
        self.setWidget(inner)

    def _connect(self) -> None:
        self._board.changed.connect(self.show_selected)
        # Whatever is half written belongs to what was selected until now.
        self._board.selected_changed.connect(lambda _finding: self.settle())
        self.kind.chosen.connect(self._set_kind)
        for name, box in self.words.items():
            box.chosen.connect(lambda word, name=name: self._set_word(name, word))
        self.associated.chosen.connect(self._set_associated)
        self.change.chosen.connect(
            lambda change: self._board.describe(
                lambda one: replace(one, change=change), "change since the earlier exam"
            )
        )
        self.size_mm.editingFinished.connect(self._sized)
        self.location.given.connect(
            lambda place: self._board.describe(lambda one: replace(one, location=place), "location")
        )
        self.location.computed_wanted.connect(
            lambda: self._board.describe(lambda one: replace(one, location=Location()), "location")
        )

    def show_selected(self) -> None:
        """Show the selected lesion; nothing where none is selected."""
        lesion, was = self._board.lesion, self._lesion
        self._lesion = lesion
        self._inner.setVisible(lesion is not None)
        if lesion is None:
            return
        self._inner.setEnabled(self._board.can_change)
        said, kind = lesion.descriptors, lesion.kind
        self.kind.show_word(kind)
        for name, box in self.words.items():
            box.show_word(getattr(said, name))
            self._form.setRowVisible(box, name in ALLOWED[kind])
        self.associated.show_words(said.associated)
        lacks = lacking(kind, said)
        self.lacks.setText("BI-RADS also asks for: " + ", ".join(_WORDS[name][0].lower() for name in lacks))
        self._form.setRowVisible(self.lacks, bool(lacks))
        self.change.show_word(lesion.change)
        finding = self._board.finding
        with QSignalBlocker(self.size_mm):
            self.size_mm.setValue((finding.size_mm if finding is not None else None) or 0.0)
        self.location.show_lesion(lesion, self._board.place(lesion))
        is_other = was is None or {one.id for one in was.findings} != {one.id for one in lesion.findings}
        if is_other or not self.comment.hasFocus():
            self.comment.setPlainText("\n".join(lesion.comments))

    def settle(self) -> None:
        """Take what is half written: no click elsewhere may come any more."""
        lesion = self._lesion
        if lesion is None or any(self._board.of(one.id) is None for one in lesion.findings):
            return
        self._commented(self.comment.toPlainText().strip())
        if self._board.lesion is not None and lesion.findings[0] in self._board.lesion.findings:
            self.size_mm.interpretText()
            self._sized()
            self.location.settle()

    # What the reader says

    def _set_kind(self, kind: FindingType) -> None:
        self._board.describe(lambda one: replace(one, kind=kind, descriptors=_fitting(kind, one.descriptors)), "type")

    def _set_word(self, name: str, word: StrEnum | None) -> None:
        def said(one: ReaderFinding) -> ReaderFinding:
            if name not in ALLOWED[one.kind]:
                return one
            return replace(one, descriptors=replace(one.descriptors, **{name: word}))  # type: ignore[arg-type]

        self._board.describe(said, _WORDS[name][0].lower())

    def _set_associated(self, words: tuple[AssociatedFeature, ...]) -> None:
        self._board.describe(
            lambda one: replace(one, descriptors=_fitting(one.kind, replace(one.descriptors, associated=tuple(words)))),
            "associated features",
        )

    def _sized(self) -> None:
        finding = self._board.finding
        size = self.size_mm.value() or None
        if finding is None or (finding.size_mm is not None and size is not None and abs(finding.size_mm - size) < 0.05):
            return
        if size != finding.size_mm:
            # The size belongs to one view, all else to the lesion.
            self._board.describe(lambda one: replace(one, size_mm=size) if one.id == finding.id else one, "size")

    def _commented(self, text: str) -> None:
        lesion = self._lesion
        if lesion is not None and text != "\n".join(lesion.comments) and self._board.can_change:
            self._board.describe(lambda one: replace(one, comment=text), "comment", lesion)


def _fitting(kind: FindingType, said: Descriptors) -> Descriptors:
    """What of the words belongs to a type."""
    kept = {name: getattr(said, name) for name in ALLOWED[kind] - {"associated"}}
    same = {
        FindingType.DISTORTION: AssociatedFeature.DISTORTION,
        FindingType.CALCIFICATIONS: AssociatedFeature.CALCIFICATIONS,
    }
    return Descriptors(**kept, associated=tuple(one for one in said.associated if one is not same.get(kind)))
