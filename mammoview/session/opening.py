"""What a search found, added to what is open already, and how much each problem of it matters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mammoview.core.errors import NotAnImageError, NotShownError, Problem
from mammoview.core.study import ScanResult, Study
from mammoview.session.events import Level
from mammoview.session.states import STATE_CODE
from mammoview.session.volumes import VOLUME_CODE

#: Names that promise an image: what bears one and is none is an error, not a bystander.
IMAGE_SUFFIXES = frozenset({".dcm", ".dicom", ".ima", ".png", ".pgm", ".tif", ".tiff", ".jpg", ".jpeg"})


def merged(before: ScanResult, new: ScanResult, first_root: int) -> ScanResult:
    """Both, the new one winning; an image's root counts all paths that were ever opened."""
    new_ids = {image.id for study in new.studies for image in study.images}
    studies: dict[str, Study] = {}
    for study in before.studies:
        images = tuple(image for image in study.images if image.id not in new_ids)
        if images:
            studies[study.uid] = replace(study, images=images)
    for study in new.studies:
        images = tuple(replace(image, root=image.root + first_root) for image in study.images)
        old = studies.get(study.uid)
        # One UID for two patients is a broken export: it hangs as the study of the one with more images.
        owner = max((study, *([old] if old else ())), key=_own_count)
        studies[study.uid] = replace(owner, images=(*(old.images if old else ()), *images))
    in_order = sorted(studies.values(), key=lambda study: study.date, reverse=True)
    return ScanResult(tuple(in_order), (*before.problems, *new.problems))


def _own_count(study: Study) -> int:
    return sum(image.patient_id == study.patient_id for image in study.images)


def level_of(problem: Problem, scan: ScanResult) -> Level:
    """How much a file that could not be used matters: a readme beside images that were found is worth a line only."""
    if problem.code in {VOLUME_CODE, STATE_CODE}:
        return Level.WARNING if problem.code == VOLUME_CODE else Level.INFO
    is_bystander = problem.code == NotAnImageError.code and Path(problem.path).suffix.lower() not in IMAGE_SUFFIXES
    if problem.code == NotShownError.code and scan.studies:
        return Level.WARNING
    return Level.INFO if is_bystander and scan.studies else Level.ERROR
