"""What can go wrong with the worklist, in the user's words."""

from __future__ import annotations

import sqlite3

from mammoview.core.errors import MammoViewError, OutputError


class WorklistError(MammoViewError):
    """The worklist cannot be used as asked."""

    code = "worklist"


class NewerWorklistError(WorklistError):
    """The database was written by a newer program."""

    code = "newer_worklist"


class DamagedWorklistError(WorklistError):
    """The database's content makes no sense."""

    code = "damaged_worklist"


class InUseError(WorklistError):
    """Another window works on the study."""

    code = "in_use"


class BlindedError(WorklistError):
    """The reading protocol hides what was asked for."""

    code = "blinded"


class LockedError(WorklistError):
    """Nobody is signed in, or the place is locked."""

    code = "locked"


class AuditError(WorklistError):
    """The audit log is not as it was written."""

    code = "audit"


DAMAGES = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
_NO_ROOM = frozenset({"SQLITE_FULL"})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the database file itself is damaged."""
    # Extended names begin with the plain one: SQLITE_CORRUPT_INDEX.
    name = getattr(error, "sqlite_errorname", None) or ""
    return any(name.startswith(damage) for damage in DAMAGES)


def in_words(error: sqlite3.Error, path: str) -> MammoViewError:
    """Turn an error of SQLite into one that a user can read.

    Parameters
    ----------
    error
        What SQLite raised.
    path
        The database.
    """
    name = getattr(error, "sqlite_errorname", None) or ""
    if is_damage(error):
        return DamagedWorklistError(
            f"The worklist in {path} is damaged.",
            "Start the program again: it keeps the damaged file aside and says how to go on.",
        )
    if name in _NO_ROOM:
        return OutputError(
            "The disk is full: the last change of the worklist was not stored.",
            "Make room and do it again; everything before it is stored.",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return WorklistError(
            "Another program keeps the worklist busy: the last change was not stored.",
            "Wait a moment and do it again.",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        return OutputError(
            f"The worklist in {path} cannot be read or written ({name}).",
            "Check the folder's permissions and its drive.",
        )
    return WorklistError(f"The worklist refused a change ({name or type(error).__name__}).", "Nothing was stored.")
