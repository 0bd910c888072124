"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from mammoview.core.amounts import counted, grouped


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs"), (12345, "12\u202f345 epochs")]
)
def test_one_of_a_thing_is_told_in_the_singular(number: int, told: str) -> None:
    assert counted(number, "epoch") == told


def test_nouns_of_their_own_plural_and_numbers_alone() -> None:
    assert counted(1, "study", "studies") == "1 study"
    assert counted(3, "study", "studies") == "3 studies"
    assert grouped(1000) == "1\u202f000"
