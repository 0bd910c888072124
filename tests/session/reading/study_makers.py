"""Small studies on disk, and a worklist that knows them."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from mammoview.session.session import Session
from mammoview.session.worklist.importer import ImportEnded, ImportReport
from mammoview.session.worklist.worklist import Worklist


def write_pgm(path: Path, seed: int) -> Path:
    """A bright half disc on the left edge; no two alike."""
    rows, columns = np.indices((300, 200))
    inside = ((rows - 150) / 130) ** 2 + (columns / 120) ** 2 < 1
    values = (np.where(inside, 30_000, 500) + rows * 7 + columns * 3 + seed).astype(np.uint16)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P5 200 300 65535\n" + values.astype(">u2").tobytes())
    return path


def make_studies(folder: Path, count: int, *, views: tuple[str, ...] = ("R-CC", "L-CC"), seed: int = 0) -> None:
    """Studies ``0`` to ``count - 1``, each in a folder of its own."""
    for study in range(count):
        for number, name in enumerate(views):
            write_pgm(folder / f"{study}" / f"{name}.pgm", seed + 10 * study + number)


def import_folder(worklist: Worklist, session: Session, folder: Path) -> None:
    """Import a folder and wait for the end."""
    ended = threading.Event()

    def on_report(report: ImportReport) -> None:
        if isinstance(report, ImportEnded):
            assert report.problem is None
            ended.set()

    worklist.start_import(session.decoders, [str(folder)], on_report=on_report)
    assert ended.wait(60)


def results_of(worklist: Worklist) -> dict[str, tuple[str, str, float | None]]:
    """(fingerprint, path, score) of the current result of each study, by UID."""
    with worklist._database.read() as connection:
        rows = connection.execute(
            "SELECT uid, fingerprint, path, score FROM ai_results JOIN studies ON studies.id = study "
            "WHERE is_current = 1"
        ).fetchall()
    return {row["uid"]: (row["fingerprint"], row["path"], row["score"]) for row in rows}
