"""Names for patients and images that say nothing, and are the same for the same patient in every project of a site.

They are keyed hashes. The key never leaves the user's folder; without it nobody can tell whether a name is that of a
given patient. With it, a patient of an old test set is known again, whatever project her images come in by.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final

from mammoview.core.errors import DamagedDocumentError, OutputError
from mammoview.core.paths import user_data

_KEY_BYTES: Final = 32
#: Dates move by one day to a year, to the past: nobody is examined in the future.
_MOST_DAYS: Final = 365


class Pseudonyms:
    """New names.

    Parameters
    ----------
    key
        Of the site; see `site_key`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def patient(self, patient_id: str) -> str:
        """The name of a patient: ``P`` and twelve letters and digits."""
        return f"P{self._digest('patient', patient_id).hex()[:12].upper()}"

    def uid(self, uid: str) -> str:
        """A UID in place of another one (PS3.5 B.2)."""
        return f"2.25.{uuid.UUID(bytes=self._digest('uid', uid)[:16], version=4).int}"

    def days(self, patient_id: str) -> int:
        """By how many days a patient's dates move back; the time between her exams stays."""
        return 1 + int.from_bytes(self._digest("days", patient_id)[:4], "big") % _MOST_DAYS

    def _digest(self, what: str, value: str) -> bytes:
        return hmac.new(self._key, f"{what}\0{value}".encode("utf-8", "surrogateescape"), hashlib.sha256).digest()


def site_key(folder: Path | None = None) -> bytes:
    """The site's key; made on first use, for the user's eyes alone.

    Parameters
    ----------
    folder
        Where it lies; None for the user's folder of projects.

    Raises
    ------
    OutputError
        When it can neither be read nor made.
    DamagedDocumentError
        When the file is no key: with another one, patients of old test sets would not be known again.
    """
    path = (folder or user_data() / "tuning") / "site.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise OutputError(f"{path} cannot be used ({error.strerror}).", "Check its permissions.") from error
    except ValueError as error:
        raise _damaged(path) from error
    if len(key) != _KEY_BYTES:
        raise _damaged(path)
    return key


def _make(path: Path) -> None:
    """Write a new key; of two processes that do so at once, one wins and both go on with its key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(_KEY_BYTES), encoding="ascii")
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _damaged(path: Path) -> DamagedDocumentError:
    return DamagedDocumentError(f"{path} is no key.", "Restore it from a backup; test sets are known again by it.")
