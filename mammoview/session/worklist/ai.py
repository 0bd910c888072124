"""Where the AI's results are put, and what still lacks one. Nothing is read back here: see `blinding`."""

from __future__ import annotations

import math

from mammoview.core.errors import UsageError
from mammoview.session.worklist.database import Database, now


class AiShelf:
    """Takes results.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, study: int, fingerprint: str, *, path: str, score: float | None) -> None:
        """Store a result; it is the study's current one from now on. Older ones are kept.

        Parameters
        ----------
        study
            The study's row.
        fingerprint
            Of the request: files, models and options.
        path
            Where the result file lies.
        score
            Of the case, 0 to 1, or None where the AI gave none.

        Raises
        ------
        UsageError
            When the score is no number.
        """
        if score is not None and not math.isfinite(score):
            raise UsageError("The score of a result must be a number.", "Leave it out instead.")
        with self._database.write() as connection:
            connection.execute("UPDATE ai_results SET is_current = 0 WHERE study = ?", (study,))
            connection.execute(
                "INSERT INTO ai_results (study, fingerprint, path, score, finished_at, is_current) "
                "VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT (study, fingerprint) DO UPDATE SET "
                "path = excluded.path, score = excluded.score, finished_at = excluded.finished_at, is_current = 1",
                (study, fingerprint, path, score, now()),
            )

    def pending(self, limit: int) -> tuple[int, ...]:
        """Studies without a result, the newest examinations first, unread ones before the others."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT id FROM studies WHERE NOT EXISTS "
                "(SELECT 1 FROM ai_results ai WHERE ai.study = studies.id AND ai.is_current = 1) "
                "ORDER BY state_rank, date DESC, id LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(row["id"] for row in rows)

    def count_pending(self) -> int:
        """How many studies have no result."""
        with self._database.read() as connection:
            return int(
                connection.execute(
                    "SELECT count(*) FROM studies WHERE NOT EXISTS "
                    "(SELECT 1 FROM ai_results ai WHERE ai.study = studies.id AND ai.is_current = 1)"
                ).fetchone()[0]
            )
