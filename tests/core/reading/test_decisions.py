from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.errors import ReadingError
from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    Density,
    DensityRead,
    Disagreement,
    Discord,
    Discordance,
    QualityFault,
    QualityNote,
    ReaderDecision,
    ReaderRole,
    Recommendation,
    difference,
    disagreements,
    needs_arbiter,
    outcome_of,
)
from mammoview.core.study import Laterality

TIME = "2026-03-14T09:30:00+00:00"
REPEAT = QualityNote("1.2", "LMLO", (QualityFault.MOTION,), needs_repeat=True)


def decided(right: str, left: str, reader: str = "one", **changes: object) -> ReaderDecision:
    """Categories, or ``recall`` and ``no``, of both breasts."""

    def breast(side: Laterality, word: str) -> BreastDecision:
        if word in {"recall", "no"}:
            return BreastDecision(side, is_recalled=word == "recall")
        return BreastDecision(side, Assessment(word) if word else None)

    both = (breast(Laterality.RIGHT, right), breast(Laterality.LEFT, left))
    return replace(ReaderDecision(reader, ReaderRole.FIRST, TIME, both), **changes)  # type: ignore[arg-type]


def compared(first: ReaderDecision, second: ReaderDecision) -> tuple[Disagreement, ...]:
    return disagreements(outcome_of(first), outcome_of(second))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("1", "1"), ("1", "1"), set()),
        (("1", "1"), ("2", "1"), {Discord.CATEGORY}),
        (("1", "1"), ("4A", "1"), {Discord.RECALL, Discord.CATEGORY}),
        (("4A", "1"), ("5", "1"), {Discord.CATEGORY}),
        (("0", "1"), ("4", "1"), {Discord.CATEGORY}),
        (("recall", "no"), ("recall", "no"), set()),
        (("recall", "no"), ("recall", "recall"), {Discord.RECALL}),
        (("no", "no"), ("1", "2"), set()),
        (("no", "no"), ("1", "0"), {Discord.RECALL}),
    ],
)
def test_what_two_readings_differ_in(first: tuple[str, str], second: tuple[str, str], expected: set[Discord]) -> None:
    forth = compared(decided(*first), decided(*second, reader="two"))
    back = compared(decided(*second, reader="two"), decided(*first))
    assert {found.discord for found in forth} == {found.discord for found in back} == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("1", "1"), ("2", "2"), {Discordance.CATEGORY}),
        (("4A", "1"), ("1", "4A"), {Discordance.SIDE, Discordance.CATEGORY}),
        (("1", "1"), ("1", "0"), set(Discordance)),
        (("no", "no"), ("1", "2"), set()),
    ],
)
def test_which_rule_calls_for_an_arbiter(
    first: tuple[str, str], second: tuple[str, str], expected: set[Discordance]
) -> None:
    one, other = outcome_of(decided(*first)), outcome_of(decided(*second))
    assert {rule for rule in Discordance if needs_arbiter(one, other, rule)} == expected
    assert {rule for rule in Discordance if needs_arbiter(other, one, rule)} == expected


def test_a_repeat_and_a_recall_both_bring_the_woman_back() -> None:
    repeat, recall = outcome_of(decided("1", "1", quality=(REPEAT,))), outcome_of(decided("1", "0"))
    assert not needs_arbiter(repeat, recall, Discordance.RECALL)
    assert needs_arbiter(repeat, recall, Discordance.SIDE)


def test_the_arbiter_is_told_which_breast_and_what() -> None:
    found = compared(decided("no", "recall"), decided("recall", "recall", reader="two"))
    assert [entry.words for entry in found] == [
        "Right breast, recall: first reader no recall, second reader recall",
    ]
    (category,) = compared(decided("1", "4A"), decided("1", "4C"))
    assert category.words == "Left breast, category: first reader BI-RADS 4A, second reader BI-RADS 4C"


def test_a_technical_recall_by_one_reader_is_a_difference_of_the_whole_exam() -> None:
    (found,) = compared(decided("1", "1", quality=(REPEAT,)), decided("1", "1", reader="two"))
    assert (found.discord, found.side) == (Discord.TECHNICAL_RECALL, None)
    assert found.words.startswith("Whole exam, technical recall")
    noted = (replace(REPEAT, needs_repeat=False),)
    assert not compared(decided("1", "1", quality=noted), decided("1", "1", reader="two"))


def test_a_breast_that_was_not_imaged_is_no_difference() -> None:
    whole = decided("1", "1")
    assert not compared(whole, replace(whole, breasts=whole.breasts[:1]))


@pytest.mark.parametrize(
    ("category", "calls_back"),
    [("0", True), ("1", False), ("2", False), ("3", True), ("4", True), ("4B", True), ("5", True), ("6", False)],
)
def test_what_a_category_means_for_recall(category: str, calls_back: bool) -> None:
    assert BreastDecision(Laterality.LEFT, Assessment(category)).calls_back is calls_back
    # What the reader says goes before what the category means.
    said = BreastDecision(Laterality.LEFT, Assessment(category), is_recalled=not calls_back)
    assert said.calls_back is not calls_back


def test_nothing_said_means_nothing() -> None:
    assert BreastDecision(Laterality.LEFT).calls_back is None
    assert not BreastDecision(Laterality.LEFT).is_complete


@pytest.mark.parametrize(
    "make",
    [
        lambda: BreastDecision(Laterality.LEFT, suspicion=101),
        lambda: BreastDecision(Laterality.LEFT, recommendations=(Recommendation.MRI, Recommendation.MRI)),
        lambda: DensityRead(Density.FATTY, percent=-0.1),
        lambda: decided("1", "1", reader=" "),
        lambda: decided("1", "1", time="today"),
        lambda: decided("1", "1", seconds=-1.0),
        lambda: decided("1", "1", breasts=()),
        lambda: decided("1", "1", breasts=(BreastDecision(Laterality.LEFT),) * 2),
    ],
)
def test_decisions_that_cannot_be(make: object) -> None:
    with pytest.raises(ReadingError):
        make()  # type: ignore[operator]


def test_an_override_is_another_grade_than_was_proposed() -> None:
    assert DensityRead(Density.SCATTERED, Density.FATTY, 12.0).is_overridden
    assert not DensityRead(Density.FATTY, Density.FATTY, 12.0).is_overridden
    assert not DensityRead(Density.FATTY).is_overridden


def test_what_the_reveal_changed() -> None:
    before, after = outcome_of(decided("1", "3")), outcome_of(decided("4A", "2", quality=(REPEAT,), has_seen_ai=True))
    found = difference(before, after)
    assert (found.right, found.left) == (("1", "4A"), ("3", "2"))
    assert found.recall is None, "recalled either way"
    assert found.technical_recall == (False, True)
    assert not found.is_none
    assert difference(before, outcome_of(decided("1", "2"))).recall == (True, False)
    assert difference(before, before).is_none
