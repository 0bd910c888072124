"""A patient is on one side only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.training.cases.splits import (
    Split,
    check_patients,
    deal_folds,
    fold_split,
    read_folds,
    read_split,
    split_by_patient,
    write_folds,
    write_split,
)

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


def test_a_split_of_augmented_images_is_caught() -> None:
    """Splitting the forty variants of each image, instead of the patients, puts every patient on both sides."""
    patients = np.repeat([f"{number:03d}" for number in range(20)], 2 * 40)
    held_out = np.random.default_rng(0).random(patients.size) < 0.3
    training, validation = patients[~held_out].tolist(), patients[held_out].tolist()
    with pytest.raises(InputError, match="20 patients are in training and in validation"):
        Split(frozenset(training), frozenset(validation))
    by_patient = split_by_patient(dict.fromkeys(training, ""), 0.3, seed=0)
    with pytest.raises(InputError, match="6 patients do not belong to training"):
        check_patients(by_patient, training=training, validation=[])
    with pytest.raises(InputError, match="14 patients do not belong to validation"):
        check_patients(by_patient, training=[], validation=validation)


def test_folds_are_alike_in_size_and_in_every_stratum() -> None:
    folds = deal_folds(STRATA, 7, seed=1)
    assert set(folds) == set(STRATA)
    for patients in (STRATA, [p for p in STRATA if STRATA[p]], [p for p in STRATA if not STRATA[p]]):
        counts = Counter(folds[patient] for patient in patients)
        assert set(counts) == set(range(7))
        assert max(counts.values()) - min(counts.values()) <= 1


def test_the_folds_depend_on_the_seed_and_not_on_the_order() -> None:
    backwards = dict(reversed(list(STRATA.items())))
    assert deal_folds(STRATA, 5, seed=1) == deal_folds(backwards, 5, seed=1)
    assert deal_folds(STRATA, 5, seed=1) != deal_folds(STRATA, 5, seed=2)


def test_each_patient_validates_once_and_the_site_never() -> None:
    folds = deal_folds(STRATA, 5, seed=1)
    site = fold_split(folds, 0).validation
    judged = Counter(p for fold in (1, 2, 3, 4) for p in fold_split(folds, fold, left_out=frozenset({0})).validation)
    assert set(judged) == set(STRATA) - site
    assert set(judged.values()) == {1}
    parents = fold_split(folds, 1, left_out=frozenset({0}))
    assert not site & (parents.training | parents.validation)
    assert fold_split(folds, 1).training == parents.training | site
    for fold, left_out in ((5, frozenset()), (0, frozenset({0}))):
        with pytest.raises(InputError, match="No patient is in fold"):
            fold_split(folds, fold, left_out=left_out)


def test_written_folds_come_back(tmp_path: Path) -> None:
    folds = {"one": deal_folds(STRATA, 5, seed=1), "another": {"00001": 3}}
    write_folds(folds, tmp_path / "folds.csv")
    assert read_folds(tmp_path / "folds.csv") == folds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dataset,patient,fold\na,1,0\na,1,1\n", "names patient 1 twice"),
        ("dataset,patient,fold\na,1,x\n", "is no table"),
        ("dataset,patient,fold\na,1\n", "is no table"),
        ("patient,set\n1,training\n", "is no table"),
    ],
)
def test_a_table_of_folds_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "folds.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_folds(tmp_path / "folds.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_folds(tmp_path / "absent.csv")
