"""Where a case stands, in words, and what can be done next. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from mammoview.core.reading import BreastDecision, ReaderDecision, RevealProtocol
from mammoview.core.study import Laterality
from mammoview.report.breast_report.checks import remarks
from mammoview.report.breast_report.values import Draft
from mammoview.report.documents import DECISION, from_json
from mammoview.session.reading.case import Case
from mammoview.session.worklist.protocol import CaseDecision, ReadingMode
from mammoview.session.worklist.readings import Reading

SIDE_WORDS: Final = {Laterality.RIGHT: "right", Laterality.LEFT: "left"}
_ORDINALS: Final = ("first read", "second read", "arbitration")


class Step(Enum):
    """What the big button and Enter do."""

    NOTHING = "nothing"
    COMMIT = "commit"
    SIGN = "sign"
    NEXT = "next"


@dataclass(frozen=True)
class Offer:
    """The next step: what it is, the button's text, and why it cannot be taken; empty where it can."""

    step: Step
    text: str
    hindrance: str = ""


def offer(case: Case | None) -> Offer:
    """What comes next for a case."""
    if case is None:
        return Offer(Step.NOTHING, "No case is open", "Open one from the worklist.")
    if case.holder is not None:
        return Offer(Step.NEXT, "Next case")
    if case.reading is None or (case.is_signed and not case.is_amending):
        return Offer(Step.NEXT, "Next case")
    if case.is_amending:
        version = case.signed.version + 1 if case.signed is not None else 2
        return Offer(Step.SIGN, f"Sign amendment, version {version}")
    if case.is_committed:
        return Offer(Step.SIGN, "Sign report")
    hindrance = _undecided(case.draft) or (_unrated(case.draft) if asks_suspicion(case) else "")
    return Offer(Step.COMMIT, f"Commit {read_words(case)}", hindrance)


def asks_suspicion(case: Case) -> bool:
    """Whether readers say how sure they are of a malignancy: reader studies compare that number."""
    return case.reading is not None and case.reading.protocol.reading is ReadingMode.READER_STUDY


def read_words(case: Case) -> str:
    """Which read it is: ``first read``, ``second read``, ``arbitration``."""
    reading = case.reading
    if reading is None or reading.protocol.reading is not ReadingMode.DOUBLE:
        return "first read" if case.protocol is RevealProtocol.AFTER_FIRST_READ else "decision"
    return _ORDINALS[min(reading.place, len(_ORDINALS)) - 1]


def _undecided(draft: Draft) -> str:
    sides = [SIDE_WORDS[side] for side in draft.exam.sides if not _is_decided(draft.breast(side))]
    if not draft.exam.sides:
        return "No image says which breast it shows."
    if len(sides) == 2:
        return "Give both breasts their category."
    return f"Give the {sides[0]} breast its category." if sides else ""


def _unrated(draft: Draft) -> str:
    sides = [SIDE_WORDS[one.side] for one in draft.breasts if one.suspicion is None]
    if len(sides) == 2:
        return "Say how suspicious each breast is."
    return f"Say how suspicious the {sides[0]} breast is." if sides else ""


def _is_decided(decision: BreastDecision | None) -> bool:
    return decision is not None and decision.is_complete


def reveal_hindrance(case: Case | None) -> str:
    """Why the AI cannot be revealed now; empty where it can, or is."""
    if case is None:
        return "No case is open."
    if case.is_revealed:
        return "The AI is revealed."
    if case.protocol is RevealProtocol.NEVER:
        return "This worklist is read without the AI."
    if case.protocol is RevealProtocol.AFTER_FIRST_READ and case.reading is not None and not case.is_committed:
        return f"The AI is seen after you committed your {read_words(case)}."
    return ""


def state_lines(case: Case | None) -> tuple[str, ...]:
    """Where a case stands: one line for each thing that has happened, in its order."""
    if case is None:
        return ("No case is open. Open one from the worklist.",)
    reading, lines = case.reading, []
    if case.holder is not None:
        lines.append("Another window works on this case: read only here.")
    elif reading is None:
        lines.append("Read by others: you may look, and change nothing.")
    if reading is None:
        return (*lines, *_revealed(case))
    steps = [_committed(case, reading), *_revealed(case)]
    if is_with_ai(reading):
        steps.reverse()
    if case.others and reading.protocol.reading is ReadingMode.DOUBLE and reading.place == len(_ORDINALS):
        lines.append("The readers disagree: both decisions are in the report.")
    lines += [*filter(None, steps), *changed_lines(case)]
    if case.is_amending and case.amends is not None:
        lines.append(f"Amending version {case.amends.original.version}: {case.amends.reason}")
    elif case.is_signed and case.signed is not None:
        lines.append(f"Signed {moment(case.signed.signed_at)}, version {case.signed.version}")
    return tuple(lines)


