"""The AI's change since the earlier exam, put together from results and frames of two open studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mammoview.core.findings import ExamResult, Finding, ImageResult
from mammoview.core.reading.prior_change import (
    AnalysedView,
    Place,
    PriorChange,
    Spot,
    Tolerance,
    compare_views,
)
from mammoview.core.score_words import short_point_words, thresholds_of
from mammoview.core.study import Mammogram, Study, ViewPosition
from mammoview.imaging.correspondence import HALF_WIDTH_MM, HALF_WIDTH_SHARE, Rule
from mammoview.imaging.location import ViewFrame
from mammoview.pipeline.eligibility import why_not_scored

MM, DEPTHS = "mm", "depths"
#: The band in which nine in ten masses lie from one view of a breast to the other serves from exam to exam, too.
TOLERANCES: Final[Mapping[str, Tolerance]] = {
    MM: Tolerance(HALF_WIDTH_MM[Rule.ARC], HALF_WIDTH_MM[Rule.STRIP]),
    DEPTHS: Tolerance(HALF_WIDTH_SHARE[Rule.ARC], HALF_WIDTH_SHARE[Rule.STRIP]),
}
_VIEWS = {ViewPosition.CC, ViewPosition.MLO}
#: Tasks whose models give the scores and the findings.
_TASKS = {"whole_image", "patch", "segmentation"}


def compared_views(study: Study) -> tuple[Mammogram, ...]:
    """The images that are compared with those of another exam: plain CC and MLO views that models may score."""
    return tuple(
        image
        for image in study.images
        if image.laterality is not None
        and image.view in _VIEWS
        and not image.modifiers
        and not image.is_partial
        and not why_not_scored(image)
    )


def change_since(
    study: Study,
    result: ExamResult | None,
    prior: Study | None,
    prior_result: ExamResult | None,
    frames: Mapping[str, ViewFrame],
) -> PriorChange:
    """Compare a study with its newest earlier one.

    Parameters
    ----------
    study, result
        Now; the result None where the AI has not looked at it.
    prior, prior_result
        Then; None where there is no earlier study, or no result of it.
    frames
        By image id, of both studies as far as they are known.
    """
    if prior is None:
        return PriorChange(study.uid, reason="There is no earlier exam.")
    if result is None or prior_result is None:
        which = "This exam" if result is None else "The earlier exam"
        return PriorChange(study.uid, prior.uid, prior.date, reason=f"{which} was not analysed by the AI.")
    return PriorChange(
        study.uid,
        prior.uid,
        prior.date,
        views=compare_views(_analysed(study, result, frames), _analysed(prior, prior_result, frames), TOLERANCES),
        meaning=result.meaning,
        temporal=result.priors,
    )


def _analysed(study: Study, result: ExamResult, frames: Mapping[str, ViewFrame]) -> list[AnalysedView]:
    found = {one.image_id: one for one in result.images}
    return [_view(image, found.get(image.id), result, frames.get(image.id)) for image in compared_views(study)]


def _view(image: Mammogram, found: ImageResult | None, result: ExamResult, frame: ViewFrame | None) -> AnalysedView:
    assert image.laterality is not None
    assert image.view is not None
    if found is None or found.p_malignant is None:
        why = "" if found is None else next((text for text in found.warnings if text.startswith("Not scored")), "")
        return AnalysedView(image.laterality, image.view, image.id, why_not=why)
    score = found.p_malignant
    return AnalysedView(
        image.laterality,
        image.view,
        image.id,
        score=score,
        uncertainty=found.uncertainty,
        words=short_point_words(score, thresholds_of(result.meaning, found.members)),
        models=_way(found, result),
        spots=tuple(Spot(one.id, one.kind, one.p_malignant, place_of(one, frame)) for one in found.findings),
    )


def _way(found: ImageResult, result: ExamResult) -> tuple[str, ...]:
    """What two scores must share to be compared: the models by hash, the arithmetic, and what was averaged."""
    models = sorted(f"{use.id}@{use.version} {use.sha256}" for use in result.provenance.models if use.task in _TASKS)
    arithmetic = "bf16" if "bf16" in result.provenance.backend else "fp32"
    return (*models, *(member.model for member in found.members), arithmetic, found.spread_over)


def place_of(finding: Finding, frame: ViewFrame | None) -> Place | None:
    """Where a finding lies in its view's frame; None where nipple, or without a pixel size the depth, is not known."""
    if frame is None:
        return None
    distance, at = frame.distance(finding.centre), frame.along_across(finding.centre)
    if distance is None or at is None:
        return None
    if frame.unit == MM:
        return Place(distance, *at, MM)
    return Place(distance / frame.depth, at[0] / frame.depth, at[1] / frame.depth, DEPTHS) if frame.depth else None
