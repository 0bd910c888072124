"""A study's marks on disk: one small JSON file for each study, written all or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mammoview.core.errors import OutputError, Problem
from mammoview.core.marks import Mark, MarkKind
from mammoview.core.paths import user_data
from mammoview.core.small_files import keep_aside, write_whole

SCHEMA: Final = 1
_NOT_SAVED: Final = "The study is shown without them, and marks drawn now stay while the program runs only."


def marks_path(study_uid: str, reader: str = "") -> Path:
    """The file of a study, for a reader of the worklist one of his or her own.

    The name is a hash: a UID may hold anything, and says who the patient is to some.
    """
    key = f"{study_uid}\n{reader}" if reader else study_uid
    return user_data() / "marks" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


@dataclass(frozen=True)
class Loaded:
    """What a study's file held.

    Attributes
    ----------
    problem
        Why it could not be used. A file that is damaged or comes from a newer version is kept beside the new one.
    may_replace
        Whether another file may take its place: not one that is whole for all we know, or has no copy.
    """

    marks: tuple[Mark, ...] = ()
    problem: Problem | None = None
    may_replace: bool = True


def load(study_uid: str, reader: str = "") -> Loaded:
    """Read the marks of a study; nothing where there is no file."""
    path = marks_path(study_uid, reader)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] > SCHEMA:
            return _kept(path, "The marks of this study come from a newer version.")
        return Loaded(tuple(_mark(entry) for entry in content["marks"]))
    except FileNotFoundError:
        return Loaded()
    except OSError as error:
        message = f"The marks of this study cannot be read ({error.strerror})."
        return Loaded((), Problem(str(path), "marks", message, _NOT_SAVED), may_replace=False)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _kept(path, "The file with the marks of this study is damaged.")


def _mark(entry: dict[str, Any]) -> Mark:
    return Mark(
        str(entry["id"]),
        str(entry["image"]),
        MarkKind(entry["kind"]),
        tuple((float(row), float(column)) for row, column in entry["points"]),
        int(entry.get("frame", 0)),
        str(entry.get("text", "")),
    )


def save(study_uid: str, marks: Sequence[Mark], reader: str = "") -> None:
    """Write the marks of a study, all or nothing; a study without marks has no file.

    Raises
    ------
    OutputError
        When the file cannot be written; the one before is as it was.
    """
    path = marks_path(study_uid, reader)
    content = {"schema": SCHEMA, "study": study_uid, "marks": [_entry(mark) for mark in marks]}
    if marks:
        write_whole(path, json.dumps(content, ensure_ascii=False, allow_nan=False), "The marks")
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"The marks cannot be deleted from {path.parent} ({error.strerror}).", "Check the folder's permissions."
        ) from error


def _entry(mark: Mark) -> dict[str, object]:
    return {
        "id": mark.id,
        "image": mark.image_id,
        "frame": mark.frame,
        "kind": mark.kind.value,
        "points": [list(point) for point in mark.points],
        "text": mark.text,
    }


def _kept(path: Path, message: str) -> Loaded:
    kept = keep_aside(path)
    if kept is None:
        return Loaded((), Problem(str(path), "marks", message, _NOT_SAVED), may_replace=False)
    hint = f"The study is shown without them; the file was kept as {kept.name}."
    return Loaded((), Problem(str(path), "marks", message, hint))
