"""A reader's values as JSON text and back, with a kind and a schema version.

A document is ``{"schema": 1, "kind": "decision", "content": …}``; the content mirrors the frozen classes themselves, so
that there is one description of each. One of an older version is read with what it lacks at its default and what was
since dropped passed over; one of this version must be exact; a newer one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from mammoview.core.anatomy import LandmarkEdit
from mammoview.core.errors import DamagedDocumentError, NewerDocumentError
from mammoview.core.reading import FindingLink, ReaderDecision, ReaderFinding
from mammoview.report.breast_report.values import Draft, SignedReport

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")

#: The version that is written.
SCHEMA: Final = 1
#: What turns the content of each older version into that of the next one.
_UPGRADES: Final[dict[int, Callable[[Any], Any]]] = {}


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of document.

    Attributes
    ----------
    name
        As it is stored; never changes.
    what
        In messages: ``The decision``.
    type
        The class of its content.
    """

    name: str
    what: str
    type: type[T]


DECISION: Final = Kind("decision", "The decision", ReaderDecision)
FINDINGS: Final = Kind("findings", "The list of findings", tuple[ReaderFinding, ...])
LINKS: Final = Kind("links", "The list of links", tuple[FindingLink, ...])
DRAFT: Final = Kind("draft", "The draft", Draft)
REPORT: Final = Kind("report", "The report", SignedReport)
LANDMARKS: Final = Kind("landmarks", "The list of landmarks", tuple[LandmarkEdit, ...])

#: Every kind, for whoever looks through a store.
KINDS: Final[tuple[Kind[Any], ...]] = (DECISION, FINDINGS, LINKS, DRAFT, REPORT, LANDMARKS)


def to_json(kind: Kind[T], value: T) -> str:
    """Write a value.

    Parameters
    ----------
    kind
        One of `KINDS`.
    value
        Of the kind's class.

    Returns
    -------
    str
        One line of JSON.
    """
    content = _adapter(kind.name).dump_json(value).decode("utf-8")
    return f'{{"schema":{SCHEMA},"kind":"{kind.name}","content":{content}}}'


def from_json(kind: Kind[T], text: str) -> T:
    """Read a value.

    Parameters
    ----------
    kind
        What the document must be.
    text
        As `to_json` wrote it, in this version or an older one.

    Raises
    ------
    NewerDocumentError
        When a newer version of the program wrote it.
    DamagedDocumentError
        When it is none, or another kind, or says what cannot be.
    """
    try:
        envelope = json.loads(text)
        version, name, content = envelope["schema"], envelope["kind"], envelope["content"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(kind, "it is no document of this program") from error
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise _damaged(kind, "its version is no number")
    if version > SCHEMA:
        raise NewerDocumentError(
            f"{kind.what} was written by a newer MammoView (schema {version}; this one knows {SCHEMA}).",
            "Update the program; nothing was changed.",
        )
    if name != kind.name:
        raise _damaged(kind, f"it is of the kind “{str(name)[:40]}”")
    for step in range(version, SCHEMA):
        content = _UPGRADES.get(step, _as_it_is)(content)
    return _validated(kind, content, is_older=version < SCHEMA)


def _as_it_is(content: Any) -> Any:
    return content


def _validated(kind: Kind[T], content: Any, *, is_older: bool) -> T:
    from pydantic import ValidationError

    from mammoview.core.errors import ReadingError

    try:
        value: T = _adapter(kind.name).validate_json(
            json.dumps(content), strict=True, extra="ignore" if is_older else "forbid"
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"]) or "content"
        raise _damaged(kind, f"“{where}” is wrong: {first['msg']}") from error
    except ReadingError as error:
        raise _damaged(kind, error.user_message) from error
    return value


def _damaged(kind: Kind[Any], why: str) -> DamagedDocumentError:
    return DamagedDocumentError(f"{kind.what} cannot be read: {why}.", "Restore it from a backup; nothing was changed.")


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(next(kind.type for kind in KINDS if kind.name == name))
