"""The audit log: what was done, in a chain of hashes, so that a changed, lost or moved entry shows.

An entry's hash is SHA-256 over its canonical JSON, which carries the hash of the entry before it. Entries are written
in the transaction of what they tell of. A cut tail shows against a head that was kept elsewhere, as signed reports do.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.session.worklist.database import now
from mammoview.session.worklist.errors import AuditError

GENESIS: Final = "0" * 64
_DIGEST: Final = re.compile("[0-9a-f]{64}")


class Event(StrEnum):
    """What the log tells of."""

    OPEN = "open"
    COMMIT = "commit"
    REVEAL = "reveal"
    EDIT = "edit"
    DECIDE = "decide"
    SIGN = "sign"
    EXPORT = "export"
    LOCK = "lock"
    UNLOCK = "unlock"
    REFUSED = "refused"
    PROTOCOL = "protocol"
    READER = "reader"


@dataclass(frozen=True)
class Head:
    """The end of the chain at some moment: its length (0 where only the hash is known) and the last entry's hash."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read what ``str`` wrote, or the hash alone, as reports carry it.

        Raises
        ------
        AuditError
            When the text is no head.
        """
        number, _, digest = text.rpartition(":")
        number = number or "0"
        if not number.isascii() or not number.isdigit() or not _DIGEST.fullmatch(digest.lower()):
            hint = "It has 64 hexadecimal digits; 12: may stand before them."
            raise AuditError(f"“{text}” is no head of an audit log.", hint)
        return cls(int(number), digest.lower())


@dataclass(frozen=True)
class Entry:
    """One entry as stored. ``study`` is a Study Instance UID or empty; ``detail`` is JSON."""

    seq: int
    at: str
    event: str
    reader: str
    study: str
    detail: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: how many entries, the chain's head, and the first thing that is wrong (empty: nothing)."""

    entries: int
    head: Head
    complaint: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.complaint


def append(
    connection: sqlite3.Connection,
    event: Event,
    *,
    reader: str = "",
    study: str = "",
    detail: Mapping[str, object] | None = None,
) -> Head:
    """Add an entry within the caller's transaction.

    Parameters
    ----------
    connection
        In a transaction that writes.
    event
        What was done.
    reader, study
        The reader's id and the Study Instance UID.
    detail
        What JSON can hold; no names.

    Returns
    -------
    Head
        The chain's new end.
    """
    before = head(connection)
    entry = Entry(before.seq + 1, now(), event.value, reader, study, _canonical(detail or {}), before.hash, "")
    digest = _hash(entry)
    connection.execute(
        "INSERT INTO audit (seq, at, event, reader, study, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.seq, entry.at, entry.event, entry.reader, entry.study, entry.detail, entry.previous, digest),
    )
    return Head(entry.seq, digest)


def head(connection: sqlite3.Connection) -> Head:
    """The chain's end now."""
    row = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(row["seq"], row["hash"]) if row else Head(0, GENESIS)


def entries(connection: sqlite3.Connection) -> Iterator[Entry]:
    """All entries, oldest first."""
    columns = "seq, at, event, reader, study, detail, previous, hash"
    for row in connection.execute(f"SELECT {columns} FROM audit ORDER BY seq"):
        yield Entry(*row)


def verify(connection: sqlite3.Connection, *, heads: Iterable[Head] = ()) -> Verdict:
    """Go through the whole chain.

    Parameters
    ----------
    connection
        The database.
    heads
        Ends of the chain that were kept elsewhere, in reports for example. Those that signed documents of this database
        carry are looked for in any case.

    Returns
    -------
    Verdict
        With the first complaint.
    """
    hashes = [GENESIS]
    for entry in entries(connection):
        complaint = _complaint(entry, len(hashes), hashes[-1])
        if complaint:
            return Verdict(len(hashes) - 1, Head(len(hashes) - 1, hashes[-1]), complaint)
        hashes.append(entry.hash)
    end = Head(len(hashes) - 1, hashes[-1])
    for known in (*heads, *_heads_in_documents(connection)):
        if known.seq == 0 and known.hash not in hashes:
            return Verdict(end.seq, end, "The entry that a report was signed with is not in the log.")
        if known.seq >= len(hashes):
            return Verdict(end.seq, end, f"The log ends at entry {end.seq}, but there was an entry {known.seq}.")
        if known.seq and hashes[known.seq] != known.hash:
            return Verdict(end.seq, end, f"Entry {known.seq} is not the one that was there when a report was signed.")
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    if row is not None and row["seq"] != end.seq:
        return Verdict(end.seq, end, f"The log ends at entry {end.seq}, but entries up to {row['seq']} were written.")
    return Verdict(end.seq, end)


def _complaint(entry: Entry, seq: int, previous: str) -> str:
    if entry.seq != seq:
        return f"Entry {seq} is missing."
    if entry.previous != previous:
        return f"Entry {seq} does not follow the one before it."
    if entry.hash != _hash(entry):
        return f"Entry {seq} was changed."
    return ""


def _heads_in_documents(connection: sqlite3.Connection) -> list[Head]:
    rows = connection.execute("SELECT audit_head FROM documents WHERE audit_head != '' ORDER BY id")
    return [Head.parse(row["audit_head"]) for row in rows]


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _hash(entry: Entry) -> str:
    content = {
        "seq": entry.seq,
        "at": entry.at,
        "event": entry.event,
        "reader": entry.reader,
        "study": entry.study,
        "detail": entry.detail,
        "previous": entry.previous,
    }
    return hashlib.sha256(_canonical(content).encode("ascii")).hexdigest()
