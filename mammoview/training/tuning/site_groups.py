"""Names that stand for one person, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def groups_of(together: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The groups that follow when the names of each sequence belong together; groups of one are left out.

    Parameters
    ----------
    together
        Names that stand for one person, pair by pair or more at once.

    Returns
    -------
    tuple of tuple
        Sorted, and each group sorted.
    """
    leader: dict[str, str] = {}

    def lead(name: str) -> str:
        while leader.setdefault(name, name) != name:
            leader[name] = name = leader[leader[name]]
        return name

    for names in together:
        for name in names[1:]:
            leader[lead(name)] = lead(names[0])
    found: dict[str, list[str]] = {}
    for name in leader:
        found.setdefault(lead(name), []).append(name)
    return tuple(sorted(tuple(sorted(names)) for names in found.values() if len(names) > 1))
