"""A score's company, in words."""

from __future__ import annotations

from mammoview.core.score_words import families, family, spread_words


def test_nets_of_one_cross_validation_are_told_together() -> None:
    assert families(["a-1", "a-2", "b-net", "a-3", "c-7"]) == "3 × a, b-net, c-7"
    assert families([]) == ""
    assert family(["a-1@2"]) == "a-1@2"
    assert family(["a-1@2", "a-2@2"]) == "2 × a"


def test_nothing_is_said_of_a_spread_that_was_not_measured() -> None:
    assert spread_words(None, "4 flips") == ""
    assert spread_words(0.061, "4 flips × 3 models") == "spread ±0.06 over 4 flips × 3 models"
