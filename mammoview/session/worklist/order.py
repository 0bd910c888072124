"""Next and previous case, and what to fetch ahead: plain arithmetic on the order of the current list."""

from __future__ import annotations

from collections.abc import Sequence


def neighbour(order: Sequence[int], current: int, *, step: int = 1) -> int | None:
    """The case so many steps away in the order; None beyond its ends.

    Parameters
    ----------
    order
        The ids of the current list.
    current
        The case on screen. Where the list no longer has it (it was read, and the filter shows unread ones), a step
        forwards goes to the first case and one backwards to the last.
    step
        1 for the next, -1 for the previous.
    """
    if current not in order:
        if not order or step == 0:
            return None
        return order[0] if step > 0 else order[-1]
    place = order.index(current) + step
    return order[place] if 0 <= place < len(order) else None


def next_after(before: Sequence[int], current: int, *, now: Sequence[int]) -> int | None:
    """The next case when the list changed under the reader's hands.

    Parameters
    ----------
    before
        The order when the case was opened.
    current
        The case that was opened from it.
    now
        The order now.

    Returns
    -------
    int or None
        The first case behind ``current`` in the old order that the list still has, else the first one before it.
    """
    left = frozenset(now)
    place = before.index(current) if current in before else -1
    for case in (*before[place + 1 :], *before[: max(place, 0)]):
        if case in left and case != current:
            return case
    return next((case for case in now if case != current), None)


def to_prefetch(order: Sequence[int], current: int, *, ahead: int = 2, behind: int = 1) -> tuple[int, ...]:
    """The cases whose pixels and results should be at hand, the most likely first.

    Parameters
    ----------
    order
        The ids of the current list.
    current
        The case on screen.
    ahead, behind
        How many on either side.
    """
    if current not in order:
        return tuple(order[:ahead])
    place = order.index(current)
    return (*order[place + 1 : place + 1 + ahead], *reversed(order[max(0, place - behind) : place]))
