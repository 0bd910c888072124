"""What the reader decides, and where the case stands: one panel that does not grow with what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import Problem
from mammoview.core.reading import Assessment, Density, DensityRead, QualityFault
from mammoview.core.study import Laterality
from mammoview.report.breast_report.checks import Remark
from mammoview.report.breast_report.values import Draft
from mammoview.session.anatomy import DensityAnswer
from mammoview.session.reading import changes
from mammoview.session.reading.case import Case
from mammoview.ui import theme
from mammoview.ui.key_binding import KeyBinding
from mammoview.ui.reading.breast_box import BreastBox
from mammoview.ui.reading.density_row import DensityRow, beside, may_tell
from mammoview.ui.reading.key_map import KeyMap
from mammoview.ui.reading.quality_row import QualityRow
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.reading.sign_off import SignOff
from mammoview.ui.reading.standing import Step, asks_suspicion, offer, reveal_hindrance, state_lines
from mammoview.ui.wrapped import WrappedLabel

#: Asks for what is measured of a study's density; told on any thread.
AskDensity = Callable[[str, Callable[[DensityAnswer | Problem], None]], None]
_SIDES: Final = (Laterality.RIGHT, Laterality.LEFT)
_MOST_STATE_LINES: Final = 6
#: From this height on the keys fit below the decisions.
_ROOM_PX: Final = 840
#: What is printed on the panel: words, and the actions whose keys are told.
KEY_GROUPS: Final = (
    ("BI-RADS 0 to 3", ("birads_0", "birads_1", "birads_2", "birads_3")),
    ("BI-RADS 4, 5, 6", ("birads_4", "birads_5", "birads_6")),
    ("BI-RADS 4A, 4B, 4C", ("birads_4a", "birads_4b", "birads_4c")),
    ("for the right, both, the left", ("breast_right", "breast_both", "breast_left")),
    ("suspicion less, more (reader study)", ("suspicion_less", "suspicion_more")),
    ("density a to d", ("density_a", "density_b", "density_c", "density_d")),
    ("recall, no recall", ("recall", "no_recall")),
    ("commit, then sign", ("take_step",)),
    ("reveal the AI", ("reveal_ai",)),
    ("AI marks, scores, hide all", ("ai_marks", "ai_scores", "ai_hide")),
    ("next case, the one before", ("next_case", "previous_case")),
)


class DecisionPanel(QWidget):
    """The reader's decisions on the case on the table.

    Parameters
    ----------
    reading
        Where the case lies; every change goes there.
    sign_off
        Shared with the report.
    keys
        Printed at the end of the panel.
    ask_density
        None where nothing measures.

    Attributes
    ----------
    focus
        The breast that the keys of the categories are for; None for both.
    """

    #: Something stands in the way of the signature: it is told in the report.
    remarks_wanted = Signal()
    _measured = Signal(str, object)

    def __init__(
        self,
        reading: ReadingDesk,
        sign_off: SignOff,
        keys: KeyBinding,
        *,
        ask_density: AskDensity | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._reading, self._sign_off, self._ask_density = reading, sign_off, ask_density
        self.focus: Laterality | None = None
        self._densities: dict[str, DensityRead | None] = {}
        self.state = WrappedLabel()
        self.boxes = {side: BreastBox(side) for side in _SIDES}
        self.density = DensityRow()
        self.quality = QualityRow()
        self.key_map = KeyMap(keys, KEY_GROUPS)
        self.note = WrappedLabel()
        self.step = QPushButton()
        self.step.setObjectName("step")
        self.reveal, self.sign, self.next = QPushButton("Reveal AI"), QPushButton("Sign"), QPushButton("Next case")
        self._lay_out()
        self._connect()
        self.show_case(reading.case)

    # Building

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(6)
        breasts = QHBoxLayout()
        breasts.setSpacing(4)
        for box in self.boxes.values():
            breasts.addWidget(box, 1, Qt.AlignmentFlag.AlignTop)
        column.addLayout(breasts)
        column.addWidget(self.density)
        column.addWidget(QLabel("Image quality"))
        column.addWidget(self.quality)
        column.addWidget(self.key_map)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidget(inner)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.reveal, self.sign, self.next):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setObjectName("narrow")
            buttons.addWidget(button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.setSpacing(4)
        whole.addWidget(self.state)
        whole.addWidget(self.area, 1)
        whole.addWidget(self.note)
        whole.addWidget(self.step)
        whole.addLayout(buttons)

    def _connect(self) -> None:
        for side, box in self.boxes.items():
            box.assessed.connect(partial(self._decide, side, changes.assess, "category"))
            box.recalled.connect(partial(self._decide, side, changes.recall, "recall"))
            box.recommended.connect(partial(self._decide, side, changes.recommend, "recommendation"))
            box.suspected.connect(partial(self._decide, side, changes.suspect, "suspicion"))
            box.focus_wanted.connect(partial(self._toggle_focus, side))
        self.density.chosen.connect(self.choose_density)
        self.quality.noted.connect(self._note_quality)
        self.step.clicked.connect(self._sign_off.step)
        self.reveal.clicked.connect(lambda: self._reading.reveal())
        self.sign.clicked.connect(self._sign_off.ask)
        self.next.clicked.connect(lambda: self._reading.next_case())
        self._sign_off.asked.connect(self._show_questions)
        self._sign_off.blocked.connect(self._show_blockers)
        self._reading.case_changed.connect(self.show_case)
        self._reading.settling.connect(self.settle)
        self._reading.stored_changed.connect(lambda _is_stored: self._show_state())
        self._measured.connect(self._take_measured)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.key_map.set_room(has_room=event.size().height() >= theme.px(_ROOM_PX))

    # What is shown

    def show_case(self, case: Case | None) -> None:
        """Show where a case stands and what is decided; None where there is none."""
        can_change = case is not None and not case.is_read_only
        sides = case.draft.exam.sides if case is not None and case.draft.exam.sides else _SIDES
        if self.focus not in sides or case is None:
            self.focus = None
        for side, box in self.boxes.items():
            box.setVisible(side in sides)
            box.show_decision(
                case.draft.breast(side) if case is not None else None,
                can_change=case is not None and can_change and not case.is_decided,
                asks_suspicion=case is not None and asks_suspicion(case),
            )
        self._show_focus()
        self.density.show_density(case, self._density_of(case), can_change=can_change)
        self.quality.show_notes(
            case.draft.exam.images if case is not None else (),
            case.draft.quality if case is not None else (),
            can_change=can_change,
        )
        self._show_state()
        self._show_steps(case)
        if case is not None and may_tell(case):
            self._measure(case)

    def _show_state(self) -> None:
        lines = state_lines(self._reading.case)
        if not self._reading.is_stored:
            lines = (*lines, "Not stored yet …")
        self.state.setText("\n".join(lines[-_MOST_STATE_LINES:]))

    def _show_steps(self, case: Case | None) -> None:
        next_step = offer(case)
        is_asking = bool(self._sign_off.questions)
        self.step.setText("Sign now" if is_asking else next_step.text)
        self.step.setEnabled(next_step.step is not Step.NOTHING and not next_step.hindrance)
        if not is_asking:
            self._say(next_step.hindrance)
        hindrance = reveal_hindrance(case)
        self.reveal.setEnabled(not hindrance)
        self.reveal.setText("AI revealed" if case is not None and case.is_revealed else "Reveal AI")
        self.reveal.setToolTip(hindrance or "Show what the AI found; the time is recorded.")
        self.sign.setEnabled(next_step.step is Step.SIGN)
        self.next.setEnabled(case is not None)

    def _show_questions(self, questions: tuple[str, ...]) -> None:
        self._show_steps(self._reading.case)
        if questions:
            self._say("Before you sign: " + " ".join(questions), is_loud=True)

    def _show_blockers(self, blockers: tuple[Remark, ...]) -> None:
        more = f" And {len(blockers) - 1} more, told in the report." if len(blockers) > 1 else ""
        self._say(f"{blockers[0].message} {blockers[0].hint}{more}", is_loud=True)
        self.remarks_wanted.emit()

    def _say(self, text: str, *, is_loud: bool = False) -> None:
        self.note.setObjectName("loud" if is_loud else "quiet")
        theme.restyle(self.note)
        self.note.setText(text)
        self.note.setVisible(bool(text))

    # Which breast the keys are for

    def set_focus(self, side: Laterality | None) -> None:
        """Give the keys of the categories to one breast; None gives them to both."""
        case = self._reading.case
        if side is None or (case is not None and side in case.draft.exam.sides):
            self.focus = side
            self._show_focus()

    def _toggle_focus(self, side: Laterality) -> None:
        self.set_focus(None if self.focus is side else side)
        self._show_focus()

    def _show_focus(self) -> None:
        for side, box in self.boxes.items():
            box.set_focused(is_focused=self.focus in (None, side))

    # What is decided

    def assess(self, category: Assessment) -> None:
        """Give a category to the breast that has the keys, or to both."""
        side = self.focus
        if side is None:
            self._change(lambda draft: changes.assess_all(draft, category), "category")
        else:
            self._change(lambda draft: changes.assess(draft, side, category), "category")

    def recall(self, *, is_recalled: bool) -> None:
        """Recall, or not, for the breast that has the keys, or for both."""
        focus = self.focus

        def recalled(draft: Draft) -> Draft:
            for side in draft.exam.sides if focus is None else (focus,):
                draft = changes.recall(draft, side, is_recalled)
            return draft

        self._change(recalled, "recall")

    def suspect_more(self, by: float) -> None:
        """Change the degree of suspicion of the breast that has the keys, or of both, in a reader study."""
        case, focus = self._reading.case, self.focus
        if case is None or not asks_suspicion(case):
            return
        self.settle()

        def suspected(draft: Draft) -> Draft:
            for side in draft.exam.sides if focus is None else (focus,):
                one = draft.breast(side)
                now = one.suspicion if one is not None and one.suspicion is not None else 0.0
                draft = changes.suspect(draft, side, min(100.0, max(0.0, now + by)))
            return draft

        self._change(suspected, "suspicion")

    def choose_density(self, grade: Density | None) -> None:
        """Take the reader's letter; what was measured is kept beside it."""
        measured = self._density_of(self._reading.case)

        def chosen(draft: Draft) -> Draft:
            read = None if grade is None else DensityRead(grade)
            if grade is not None and draft.density is not None:
                read = replace(draft.density, grade=grade)
            return changes.set_density(draft, read and (beside(read, measured) if measured is not None else read))

        self._change(chosen, "density")

    def settle(self) -> None:
        """Bring what is still being dragged into the draft."""
        for box in self.boxes.values():
            box.settle()

    def _decide(self, side: Laterality, how: Callable[..., Draft], text: str, value: object) -> None:
        self._change(lambda draft: how(draft, side, value), text)

    def _note_quality(self, image_id: str, faults: tuple[QualityFault, ...], needs_repeat: bool, comment: str) -> None:
        self._change(
            lambda draft: changes.note_quality(
                draft, image_id, faults, needs_repeat=needs_repeat and bool(faults), comment=comment
            ),
            "note on quality",
        )

    def _change(self, fn: Callable[[Draft], Draft], text: str) -> None:
        if not self._reading.change(fn, text):
            # Buttons went their own way when they were clicked.
            self.show_case(self._reading.case)

    # What is measured

    def _density_of(self, case: Case | None) -> DensityRead | None:
        return self._densities.get(case.uid) if case is not None else None

    def _measure(self, case: Case) -> None:
        """Ask once for what is measured, when the reader may know it."""
        read = case.draft.density
        if self._ask_density is None or case.uid in self._densities or (read is not None and read.proposed is not None):
            return
        self._densities[case.uid] = None
        uid = case.uid
        self._ask_density(uid, lambda told: self._measured.emit(uid, told))

    def _take_measured(self, uid: str, told: object) -> None:
        if not isinstance(told, DensityAnswer) or told.density is None:
            return
        measured = told.density.read()
        self._densities[uid] = measured
        self.density.told.setToolTip("\n".join(told.doubts))
        case = self._reading.case
        if case is None or case.uid != uid:
            return
        if case.draft.density is not None and not case.is_read_only:
            self._change(
                lambda draft: changes.set_density(
                    draft, beside(draft.density, measured) if draft.density is not None else None
                ),
                "measured density",
            )
        else:
            self.show_case(case)
