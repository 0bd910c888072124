"""A reader study as a table for multi-reader multi-case tools: one line for each reader, case and condition.

The first four columns are those that iMRMC reads (its R package takes the file as it is and passes over the others):
``readerID``, ``caseID``, ``modalityID`` and ``score``. The conditions are ``unaided`` (committed before the AI was
seen) and ``aided`` (the last decision after it). Cases whose truth is known get a line with reader and modality
``truth``.
"""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from mammoview.core.reading.comparing import difference
from mammoview.core.small_files import write_whole
from mammoview.session.worklist import audit
from mammoview.session.worklist.audit import Event
from mammoview.session.worklist.database import Database
from mammoview.session.worklist.protocol import CaseDecision
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.readings import READER_STUDY

COLUMNS: Final = (
    "readerID",
    "caseID",
    "modalityID",
    "score",
    "score_from",
    "recall",
    "category_right",
    "category_left",
    "decided_at",
    "seconds",
    "recall_changed",
    "score_change",
    "reveal_rule",
    "is_signed",
)
UNAIDED: Final = "unaided"
AIDED: Final = "aided"
TRUTH: Final = "truth"


@dataclass(frozen=True)
class ExportCounts:
    """What an export holds: readers, cases and lines of decisions."""

    readers: int
    cases: int
    lines: int


class ReaderStudyExport:
    """Writes the table.

    Parameters
    ----------
    database
        Where readings are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, seat: Seat, path: Path, *, truth: Mapping[int, bool] | None = None) -> ExportCounts:
        """Write the signed readings of all readers.

        Left out are cases that somebody has not signed yet, and those of double reading before both have. Of a reader
        study, a reader gets the cases that he or she has signed. Somebody who has read nothing (the study's
        coordinator) gets all, and has no part in reader studies from then on.

        Parameters
        ----------
        seat
            Who takes it; the log keeps it.
        path
            The file, replaced where it exists.
        truth
            For studies (rows) whose truth is known, whether there is cancer.

        Raises
        ------
        OutputError
            When the file cannot be written.
        """
        reader = seat.reader_id()
        with self._database.read() as connection:
            lines = list(_lines(connection, reader))
        cases = sorted({line[0] for line in lines})
        table = io.StringIO()
        # Spreadsheets and R read both ends of lines; the standard (RFC 4180) wants this one.
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for case in cases:
            if truth is not None and case in truth:
                writer.writerow((TRUTH, case_id(case), TRUTH, int(truth[case]), *[""] * (len(COLUMNS) - 4)))
        for _, values in lines:
            writer.writerow(values)
        write_whole(path, table.getvalue().replace("\r\n", os.linesep), "The reader study")
        counts = ExportCounts(len({values[0] for _, values in lines}), len(cases), len(lines))
        with self._database.write() as connection:
            detail = {"what": READER_STUDY, "readers": counts.readers, "cases": counts.cases, "lines": counts.lines}
            audit.append(connection, Event.EXPORT, reader=reader, detail=detail)
        return counts


def case_id(study: int) -> str:
    """A study's name outside: a number of this worklist, nothing of the patient's."""
    return f"case{study:06d}"


def _lines(connection: sqlite3.Connection, reader: str) -> Iterator[tuple[int, tuple[object, ...]]]:
    rows = connection.execute(
        "SELECT readings.*, reveal FROM readings JOIN protocols ON protocols.id = protocol "
        "WHERE NOT EXISTS "
        "(SELECT 1 FROM readings other WHERE other.study = readings.study AND other.signed_at IS NULL) "
        "AND CASE reading WHEN 'double' THEN "
        "(SELECT count(*) FROM readings other WHERE other.study = readings.study) >= 2 "
        "WHEN 'reader-study' THEN EXISTS "
        "(SELECT 1 FROM readings own WHERE own.study = readings.study AND own.reader = :reader) "
        "OR NOT EXISTS (SELECT 1 FROM readings own WHERE own.reader = :reader) "
        "ELSE 1 END ORDER BY study, place",
        {"reader": reader},
    ).fetchall()
    for row in rows:
        before, after = (None if row[key] is None else CaseDecision.from_json(row[key]) for key in ("before", "after"))
        if before is not None:
            yield row["study"], _line(row, UNAIDED, before, (row["opened_at"], row["committed_at"]))
        if after is not None:
            began = row["revealed_at"] if before is not None else row["opened_at"]
            change = _change(before, after)
            yield row["study"], _line(row, AIDED, after, (began, row["decided_at"]), change=change)
        elif before is not None and row["revealed_at"] is not None:
            # The AI was seen and nothing was changed: the same decision stands in both conditions.
            times = (row["revealed_at"], row["signed_at"])
            yield row["study"], _line(row, AIDED, before, times, change=_change(before, before))


def _change(before: CaseDecision | None, after: CaseDecision) -> tuple[object, object]:
    if before is None:
        return "", ""
    score = "" if before.score is None or after.score is None else after.score - before.score
    return int(difference(before, after).recall is not None), score


def _line(
    row: sqlite3.Row,
    condition: str,
    decision: CaseDecision,
    times: tuple[str, str],
    *,
    change: tuple[object, object] = ("", ""),
) -> tuple[object, ...]:
    began, ended = times
    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    has_score = decision.score is not None
    return (
        row["reader"],
        case_id(row["study"]),
        condition,
        decision.score if has_score else int(decision.is_recall),
        "scale" if has_score else "recall",
        int(decision.is_recall),
        decision.right.category,
        decision.left.category,
        ended,
        f"{seconds:.1f}",
        *change,
        row["reveal"],
        int(row["signed_at"] is not None),
    )
