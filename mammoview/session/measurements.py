"""What is measured on images for the reader, and kept: landmarks for locating, density for the report. No model.

The decoders measure, after everything that is to be shown.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from mammoview.core.errors import Problem
from mammoview.core.geometry import Dihedral
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.study import Mammogram, Study, ViewPosition
from mammoview.imaging.density import combine
from mammoview.imaging.location import doubts_of
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.session.anatomy import ANATOMY, Anatomy, AnatomyRequest, DensityAnswer, FrameAnswer
from mammoview.session.events import Event, Level, QuestionAnswered
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.locating import view_frame
from mammoview.session.messages import Messages
from mammoview.session.orientation import Orientation

#: Images whose measurements are kept.
_KEPT = 64
#: Behind the pixels of everything, prefetched ones included.
_PRIORITY = (2,)
_NOBODY_KNOWS = "Nobody knows which breast or which view this image shows; say it at the image."
#: Image, view and the turn under which it was measured: mirroring left to right moves no landmark.
_Key: TypeAlias = tuple[str, ViewPosition | None, Dihedral]
_Told: TypeAlias = Anatomy | Problem


class Measurements:
    """Measures the open images, each once.

    Parameters
    ----------
    crew
        The decoders.
    image, study
        The open image or study of that id.
    orientation
        How an image lies now.
    on_event
        Told each answer, after whoever asked.

    Notes
    -----
    ``then`` is told the answer or a `Problem` from one of the session's threads, or at once on the caller's where the
    answer is known already.
    """

    def __init__(
        self,
        crew: Crew,
        *,
        image: Callable[[str], Mammogram | None],
        study: Callable[[str], Study | None],
        orientation: Callable[[Mammogram], Orientation],
        on_event: Callable[[Event], None],
        messages: Messages,
    ) -> None:
        self._crew = crew
        self._image, self._study, self._orientation = image, study, orientation
        self._on_event = on_event
        self._messages = messages
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, Anatomy] = OrderedDict()
        self._waiting: dict[_Key, list[Callable[[_Told], None]]] = {}

    def ask_frame(self, image_id: str, then: Callable[[FrameAnswer | Problem], None]) -> None:
        """Ask for what locates findings on an image: nipple, wall and orientation."""

        def on_told(told: _Told) -> None:
            image = self._image(image_id)
            if image is None:
                then(not_open())
            elif isinstance(told, Problem):
                then(told)
            else:
                answer = self._frame(image, told)
                then(answer)
                self._on_event(QuestionAnswered(image.study_uid, answer))

        image = self._image(image_id)
        if image is None:
            then(not_open())
        else:
            self._measure(image, on_told)

    def ask_density(self, study_uid: str, then: Callable[[DensityAnswer | Problem], None]) -> None:
        """Ask what the standard views of a study say about its density."""
        study = self._study(study_uid)
        if study is None:
            then(not_open())
            return
        images = [image for image in study.images if _shows_density(image)]
        gathering = _Gathering(study_uid, len(images))

        def on_told(image: Mammogram, told: _Told) -> None:
            answer = gathering.add(image, told)
            if answer is not None:
                then(answer)
                if isinstance(answer, DensityAnswer):
                    self._on_event(QuestionAnswered(study_uid, answer))

        if not images:
            then(DensityAnswer(study_uid, None, (), ("The study has no standard view that density is measured on.",)))
        for image in images:
            self._measure(image, lambda told, image=image: on_told(image, told))  # type: ignore[misc]

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop what is known of images whose files may have changed."""
        gone = frozenset(image_ids)
        with self._lock:
            for key in [key for key in self._known if key[0] in gone]:
                del self._known[key]

    def _measure(self, image: Mammogram, then: Callable[[_Told], None]) -> None:
        turn = replace(self._orientation(image).dihedral, flip_columns=False)
        key = (image.id, image.view, turn)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                others = self._waiting.setdefault(key, [])
                others.append(then)
                is_first = len(others) == 1
        if known is not None:
            then(known)
        elif is_first:
            request = AnatomyRequest(image, turn)
            self._crew.submit(
                Order(
                    f"anatomy {key}",
                    ANATOMY,
                    image.path,
                    lambda: request,
                    lambda report: self._reported(key, report),
                    priority=_PRIORITY,
                )
            )

    def _reported(self, key: _Key, report: Report) -> None:
        if isinstance(report, JobRetried):
            self._messages.tell(report.problem, Level.WARNING)
        if not isinstance(report, JobDone | JobFailed):
            return
        told: _Told
        if isinstance(report, JobFailed):
            told = report.problem
        else:
            assert isinstance(report.value, Anatomy)
            told = report.value
        with self._lock:
            waiting = self._waiting.pop(key, [])
            if isinstance(told, Anatomy):
                self._known[key] = told
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        for then in waiting:
            then(told)

    def _frame(self, image: Mammogram, told: Anatomy) -> FrameAnswer:
        frame = view_frame(image, self._orientation(image), told.landmarks)
        doubts = (_NOBODY_KNOWS,) if frame is None else doubts_of(frame)
        return FrameAnswer(image.id, frame, told.breast, doubts)


@dataclass
class _Gathering:
    """The views of one study as they come in."""

    study_uid: str
    expected: int

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._told: list[tuple[Mammogram, _Told]] = []

    def add(self, image: Mammogram, told: _Told) -> DensityAnswer | Problem | None:
        """Take one; the answer with the last one."""
        with self._lock:
            self._told.append((image, told))
            if len(self._told) < self.expected:
                return None
        problems = [one for _, one in self._told if isinstance(one, Problem)]
        if len(problems) == self.expected:
            return problems[0]
        measured = [
            (image, one.density)
            for image, one in sorted(self._told, key=lambda pair: pair[0].label)
            if isinstance(one, Anatomy) and one.density is not None
        ]
        sided = [(image.laterality, view) for image, view in measured]
        density = combine([(side, view) for side, view in sided if side is not None])
        doubts = [density.doubt] if density is not None and density.doubt else []
        doubts += [f"{image.label} could not be read." for image, one in self._told if isinstance(one, Problem)]
        views = tuple((image.id, view) for image, view in measured)
        return DensityAnswer(self.study_uid, density, views, tuple(doubts))


def _shows_density(image: Mammogram) -> bool:
    is_standard = image.view in {ViewPosition.CC, ViewPosition.MLO} and not image.modifiers and not image.is_partial
    return is_standard and image.laterality is not None and not why_not_scored(image)


def not_open() -> Problem:
    """What a question about a closed image is answered."""
    return Problem("", "question", "The image is no longer open.", "Open its study again.")
