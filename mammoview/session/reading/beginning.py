"""The first draft of a case, and what the AI adds to it when it is revealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mammoview.core.errors import ReadingError
from mammoview.core.findings import ExamResult
from mammoview.core.reading import FindingLink, LinkMaker, ReaderFinding, RevealProtocol, check_link, proposed
from mammoview.core.study import Mammogram, Study
from mammoview.report.breast_report.drafting import refreshed
from mammoview.report.breast_report.values import INTENDED_USE, AiPart, Draft, Exam, ReportImage
from mammoview.session.worklist.priors import Prior

#: Marks of the AI on one image at the most: readers who get many learn to pass them over.
MOST_MARKS: Final = 3
_UNSEEN = "The reader did not see what the AI found."


def exam_of(study: Study, priors: Sequence[Prior] = ()) -> Exam:
    """Whose exam it is, as its headers say.

    Parameters
    ----------
    study
        With at least one image.
    priors
        Earlier studies that hang beside it.
    """
    first = study.images[0]
    return Exam(
        study_uid=study.uid,
        patient_name=study.patient_name,
        patient_id=study.patient_id,
        date=study.date,
        images=tuple(_image(image) for image in study.images),
        birth_date=first.patient_birth_date,
        accession=first.accession_number,
        priors=tuple(prior.study.date for prior in priors),
    )


def _image(image: Mammogram) -> ReportImage:
    return ReportImage(image.id, image.label, image.laterality, image.view, image.rows, image.columns, image.spacing_mm)


def first_draft(exam: Exam, reader: str, protocol: RevealProtocol) -> Draft:
    """A draft in which nothing is decided."""
    return refreshed(Draft(exam, reader, AiPart(protocol=protocol, reason=_UNSEEN)))


def with_ai(draft: Draft, result: ExamResult, images: Sequence[Mammogram], *, revealed_at: str) -> Draft:
    """Put what the AI said beside what the reader decided: its findings are proposed, none is taken.

    Of each image the `MOST_MARKS` most suspicious ones are, with what they are linked with in the other view.

    Parameters
    ----------
    draft
        Findings of the AI that are in it already stay as the reader judged them.
    result
        Of the study.
    images
        The study's.
    revealed_at
        When this reader saw it first; ISO 8601 with the time zone.
    """
    used = result.provenance
    if not used.models:
        return refreshed(replace(draft, ai=replace(draft.ai, reason="No model was installed.")))
    by_id = {image.id: image for image in images}
    known = {finding.id for finding in draft.findings}
    marked = _marked(result)
    new = [
        finding
        for of_image in result.images
        if (image := by_id.get(of_image.image_id)) is not None and image.laterality is not None
        for finding in (proposed(one, image, used.models) for one in of_image.findings if one.id in marked)
        if finding.id not in known
    ]
    findings = (*draft.findings, *new)
    ai = AiPart(
        models=used.models,
        intended_use=draft.ai.intended_use or INTENDED_USE,
        protocol=draft.ai.protocol,
        revealed_at=revealed_at,
        software=used.software,
        device=used.device,
        scores=tuple((breast.laterality, breast.p_malignant) for breast in result.breasts),
        score_meaning=result.meaning.text if result.meaning is not None else "",
    )
    links = _links(result, findings) if new else ()
    kept = {frozenset((link.first, link.second)) for link in draft.links}
    added = tuple(link for link in links if frozenset((link.first, link.second)) not in kept)
    return refreshed(replace(draft, ai=ai, findings=findings, links=(*draft.links, *added)))


def _marked(result: ExamResult) -> frozenset[str]:
    chosen = {
        finding.id
        for image in result.images
        for finding in sorted(image.findings, key=lambda one: -one.p_malignant)[:MOST_MARKS]
    }
    pairs = [{link.cc, link.mlo} for link in result.links]
    return frozenset(chosen.union(*(pair for pair in pairs if pair & chosen)))


def _links(result: ExamResult, findings: Sequence[ReaderFinding]) -> tuple[FindingLink, ...]:
    by_ai_id = {finding.origin.ai_finding_id: finding for finding in findings if finding.origin.is_from_ai}
    made = []
    for link in result.links:
        one, other = by_ai_id.get(link.cc), by_ai_id.get(link.mlo)
        if one is None or other is None:
            continue
        try:
            check_link(one, other)
        except ReadingError:
            # Headers that the reader corrected since: the link is of two breasts now.
            continue
        made.append(FindingLink(one.id, other.id, LinkMaker.AI, link.score))
    return tuple(made)
