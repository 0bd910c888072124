"""Where the AI's results are put, what still lacks one, and of which files. No result is read here: see `blinding`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mammoview.core.errors import UsageError
from mammoview.session.worklist.database import Database, now
from mammoview.session.worklist.priors import priors_in
from mammoview.session.worklist.readings import study_uid


@dataclass(frozen=True)
class AiInputs:
    """A study for the AI: its UID, the files of its images, and those of its patient's earlier studies."""

    uid: str
    paths: tuple[str, ...]
    earlier: tuple[str, ...]


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

    def row_of(self, study_uid: str, image_ids: Iterable[str]) -> int | None:
        """The row of a study whose images are all among some; None where the worklist lacks it, or has more of it."""
        had = frozenset(image_ids)
        with self._database.read() as connection:
            for row in connection.execute("SELECT id FROM studies WHERE uid = ?", (study_uid,)).fetchall():
                images = connection.execute("SELECT uid FROM images WHERE study = ?", (row["id"],)).fetchall()
                if images and all(image["uid"] in had for image in images):
                    return int(row["id"])
        return None

    def inputs(self, study: int) -> AiInputs:
        """What the AI looks at for a study; nobody is shown anything of it.

        Raises
        ------
        WorklistError
            When there is no such study.
        """
        with self._database.read() as connection:
            uid = study_uid(connection, study)
            earlier = [prior.study.id for prior in priors_in(connection, study)]
            paths = [
                tuple(
                    row["path"]
                    for row in connection.execute(
                        "SELECT path FROM images WHERE study = ? ORDER BY label, path", (number,)
                    )
                )
                for number in (study, *earlier)
            ]
        return AiInputs(uid, paths[0], tuple(path for prior in paths[1:] for path in prior))

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

    def lacks_result(self, study: int) -> bool:
        """Whether a study of the worklist has no result."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM ai_results ai WHERE ai.study = studies.id AND ai.is_current = 1) "
                "FROM studies WHERE id = ?",
                (study,),
            ).fetchone()
        return row is not None and not row[0]

    def count_pending(self) -> int:
        """How many studies have no result."""
        with self._database.read() as connection:
            return int(
                connection.execute(
                    "SELECT count(*) FROM studies WHERE NOT EXISTS "
                    "(SELECT 1 FROM ai_results ai WHERE ai.study = studies.id AND ai.is_current = 1)"
                ).fetchone()[0]
            )
