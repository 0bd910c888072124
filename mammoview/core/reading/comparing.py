"""Two decisions side by side: of two readers, or of one reader before and after the AI was revealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mammoview.core.errors import ReadingError
from mammoview.core.reading.decisions import BreastDecision, ReaderDecision
from mammoview.core.study import Laterality

_SIDE_WORDS = {Laterality.RIGHT: "right breast", Laterality.LEFT: "left breast"}


class Discord(StrEnum):
    """What two readings can differ in so that a third reader must decide."""

    RECALL = "recall"
    CATEGORY_GROUP = "category group"
    CATEGORY = "category"
    TECHNICAL_RECALL = "technical recall"


@dataclass(frozen=True)
class DiscordanceRule:
    """Which differences call for arbitration. A protocol may hold another one.

    Attributes
    ----------
    by
        The default is recall against no recall, BI-RADS categories of different groups, and technical recall by one
        reader only.
    """

    by: frozenset[Discord] = field(
        default=frozenset({Discord.RECALL, Discord.CATEGORY_GROUP, Discord.TECHNICAL_RECALL})
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


def disagreements(
    first: ReaderDecision, second: ReaderDecision, rule: DiscordanceRule | None = None
) -> tuple[Disagreement, ...]:
    """What two readings differ in, as far as the rule asks; arbitration is needed where anything is returned.

    Recall and category are compared for a breast where both readers said them; where one said recall only, the other's
    category is taken for what it means.

    Parameters
    ----------
    first, second
        Complete decisions of two readers on one study.
    rule
        None for the default.

    Raises
    ------
    ReadingError
        When one is incomplete, both are of one reader, or a breast lacks one of the two.
    """
    asked = (rule or DiscordanceRule()).by
    if first.reader == second.reader:
        raise ReadingError("Both decisions are of one reader.", "The second read is for another reader.")
    found: list[Disagreement] = []
    for one, other in _pairs(first, second):
        found += [
            Disagreement(discord, one.side, left, right)
            for discord, left, right in _compared(one, other)
            if discord in asked and left != right
        ]
    technical = [_yes(decision.is_technical_recall, "technical recall") for decision in (first, second)]
    if Discord.TECHNICAL_RECALL in asked and technical[0] != technical[1]:
        found.append(Disagreement(Discord.TECHNICAL_RECALL, None, *technical))
    return tuple(found)


def _pairs(first: ReaderDecision, second: ReaderDecision) -> list[tuple[BreastDecision, BreastDecision]]:
    if not (first.is_complete and second.is_complete):
        raise ReadingError("A decision is not complete.", "Compare the readings when both readers have decided.")
    pairs = []
    for side in (Laterality.RIGHT, Laterality.LEFT):
        one, other = first.breast(side), second.breast(side)
        if (one is None) != (other is None):
            raise ReadingError(
                f"Only one reader decided for the {_SIDE_WORDS[side]}.", "Ask the other reader to decide for it."
            )
        if one is not None and other is not None:
            pairs.append((one, other))
    return pairs


def _compared(one: BreastDecision, other: BreastDecision) -> list[tuple[Discord, str, str]]:
    rows = [(Discord.RECALL, _yes(one.calls_back, "recall"), _yes(other.calls_back, "recall"))]
    if one.assessment is not None and other.assessment is not None:
        rows.append((Discord.CATEGORY_GROUP, one.assessment.group.value, other.assessment.group.value))
        rows.append((Discord.CATEGORY, f"BI-RADS {one.assessment}", f"BI-RADS {other.assessment}"))
    return rows


def _yes(is_so: bool | None, word: str) -> str:
    return word if is_so else f"no {word}"


@dataclass(frozen=True)
class BreastChange:
    """One breast before and after the AI was revealed."""

    side: Laterality
    before: BreastDecision
    after: BreastDecision

    @property
    def is_changed(self) -> bool:
        """Whether anything was decided differently."""
        return self.before != self.after

    @property
    def recall_change(self) -> int:
        """1 where the reader recalls since the reveal, −1 where no longer, 0 otherwise."""
        return int(bool(self.after.calls_back)) - int(bool(self.before.calls_back))

    @property
    def category_change(self) -> int | None:
        """Steps of `Assessment.rank`, up or down; None where a category is missing."""
        if self.before.assessment is None or self.after.assessment is None:
            return None
        return self.after.assessment.rank - self.before.assessment.rank


@dataclass(frozen=True)
class DecisionChange:
    """What the AI changed in a reader's decision; both decisions are kept."""

    before: ReaderDecision
    after: ReaderDecision
    breasts: tuple[BreastChange, ...]

    @property
    def is_changed(self) -> bool:
        """Whether any breast, the density or the technical recall was decided differently."""
        return (
            any(breast.is_changed for breast in self.breasts)
            or self.before.density != self.after.density
            or self.before.is_technical_recall != self.after.is_technical_recall
        )

    @property
    def seconds(self) -> float:
        """Time from the first decision to the second, as the reader's own clock of the case counts it."""
        return self.after.seconds - self.before.seconds


def change(before: ReaderDecision, after: ReaderDecision) -> DecisionChange:
    """Put a reader's decisions before and after the reveal side by side.

    Raises
    ------
    ReadingError
        When they are of two readers, of two sets of breasts, or the order of the reveal is not theirs.
    """
    if before.reader != after.reader:
        raise ReadingError("The two decisions are of two readers.", "Compare decisions of one reader.")
    if before.has_seen_ai or not after.has_seen_ai:
        raise ReadingError(
            "The decisions do not lie before and after the reveal.",
            "The first must be without the AI, the second with.",
        )
    rows = tuple(BreastChange(one.side, one, other) for one, other in _pairs(before, after))
    return DecisionChange(before, after, rows)
