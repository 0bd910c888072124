"""Who is judged, and what can be known about whether a model has seen them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.core.errors import InputError, UsageError
from mammoview.core.study import Laterality, ViewPosition
from mammoview.models.manifest import Evaluation
from mammoview.training.cases.case import Case
from mammoview.training.cases.holdout import check_seen, hold_out
from mammoview.training.cases.splits import Split, fold_split, write_folds, write_split

CASES = tuple(
    Case(Path(f"{name}_{view}.png"), name, Laterality.LEFT, ViewPosition(view))
    for name in "abcd"
    for view in ("CC", "MLO")
)
SPLIT = Split(frozenset("ab"), frozenset("cd"))
FOLDS = {"ours": {"a": 0, "b": 1, "c": 2, "d": 2}, "others": {"x": 2, "a": 2}}


@pytest.fixture
def split_table(tmp_path: Path) -> Path:
    write_split(SPLIT, tmp_path / "split.csv")
    return tmp_path / "split.csv"


@pytest.fixture
def fold_table(tmp_path: Path) -> Path:
    write_folds(FOLDS, tmp_path / "folds.csv")
    return tmp_path / "folds.csv"


def names(cases: tuple[Case, ...]) -> set[str]:
    return {case.patient for case in cases}


def test_the_validation_side_is_kept_and_known_to_be_unseen(split_table: Path) -> None:
    held = hold_out(CASES, split=split_table)
    assert names(held.cases) == {"c", "d"}
    assert len(held.cases) == 4
    assert "validation side of split.csv" in held.rule
    assert check_seen(Evaluation(split_sha256=SPLIT.sha256), "net", held) == ""


def test_a_fold_is_kept_from_the_collection_that_knows_the_patients(fold_table: Path) -> None:
    held = hold_out(CASES, split=fold_table, fold=2)
    assert names(held.cases) == {"c", "d"}
    for split in (fold_split(FOLDS["ours"], 2), fold_split(FOLDS["ours"], 2, left_out=frozenset({0}))):
        assert check_seen(Evaluation(split_sha256=split.sha256), "net", held) == ""


def test_patients_of_the_training_side_are_refused(split_table: Path, tmp_path: Path) -> None:
    (tmp_path / "who.txt").write_text("b\nc\n\n")
    held = hold_out(CASES, split=split_table, patients=tmp_path / "who.txt")
    assert names(held.cases) == {"b", "c"}
    with pytest.raises(UsageError, match=r"learned from 1 of the 2 patients, b for one"):
        check_seen(Evaluation(split_sha256=SPLIT.sha256), "net", held)


def test_patients_on_neither_side_are_told(split_table: Path, tmp_path: Path) -> None:
    write_split(Split(frozenset("a"), frozenset("c")), split_table)
    (tmp_path / "who.txt").write_text("c\nd\n")
    held = hold_out(CASES, split=split_table, patients=tmp_path / "who.txt")
    own = Evaluation(split_sha256=held.splits[0].sha256)
    assert check_seen(own, "net", held) == "net: 1 patients are on neither side of its split."


def test_without_its_own_table_nothing_can_be_told(split_table: Path) -> None:
    everyone = hold_out(CASES)
    assert (everyone.cases, everyone.rule) == (CASES, "All cases of the data.")
    known = Evaluation(split_sha256=SPLIT.sha256)
    assert "no table of its split was named" in check_seen(known, "net", everyone)
    other = hold_out(CASES, split=split_table)
    assert "not that of its split" in check_seen(Evaluation(split_sha256="0" * 64), "net", other)
    assert "does not say" in check_seen(Evaluation(), "net", other)


def test_tables_that_make_no_sense_are_refused(split_table: Path, fold_table: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds folds"):
        hold_out(CASES, split=fold_table)
    with pytest.raises(UsageError, match="has no folds"):
        hold_out(CASES, split=split_table, fold=1)
    with pytest.raises(UsageError, match="without its table"):
        hold_out(CASES, fold=1)
    (tmp_path / "other.csv").write_text("name,age\nx,3\n")
    with pytest.raises(InputError, match="no table of a split"):
        hold_out(CASES, split=tmp_path / "other.csv")
    with pytest.raises(InputError, match="cannot be read"):
        hold_out(CASES, split=tmp_path / "absent.csv")
    with pytest.raises(InputError, match="cannot be read"):
        hold_out(CASES, patients=tmp_path / "absent.txt")
    (tmp_path / "nobody.txt").write_text("z\n")
    with pytest.raises(InputError, match="No case is left"):
        hold_out(CASES, patients=tmp_path / "nobody.txt")
