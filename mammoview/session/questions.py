"""What a reader asks at a place of an image: of the models only where the AI may be seen, of measurements always."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Protocol, TypeVar

from mammoview.core.errors import Problem
from mammoview.core.findings import ExamResult, LesionKind
from mammoview.core.geometry import Box
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.marks import Point
from mammoview.core.reading.prior_change import PriorChange
from mammoview.core.study import Mammogram, Study
from mammoview.imaging.location import ViewFrame
from mammoview.pipeline.question import (
    ContourAnswer,
    ContourQuestion,
    PointAnswer,
    PointQuestion,
    ReadyQuestion,
)
from mammoview.pipeline.request import AnalysisRequest
from mammoview.session.analysis import request_for
from mammoview.session.anatomy import DensityAnswer, FrameAnswer
from mammoview.session.events import Event, Level, QuestionAnswered
from mammoview.session.hanging import priors
from mammoview.session.hangings import Hangings
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.measurements import Measurements, not_open
from mammoview.session.messages import Messages
from mammoview.session.prior_changes import change_since, compared_views
from mammoview.session.settings import Settings
from mammoview.session.veil import Veil

_A = TypeVar("_A", PointAnswer, ContourAnswer)
_POINT, _CONTOUR = "ask point", "ask contour"
_UNREAD = (
    "The AI's result of the earlier exam is not shown: it came after the reveal, or you are to read that exam first."
)
_CONCEALED = Problem(
    "",
    "concealed",
    "The AI is not shown yet for this study.",
    "Commit your own reading first; what the AI says can be asked for after the reveal.",
)


class Asked(Protocol):
    """What the questions need of a session."""

    messages: Messages
    hangings: Hangings
    veil: Veil

    @property
    def settings(self) -> Settings:
        """The values in force."""

    @property
    def studies(self) -> tuple[Study, ...]:
        """The open studies."""

    def image(self, image_id: str) -> Mammogram | None:
        """The open image of that id."""

    def study(self, study_uid: str) -> Study | None:
        """The open study of that UID."""


class Questions:
    """Asks the models about places, and for what is measured on images.

    Parameters
    ----------
    session
        Whose images are asked about.
    decoders
        They measure.
    on_event
        Told each answer, after whoever asked.
    result_of
        The finished result of a study, concealed or not.
    engine
        Target of the child that answers: it is one of its own, so that no question waits for an analysis.

    Notes
    -----
    ``then`` is told the answer or a `Problem` from one of the session's threads, or at once on the caller's where
    nothing has to be asked: a refusal, or a measurement that is known already. Of two points, or of two contours, the
    newer one supersedes the older one, whose ``then`` is never called.
    """

    def __init__(
        self,
        session: Asked,
        decoders: Crew,
        on_event: Callable[[Event], None],
        result_of: Callable[[str], ExamResult | None],
        *,
        engine: str,
    ) -> None:
        self._result_of = result_of
        self._session = session
        self._on_event = on_event
        self._crew = Crew(engine, size=1, name="questions")
        self._measurements = Measurements(
            decoders,
            image=session.image,
            study=session.study,
            orientation=session.hangings.orientation,
            on_event=on_event,
            messages=session.messages,
        )
        self._numbers = count()
        self._readied: tuple[str, ...] = ()

    def get_ready(self, image_ids: Iterable[str]) -> None:
        """Open the models and prepare some images, four at the most, so that the first answer is as quick as others.

        Nothing is told of it.
        """
        self._crew.cancel(self._readied)
        images = [image for image in map(self._session.image, image_ids) if image is not None]
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
        seed: Point | Box,
        then: Callable[[ContourAnswer | Problem], None],
        *,
        kind: LesionKind = LesionKind.MASS,
    ) -> None:
        """Ask where the border of a lesion runs, from a place within it or a box around it, native pixels."""
        image, how = self._asked(image_id, then)
        if image is not None and how is not None:
            at, box = (None, seed) if isinstance(seed, Box) else (seed, None)
            question = ContourQuestion(image, how, at, box, kind)
            self._submit(_CONTOUR, "contour", question, lambda told: self._tell(image, told, ContourAnswer, then))

    def ask_frame(self, image_id: str, then: Callable[[FrameAnswer | Problem], None]) -> None:
        """Ask for what locates findings on an image, see `Measurements.ask_frame`."""
        self._measurements.ask_frame(image_id, then)

    def ask_density(self, study_uid: str, then: Callable[[DensityAnswer | Problem], None]) -> None:
        """Ask what the image says of a study's density, see `Measurements.ask_density`."""
        self._measurements.ask_density(study_uid, then)

    def ask_change(self, study_uid: str, then: Callable[[PriorChange | Problem], None]) -> None:
        """Ask what changed, to the AI, since the newest earlier exam that is open.

        What the AI said of the earlier exam is concealed as what it says of this one.
        """
        study = self._session.study(study_uid)
        if study is None or self._session.veil.conceals(study_uid):
            then(not_open() if study is None else _CONCEALED)
            return
        earlier = next(iter(priors(study, self._session.studies)), None)
        has_result = earlier is not None and self._result_of(earlier.uid) is not None
        if earlier is not None and has_result and self._session.veil.conceals_change(study_uid, earlier.uid):
            self._tell_change(PriorChange(study_uid, earlier.uid, earlier.date, reason=_UNREAD), then)
            return
        results = [None if one is None else self._result_of(one.uid) for one in (study, earlier)]
        frames: dict[str, ViewFrame] = {}

        def finish() -> None:
            if earlier is not None and self._session.veil.conceals_change(study_uid, earlier.uid):
                then(_CONCEALED)
            else:
                self._tell_change(change_since(study, results[0], earlier, results[1], frames), then)

        wanted = [image.id for one in (study, earlier) if one and None not in results for image in compared_views(one)]
        self._gather_frames(wanted, frames, finish)

    def _tell_change(self, change: PriorChange, then: Callable[[PriorChange | Problem], None]) -> None:
        then(change)
        self._on_event(QuestionAnswered(change.study_uid, change))

    def _gather_frames(self, image_ids: Sequence[str], frames: dict[str, ViewFrame], then: Callable[[], None]) -> None:
        """Collect what frames can be had, then go on; the last answer may come from any thread."""
        if not image_ids:
            then()
            return
        lock, left = threading.Lock(), set(image_ids)

        def take(image_id: str, told: FrameAnswer | Problem) -> None:
            with lock:
                if isinstance(told, FrameAnswer) and told.frame is not None:
                    frames[image_id] = told.frame
                left.discard(image_id)
                is_last = not left
            if is_last:
                then()

        for image_id in image_ids:
            self.ask_frame(image_id, partial(take, image_id))

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop what is known of images whose files may have changed."""
        self._measurements.forget(image_ids)

    def cancel(self) -> None:
        """Stop every question that waits or runs; nothing is told of them."""
        self._crew.cancel()

    def close(self) -> None:
        """End the child."""
        self._crew.close()

    def _asked(self, image_id: str, then: Callable[[Problem], None]) -> tuple[Mammogram | None, AnalysisRequest | None]:
        image = self._session.image(image_id)
        how = None if image is None else self._how_of(image)
        if image is None or how is None:
            then(not_open())
        elif self._session.veil.conceals(image.study_uid):
            then(_CONCEALED)
            return None, None
        return image, how

    def _how_of(self, image: Mammogram) -> AnalysisRequest | None:
        study = self._session.study(image.study_uid)
        # The other images of the study are not asked about: they would only be carried along.
        return None if study is None else replace(request_for(study, self._session.settings), images=(), priors=())

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
                self._session.messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobDone):
                then(report.value)
            elif isinstance(report, JobFailed) and not report.is_cancelled:
                then(report.problem)

        # No two are the same work, for each has its own listener.
        number = f"{next(self._numbers)}"
        self._crew.submit(Order(key, kind, question.image.path, lambda: question, on_report, priority, number))

    def _tell(self, image: Mammogram, told: object, kind: type[_A], then: Callable[[_A | Problem], None]) -> None:
        # The study may have been closed, or another reader's turn have begun, while the engine worked.
        if self._session.veil.conceals(image.study_uid):
            then(_CONCEALED)
        elif isinstance(told, kind):
            then(told)
            self._on_event(QuestionAnswered(image.study_uid, told))
        else:
            assert isinstance(told, Problem)
            then(told)
