"""From a finding of the models to one of the reader's: proposed, then accepted, rejected or edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from mammoview.core.errors import ReadingError
from mammoview.core.findings import Finding, LesionKind, ModelUse
from mammoview.core.marks import Point
from mammoview.core.reading.descriptors import FindingType
from mammoview.core.reading.findings import (
    MOST_CONTOUR_POINTS,
    Maker,
    Origin,
    ReaderFinding,
    RejectReason,
    Verdict,
    VerdictKind,
)
from mammoview.core.study import Mammogram

_TYPES: Final = {LesionKind.MASS: FindingType.MASS, LesionKind.CALCIFICATION: FindingType.CALCIFICATIONS}
#: Points that a diameter is measured over; more of a drawn contour add less than a pixel.
_MEASURED_POINTS: Final = 360


def proposed(finding: Finding, image: Mammogram, models: Sequence[ModelUse], *, frame: int = 0) -> ReaderFinding:
    """A finding of the models as the reader meets it: not judged, and in no report until it is.

    Parameters
    ----------
    finding
        What the models found. Its outline is taken, or its box where it has none.
    image
        What it lies on.
    models
        Those of the result's provenance.
    frame
        Index of the frame of a volume.

    Returns
    -------
    ReaderFinding
        Its id begins with ``ai-`` and holds the image's, as ids of findings are unique within an image only.

    Raises
    ------
    ReadingError
        When nobody knows which breast the image shows.
    """
    if image.laterality is None:
        raise ReadingError("Nobody knows which breast the image shows.", "Give the image its side.")
    box = finding.box
    corners = ((box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col1), (box.row1, box.col0))
    outline = finding.contour or tuple((float(row), float(column)) for row, column in corners)
    return ReaderFinding(
        f"ai-{image.id}-{finding.id}",
        image.id,
        image.laterality,
        image.view,
        _TYPES[finding.kind],
        outline[:: 1 + len(outline) // MOST_CONTOUR_POINTS],
        Origin(Maker.AI, tuple(models), finding.id, finding.p_malignant),
        frame=frame,
        size_mm=longest_mm(outline, image.spacing_mm) if finding.contour else None,
    )


def longest_mm(outline: Sequence[Point], spacing_mm: tuple[float, float] | None) -> float | None:
    """The longest diameter of an outline.

    Parameters
    ----------
    outline
        (row, column), native pixels.
    spacing_mm
        (row, column), mm; None where unknown.

    Returns
    -------
    float or None
        mm; None without a spacing, or for a single place.
    """
    if spacing_mm is None or len(outline) < 2:
        return None
    points = np.asarray(outline[:: 1 + len(outline) // _MEASURED_POINTS], dtype=np.float64) * spacing_mm
    longest = float(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)).max())
    return longest or None


def accepted(finding: ReaderFinding, *, reader: str, time: str) -> ReaderFinding:
    """The reader takes it as it is.

    Raises
    ------
    ReadingError
        When it is the reader's own, or was edited.
    """
    return replace(_of_ai(finding), verdict=Verdict(VerdictKind.ACCEPTED, reader, time))


def rejected(
    finding: ReaderFinding, *, reader: str, time: str, reason: RejectReason, comment: str = ""
) -> ReaderFinding:
    """The reader says that it is none, and why; it stays on record.

    Raises
    ------
    ReadingError
        When it is the reader's own or was edited, or the reason “other” has no comment.
    """
    return replace(_of_ai(finding), verdict=Verdict(VerdictKind.REJECTED, reader, time, reason, comment))


def edited(
    finding: ReaderFinding, outline: Sequence[Point], *, reader: str, time: str, size_mm: float | None
) -> ReaderFinding:
    """The reader takes it with another outline.

    Raises
    ------
    ReadingError
        When it is the reader's own, or the outline is none.
    """
    if not finding.origin.is_from_ai:
        raise ReadingError("A reader's own finding needs no verdict.", "Change or delete the finding instead.")
    return replace(
        finding,
        contour=tuple(outline),
        size_mm=size_mm,
        origin=replace(finding.origin, maker=Maker.AI_EDITED),
        verdict=Verdict(VerdictKind.EDITED, reader, time),
    )


def unjudged(finding: ReaderFinding) -> ReaderFinding:
    """Take a verdict back. An edited outline stays as it was drawn and has to be proposed anew.

    Raises
    ------
    ReadingError
        When it is the reader's own, or was edited.
    """
    return replace(_of_ai(finding), verdict=None)


def _of_ai(finding: ReaderFinding) -> ReaderFinding:
    if finding.origin.maker is not Maker.AI:
        raise ReadingError("This finding is the reader's own, or was edited.", "Change or delete it instead.")
    return finding
