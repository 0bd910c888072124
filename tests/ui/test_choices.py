from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow
from mammoview.session.gray_presets import GrayPreset
from mammoview.ui.viewport.choices import counterpart, current, offered
from mammoview.ui.viewport.voi import Adjustment

SOFT = VoiWindow(2000.0, 1000.0, VoiFunction.SIGMOID, "SOFT")
HARD = VoiWindow(2100.0, 500.0, explanation="HARD")
TABLE = VoiLut(0, 12, np.array([0, 4095], "<u2").tobytes(), "SOFT")
NAMELESS = VoiLut(0, 12, np.array([0, 4095], "<u2").tobytes())
COMPUTED = VoiWindow(1.0, 2.0, VoiFunction.LINEAR_EXACT, "computed")
GRAY = Grayscale(12, windows=(SOFT, VoiWindow(5, 0), HARD), luts=(TABLE, NAMELESS))
MINE = GrayPreset("Mine", 0.5, 0.1, is_own=True)


@pytest.mark.meets("MG-D01", "MG-D02")
def test_everything_that_the_header_offers_is_offered_by_its_name() -> None:
    choices = offered(GRAY, SOFT, COMPUTED, (GrayPreset("Firm", 0.8), MINE))
    assert [choice.label for choice in choices] == [
        "SOFT · window",
        "HARD · window",
        "SOFT · table",
        "Table 2 · table",
        "Computed",
        "Firm",
        "Mine",
    ]
    assert [choice.voi for choice in choices[:5]] == [SOFT, HARD, TABLE, NAMELESS, COMPUTED]
    # Presets change what the image begins with.
    assert [(choice.voi, choice.adjustment) for choice in choices[5:]] == [
        (SOFT, Adjustment(0.0, 0.8)),
        (SOFT, Adjustment(0.1, 0.5)),
    ]
    assert len({choice.label for choice in choices}) == len(choices)


def test_details_tell_the_values() -> None:
    choices = offered(GRAY, SOFT, COMPUTED, (GrayPreset("Plain"), MINE, GrayPreset("Dark", 1.0, -0.2)))
    assert choices[0].detail == "C 2000  W 1000  SIGMOID"
    assert choices[2].detail == "2 entries, 12 bits"
    assert [choice.detail for choice in choices[5:]] == [
        "the image's own window",
        "width × 0.50, 10 % brighter",
        "20 % darker",
    ]


@pytest.mark.meets("MG-D14")
def test_a_linked_view_takes_what_means_the_same() -> None:
    here = offered(GRAY, SOFT, COMPUTED, (MINE,))
    there = offered(
        Grayscale(12, windows=(VoiWindow(7.0, 8.0, explanation="HARD"), VoiWindow(9.0, 3.0))), HARD, None, (MINE,)
    )
    by_name = counterpart(here[1], there)
    assert by_name is not None
    assert by_name.voi.center == 7.0  # type: ignore[union-attr]
    # No window of that name: the first one stands for the first one.
    by_place = counterpart(here[0], there)
    assert by_place is not None
    assert by_place.voi.center == 7.0  # type: ignore[union-attr]
    assert counterpart(here[2], there) is None
    assert counterpart(here[-1], there) == there[-1]


def test_the_choice_in_force_is_known_until_it_is_changed() -> None:
    choices = offered(GRAY, SOFT, COMPUTED, (MINE,))
    assert current(choices, HARD, Adjustment()) == choices[1]
    assert current(choices, SOFT, Adjustment(0.1, 0.5)) == choices[-1]
    assert current(choices, HARD, Adjustment(0.3, 1.0)) is None
