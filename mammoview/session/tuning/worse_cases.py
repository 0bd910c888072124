"""The cases that the new model judges worse, as two models can be compared on them."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mammoview.core.study import Laterality, ViewPosition
from mammoview.session.comparing import ComparedCase
from mammoview.session.tuning.project import CASES
from mammoview.session.tuning.standing import Standing

_E = TypeVar("_E", Laterality, ViewPosition)


def worse_cases(standing: Standing) -> tuple[ComparedCase, ...]:
    """The verdict's cases in its order, each with side and view of the table of cases; reads that file."""
    verdict = standing.verdict
    if verdict is None or not verdict.worse:
        return ()
    table = {(standing.path / row.get("path", "")).resolve(): row for row in _rows(standing.path / CASES)}
    found = []
    for case in verdict.worse:
        path = standing.path / case.image
        row = table.get(path.resolve(), {})
        found.append(
            ComparedCase(
                path,
                case.patient,
                f"By the verdict {case.truth}, {case.before:.3f} before and {case.after:.3f} after",
                _known(Laterality, row.get("laterality", "")),
                _known(ViewPosition, row.get("view", "")),
            )
        )
    return tuple(found)


def _rows(table: Path) -> list[dict[str, str]]:
    with suppress(OSError, UnicodeDecodeError, csv.Error):
        return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    return []


def _known(kind: type[_E], word: str) -> _E | None:
    return next((one for one in kind if one.value == word), None)
