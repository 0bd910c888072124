"""Signed reads of the worklist as cases to learn from: labels and outlines that readers stand for, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mammoview.core.errors import DamagedDocumentError, NewerDocumentError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    FindingType,
    Maker,
    ReaderFinding,
    ReadingState,
    lesions_of,
)
from mammoview.core.study import Laterality
from mammoview.report.breast_report.values import Draft, SignedReport
from mammoview.report.documents import REPORT, from_json
from mammoview.session.worklist.documents import REPORT as REPORT_DOCUMENT
from mammoview.session.worklist.documents import Document
from mammoview.session.worklist.listing import Query, Row
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist
from mammoview.training.tuning.messages import ReadImage, ReadLesion

#: How reads become labels, for the page, the command line and the model's card.
RULE: Final = (
    "Only studies whose reading is over and whose reports are signed are taken, each report in its last version. "
    "A breast's category gives its label: BI-RADS 1 and 2 are benign, 4, 5 and 6 malignant; 0 and 3 give none. Without "
    "a category, no recall is benign, and a recall gives no label. Where several readers signed, the arbiter's report "
    "counts; without one they must agree, or the breast has no label. Findings that were drawn, accepted or edited are "
    "boxes and outlines; rejected and unjudged ones are nothing. A finding has its breast's label only where it is the "
    "only lesion there. How many outlines a model drew is told. These are labels by reading, not by biopsy."
)
_ARBITER: Final = 3
_BENIGN: Final = frozenset({Assessment.NEGATIVE, Assessment.BENIGN})
_NONE: Final = frozenset({Assessment.INCOMPLETE, Assessment.PROBABLY_BENIGN})
_KINDS: Final = {FindingType.MASS: "mass", FindingType.CALCIFICATIONS: "calcification"}
#: Fewer points surround nothing.
_LEAST_POINTS: Final = 3


@dataclass(frozen=True)
class SignedReads:
    """What the worklist gave.

    Attributes
    ----------
    images
        In the order of the studies.
    studies
        How many gave images.
    notes
        What was left out, a sentence each.
    """

    images: tuple[ReadImage, ...]
    studies: int
    notes: tuple[str, ...]


def signed_reads(
    worklist: Worklist, seat: Seat, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> SignedReads:
    """Take the signed reads that a reader may see; the audit log keeps that they were taken.

    Parameters
    ----------
    worklist
        Where they are kept; never asked from the GUI thread.
    seat
        Who takes them. What the protocol hides from this reader is left out.
    progress, cancel
        As usual.

    Raises
    ------
    LockedError
        When the seat is locked.
    """
    order = worklist.listing.order(seat, Query(states=frozenset({ReadingState.SIGNED}), is_descending=False))
    images: list[ReadImage] = []
    notes: list[str] = []
    taken = hidden = 0
    for number, row in enumerate(worklist.listing.rows(seat, order), start=1):
        stop_if_cancelled(cancel)
        progress(number / len(order), f"Signed study {number} of {len(order)}")
        try:
            reports = _reports(worklist, seat, row.id)
        except (DamagedDocumentError, NewerDocumentError) as error:
            notes.append(f"{error.user_message} {error.hint}")
            continue
        if not reports:
            hidden += 1
            continue
        images.extend(images_of(reports, _patient(row), worklist.listing.image_paths(seat, row.id)))
        taken += 1
    if hidden:
        notes.append(f"{hidden} signed studies have no report that you may see; they are left out.")
    worklist.documents.log_export(seat, None, what=f"training cases of {taken} studies")
    return SignedReads(tuple(images), taken, tuple(notes))


def images_of(reports: Sequence[SignedReport], patient: str, paths: Mapping[str, str]) -> tuple[ReadImage, ...]:
    """The images of one study by `RULE`.

    Parameters
    ----------
    reports
        Those that count: one, or several that must agree.
    patient
        Her name in the table of cases.
    paths
        File of each image, by its id; images without one are left out.
    """
    content = reports[0].content
    labels = {side: _agreed([report.content.breasts for report in reports], side) for side in Laterality}
    lesions = _lesions(reports[0], labels)
    density = content.density.grade.value.upper() if content.density is not None else ""
    return tuple(
        ReadImage(
            paths[image.id],
            patient,
            image.side,
            image.view,
            labels[image.side],
            tuple(lesions[image.id]),
            content.exam.date if content.exam.date.isdecimal() and len(content.exam.date) == 8 else "",
            density,
        )
        for image in content.exam.images
        if image.id in paths and image.side is not None and image.view is not None
    )


def label_of(decision: BreastDecision) -> bool | None:
    """Whether a breast is malignant by its reader's decision; None gives no label. See `RULE`."""
    category = decision.assessment
    if category is None:
        return False if decision.is_recalled is False else None
    return None if category in _NONE else category not in _BENIGN


def _agreed(readers: Sequence[Sequence[BreastDecision]], side: Laterality) -> bool | None:
    said = {label_of(decision) for breasts in readers for decision in breasts if decision.side is side}
    return said.pop() if len(said) == 1 else None


def _lesions(report: SignedReport, labels: Mapping[Laterality, bool | None]) -> dict[str, list[ReadLesion]]:
    """The reported findings of each image."""
    content = report.content
    draft = Draft(content.exam, report.signer, content.ai, findings=content.findings, links=content.links)
    reported = draft.reported
    alone = {side for side in Laterality if sum(one.side is side for one in lesions_of(reported, content.links)) == 1}
    found: dict[str, list[ReadLesion]] = defaultdict(list)
    for finding in reported:
        if len(finding.contour) >= _LEAST_POINTS:
            found[finding.image_id].append(_lesion(finding, labels[finding.side], is_alone=finding.side in alone))
    return found


def _lesion(finding: ReaderFinding, label: bool | None, *, is_alone: bool) -> ReadLesion:
    # Without a kind nothing takes the image's label for the lesion's.
    kind = _KINDS.get(finding.kind, "") if is_alone else ""
    # A finding of the AI whose outline a hand changed is the reader's.
    is_by_ai = finding.origin.maker is Maker.AI or bool(finding.outlined_by)
    return ReadLesion(tuple(finding.contour), kind, label if is_alone else None, is_by_ai)


def _reports(worklist: Worklist, seat: Seat, study: int) -> list[SignedReport]:
    """The last version of each reader's signed report; the arbiter's alone where there is one."""
    last: dict[str, Document] = {}
    for document in worklist.documents.visible(seat, study, kind=REPORT_DOCUMENT):
        if document.is_signed:
            last[document.author] = document
    places = {reading.reader: reading.place for reading in worklist.readings.visible(seat, study)}
    arbiter = [author for author in last if places.get(author) == _ARBITER]
    return [from_json(REPORT, last[author].content) for author in (arbiter or sorted(last))]


def _patient(row: Row) -> str:
    """The patient's id; where there is none, the worklist's number of her."""
    return row.patient_id or f"worklist-{row.patient}"
