"""The studies that are open: what the reader opened, and what was fetched ahead of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from mammoview.core.errors import NotAnImageError, NotShownError, Problem
from mammoview.core.study import Mammogram, ScanResult, Study
from mammoview.session.answers import Answers
from mammoview.session.events import Level
from mammoview.session.hanging import Hanging, priors
from mammoview.session.states import STATE_CODE, news_of_states
from mammoview.session.volumes import VOLUME_CODE, problems_of_volumes

#: Names that promise an image: what bears one and is none is an error, not a bystander.
IMAGE_SUFFIXES = frozenset({".dcm", ".dicom", ".ima", ".png", ".pgm", ".tif", ".tiff", ".jpg", ".jpeg"})

#: Something to tell, and how much it matters.
News = tuple[Problem, Level]

_GONE = "The study is no longer where it was when it was imported."
#: A study of the worklist is not among its files.
GONE: Final[News] = (Problem("", "study_gone", _GONE, "Import its folder again."), Level.ERROR)


class Opened:
    """What searches found, merged. Its owner's lock is held around every call.

    Parameters
    ----------
    answers
        What readers said of images.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._ahead: set[str] = set()
        self._untold: list[tuple[frozenset[str], tuple[News, ...]]] = []
        self.scan = ScanResult(())

    @property
    def studies(self) -> tuple[Study, ...]:
        """All of them, newest first."""
        return self.scan.studies

    def study(self, study_uid: str) -> Study | None:
        """The study of that UID."""
        return next((study for study in self.studies if study.uid == study_uid), None)

    def image(self, image_id: str) -> Mammogram | None:
        """The image of that id."""
        return next((image for study in self.studies for image in study.images if image.id == image_id), None)

    def listed(self, selected: str) -> tuple[Study, ...]:
        """What the reader has open: studies fetched ahead only while they are on the table, or beside it as priors."""
        on_table = self.on_table(selected)
        return tuple(one for one in self.studies if one.uid not in self._ahead or one.uid in on_table)

    def on_table(self, selected: str) -> frozenset[str]:
        """The UIDs of the selected study and of its priors."""
        study = self.study(selected)
        return frozenset((selected, *(prior.uid for prior in priors(study, self.studies)))) if study else frozenset()

    def add(self, found: ScanResult, first_root: int, *, is_ahead: bool = False) -> frozenset[str]:
        """Take what a search found.

        Parameters
        ----------
        found
            Of an image that is open already the new description counts; when fetched ahead, the old one.
        first_root
            How many paths were opened before.
        is_ahead
            Nobody asked to see it yet.

        Returns
        -------
        frozenset of str
            UIDs of studies that were open before and have other images now.
        """
        uids = {study.uid for study in found.studies}
        if is_ahead:
            self._ahead |= uids - {study.uid for study in self.studies}
            found = _without(found, {image.id for study in self.studies for image in study.images})
        else:
            self._ahead -= uids
        return self._replace(_merged(self.scan, found, first_root))

    def apply_answers(self) -> frozenset[str]:
        """Describe all images anew after a reader said something; returns the UIDs of studies that changed."""
        return self._replace(self.scan)

    def _replace(self, scan: ScanResult) -> frozenset[str]:
        before = {study.uid: study.images for study in self.studies}
        self.scan = self._answers.applied(scan)
        return frozenset(s.uid for s in self.studies if before.get(s.uid, s.images) != s.images)

    def put_off(self, study_uids: Iterable[str], news: Sequence[News]) -> None:
        """Keep what is to tell of studies until one of them is looked at."""
        self._untold.append((frozenset(study_uids), tuple(news)))

    def news_of(self, study_uid: str) -> list[News]:
        """What was put off for a study; told once."""
        told = [one for uids, news in self._untold if study_uid in uids for one in news]
        self._untold = [(uids, news) for uids, news in self._untold if study_uid not in uids]
        return told

    def release(self, study_uids: Collection[str]) -> tuple[Mammogram, ...]:
        """Let studies go; returns their images."""
        gone = tuple(image for study in self.studies if study.uid in study_uids for image in study.images)
        self._ahead -= set(study_uids)
        self._untold = [(uids, news) for uids, news in self._untold if not uids <= set(study_uids)]
        self.scan = replace(self.scan, studies=tuple(s for s in self.studies if s.uid not in study_uids))
        return gone


def news(found: ScanResult) -> list[News]:
    """What is to tell of a search."""
    problems = (*found.problems, *problems_of_volumes(found), *news_of_states(found))
    return [(problem, _level(problem, found)) for problem in problems]


def news_of_hanging(hanging: Hanging) -> list[News]:
    """What is to tell of a study that hangs."""
    problems = [
        Problem(
            image.path,
            "other_patient",
            "An image of another patient lies in this study and is not shown.",
            "Open it by itself.",
        )
        for image in hanging.left_out
    ]
    if hanging.has_other_name:
        text = "An earlier study under this patient number bears another name."
        problems.append(Problem("", "other_name", text, "Make sure that both are of one woman."))
    return [(problem, Level.WARNING) for problem in problems]


def _without(found: ScanResult, image_ids: Collection[str]) -> ScanResult:
    """What is new of a search."""
    studies = (
        replace(study, images=tuple(image for image in study.images if image.id not in image_ids))
        for study in found.studies
    )
    return replace(found, studies=tuple(study for study in studies if study.images))


def _merged(before: ScanResult, new: ScanResult, first_root: int) -> ScanResult:
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


def _level(problem: Problem, scan: ScanResult) -> Level:
    """How much a file that could not be used matters: a readme beside images that were found is worth a line only."""
    if problem.code in {VOLUME_CODE, STATE_CODE}:
        return Level.WARNING if problem.code == VOLUME_CODE else Level.INFO
    is_bystander = problem.code == NotAnImageError.code and Path(problem.path).suffix.lower() not in IMAGE_SUFFIXES
    if problem.code == NotShownError.code and scan.studies:
        return Level.WARNING
    return Level.INFO if is_bystander and scan.studies else Level.ERROR
