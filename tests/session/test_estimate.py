"""How long a job will still take: right when the pace is steady, silent when nobody can know."""

from __future__ import annotations

import pytest

from mammoview.session.estimate import Estimate, words_of


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_steady_job_is_estimated_and_a_start_does_not_count() -> None:
    clock = Clock()
    estimate = Estimate(clock)
    for fraction in (0.0, 0.0, 0.1, 0.2, 0.3):
        estimate.tell(fraction)
        clock.now += 40.0 if fraction == 0.0 else 4.0
    # Seven tenths at a tenth in 4 s, of which 4 s have gone by since.
    assert estimate.seconds_left == pytest.approx(24.0)
    assert estimate.words == "about 25 s left"


def test_nothing_is_said_before_it_can_be_known() -> None:
    clock = Clock()
    estimate = Estimate(clock)
    assert estimate.words == ""
    for fraction in (0.1, 0.2):
        clock.now += 5.0
        estimate.tell(fraction)
        assert estimate.seconds_left is None
    clock.now += 5.0
    estimate.tell(0.3)
    assert estimate.seconds_left == pytest.approx(35.0)
    quick = Estimate(clock)
    for fraction in (0.1, 0.2, 0.3, 0.4):
        clock.now += 0.1
        quick.tell(fraction)
    assert quick.words == ""


def test_a_job_that_stands_still_or_begins_anew_has_no_estimate() -> None:
    clock = Clock()
    estimate = Estimate(clock)
    for fraction in (0.1, 0.2, 0.3):
        clock.now += 3.0
        estimate.tell(fraction)
    assert estimate.words
    clock.now += 60.0
    estimate.tell(0.3)
    assert estimate.words == ""
    estimate.tell(0.05)
    assert estimate.words == ""


def test_the_pace_is_the_latest_one() -> None:
    clock = Clock()
    estimate = Estimate(clock)
    # The first half in a second, the rest at one percent a second.
    for fraction in (0.1, 0.5, *(0.5 + step / 100 for step in range(1, 41))):
        estimate.tell(fraction)
        clock.now += 1.0
    assert estimate.seconds_left == pytest.approx(9.0, abs=0.5)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "a few seconds left"),
        (12.0, "about 10 s left"),
        (41.0, "about 40 s left"),
        (100.0, "about 2 min left"),
        (3500.0, "about 58 min left"),
        (7300.0, "about 2 h left"),
    ],
)
def test_words_are_as_exact_as_an_estimate_can_be(seconds: float, words: str) -> None:
    assert words_of(seconds) == words
