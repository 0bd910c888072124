"""What stands in an image's corner about its score."""

from __future__ import annotations

import re

from mammoview.core.findings import ExamResult, ImageResult, ScoreMeaning
from mammoview.core.score_words import short_point_words, thresholds_of
from mammoview.ui.panels.scores import meaning_text, not_scored_text


def notes(result: ImageResult, exam: ExamResult | None, meaning: ScoreMeaning | None) -> tuple[str, ...]:
    """What stands in an image's corner about its score, in lines short enough to stay off the breast."""
    if result.p_malignant is None:
        return (not_scored_text(result, exam),)
    spread = f" ± {result.uncertainty:.2f}" if result.uncertainty is not None else ""
    point = short_point_words(result.p_malignant, thresholds_of(meaning, result.members))
    return (
        f"score {result.p_malignant:.2f}{spread}",
        *([point] if point else []),
        *re.split("[,;] ", meaning_text(meaning)),
    )
