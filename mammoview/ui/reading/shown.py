"""Which findings of a case are painted on an image, how, and under which name. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np

from mammoview.core.errors import ReadingError
from mammoview.core.geometry import PixelTransform
from mammoview.core.reading import Lesion, LinkMaker, Maker, ReaderFinding
from mammoview.report.breast_report.drafting import named_lesions
from mammoview.report.breast_report.values import Draft
from mammoview.session.reading.placing import is_rejected, lesions_in


@dataclass(frozen=True)
class AiSight:
    """What of the AI the reader wants to see, once it may be seen."""

    has_marks: bool = True
    has_scores: bool = False


class Standing(Enum):
    """Where a finding comes from, and what became of it."""

    OWN = "drawn by you"
    UNJUDGED = "found by the AI, not judged"
    ACCEPTED = "found by the AI, accepted"
    EDITED = "found by the AI, outline edited"
    REJECTED = "found by the AI, rejected"


class Tie(Enum):
    """How a finding belongs to the selected one."""

    NONE = ""
    SELECTED = "selected"
    LINKED = "linked"
    PROPOSED = "linked by the AI"
    CANDIDATE = "may be the same lesion"


@dataclass(frozen=True)
class Shown:
    """A finding as it is painted.

    Attributes
    ----------
    name
        As in the report, ``R1``; of what is in no report yet ``AI1``.
    note
        What stands behind the name; empty for nothing.
    """

    finding: ReaderFinding
    name: str
    standing: Standing
    tie: Tie = Tie.NONE
    note: str = ""


def standing(finding: ReaderFinding) -> Standing:
    """Where a finding comes from, and what became of it."""
    if finding.origin.maker is Maker.READER:
        return Standing.OWN
    if is_rejected(finding):
        return Standing.REJECTED
    if finding.origin.maker is Maker.AI_EDITED:
        return Standing.EDITED
    return Standing.UNJUDGED if finding.verdict is None else Standing.ACCEPTED


def seen(draft: Draft) -> tuple[ReaderFinding, ...]:
    """The findings that this reader may know of."""
    return tuple(one for one in draft.findings if draft.ai.is_revealed or not one.origin.is_from_ai)


def lesions(draft: Draft) -> tuple[Lesion, ...]:
    """What the list shows: lesions of the report first, then what the AI proposes, then what was rejected."""
    try:
        found = lesions_in(draft, seen(draft))
    except ReadingError:
        # A damaged link must not take the findings away with it.
        found = lesions_in(replace(draft, links=()), seen(draft))
    return tuple(sorted(found, key=lambda one: (min(map(_order, one.findings)), one.side.value != "R")))


def _order(finding: ReaderFinding) -> int:
    return 0 if finding.is_reported else 1 + is_rejected(finding)


def names(draft: Draft) -> dict[str, str]:
    """What each finding is called: as in the report, else ``AI1`` and so on."""
    try:
        named = {one.id: lesion.name for lesion in named_lesions(draft) for one in lesion.lesion.findings}
    except ReadingError:
        named = {}
    number = 0
    for lesion in lesions(draft):
        known = [named[one.id] for one in lesion.findings if one.id in named]
        if not known:
            number += 1
        for one in lesion.findings:
            named.setdefault(one.id, known[0] if known else f"AI{number}")
    return named


def ties(draft: Draft, selected: str, candidates: Sequence[str] = ()) -> dict[str, Tie]:
    """How findings belong to the selected one; those that do not are left out.

    Parameters
    ----------
    draft
        Knows the links.
    selected
        Id of a finding, or empty.
    candidates
        Ids of findings that may be the same lesion.
    """
    if not selected:
        return {}
    found = dict.fromkeys(candidates, Tie.CANDIDATE)
    of_ai = {frozenset((link.first, link.second)) for link in draft.links if link.made_by is LinkMaker.AI}
    for lesion in lesions(draft):
        ids = [one.id for one in lesion.findings]
        if selected in ids:
            found |= {
                one: Tie.PROPOSED if frozenset((one, selected)) in of_ai else Tie.LINKED
                for one in ids
                if one != selected
            }
    return found | {selected: Tie.SELECTED}


def shown_on(
    draft: Draft,
    image_id: str,
    frame: int,
    sight: AiSight,
    *,
    selected: str = "",
    candidates: Sequence[str] = (),
) -> tuple[Shown, ...]:
    """The findings to be painted on one frame of an image, the selected one last.

    Parameters
    ----------
    draft
        The case's.
    image_id, frame
        What a pane shows.
    sight
        What of the AI is switched on. What it proposed and nobody took is hidden with its marks.
    selected
        Id of a finding, or empty; a rejected one is shown only while it is selected.
    candidates
        Ids of findings that may be the same lesion as the selected one, the likeliest first.
    """
    named, tied = names(draft), ties(draft, selected, candidates)
    found = []
    for one in seen(draft):
        how = standing(one)
        if one.image_id != image_id or one.frame != frame or not _is_on(one, how, sight, selected):
            continue
        tie = tied.get(one.id, Tie.NONE)
        score = one.origin.p_malignant if sight.has_scores else None
        notes = [f"{score:.2f}"] if score is not None else []
        notes += [f"match {candidates.index(one.id) + 1}"] if tie is Tie.CANDIDATE else []
        found.append(Shown(one, named[one.id], how, tie, "  ".join(notes)))
    return tuple(sorted(found, key=lambda one: one.tie is Tie.SELECTED))


def _is_on(finding: ReaderFinding, how: Standing, sight: AiSight, selected: str) -> bool:
    if how is Standing.REJECTED:
        return finding.id == selected
    return sight.has_marks or how is not Standing.UNJUDGED


def finding_at(shown: Sequence[Shown], to_device: PixelTransform, row: float, col: float, reach_px: float) -> str:
    """Id of the smallest finding under a device point, or within ``reach_px`` of it; empty where there is none."""
    hits = []
    for one in shown:
        points = to_device.apply(one.finding.contour)
        if len(points) < 3:
            away = float(np.hypot(*(points - (row, col)).T).min()) - 2 * reach_px
            area = 0.0
        else:
            line = points[:, ::-1].astype(np.float32).reshape(-1, 1, 2)
            away, area = -cv2.pointPolygonTest(line, (col, row), measureDist=True), float(cv2.contourArea(line))
        if away <= reach_px:
            hits.append((area, one.finding.id))
    return min(hits)[1] if hits else ""
