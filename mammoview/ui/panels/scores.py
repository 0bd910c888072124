"""The scores of images, breasts and exam, each with what it means beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from mammoview.core.findings import BreastResult, ExamResult, ImageResult, PriorsScore, ScoreMeaning
from mammoview.core.score_words import point_words, spread_words, thresholds_of
from mammoview.core.study import Laterality, Mammogram
from mammoview.ui import theme

_SIDES = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast"}


def meaning_text(meaning: ScoreMeaning | None) -> str:
    """What stands beside a number: ``malignant against benign lesion, trained at 51 % malignant``."""
    if meaning is None:
        return "the meaning of this score is not known yet"
    return f"{meaning.text.rstrip('.')}; trained at {meaning.training_prevalence:.0%} malignant"


def not_scored_text(result: ImageResult, exam: ExamResult | None) -> str:
    """Why an image has no score, or that it has none."""
    reason = next((text for text in result.warnings if text.lower().startswith("not scored")), "")
    if not reason and exam is not None and all(use.task != "whole_image" for use in exam.provenance.models):
        return "Not scored: no model for whole images is installed."
    return reason or "Not scored."


class ScoresPanel(QLabel):
    """A page of numbers. Shows what it is given; nothing here is computed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setMargin(8)
        self.clear_scores("")

    def clear_scores(self, reason: str) -> None:
        """Show that there are no scores, and why."""
        self.setText(_quiet(reason or "No scores yet."))

    def show_scores(
        self,
        images: Sequence[Mammogram],
        results: Sequence[ImageResult],
        exam: ExamResult | None,
        meaning: ScoreMeaning | None,
    ) -> None:
        """Show the scores of a study as far as they are known, ``meaning`` beside each."""
        by_id = {image.id: image for image in images}
        parts = []
        if exam is not None:
            parts.append(_number("Exam", exam.p_malignant, meaning, f"{exam.rule}", is_large=True))
            parts.extend(_breast(breast, meaning) for breast in exam.breasts)
            if exam.priors is not None:
                parts.append(_priors(exam.priors))
        for result in results:
            label = by_id[result.image_id].label if result.image_id in by_id else "?"
            if result.p_malignant is None:
                parts.append(f"<p><b>{escape(label)}</b> {_warning(not_scored_text(result, exam))}</p>")
            else:
                parts.append(_image(label, result, result.p_malignant, meaning))
        others = [w for w in (exam.warnings if exam else ()) if not w.lower().startswith("not scored")]
        parts.extend(f"<p>{_warning(text)}</p>" for text in others)
        self.setText("".join(parts) or _quiet("No scores yet."))


def _image(label: str, result: ImageResult, score: float, meaning: ScoreMeaning | None) -> str:
    """One image's score with its spread and operating point, and what each model says where there are several."""
    members = " · ".join(f"{member.model} {member.p_malignant:.2f}" for member in result.members)
    lines = (
        point_words(score, thresholds_of(meaning, result.members)),
        members if len(result.members) > 1 else "",
    )
    extra = spread_words(result.uncertainty, result.spread_over)
    return _number(label, score, meaning, extra, below=tuple(line for line in lines if line))


def _breast(breast: BreastResult, meaning: ScoreMeaning | None) -> str:
    views = "one view only" if breast.is_single_view else f"mean of {len(breast.image_ids)} views"
    return _number(_SIDES[breast.laterality], breast.p_malignant, meaning, views)


def _priors(priors: PriorsScore) -> str:
    number = f'<span style="font-size:{theme.points(12)}">{priors.score:.2f}</span>'
    return (
        f'<p style="margin:0 0 6px 0"><b>Earlier exams</b>&nbsp; {number}'
        f"&nbsp; {_warning(priors.words)}<br>{_quiet(priors.meaning.text)}</p>"
    )


def _number(
    what: str,
    value: float | None,
    meaning: ScoreMeaning | None,
    extra: str,
    *,
    is_large: bool = False,
    below: Sequence[str] = (),
) -> str:
    if value is None:
        return f"<p><b>{escape(what)}</b> {_quiet('no score')}</p>"
    size = theme.points(18 if is_large else 12)
    number = f'<span style="font-size:{size}; font-weight:bold">{value:.2f}</span>'
    return (
        f'<p style="margin:0 0 6px 0"><b>{escape(what)}</b>&nbsp; {number}&nbsp; {_quiet(extra)}'
        f"{''.join(f'<br>{_quiet(line)}' for line in (*below, meaning_text(meaning)))}</p>"
    )


def _quiet(text: str) -> str:
    return f'<span style="color:{theme.QUIET.name()}">{escape(text)}</span>'


def _warning(text: str) -> str:
    return f'<span style="color:{theme.WARNING.name()}">{escape(text)}</span>'
