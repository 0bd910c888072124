"""Two decisions side by side: of two readers, or of one reader before and after the AI was revealed.

Both are compared as `Outcome`: the one form in which everything that can differ between two decisions is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mammoview.core.reading.decisions import ReaderDecision
from mammoview.core.study import Laterality

_T = TypeVar("_T")
_SIDE_WORDS = {Laterality.RIGHT: "right breast", Laterality.LEFT: "left breast"}


class Discordance(StrEnum):
    """When two readers disagree so that a third one must decide. The values are stored.

    About the recall of the woman, a repeat of an image included; or also about which breast she is recalled for; or
    also about a breast's category.
    """

    RECALL = "recall"
    SIDE = "side"
    CATEGORY = "category"


class Discord(StrEnum):
    """What two decisions can differ in."""

    RECALL = "recall"
    CATEGORY = "category"
    TECHNICAL_RECALL = "technical recall"


@dataclass(frozen=True)
class BreastOutcome:
    """What was decided on one breast.

    Attributes
    ----------
    category
        BI-RADS category as written, ``4A`` for example; empty where none was given.
    is_recall
        Whether the woman is asked to come back for it.
    """

    category: str = ""
    is_recall: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was decided on a case, as far as decisions are compared. A breast that was not imaged has no category.

    Attributes
    ----------
    is_technical_recall
        Whether an image must be taken again.
    """

    right: BreastOutcome = BreastOutcome()
    left: BreastOutcome = BreastOutcome()
    is_technical_recall: bool = False

    @property
    def is_recall(self) -> bool:
        """Whether either breast is recalled."""
        return self.right.is_recall or self.left.is_recall

    @property
    def breasts(self) -> tuple[tuple[Laterality, BreastOutcome], ...]:
        """Right, then left."""
        return (Laterality.RIGHT, self.right), (Laterality.LEFT, self.left)


def outcome_of(decision: ReaderDecision) -> Outcome:
    """What a reader's decision comes to."""
    breasts = {
        one.side: BreastOutcome(one.assessment.value if one.assessment else "", bool(one.calls_back))
        for one in decision.breasts
    }
    return Outcome(
        breasts.get(Laterality.RIGHT, BreastOutcome()),
        breasts.get(Laterality.LEFT, BreastOutcome()),
        decision.is_technical_recall,
    )


@dataclass(frozen=True)
class Disagreement:
    """One difference. ``side`` is None where it is none of one breast; ``first`` and ``second`` are in words."""

    discord: Discord
    side: Laterality | None
    first: str
    second: str

    @property
    def words(self) -> str:
        """One line for the arbiter: ``Right breast, recall: first reader no recall, second reader recall``."""
        place = "Whole exam" if self.side is None else _SIDE_WORDS[self.side].capitalize()
        return f"{place}, {self.discord}: first reader {self.first}, second reader {self.second}"


def disagreements(first: Outcome, second: Outcome) -> tuple[Disagreement, ...]:
    """Everything that two decisions differ in: breast by breast, then the whole exam.

    Categories are compared where both gave one: who says recall alone says nothing of a category.
    """
    found: list[Disagreement] = []
    for (side, one), (_, other) in zip(first.breasts, second.breasts, strict=True):
        if one.is_recall != other.is_recall:
            words = _yes(one.is_recall, "recall"), _yes(other.is_recall, "recall")
            found.append(Disagreement(Discord.RECALL, side, *words))
        if one.category and other.category and one.category != other.category:
            names = f"BI-RADS {one.category}", f"BI-RADS {other.category}"
            found.append(Disagreement(Discord.CATEGORY, side, *names))
    if first.is_technical_recall != second.is_technical_recall:
        repeats = [_yes(one.is_technical_recall, "technical recall") for one in (first, second)]
        found.append(Disagreement(Discord.TECHNICAL_RECALL, None, *repeats))
    return tuple(found)


def needs_arbiter(first: Outcome, second: Outcome, rule: Discordance) -> bool:
    """Whether a third reader must decide between two decisions."""
    if rule is Discordance.RECALL:
        return _comes_back(first) != _comes_back(second)
    asked = {Discord.RECALL, Discord.TECHNICAL_RECALL}
    if rule is Discordance.CATEGORY:
        asked.add(Discord.CATEGORY)
    return any(one.discord in asked for one in disagreements(first, second))


def _comes_back(outcome: Outcome) -> bool:
    return outcome.is_recall or outcome.is_technical_recall


def _yes(is_so: bool, word: str) -> str:
    return word if is_so else f"no {word}"


@dataclass(frozen=True)
class Difference:
    """How a decision changed after the AI was seen; pairs are (before, after), None where both agree."""

    recall: tuple[bool, bool] | None
    right: tuple[str, str] | None
    left: tuple[str, str] | None
    technical_recall: tuple[bool, bool] | None = None

    @property
    def is_none(self) -> bool:
        """Whether nothing changed."""
        return self == Difference(None, None, None)


def difference(before: Outcome, after: Outcome) -> Difference:
    """Compare a decision before and after the AI was seen."""
    return Difference(
        recall=_changed(before.is_recall, after.is_recall),
        right=_changed(before.right.category, after.right.category),
        left=_changed(before.left.category, after.left.category),
        technical_recall=_changed(before.is_technical_recall, after.is_technical_recall),
    )


def _changed(before: _T, after: _T) -> tuple[_T, _T] | None:
    return (before, after) if before != after else None
