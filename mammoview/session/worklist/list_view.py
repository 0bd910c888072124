"""How the reader has the list: widths, order and filters, kept from one start to the next.

Never the search: what is looked for is a patient's name more often than not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mammoview.core.paths import user_config
from mammoview.core.reading.states import ReadingState
from mammoview.core.small_files import write_whole
from mammoview.session.worklist.listing import Query, Sort

_NAME: Final = "worklist-view.json"
_LEAST_PX, _MOST_PX = 20, 4000


@dataclass(frozen=True)
class ListView:
    """What is kept.

    Attributes
    ----------
    widths
        Of the columns in logical pixels, by their ids.
    query
        Order and filters, without what could name a patient.
    """

    widths: Mapping[str, int] = field(default_factory=dict)
    query: Query = field(default_factory=Query)

    @classmethod
    def of(cls, query: Query, widths: Mapping[str, int]) -> ListView:
        """What is kept of a list."""
        kept = Query(
            states=query.states,
            kinds=query.kinds,
            only_for_me=query.only_for_me,
            sort=query.sort,
            is_descending=query.is_descending,
        )
        return cls(dict(widths), kept)


def view_file() -> Path:
    """Where it lies."""
    return user_config().with_name(_NAME)


def load(path: Path | None = None) -> ListView:
    """Read how the list was; the usual way where nothing, or nothing usable, was kept."""
    try:
        values: Any = json.loads((path or view_file()).read_text(encoding="utf-8"))
        widths = {str(name): int(px) for name, px in values["widths"].items() if _LEAST_PX <= int(px) <= _MOST_PX}
        query = Query(
            states=frozenset(ReadingState(state) for state in values["states"]),
            kinds=frozenset(str(kind) for kind in values["kinds"]),
            only_for_me=bool(values["only_for_me"]),
            sort=Sort(values["sort"]),
            is_descending=bool(values["is_descending"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A list in its usual order is no loss.
        return ListView()
    return ListView(widths, query)


def save(view: ListView, path: Path | None = None) -> None:
    """Keep how the list is.

    Raises
    ------
    OutputError
        When the disk refuses.
    """
    query = view.query
    values = {
        "widths": dict(view.widths),
        "states": sorted(query.states),
        "kinds": sorted(query.kinds),
        "only_for_me": query.only_for_me,
        "sort": query.sort,
        "is_descending": query.is_descending,
    }
    write_whole(path or view_file(), json.dumps(values, indent=1) + "\n", "How the list is shown")
