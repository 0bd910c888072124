"""What a reader does to a draft, one pure function each. The text follows where the reader did not write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mammoview.core.errors import ReadingError
from mammoview.core.findings import ExamResult, ModelUse
from mammoview.core.marks import Point
from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    DensityRead,
    FindingLink,
    QualityFault,
    QualityNote,
    ReaderFinding,
    Recommendation,
    RejectReason,
    accepted,
    check_link,
    edited,
    longest_mm,
    now,
    proposed,
    rejected,
    unjudged,
)
from mammoview.core.study import Laterality, Mammogram
from mammoview.report.breast_report import drafting
from mammoview.report.breast_report.drafting import refreshed
from mammoview.report.breast_report.values import Draft, SectionName

# What is decided


def assess(draft: Draft, side: Laterality, assessment: Assessment | None) -> Draft:
    """Give a breast its BI-RADS category, or take it away."""
    return _decided(draft, replace(_breast(draft, side), assessment=assessment))


def assess_all(draft: Draft, assessment: Assessment) -> Draft:
    """Give every breast that was imaged the same category."""
    for side in draft.exam.sides:
        draft = assess(draft, side, assessment)
    return draft


def recall(draft: Draft, side: Laterality, is_recalled: bool | None) -> Draft:
    """Say whether the woman is asked to come again for a breast; None takes it back."""
    return _decided(draft, replace(_breast(draft, side), is_recalled=is_recalled))


def recommend(draft: Draft, side: Laterality, recommendations: Sequence[Recommendation]) -> Draft:
    """Say what should be done next for a breast."""
    return _decided(draft, replace(_breast(draft, side), recommendations=tuple(recommendations)))


def suspect(draft: Draft, side: Laterality, suspicion: float | None) -> Draft:
    """Say how sure the reader is of a malignancy, 0 to 100."""
    return _decided(draft, replace(_breast(draft, side), suspicion=suspicion))


def set_density(draft: Draft, density: DensityRead | None) -> Draft:
    """Say how dense the breasts are."""
    return refreshed(replace(draft, density=density))


def note_quality(
    draft: Draft, image_id: str, faults: Sequence[QualityFault], *, needs_repeat: bool = False, comment: str = ""
) -> Draft:
    """Note what is wrong with an image; no fault takes the note away.

    Raises
    ------
    ReadingError
        When the exam has no such image.
    """
    image = draft.exam.image(image_id)
    if image is None:
        raise ReadingError("The image is none of this exam.", "Note it where it belongs.")
    others = tuple(note for note in draft.quality if note.image_id != image_id)
    note = (QualityNote(image_id, image.label, tuple(faults), needs_repeat, comment),) if faults else ()
    return refreshed(replace(draft, quality=(*others, *note)))


# Findings


def add_finding(draft: Draft, finding: ReaderFinding) -> Draft:
    """Put a new finding into the draft."""
    return refreshed(replace(draft, findings=(*draft.findings, finding)))


def change_finding(draft: Draft, finding: ReaderFinding) -> Draft:
    """Put another form of a finding in its place; its id says which.

    Raises
    ------
    ReadingError
        When there is none of that id.
    """
    finding_of(draft, finding.id)
    return refreshed(replace(draft, findings=tuple(finding if one.id == finding.id else one for one in draft.findings)))


def remove_finding(draft: Draft, finding_id: str) -> Draft:
    """Delete a finding of the reader's own, with its links.

    Raises
    ------
    ReadingError
        When it is one of the AI: that is rejected, and stays on record.
    """
    if finding_of(draft, finding_id).origin.is_from_ai:
        raise ReadingError("A finding of the AI stays on record.", "Reject it instead.")
    links = tuple(link for link in draft.links if finding_id not in {link.first, link.second})
    findings = tuple(one for one in draft.findings if one.id != finding_id)
    return refreshed(replace(draft, findings=findings, links=links))


def accept(draft: Draft, finding_id: str, reader: str) -> Draft:
    """Take a finding of the AI as it is."""
    return change_finding(draft, accepted(finding_of(draft, finding_id), reader=reader, time=now()))


def reject(draft: Draft, finding_id: str, reader: str, reason: RejectReason, comment: str = "") -> Draft:
    """Say that a finding of the AI is none, and why."""
    finding = finding_of(draft, finding_id)
    return change_finding(draft, rejected(finding, reader=reader, time=now(), reason=reason, comment=comment))


def take_back(draft: Draft, finding_id: str) -> Draft:
    """Take the verdict on a finding of the AI back."""
    return change_finding(draft, unjudged(finding_of(draft, finding_id)))


def propose_anew(draft: Draft, finding_id: str, result: ExamResult, image: Mammogram) -> Draft:
    """Give an edited finding of the AI the outline back that the AI drew; it is not judged then.

    Parameters
    ----------
    draft
        With the finding.
    finding_id
        Which; what was said of it stays.
    result
        Where the AI drew it.
    image
        What it lies on.

    Raises
    ------
    ReadingError
        When the result does not hold it.
    """
    finding = finding_of(draft, finding_id)
    found = (one for each in result.images if each.image_id == finding.image_id for one in each.findings)
    drawn = next((one for one in found if one.id == finding.origin.ai_finding_id), None)
    if drawn is None:
        raise ReadingError("The AI's own outline is gone.", "Analyse the study again, or keep the edited one.")
    first = proposed(drawn, image, finding.origin.models, frame=finding.frame)
    finding = replace(finding, contour=first.contour, size_mm=first.size_mm, outlined_by=())
    return change_finding(draft, replace(finding, origin=first.origin, verdict=None))


def edit_contour(
    draft: Draft,
    finding_id: str,
    contour: Sequence[Point],
    reader: str,
    *,
    outlined_by: tuple[ModelUse, ...] | None = (),
) -> Draft:
    """Give a finding another outline; one of the AI becomes an edited one.

    Parameters
    ----------
    draft
        With the finding.
    finding_id
        Which.
    contour
        (row, column), native pixels.
    reader
        Who drew it, or had it drawn.
    outlined_by
        The models that drew it; None where it is what it was with a correction, whoever drew that.
    """
    finding = finding_of(draft, finding_id)
    if outlined_by is not None:
        finding = replace(finding, outlined_by=outlined_by)
    image = draft.exam.image(finding.image_id)
    size_mm = longest_mm(contour, image.spacing_mm if image is not None else None)
    if finding.origin.is_from_ai:
        return change_finding(draft, edited(finding, contour, reader=reader, time=now(), size_mm=size_mm))
    return change_finding(draft, replace(finding, contour=tuple(contour), size_mm=size_mm))


def link(draft: Draft, first: str, second: str) -> Draft:
    """Say by hand that two findings are one lesion.

    Raises
    ------
    ReadingError
        When they cannot be.
    """
    check_link(finding_of(draft, first), finding_of(draft, second))
    others = tuple(one for one in draft.links if {one.first, one.second} != {first, second})
    return refreshed(replace(draft, links=(*others, FindingLink(first, second))))


def unlink(draft: Draft, first: str, second: str) -> Draft:
    """Take a link away, whoever made it."""
    links = tuple(one for one in draft.links if {one.first, one.second} != {first, second})
    return refreshed(replace(draft, links=links))


def finding_of(draft: Draft, finding_id: str) -> ReaderFinding:
    """The finding of that id.

    Raises
    ------
    ReadingError
        When there is none.
    """
    found = next((one for one in draft.findings if one.id == finding_id), None)
    if found is None:
        raise ReadingError("The finding is gone.", "It may have been taken back; draw it again.")
    return found


# The text


def write_section(draft: Draft, name: SectionName, text: str) -> Draft:
    """Put the reader's own words into a section."""
    return drafting.rewritten(draft, name, text)


def restore_section(draft: Draft, name: SectionName) -> Draft:
    """Drop the reader's words in a section for what the program writes."""
    return drafting.restored(draft, name)


def _breast(draft: Draft, side: Laterality) -> BreastDecision:
    return draft.breast(side) or BreastDecision(side)


def _decided(draft: Draft, decision: BreastDecision) -> Draft:
    others = [one for one in draft.breasts if one.side is not decision.side]
    is_empty = decision == BreastDecision(decision.side)
    kept = [*others, *([] if is_empty else [decision])]
    order = (Laterality.RIGHT, Laterality.LEFT)
    return refreshed(replace(draft, breasts=tuple(sorted(kept, key=lambda one: order.index(one.side)))))
