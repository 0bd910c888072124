"""The files of a wizard's project, as the child reads and writes them."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from mammoview.core.errors import InputError
from mammoview.training.cases.splits import Split, write_folds
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.tuning.sealing import refuse_sealed

CASES, SPLIT, FOLDS, CONFIG = "cases.csv", "split.csv", "folds.csv", "config.toml"
CASES_REPORT, RUN, VERDICT, PACKAGE = "cases.json", "run", "verdict.json", "package"
#: Folds of `FOLDS`: who judges in the end, who is watched, who is learned from.
TEST_FOLD, WATCHED_FOLD, LEARNED_FOLD = 0, 1, 2
_TEST, _WATCHED, _LEARNED = "test", "validation", "training"


@dataclass(frozen=True)
class Sides:
    """The patients of a project's split.

    Attributes
    ----------
    learned, watched, test
        Learned from; looked at while the net learns, may be nobody; sealed until the verdict.
    """

    learned: frozenset[str]
    watched: frozenset[str]
    test: frozenset[str]

    @property
    def split(self) -> Split:
        """As the recipes take it: all that is not sealed is theirs."""
        return Split(self.learned | self.watched, self.test)


@dataclass(frozen=True)
class Files:
    """A project's folder."""

    folder: Path

    @property
    def cases(self) -> Path:
        """The table of cases."""
        return self.folder / CASES

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.folder / RUN

    @property
    def trained(self) -> Path:
        """The package that the run leaves."""
        return self.run / PACKAGE

    def sides(self) -> Sides:
        """Read the split.

        A table ``patient,set`` with ``training``, ``validation`` and ``test``; where it names no ``test`` the
        validation side is the sealed one.

        Raises
        ------
        InputError
            When it is absent or no such table, or has patients of a sealed test set learned from.
        """
        path = self.folder / SPLIT
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = [(row["patient"], row["set"]) for row in csv.DictReader(file)]
        except (OSError, KeyError, UnicodeDecodeError) as error:
            raise InputError(f"{path} is no table of a split.", "Go through the page “Split” again.") from error
        named = {
            name: frozenset(patient for patient, side in rows if side == name) for name in (_LEARNED, _WATCHED, _TEST)
        }
        refuse_sealed(named[_LEARNED] | (named[_WATCHED] if named[_TEST] else frozenset()))
        if named[_TEST]:
            return Sides(named[_LEARNED], named[_WATCHED], named[_TEST])
        return Sides(named[_LEARNED], frozenset(), named[_WATCHED])

    def write_folds(self, sides: Sides) -> None:
        """Write the split as the table of folds that the config names."""
        folds = dict.fromkeys(sides.learned, LEARNED_FOLD)
        folds |= dict.fromkeys(sides.watched, WATCHED_FOLD) | dict.fromkeys(sides.test, TEST_FOLD)
        write_folds({"site": folds}, self.folder / FOLDS)

    def ai_outlines(self) -> int:
        """How many outlines of the cases a model drew, as far as the report of the cases says."""
        try:
            return int(json.loads((self.folder / CASES_REPORT).read_text(encoding="utf-8"))["ai_outlines"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def config(self) -> TrainingConfig:
        """Read the config; its table of folds lies beside it, wherever the program was started.

        Raises
        ------
        UsageError
            When it is absent or says something that is not allowed.
        """
        config = read_config(self.folder / CONFIG)
        table = config.split.table
        if table is None or table.is_absolute():
            return config
        split = config.split.model_copy(update={"table": self.folder.resolve() / table})
        return config.model_copy(update={"split": split})


def sha256_of(path: Path) -> str:
    """Hash of a file; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
