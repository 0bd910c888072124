"""A score's company in words that claim no more than was measured: its spread, and the operating points it reaches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mammoview.core.findings import MemberScore, ScoreMeaning, Threshold

_PERCENT_POINT = re.compile(r"(sensitivity|specificity) (\d+(?:\.\d+)?) ?%")
_OTHER_SIDE = {"sensitivity": "specificity", "specificity": "sensitivity"}


def spread_words(uncertainty: float | None, over: str) -> str:
    """``spread ±0.06 over 4 flips × 3 models``; empty where nothing was varied."""
    if uncertainty is None:
        return ""
    return f"spread ±{uncertainty:.2f} over {over}" if over else f"spread ±{uncertainty:.2f}"


def thresholds_of(meaning: ScoreMeaning | None, members: Sequence[MemberScore]) -> tuple[Threshold, ...]:
    """The operating points that hold for a score, by rising threshold.

    Parameters
    ----------
    meaning
        What the score says, with the points of all models together.
    members
        Those that made this score; where some were left out the points do not hold, and there are none.
    """
    if meaning is None or len(members) not in (0, meaning.models):
        return ()
    return tuple(sorted(meaning.thresholds, key=lambda point: point.threshold))


def reached(score: float, points: Sequence[Threshold]) -> Threshold | None:
    """The highest point that a score lies at or above; None where it lies below all."""
    return next((point for point in reversed(points) if score >= point.threshold), None)


def point_name(point: Threshold) -> str:
    """``90 % specificity point``, or the name that its maker gave it."""
    found = _PERCENT_POINT.fullmatch(point.name)
    return f"{found[2]} % {found[1]} point" if found else f"point “{point.name}”"


def short_point_words(score: float, points: Sequence[Threshold]) -> str:
    """``above the 90 % specificity point``; empty where there are no points."""
    if not points:
        return ""
    point = reached(score, points)
    return f"above the {point_name(point)}" if point else f"below the {point_name(points[0])}"


def point_words(score: float, points: Sequence[Threshold]) -> str:
    """`short_point_words` with what the point achieved, on whom: ``… (sensitivity 0.31 on …, 85 patients)``."""
    words = short_point_words(score, points)
    if not words:
        return ""
    point = reached(score, points) or points[0]
    details = _achieved(point)
    if point.fitted_on:
        details += f" on {point.fitted_on}"
    if point.n_patients:
        details += f", {point.n_patients} patients"
    return f"{words} ({details.strip(' ,')})" if details.strip(" ,") else words


def _achieved(point: Threshold) -> str:
    values = {"sensitivity": point.sensitivity, "specificity": point.specificity}
    found = _PERCENT_POINT.fullmatch(point.name)
    # A point that is named for one share says the other, which is what it cost.
    kinds = (_OTHER_SIDE[found[1]],) if found else tuple(values)
    return ", ".join(f"{kind} {values[kind]:.2f}" for kind in kinds if values[kind] is not None)


def families(models: Sequence[str]) -> str:
    """Ids of models in a line: those that differ by a last number alone are told together, with how many there are."""
    stems = [re.sub(r"-\d+$", "", model) for model in models]
    counts = Counter(stems)
    pairs = zip(stems, models, strict=True)
    told = {stem: model if counts[stem] == 1 else f"{counts[stem]} × {stem}" for stem, model in pairs}
    return ", ".join(told.values())


def family(keys: Sequence[str]) -> str:
    """Models by their ``id@version``: the key of a single one, else as `families` tells their ids."""
    return keys[0] if len(keys) == 1 else families([key.partition("@")[0] for key in keys])
