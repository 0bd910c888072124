"""What the AI says now against what it said of the earlier exam, view by view. Pure: places come as numbers.

A difference is told only where it means something: the same view of the same breast, scored by the same models in the
same way. Everything else is None, with the reason beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mammoview.core.findings import LesionKind, PriorsScore, ScoreMeaning
from mammoview.core.study import Laterality, ViewPosition

#: Right before left, as readers name them.
_ORDER = {side: number for number, side in enumerate((Laterality.RIGHT, Laterality.LEFT))}


@dataclass(frozen=True)
class Place:
    """Where a finding lies in its view's own frame, every length in ``unit``.

    Attributes
    ----------
    distance
        From the nipple.
    depth, across
        Along the posterior nipple line and across it, up the screen positive.
    unit
        ``mm``, or ``depths`` for shares of the breast's depth where the pixel size is not known.
    """

    distance: float
    depth: float
    across: float
    unit: str


@dataclass(frozen=True)
class Tolerance:
    """How far two places of one finding may lie apart, in one unit."""

    distance: float
    depth: float


@dataclass(frozen=True)
class Spot:
    """A finding of the AI as it is compared. ``place`` is None where the view tells none."""

    id: str
    kind: LesionKind
    p_malignant: float
    place: Place | None


@dataclass(frozen=True)
class AnalysedView:
    """One standard view and what the AI said of it.

    Attributes
    ----------
    score, uncertainty
        None where there is none.
    words
        The operating point that the score reaches; empty where none holds.
    models
        What gave the numbers, and how: equal for views whose numbers can be compared.
    why_not
        Why there is no score; empty where there is one.
    """

    side: Laterality
    view: ViewPosition
    image_id: str
    score: float | None = None
    uncertainty: float | None = None
    words: str = ""
    models: tuple[str, ...] = ()
    spots: tuple[Spot, ...] = ()
    why_not: str = ""

    @property
    def label(self) -> str:
        """``RCC``."""
        return f"{self.side.value}{self.view.value}"


@dataclass(frozen=True)
class ViewChange:
    """One view then and now.

    Attributes
    ----------
    label
        ``RCC``.
    now, then
        None where the exam has no such view.
    persisting
        Findings of now, each with that of then at its place.
    new, gone
        Findings without such a partner.
    unplaced
        Findings of either exam whose place is not known: nothing is said of them.
    reason
        Why the numbers are not compared; empty where they are.
    """

    label: str
    now: AnalysedView | None
    then: AnalysedView | None
    persisting: tuple[tuple[Spot, Spot], ...] = ()
    new: tuple[Spot, ...] = ()
    gone: tuple[Spot, ...] = ()
    unplaced: tuple[Spot, ...] = ()
    reason: str = ""

    @property
    def is_compared(self) -> bool:
        """Whether then and now can be compared."""
        return not self.reason

    @property
    def difference(self) -> float | None:
        """The score now minus the score then; None where they are not compared."""
        if self.reason or self.now is None or self.then is None:
            return None
        if self.now.score is None or self.then.score is None:
            return None
        return self.now.score - self.then.score

    @property
    def uncertainty(self) -> float | None:
        """The spread of the difference, both scores' together; None where either has none."""
        spreads = [one.uncertainty for one in (self.now, self.then) if one is not None and one.uncertainty is not None]
        return math.hypot(*spreads) if self.difference is not None and len(spreads) == 2 else None

    @property
    def is_beyond_spread(self) -> bool | None:
        """Whether the score changed by more than its own spread; None where that is not known."""
        if self.difference is None or self.uncertainty is None:
            return None
        return abs(self.difference) > self.uncertainty


@dataclass(frozen=True)
class PriorChange:
    """What changed since the newest earlier exam.

    Attributes
    ----------
    prior_uid, prior_date
        Of that exam; empty where there is none.
    views
        Right before left, CC before MLO.
    meaning
        What the scores say.
    temporal
        What the temporal model says, if one is in use: experimental, and no part of any other score.
    reason
        Why nothing is compared at all; empty where something is.
    """

    study_uid: str
    prior_uid: str = ""
    prior_date: str = ""
    views: tuple[ViewChange, ...] = ()
    meaning: ScoreMeaning | None = None
    temporal: PriorsScore | None = None
    reason: str = ""


