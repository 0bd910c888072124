"""A plan in sentences: minutes of an epoch and memory are both told, and one of a thing in the singular."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.session.tuning.plan_words import length_words, plan_lines
from mammoview.training.tuning.run_messages import EpochTold, PlanReport

REPORT = PlanReport(
    source="As published.",
    epochs=1,
    batch_size=8,
    device="cpu",
    precision="fp32",
    images=1,
    patients=1,
    watched=2,
    sealed=3,
    minutes_to_prepare=1.0,
    minutes_per_epoch=0.0167,
    memory_mb=1536.0,
    reproducible="All of it.",
    command="",
    torchrun="",
    slurm="",
    notes=("A note.",),
)


def test_minutes_of_an_epoch_and_memory_are_told_in_the_singular_too() -> None:
    assert plan_lines(REPORT) == (
        "As published.",
        "To learn from: 1 patient with 1 image; 2 watched meanwhile, 3 sealed.",
        "At most 1 epoch, batches of 8, fp32 on cpu.",
        "Cost here: about 1 minute at most, 0.017 minutes (1 second) for each epoch, 1.5 GiB of memory.",
        "All of it.",
        "A note.",
    )
    longer = replace(REPORT, epochs=30, minutes_per_epoch=7.25, memory_mb=700.0)
    assert plan_lines(longer)[3] == "Cost here: about 3.6 hours at most, 7.2 minutes for each epoch, 700 MiB of memory."


def test_what_was_not_measured_is_not_made_up() -> None:
    unmeasured = replace(REPORT, minutes_per_epoch=None, minutes_to_prepare=None, memory_mb=None)
    assert "not measured" in plan_lines(unmeasured)[3]
    assert "memory cannot be measured here" in plan_lines(replace(REPORT, memory_mb=None))[3]
    assert "less than a second" in plan_lines(replace(REPORT, minutes_per_epoch=0.0))[3]
    # Nothing is trained where only the calibration is fitted.
    assert plan_lines(replace(unmeasured, epochs=0))[2:] == ("All of it.", "A note.")


@pytest.mark.parametrize(
    ("minutes", "told"), [(0.4, "less than a minute"), (1.2, "about 1 minute"), (150, "about 2.5 hours")]
)
def test_lengths_of_time(minutes: float, told: str) -> None:
    assert length_words(minutes) == told


def test_an_epoch_names_its_measure_as_people_write_it() -> None:
    epoch = EpochTold(2, 9, "top", 0.5, 1e-3, 2.0, "auc", 0.7, 0.6, 0.8)
    assert epoch.text == "Epoch 2 of 9: loss 0.5000, AUC 0.700 (95 % interval 0.600 to 0.800)"
    assert replace(epoch, epochs=0, measure="dice", low=None).text == "Epoch 2: loss 0.5000, Dice 0.700"
    assert replace(epoch, value=None, low=None).text == "Epoch 2 of 9: loss 0.5000"
