"""Where the findings of a draft lie, in words: computed from the landmarks, kept where the reader said otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mammoview.core.reading import Lesion, Location, ReaderFinding, VerdictKind, lesions_of
from mammoview.imaging.location import UPRIGHT, Place, ViewFrame, centre_of, locate, locate_pair
from mammoview.report.breast_report.drafting import refreshed
from mammoview.report.breast_report.values import Draft

Frames = Mapping[str, ViewFrame]


def lesions_in(draft: Draft, findings: Sequence[ReaderFinding]) -> tuple[Lesion, ...]:
    """Put findings together that are linked; what was rejected stands alone.

    Parameters
    ----------
    draft
        Knows the links.
    findings
        Those to be told of.
    """
    out = {finding.id for finding in findings if is_rejected(finding)}
    links = [link for link in draft.links if not out & {link.first, link.second}]
    return lesions_of(findings, links)


def is_rejected(finding: ReaderFinding) -> bool:
    """Whether the reader said that it is none."""
    return finding.verdict is not None and finding.verdict.kind is VerdictKind.REJECTED


def place_of(lesion: Lesion, frames: Frames) -> Place | None:
    """Where a lesion lies as its views tell together; None while the landmarks of none of them are known."""
    placed = [(frames[one.image_id], centre_of(one.contour)) for one in lesion.findings if one.image_id in frames]
    if not placed:
        return None
    flat = next((one for one in placed if one[0].view.is_craniocaudal), None)
    upright = next((one for one in placed if one[0].view in UPRIGHT), None)
    if flat is not None and upright is not None:
        return locate_pair(*flat, *upright)
    return locate(*placed[0])


def places_in(draft: Draft, frames: Frames) -> dict[str, Location]:
    """By finding, where the landmarks say that it lies; nothing where they are not known."""
    found: dict[str, Location] = {}
    for lesion in lesions_in(draft, draft.findings):
        place = place_of(lesion, frames)
        if place is not None:
            found |= {finding.id: place.location for finding in lesion.findings}
    return found


def located(draft: Draft, frames: Frames, before: Mapping[str, Location]) -> Draft:
    """Bring the findings' locations up to date, but for those that the reader gave.

    Parameters
    ----------
    draft
        After a change.
    frames
        The views' landmarks as they are now.
    before
        What `places_in` said before the change: a location that differs from it was given by the reader.

    Returns
    -------
    Draft
        The same one where nothing changes.
    """
    now = places_in(draft, frames)
    findings = tuple(_moved(finding, now, before) for finding in draft.findings)
    return draft if findings == draft.findings else refreshed(replace(draft, findings=findings))


def _moved(finding: ReaderFinding, now: Mapping[str, Location], before: Mapping[str, Location]) -> ReaderFinding:
    place = now.get(finding.id)
    is_own = not finding.location.is_empty and finding.location != before.get(finding.id)
    return finding if place is None or is_own else replace(finding, location=place)
