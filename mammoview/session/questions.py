"""What a reader asks at a place of an image: of the models only where the AI may be seen, of measurements always."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import TypeAlias, TypeVar

from mammoview.core.errors import Problem
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.marks import Point
from mammoview.core.study import Mammogram, Study
from mammoview.pipeline.question import (
    ContourAnswer,
    ContourQuestion,
    PointAnswer,
    PointQuestion,
    ReadyQuestion,
)
from mammoview.pipeline.request import AnalysisRequest
from mammoview.session.anatomy import DensityAnswer, FrameAnswer
from mammoview.session.events import Event, Level, QuestionAnswered
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.measurements import Measurements, not_open
from mammoview.session.messages import Messages

#: Asked whether the AI's answers about a study may be told to the reader.
MayTell: TypeAlias = Callable[[str], bool]
_A = TypeVar("_A", PointAnswer, ContourAnswer)
_POINT, _CONTOUR = "ask point", "ask contour"
_CONCEALED = Problem(
    "",
    "concealed",
    "The AI is not shown yet for this study.",
    "Commit your own reading first; what the AI says can be asked for after the reveal.",
)


class Questions:
    """Asks the models about places, and for what is measured on images.

    Parameters
    ----------
    crew
        Children of the engine of its own, so that an answer does not wait for an analysis.
    image, study
        The open image or study of that id.
    how
        What an analysis of a study would be asked for: the questions use the same models on the same device.
    may_tell
        See `MayTell`.
    on_event
        Told each answer, after whoever asked.
    measurements
        Frames and densities come from there.

    Notes
    -----
    ``then`` is told the answer or a `Problem` from one of the session's threads, or at once on the caller's where
    nothing has to be asked: a refusal, or a measurement that is known already. Of two points, or of two contours, the
    newer one supersedes the older one, whose ``then`` is never called.
    """

    def __init__(
        self,
        crew: Crew,
        *,
        image: Callable[[str], Mammogram | None],
        study: Callable[[str], Study | None],
        how: Callable[[Study], AnalysisRequest],
        may_tell: MayTell,
        on_event: Callable[[Event], None],
        messages: Messages,
        measurements: Measurements,
    ) -> None:
        self._crew = crew
        self._image, self._study, self._how = image, study, how
        self._may_tell = may_tell
        self._on_event = on_event
        self._messages = messages
        self._measurements = measurements
        self._numbers = count()
        self._readied: tuple[str, ...] = ()

    def get_ready(self, image_ids: Iterable[str]) -> None:
        """Open the models and prepare some images, four at the most, so that the first answer is as quick as others.

        Nothing is told of it.
        """
        self._crew.cancel(self._readied)
        images = [image for image in map(self._image, image_ids) if image is not None]
        self._readied = tuple(f"get ready {image.id}" for image in images)
        for number, (key, image) in enumerate(zip(self._readied, images, strict=True)):
            how = self._how_of(image)
            if how is not None:
                question = ReadyQuestion(image, how)
                self._submit(key, "get_ready", question, lambda _: None, priority=(1, number))

    def ask_point(self, image_id: str, row: float, col: float, then: Callable[[PointAnswer | Problem], None]) -> None:
        """Ask what the patch classifier says at a place, native pixels."""
        image, how = self._asked(image_id, then)
        if image is not None and how is not None:
            question = PointQuestion(image, how, (row, col))
            self._submit(_POINT, "ask_point", question, lambda told: self._tell(image, told, PointAnswer, then))

    def ask_contour(
        self,
        image_id: str,
        *,
        then: Callable[[ContourAnswer | Problem], None],
        at: Point | None = None,
        box: Box | None = None,
        kind: LesionKind = LesionKind.MASS,
    ) -> None:
        """Ask where the border of a lesion runs, at a place within it or in a box around it, native pixels."""
        image, how = self._asked(image_id, then)
        if image is not None and how is not None:
            question = ContourQuestion(image, how, at, box, kind)
            self._submit(_CONTOUR, "contour", question, lambda told: self._tell(image, told, ContourAnswer, then))

    def ask_frame(self, image_id: str, then: Callable[[FrameAnswer | Problem], None]) -> None:
        """Ask for what locates findings on an image, see `Measurements.ask_frame`."""
        self._measurements.ask_frame(image_id, then)

    def ask_density(self, study_uid: str, then: Callable[[DensityAnswer | Problem], None]) -> None:
        """Ask what the image says of a study's density, see `Measurements.ask_density`."""
        self._measurements.ask_density(study_uid, then)

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop what is known of images whose files may have changed."""
        self._measurements.forget(image_ids)

    def cancel(self) -> None:
        """Stop every question that waits or runs; nothing is told of them."""
        self._crew.cancel()

    def _asked(self, image_id: str, then: Callable[[Problem], None]) -> tuple[Mammogram | None, AnalysisRequest | None]:
        image = self._image(image_id)
        how = None if image is None else self._how_of(image)
        if image is None or how is None:
            then(not_open())
        elif not self._may_tell(image.study_uid):
            then(_CONCEALED)
            return None, None
        return image, how

    def _how_of(self, image: Mammogram) -> AnalysisRequest | None:
        study = self._study(image.study_uid)
        # The other images of the study are not asked about: they would only be carried along.
        return None if study is None else replace(self._how(study), images=(), priors=())

    def _submit(
        self,
        key: str,
        kind: str,
        question: ReadyQuestion,
        then: Callable[[object], None],
        *,
        priority: tuple[int, ...] = (0,),
    ) -> None:
        def on_report(report: Report) -> None:
            if isinstance(report, JobRetried):
                self._messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobDone):
                then(report.value)
            elif isinstance(report, JobFailed) and not report.is_cancelled:
                then(report.problem)

        # No two are the same work, for each has its own listener.
        number = f"{next(self._numbers)}"
        self._crew.submit(Order(key, kind, question.image.path, lambda: question, on_report, priority, number))

    def _tell(self, image: Mammogram, told: object, kind: type[_A], then: Callable[[_A | Problem], None]) -> None:
        # The study may have been closed, or another reader's turn have begun, while the engine worked.
        if not self._may_tell(image.study_uid):
            then(_CONCEALED)
        elif isinstance(told, kind):
            then(told)
            self._on_event(QuestionAnswered(told))
        else:
            assert isinstance(told, Problem)
            then(told)