def is_with_ai(reading: Reading) -> bool:
    """Whether the AI was in view before anything was committed."""
    revealed, committed = reading.revealed_at, reading.committed_at
    return revealed is not None and (committed is None or revealed < committed)


def _committed(case: Case, reading: Reading) -> str:
    if reading.committed_at is not None:
        when = "with the AI in view" if is_with_ai(reading) else "before the AI"
        when = "without the AI" if case.protocol is RevealProtocol.NEVER else when
        return f"{read_words(case).capitalize()} committed {moment(reading.committed_at)}, {when}"
    if is_with_ai(reading):
        return f"{read_words(case).capitalize()} not committed"
    if case.protocol is RevealProtocol.NEVER:
        return "Read without the AI; not committed"
    return f"Before the AI; {read_words(case)} not committed"


def _revealed(case: Case) -> list[str]:
    at = case.reading.revealed_at if case.reading is not None else None
    if at is not None:
        return [f"AI revealed {moment(at)}"]
    if case.is_revealed:
        return ["AI revealed"]
    if case.is_committed and case.protocol is not RevealProtocol.NEVER:
        return ["AI not revealed"]
    return []


def first_decision(case: Case) -> ReaderDecision | None:
    """What the reader committed before the AI was seen; None where nothing was."""
    before = case.reading.before if case.reading is not None else None
    return decision_of(before)


def decision_of(stored: CaseDecision | None) -> ReaderDecision | None:
    """The whole decision behind what the worklist keeps of it; None where it keeps no more than the outcome."""
    if stored is None or stored.content == "{}":
        return None
    return from_json(DECISION, stored.content)


def changed_lines(case: Case) -> list[str]:
    """What was decided differently since the first read, a line for each breast; or that nothing was."""
    before = first_decision(case)
    if before is None or not case.is_revealed:
        return []
    lines = []
    for one in before.breasts:
        now = case.draft.breast(one.side) or BreastDecision(one.side)
        parts = changes_between(one, now)
        if parts:
            lines.append(f"Since the AI, {SIDE_WORDS[one.side]}: {'; '.join(parts)}")
    return lines or ["Since the AI: no change"]


def changes_between(before: BreastDecision, after: BreastDecision) -> list[str]:
    """What differs between two decisions on one breast, each as ``before → after``."""
    parts = []
    if before.assessment is not after.assessment:
        parts.append(f"BI-RADS {before.assessment or '–'} → {after.assessment or '–'}")
    if before.calls_back is not after.calls_back:
        parts.append(f"{recall_words(before.calls_back)} → {recall_words(after.calls_back)}")
    if before.recommendations != after.recommendations:
        parts.append(f"{listed(before.recommendations)} → {listed(after.recommendations)}")
    if before.suspicion != after.suspicion:
        parts.append(f"suspicion {_number(before.suspicion)} → {_number(after.suspicion)}")
    return parts


def recall_words(is_recall: bool | None) -> str:
    """In words."""
    return {None: "recall open", True: "recall", False: "no recall"}[is_recall]


def listed(words: tuple[str, ...]) -> str:
    """Words in a row, or that there is none."""
    return ", ".join(words) or "nothing recommended"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def sign_questions(case: Case) -> tuple[str, ...]:
    """What a reader is asked once more before a signature; empty where nothing speaks for asking.

    Whoever looked at the AI after committing did so between the two keys: there, one key is enough.
    """
    asked = [remark.message for remark in remarks(case.draft) if not remark.blocks]
    reading = case.reading
    if not case.is_revealed and not case.is_amending and case.protocol is not RevealProtocol.NEVER:
        asked.insert(0, "The AI was not revealed.")
    has_paused = (
        reading is not None
        and reading.revealed_at is not None
        and reading.committed_at is not None
        and reading.revealed_at > reading.committed_at
    )
    return tuple(asked) if asked or has_paused else ("A signed report is locked; it can only be amended.",)


def moment(text: str) -> str:
    """A moment by this machine's clock: ``09:31`` today, ``2026-03-14 09:31`` on another day."""
    local = datetime.fromisoformat(text).astimezone()
    today = datetime.now().astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