def compare_views(
    now: Sequence[AnalysedView], then: Sequence[AnalysedView], tolerances: Mapping[str, Tolerance]
) -> tuple[ViewChange, ...]:
    """Put the views of two exams side by side.

    Parameters
    ----------
    now, then
        Of each exam one image of a side and view; where there are several the first one counts.
    tolerances
        By unit.

    Returns
    -------
    tuple of ViewChange
        Right before left, CC before MLO; a view that only one exam has is among them.
    """
    ours, theirs = _by_slot(now), _by_slot(then)
    slots = sorted({*ours, *theirs}, key=lambda slot: (_ORDER[slot[0]], slot[1].value))
    return tuple(_compared(ours.get(slot), theirs.get(slot), tolerances) for slot in slots)


def _by_slot(views: Sequence[AnalysedView]) -> dict[tuple[Laterality, ViewPosition], AnalysedView]:
    slots: dict[tuple[Laterality, ViewPosition], AnalysedView] = {}
    for one in views:
        slots.setdefault((one.side, one.view), one)
    return slots


def _compared(now: AnalysedView | None, then: AnalysedView | None, tolerances: Mapping[str, Tolerance]) -> ViewChange:
    label = next(one.label for one in (now, then) if one is not None)
    if now is None or then is None:
        which = "This exam" if now is None else "The earlier exam"
        return ViewChange(label, now, then, reason=f"{which} has no {label} view.")
    if now.score is None or then.score is None:
        which, why = ("This exam", now.why_not) if now.score is None else ("The earlier exam", then.why_not)
        return ViewChange(label, now, then, reason=f"{which}: {why}" if why else f"{which} was not scored.")
    if now.models != then.models:
        return ViewChange(label, now, then, reason="Other models, or another way of scoring, were used then.")
    return _matched(ViewChange(label, now, then), now.spots, then.spots, tolerances)


def _matched(
    change: ViewChange, now: Sequence[Spot], then: Sequence[Spot], tolerances: Mapping[str, Tolerance]
) -> ViewChange:
    """Pair findings of one kind whose places agree, the nearest pairs first."""
    placed_now, placed_then = ([spot for spot in spots if spot.place is not None] for spots in (now, then))
    if len({spot.place.unit for spot in (*placed_now, *placed_then) if spot.place is not None}) > 1:
        # Millimetres and shares are no common measure: nothing is said of where they lie.
        placed_now, placed_then = [], []
    pairs = []
    for one in placed_now:
        for other in placed_then:
            apart = _apart(one, other, tolerances)
            if apart is not None:
                pairs.append((apart, one.id, other.id, one, other))
    persisting: list[tuple[Spot, Spot]] = []
    for _, _, _, one, other in sorted(pairs, key=lambda pair: pair[:3]):
        if all(one is not mine and other is not theirs for mine, theirs in persisting):
            persisting.append((one, other))
    kept = {id(spot) for pair in persisting for spot in pair}
    return ViewChange(
        change.label,
        change.now,
        change.then,
        persisting=tuple(sorted(persisting, key=lambda pair: -pair[0].p_malignant)),
        new=tuple(spot for spot in placed_now if id(spot) not in kept),
        gone=tuple(spot for spot in placed_then if id(spot) not in kept),
        unplaced=tuple(spot for spot in (*now, *then) if spot not in placed_now and spot not in placed_then),
    )


def _apart(one: Spot, other: Spot, tolerances: Mapping[str, Tolerance]) -> float | None:
    """How far two places lie apart in tolerances; None where they are not those of one finding."""
    here, there = one.place, other.place
    if one.kind is not other.kind or here is None or there is None or here.unit not in tolerances:
        return None
    allowed = tolerances[here.unit]
    # Distance and depth alone would take a finding above the line for one as far below it.
    shares = (
        (here.distance - there.distance) / allowed.distance,
        (here.depth - there.depth) / allowed.depth,
        (here.across - there.across) / allowed.distance,
    )
    return math.hypot(*shares) if max(map(abs, shares)) <= 1.0 else None
