"""A patient is on one side only."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.core.errors import InputError
from mammoview.training.splits import Split, check_patients, read_split, split_by_patient, write_split

STRATA = {f"{number:05d}": number % 3 == 0 for number in range(300)}


def test_every_stratum_gives_its_share() -> None:
    split = split_by_patient(STRATA, 0.25, seed=1)
    assert split.training | split.validation == set(STRATA)
    assert sum(STRATA[patient] for patient in split.validation) == 25
    assert len(split.validation) == 75


def test_the_seed_decides_and_the_order_does_not() -> None:
    backwards = dict(reversed(list(STRATA.items())))
    assert split_by_patient(STRATA, 0.25, seed=1) == split_by_patient(backwards, 0.25, seed=1)
    assert split_by_patient(STRATA, 0.25, seed=1) != split_by_patient(STRATA, 0.25, seed=2)


def test_a_written_split_comes_back_with_its_hash(tmp_path: Path) -> None:
    split = split_by_patient(STRATA, 0.25, seed=1)
    digest = write_split(split, tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == split
    assert read_split(tmp_path / "split.csv").sha256 == digest


def test_a_patient_on_both_sides_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in training and in validation"):
        Split(frozenset({"1", "2"}), frozenset({"2"}))
    (tmp_path / "split.csv").write_text("patient,set\n1,training\n1,validation\n", encoding="utf-8")
    with pytest.raises(InputError, match="in training and in validation"):
        read_split(tmp_path / "split.csv")


def test_samples_of_the_other_side_are_refused() -> None:
    split = Split(frozenset({"1", "2"}), frozenset({"3"}))
    check_patients(split, training=["1", "2", "1"], validation=["3"])
    with pytest.raises(InputError, match="do not belong to training, 3"):
        check_patients(split, training=["1", "3"], validation=[])
    with pytest.raises(InputError, match="do not belong to validation, 9"):
        check_patients(split, training=[], validation=["9"])
