from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.errors import ReadingError
from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    Density,
    DensityRead,
    Discord,
    DiscordanceRule,
    QualityFault,
    QualityNote,
    ReaderDecision,
    ReaderRole,
    Recommendation,
    change,
    disagreements,
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


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("1", "1"), ("2", "1"), set()),
        (("1", "1"), ("4A", "1"), {Discord.RECALL, Discord.CATEGORY_GROUP}),
        (("4A", "1"), ("5", "1"), set()),
        (("3", "1"), ("4", "1"), {Discord.CATEGORY_GROUP}),
        (("0", "1"), ("4", "1"), {Discord.CATEGORY_GROUP}),
        (("recall", "no"), ("recall", "no"), set()),
        (("recall", "no"), ("recall", "recall"), {Discord.RECALL}),
        (("no", "no"), ("1", "2"), set()),
        (("no", "no"), ("1", "0"), {Discord.RECALL}),
    ],
)
def test_which_readings_need_an_arbiter(
    first: tuple[str, str], second: tuple[str, str], expected: set[Discord]
) -> None:
    forth = disagreements(decided(*first), decided(*second, reader="two"))
    back = disagreements(decided(*second, reader="two"), decided(*first))
    assert {found.discord for found in forth} == {found.discord for found in back} == expected


def test_the_arbiter_is_told_which_breast_and_what() -> None:
    found = disagreements(decided("no", "recall"), decided("recall", "recall", reader="two"))
    assert [entry.words for entry in found] == [
        "Right breast, recall: first reader no recall, second reader recall",
    ]


def test_a_technical_recall_by_one_reader_is_a_difference_of_the_whole_exam() -> None:
    (found,) = disagreements(decided("1", "1", quality=(REPEAT,)), decided("1", "1", reader="two"))
    assert (found.discord, found.side) == (Discord.TECHNICAL_RECALL, None)
    assert found.words.startswith("Whole exam, technical recall")
    noted = (replace(REPEAT, needs_repeat=False),)
    assert not disagreements(decided("1", "1", quality=noted), decided("1", "1", reader="two"))


def test_a_protocol_may_ask_for_more_or_less() -> None:
    one, two = decided("1", "4A"), decided("2", "4C", reader="two")
    every = disagreements(one, two, DiscordanceRule(frozenset(Discord)))
    assert [(found.side, found.first, found.second) for found in every] == [
        (Laterality.RIGHT, "BI-RADS 1", "BI-RADS 2"),
        (Laterality.LEFT, "BI-RADS 4A", "BI-RADS 4C"),
    ]
    assert not disagreements(decided("1", "1"), decided("5", "0", reader="two"), DiscordanceRule(frozenset()))


def test_readings_that_cannot_be_compared() -> None:
    whole = decided("1", "1")
    with pytest.raises(ReadingError, match="one reader"):
        disagreements(whole, whole)
    with pytest.raises(ReadingError, match="not complete"):
        disagreements(whole, decided("1", "", reader="two"))
    with pytest.raises(ReadingError, match="left breast"):
        disagreements(whole, replace(whole, reader="two", breasts=whole.breasts[:1]))


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
    before = decided("1", "3", seconds=40.0)
    after = decided("4A", "2", seconds=65.0, has_seen_ai=True)
    found = change(before, after)
    right, left = found.breasts
    assert (right.side, right.recall_change, right.category_change) == (Laterality.RIGHT, 1, 5)
    assert (left.side, left.recall_change, left.category_change) == (Laterality.LEFT, -1, -1)
    assert found.is_changed
    assert found.seconds == 25.0
    assert (found.before, found.after) == (before, after)


def test_a_reveal_may_change_nothing_or_the_density_alone() -> None:
    before = decided("1", "recall")
    after = replace(before, has_seen_ai=True)
    found = change(before, after)
    assert not found.is_changed
    assert found.breasts[1].category_change is None
    assert change(before, replace(after, density=DensityRead(Density.FATTY))).is_changed
    assert change(before, replace(after, quality=(REPEAT,))).is_changed


def test_decisions_that_are_no_before_and_after() -> None:
    before = decided("1", "1")
    after = replace(before, has_seen_ai=True)
    for one, two in ((after, before), (before, before), (after, after), (before, replace(after, reader="two"))):
        with pytest.raises(ReadingError):
            change(one, two)
