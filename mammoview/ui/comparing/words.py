"""A comparison in words: headings, notes in the corners, cells of the table. No Qt."""

from __future__ import annotations

import re

from mammoview.core.amounts import counted, grouped
from mammoview.core.findings import ScoreMeaning
from mammoview.core.score_words import short_point_words, thresholds_of
from mammoview.core.study import Mammogram
from mammoview.pipeline.comparing import Side
from mammoview.session.compared import PATCH, SEGMENTATION, Row, SoFar
from mammoview.ui.panels.scores import meaning_text

SIDES = {Side.OLD: "OLD MODEL", Side.NEW: "NEW MODEL"}
_MINUS = "\u2212"


def value_words(value: float | None, unit: str) -> str:
    """A score with two digits; an area with its unit."""
    if value is None:
        return "none"
    return f"{grouped(round(value))} {unit}" if unit else f"{value:.2f}"


def headline(so_far: SoFar, side: Side, image: Mammogram) -> str:
    """What stands above a pane beside the model's name: its number for this view, and what kind of number."""
    view = so_far.views.get((side, image.id))
    if view is None:
        return "cannot be read" if so_far.problem_of(image) else "not looked yet"
    if view.refusal:
        return "not scored" if so_far.task != SEGMENTATION else "not outlined"
    value, count = so_far.value_of(side, image), so_far.count_of(side, image)
    if so_far.task == SEGMENTATION:
        return f"{counted(count or 0, 'outline')}, {value_words(value, so_far.unit_of(image))}"
    kind = "" if view.is_calibrated else ", uncalibrated"
    if so_far.task == PATCH:
        return "no finding" if value is None else f"highest {value:.2f}{kind}, {counted(count or 0, 'finding')}"
    return f"score {value_words(value, '')}{kind}"


def corner_notes(so_far: SoFar, side: Side, image: Mammogram) -> tuple[str, ...]:
    """What a pane says in its corner, in lines short enough to stay off the breast."""
    view, told = so_far.views.get((side, image.id)), so_far.exam_of(side)
    if view is None:
        return ()
    if view.refusal:
        return (view.refusal,)
    lines = [headline(so_far, side, image)]
    if view.result.uncertainty is not None and view.result.p_malignant is not None:
        lines.append(f"spread ± {view.result.uncertainty:.2f}")
    meaning = _meaning(so_far, side)
    if told is None or meaning is None:
        return tuple(lines)
    value = so_far.value_of(side, image)
    if value is not None and so_far.task != PATCH:
        lines += filter(None, [short_point_words(value, thresholds_of(meaning, view.result.members))])
    return (*lines, *re.split("[,;] ", meaning_text(meaning)))


def _meaning(so_far: SoFar, side: Side) -> ScoreMeaning | None:
    told = so_far.exam_of(side)
    if told is None or so_far.task == SEGMENTATION:
        return None
    return told.exam.finding_meaning if so_far.task == PATCH else told.exam.meaning


def titles(task: str) -> tuple[str, ...]:
    """Of the table's columns."""
    if task == SEGMENTATION:
        return ("View", "Old", "New", "New \u2212 old", "Outlines", "Dice")
    if task == PATCH:
        return ("View", "Old", "New", "New \u2212 old", "Findings", "Calibrated")
    return ("View", "Old", "New", "New \u2212 old", "Calibrated")


def cells(row: Row, so_far: SoFar) -> tuple[str, ...]:
    """One line of the table, as `titles` names its columns."""
    old, new = (_cell(row, so_far, side, value) for side, value in ((Side.OLD, row.old), (Side.NEW, row.new)))
    last: list[str] = []
    if row.counts is not None:
        last.append(" \u2192 ".join("\u2013" if count is None else str(count) for count in row.counts))
    if so_far.task == SEGMENTATION:
        last.append("\u2013" if row.dice is None else f"{row.dice:.2f}")
    else:
        last.append("" if row.old is None and row.new is None else _calibrated(so_far))
    return (row.what, old, new, _change(row), *last)


def _cell(row: Row, so_far: SoFar, side: Side, value: float | None) -> str:
    if value is not None:
        return value_words(value, row.unit)
    view = so_far.views.get((side, row.image_id))
    if row.image_id and view is None:
        return "unread" if so_far.exams is not None else "…"
    if view is not None and view.refusal:
        return "not scored" if so_far.task != SEGMENTATION else "not outlined"
    return "none"


def _change(row: Row) -> str:
    if row.change is None:
        return ""
    number = f"{row.change:+,.0f}".replace(",", "\u202f") if row.unit else f"{row.change:+.2f}"
    return f"{number} {row.unit}".strip().replace("-", _MINUS)


def _calibrated(so_far: SoFar) -> str:
    known = {side: view.is_calibrated for (side, _), view in so_far.views.items()}
    if len(known) < len(Side):
        return ""
    if known[Side.OLD] == known[Side.NEW]:
        return "both" if known[Side.OLD] else "neither"
    return "old only" if known[Side.OLD] else "new only"
