"""Deciding on a case of the worklist."""

from __future__ import annotations

from typing import Final

from mammoview.core.reading import Assessment, Density
from mammoview.core.study import Laterality
from mammoview.session.reading.case import Case
from mammoview.ui.actions import decide as rows
from mammoview.ui.desk import Desk

_SUSPICION_STEP: Final = 10.0


class DecideCommands:
    """What is decided in the Reading menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        for identity in rows.IDS:
            # A key that is held down must not commit and sign at once.
            desk.actions[identity].setAutoRepeat(False)
        self._is_awake = True
        desk.reading.case_changed.connect(self._follow)
        self._follow(desk.reading.case)

    def _follow(self, case: Case | None) -> None:
        if (case is not None) is self._is_awake:
            return
        self._is_awake = case is not None
        for identity in rows.IDS:
            self._desk.actions[identity].setEnabled(self._is_awake)
        self._desk.keys.set_asleep(rows.IDS, is_asleep=case is None)

    def do_birads_0(self) -> None:
        self._desk.decision.assess(Assessment.INCOMPLETE)

    def do_birads_1(self) -> None:
        self._desk.decision.assess(Assessment.NEGATIVE)

    def do_birads_2(self) -> None:
        self._desk.decision.assess(Assessment.BENIGN)

    def do_birads_3(self) -> None:
        self._desk.decision.assess(Assessment.PROBABLY_BENIGN)

    def do_birads_4(self) -> None:
        self._desk.decision.assess(Assessment.SUSPICIOUS)

    def do_birads_4a(self) -> None:
        self._desk.decision.assess(Assessment.LOW_SUSPICION)

    def do_birads_4b(self) -> None:
        self._desk.decision.assess(Assessment.MODERATE_SUSPICION)

    def do_birads_4c(self) -> None:
        self._desk.decision.assess(Assessment.HIGH_SUSPICION)

    def do_birads_5(self) -> None:
        self._desk.decision.assess(Assessment.HIGHLY_SUGGESTIVE)

    def do_birads_6(self) -> None:
        self._desk.decision.assess(Assessment.KNOWN_MALIGNANCY)

    def do_suspicion_less(self) -> None:
        self._desk.decision.suspect_more(-_SUSPICION_STEP)

    def do_suspicion_more(self) -> None:
        self._desk.decision.suspect_more(_SUSPICION_STEP)

    def do_density_a(self) -> None:
        self._desk.decision.choose_density(Density.FATTY)

    def do_density_b(self) -> None:
        self._desk.decision.choose_density(Density.SCATTERED)

    def do_density_c(self) -> None:
        self._desk.decision.choose_density(Density.HETEROGENEOUS)

    def do_density_d(self) -> None:
        self._desk.decision.choose_density(Density.EXTREME)

    def do_breast_right(self) -> None:
        self._desk.decision.set_focus(Laterality.RIGHT)

    def do_breast_both(self) -> None:
        self._desk.decision.set_focus(None)

    def do_breast_left(self) -> None:
        self._desk.decision.set_focus(Laterality.LEFT)

    def do_recall(self) -> None:
        self._desk.decision.recall(is_recalled=True)

    def do_no_recall(self) -> None:
        self._desk.decision.recall(is_recalled=False)

    def do_take_step(self) -> None:
        self._desk.sign_off.step()

    def do_reveal_ai(self) -> None:
        case = self._desk.reading.case
        if case is not None and not case.is_revealed:
            self._desk.reading.reveal()

    def do_sign_report(self) -> None:
        self._desk.sign_off.ask()

    def do_next_case(self) -> None:
        self._desk.reading.next_case()

    def do_previous_case(self) -> None:
        self._desk.reading.previous_case()
