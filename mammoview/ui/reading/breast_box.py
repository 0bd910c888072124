"""What is decided for one breast: category, recall, what should follow, and how suspicious it is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.reading import Assessment, BreastDecision, Recommendation
from mammoview.core.study import Laterality

_ROWS: Final = (
    (Assessment.INCOMPLETE, Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN),
    (
        Assessment.SUSPICIOUS,
        Assessment.LOW_SUSPICION,
        Assessment.MODERATE_SUSPICION,
        Assessment.HIGH_SUSPICION,
    ),
    (Assessment.HIGHLY_SUGGESTIVE, Assessment.KNOWN_MALIGNANCY),
)
_TITLES: Final = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast"}
#: A slider that is dragged tells where it stands so long after it stopped.
_SETTLED_MS: Final = 200


def flat_button(text: str, help_text: str = "", *, is_checkable: bool = True) -> QToolButton:
    """A button as wide as its place, high enough for a finger."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(help_text)
    button.setCheckable(is_checkable)
    button.setObjectName("choice")
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button


class BreastBox(QFrame):
    """The buttons of one breast. Shows what it is told, and tells what is wanted; holds nothing itself."""

    #: None takes it back.
    assessed = Signal(object)
    recalled = Signal(object)
    recommended = Signal(tuple)
    suspected = Signal(object)
    #: The keys of the categories should go to this breast.
    focus_wanted = Signal()

    def __init__(self, side: Laterality, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self.title = flat_button(_TITLES[side], "Give this breast the keys of the categories.")
        self.title.clicked.connect(self.focus_wanted)
        self.categories = {one: flat_button(one.value, f"BI-RADS {one}: {one.label}") for row in _ROWS for one in row}
        self.recall = flat_button("Recall", "Ask the woman to come again for this breast.")
        self.no_recall = flat_button("No recall", "This breast needs nothing more.")
        self.recommend = flat_button("Recommend …", "What should be done next.", is_checkable=False)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(f"Suspicion, {_TITLES[side].lower()}")
        self.suspicion = QWidget()
        self._suspicion_text = QLabel()
        self._settled = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._actions: dict[Recommendation, QAction] = {}
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(3)
        column.addWidget(self.title)
        grid = QGridLayout()
        grid.setSpacing(2)
        for row, categories in enumerate(_ROWS):
            wide = 4 // len(categories)
            for place, one in enumerate(categories):
                grid.addWidget(self.categories[one], row, place * wide, 1, wide)
        column.addLayout(grid)
        recalls = QHBoxLayout()
        recalls.setSpacing(2)
        recalls.addWidget(self.recall)
        recalls.addWidget(self.no_recall)
        column.addLayout(recalls)
        column.addWidget(self.recommend)
        inner = QVBoxLayout(self.suspicion)
        inner.setContentsMargins(2, 0, 2, 0)
        inner.setSpacing(0)
        inner.addWidget(self._suspicion_text)
        inner.addWidget(self.slider)
        column.addWidget(self.suspicion)
        column.addStretch(1)

    def _connect(self) -> None:
        for one, button in self.categories.items():
            button.clicked.connect(lambda is_on, one=one: self.assessed.emit(one if is_on else None))
        self.recall.clicked.connect(lambda is_on: self.recalled.emit(True if is_on else None))
        self.no_recall.clicked.connect(lambda is_on: self.recalled.emit(False if is_on else None))
        menu = QMenu(self)
        for step in Recommendation:
            action = menu.addAction(step.value[0].upper() + step.value[1:])
            action.setCheckable(True)
            action.triggered.connect(self._recommend)
            self._actions[step] = action
        self.recommend.setMenu(menu)
        self.recommend.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._settled.timeout.connect(lambda: self.suspected.emit(float(self.slider.value())))
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderReleased.connect(self.settle)

    def _recommend(self) -> None:
        self.recommended.emit(tuple(one for one, action in self._actions.items() if action.isChecked()))

    def _slid(self, value: int) -> None:
        self._say_suspicion(value)
        self._settled.start()

    def settle(self) -> None:
        """Tell at once where the slider stands, if that was not told yet."""
        if self._settled.isActive():
            self._settled.stop()
            self.suspected.emit(float(self.slider.value()))

    def show_decision(self, decision: BreastDecision | None, *, can_change: bool, asks_suspicion: bool) -> None:
        """Show what is decided.

        Parameters
        ----------
        decision
            None where nothing is.
        can_change
            Whether the buttons do anything.
        asks_suspicion
            Whether the degree of suspicion is asked for.
        """
        shown = decision or BreastDecision(self.side)
        for one, button in self.categories.items():
            button.setChecked(one is shown.assessment)
        self.recall.setChecked(shown.is_recalled is True)
        self.no_recall.setChecked(shown.is_recalled is False)
        for step, action in self._actions.items():
            action.setChecked(step in shown.recommendations)
        count = len(shown.recommendations)
        self.recommend.setText(_recommended(shown.recommendations))
        self.recommend.setToolTip(", ".join(shown.recommendations) if count else "What should be done next.")
        self.suspicion.setVisible(asks_suspicion)
        if not self._settled.isActive():
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(shown.suspicion or 0))
            self._say_suspicion(shown.suspicion)
        buttons: tuple[QWidget, ...] = (*self.categories.values(), self.recall, self.no_recall, self.recommend)
        for widget in (*buttons, self.slider):
            widget.setEnabled(can_change)

    def set_focused(self, *, is_focused: bool) -> None:
        """Show whether the keys of the categories go here."""
        self.title.setChecked(is_focused)

    def _say_suspicion(self, value: float | None) -> None:
        self._suspicion_text.setText("Suspicion: not given" if value is None else f"Suspicion: {value:.0f} of 100")


def _recommended(chosen: tuple[Recommendation, ...]) -> str:
    if not chosen:
        return "Recommend …"
    return f"{len(chosen)} recommended" if len(chosen) > 1 else _SHORT.get(chosen[0], chosen[0].value.capitalize())


#: Words that fit on the button.
_SHORT: Final = {
    Recommendation.PRIORS: "Compare priors",
    Recommendation.MAGNIFICATION: "Magnification",
    Recommendation.MRI: "Breast MRI",
    Recommendation.SHORT_INTERVAL: "Short interval",
    Recommendation.CLINICAL: "Clinical",
    Recommendation.CORE_BIOPSY: "Core biopsy",
    Recommendation.SURGICAL_CONSULT: "Surgical consult",
    Recommendation.TREATMENT: "Treatment",
    Recommendation.ROUTINE: "Routine",
    Recommendation.SPOT_COMPRESSION: "Spot compression",
}
