"""Two models beside each other on images that are open. What they say is told, and kept nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from mammoview.core.errors import Problem
from mammoview.core.jobs import JobDone, JobFailed, JobPartial, JobProgress
from mammoview.core.score_words import family
from mammoview.core.study import Laterality, Mammogram, Study, ViewPosition
from mammoview.pipeline.comparing import ComparedExams, ComparisonRequest, SideImage
from mammoview.session.analysis import MODEL_SETTINGS, models_of, request_for
from mammoview.session.events import Level
from mammoview.session.hanging import Hanging
from mammoview.session.jobs import JobRetried, Order, Report
from mammoview.session.session import Session
from mammoview.session.settings import Settings

if TYPE_CHECKING:
    from mammoview.models.registry import PackageInfo

#: Behind every analysis that a reader waits for, and before those of the worklist that nobody looks at yet.
_PRIORITY: Final = (2,)
_KEY: Final = "compare models"
WAITING: Final = "Waiting: reading comes first"
BLIND: Final = "Commit your own reading first: until the reveal no model's result is shown."
NO_STUDY: Final = "Open a study first."


@dataclass(frozen=True)
class Contender:
    """A model, or several whose mean counts, that can be compared with another one of its task.

    Attributes
    ----------
    models
        ``id@version`` of each.
    is_in_use
        Whether the viewer's analyses use it now.
    is_own
        Whether it was made at this site.
    is_experimental
        Whether its package says so.
    """

    task: str
    models: tuple[str, ...]
    is_in_use: bool = False
    is_own: bool = False
    is_experimental: bool = False

    @property
    def label(self) -> str:
        """Its key, or how many of which family."""
        return family(self.models)


@dataclass(frozen=True)
class Contenders:
    """What there is to choose from, of each task what is in use first; and why other packages were refused."""

    choices: tuple[Contender, ...] = ()
    refused: tuple[Problem, ...] = ()

    def of_task(self, task: str) -> tuple[Contender, ...]:
        """Those of one task."""
        return tuple(choice for choice in self.choices if choice.task == task)


def contenders(settings: Settings) -> Contenders:
    """Read which models can be compared. Reads files and imports their checker: never on the GUI thread."""
    from mammoview.models import registry

    found = registry.listing()
    choices: list[Contender] = []
    for task, setting in MODEL_SETTINGS.items():
        own = sorted((info for info in found.packages if info.task == task), key=_age)
        names = [name for name in getattr(settings, setting).split(",") if name]
        named = [next((info for info in own if name in (info.id, info.key)), None) for name in names]
        used = tuple(i.key for i in named if i) or tuple(i.key for i in registry.active(task, among=found.packages))
        usual = tuple(i.key for i in registry.defaults(task, among=found.packages))
        several = [keys for keys in dict.fromkeys((used, usual)) if len(keys) > 1]
        offered = [Contender(task, keys, is_in_use=keys == used) for keys in several]
        for info in own:
            is_own = info.origin is registry.Origin.USER
            is_used, is_trial = used == (info.key,), info.manifest.experimental
            offered.append(Contender(task, (info.key,), is_in_use=is_used, is_own=is_own, is_experimental=is_trial))
        choices += sorted(offered, key=lambda one: not one.is_in_use)
    return Contenders(tuple(choices), found.refused)


def _age(info: PackageInfo) -> float:
    """Smaller for what was installed later; the same for all that came with the program."""
    if info.origin.value != "user":
        return 0.0
    with suppress(OSError):
        return -info.folder.stat().st_mtime
    return 0.0


@dataclass(frozen=True)
class Subject:
    """The images of one study that two models are compared on."""

    study_uid: str
    images: tuple[Mammogram, ...]


def subject_of(study: Study, hanging: Hanging | None = None) -> Subject:
    """What can be compared of a study: its images of one frame, as they hang.

    Parameters
    ----------
    hanging
        Gives the order; what its twins hang for is left out.
    """
    left_out = {image.id for image in hanging.withheld} if hanging is not None else set()
    order = [item.image.id for item in hanging.hung] if hanging is not None else []
    images = [one for one in study.images if one.frames == 1 and one.id not in left_out]
    places = {image_id: place for place, image_id in reversed(list(enumerate(order)))}
    return Subject(study.uid, tuple(sorted(images, key=lambda one: places.get(one.id, len(order)))))


@dataclass(frozen=True)
class ComparedCase:
    """An image file that two models are compared on.

    Attributes
    ----------
    laterality, view
        As the table of cases has them, for files that say neither.
    patient, words
        Whose it is, and what the verdict says of it.
    """

    path: Path
    patient: str = ""
    words: str = ""
    laterality: Laterality | None = None
    view: ViewPosition | None = None

    def within(self, studies: Iterable[Study]) -> Subject | None:
        """The image among open studies; None where it is not open."""
        paths = {str(self.path), str(self.path.resolve())}
        for study in studies:
            for image in study.images:
                if image.path in paths:
                    known = replace(image, laterality=image.laterality or self.laterality, view=image.view or self.view)
                    return Subject(study.uid, (known,))
        return None


@dataclass(frozen=True)
class Underway:
    """How far a comparison is."""

    fraction: float
    text: str


@dataclass(frozen=True)
class NotCompared:
    """A comparison ended without a result. ``is_cancelled`` when the user wished it."""

    problem: Problem
    is_cancelled: bool = False


@dataclass(frozen=True)
class Concealed:
    """A blind read begins: all that was told of comparisons must leave the screen."""


ComparisonEvent: TypeAlias = Underway | SideImage | ComparedExams | NotCompared | Concealed


@dataclass
class _Run:
    number: int
    study_uid: str
    is_unwanted: bool = False


class Comparisons:
    """Asks the engine, behind all that readers wait for; nothing becomes a result of a study.

    Parameters
    ----------
    session
        Lends its engine, its settings and its veil.
    on_event
        Told the number of the comparison and what happens, from any thread: it must not wait. `Concealed` is of all
        that were told since `forget`.

    Notes
    -----
    Every method can be called from any thread and returns at once.
    """

    def __init__(self, session: Session, on_event: Callable[[int, ComparisonEvent], None]) -> None:
        self._session, self._on_event = session, on_event
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._run: _Run | None = None
        self._uids: set[str] = set()
        self._unwatch = session.veil.watch(self._look)

    def why_not(self, study_uid: str) -> str:
        """Why nothing may be compared on a study now; empty where it may."""
        if self._session.study(study_uid) is None:
            return NO_STUDY
        return BLIND if self._session.veil.is_blind(study_uid) else ""

    def why_no_cases(self) -> str:
        """The same of cases that are not open yet."""
        return BLIND if self._session.veil.is_blind("") else ""

    def start(self, subject: Subject, old: Contender, new: Contender) -> int:
        """Compare two models; what was compared before is given up.

        Returns
        -------
        int
            The comparison's number.
        """
        run = _Run(next(self._numbers), subject.study_uid)
        with self._lock:
            self._run = run
            self._uids.add(run.study_uid)
        reason = self.why_not(subject.study_uid)
        if reason:
            self._session.engine.cancel([_KEY])
            self._on_event(run.number, NotCompared(Problem("", "concealed", "The models are not compared.", reason)))
            return run.number
        self._submit(run, self._request(subject, old, new))
        return run.number

    def _request(self, subject: Subject, old: Contender, new: Contender) -> ComparisonRequest:
        study, settings = self._session.study(subject.study_uid), self._session.settings
        assert study is not None
        base = replace(request_for(study, settings), images=subject.images)
        asked = [replace(base, models=models_of(settings, {one.task: one.models})) for one in (old, new)]
        return ComparisonRequest(asked[0], asked[1], old.task)

    def _submit(self, run: _Run, request: ComparisonRequest) -> None:
        self._session.engine.submit(
            Order(
                key=_KEY,
                kind="compare",
                subject="",
                make_payload=lambda: request,
                on_report=lambda report: self._reported(run, request, report),
                priority=_PRIORITY,
                # No two are the same work, for each has its own listener.
                fingerprint=str(run.number),
                gives_way=True,
            )
        )

    def cancel(self) -> None:
        """Stop the comparison under way; `NotCompared` follows."""
        with self._lock:
            if self._run is not None:
                self._run.is_unwanted = True
        self._session.engine.cancel([_KEY])

    def forget(self) -> None:
        """Nobody looks at what was compared any more."""
        with self._lock:
            self._run = None
            self._uids.clear()
        self._session.engine.cancel([_KEY])

    def close(self) -> None:
        """Forget, and hear no more of the veil."""
        self.forget()
        self._unwatch()

    def _look(self) -> None:
        """Take back what was told once a blind read begins; called while the session's lock is held."""
        with self._lock:
            uids = tuple(self._uids)
        if any(map(self._session.veil.is_blind, uids)):
            self.forget()
            self._on_event(0, Concealed())

    def _reported(self, run: _Run, request: ComparisonRequest, report: Report) -> None:
        if run is not self._run:
            return
        if isinstance(report, JobProgress):
            self._tell(run, Underway(report.fraction, report.text))
        elif isinstance(report, JobPartial) and isinstance(report.value, SideImage):
            self._tell(run, report.value)
        elif isinstance(report, JobRetried):
            self._session.messages.tell(report.problem, Level.WARNING)
        elif isinstance(report, JobDone) and isinstance(report.value, ComparedExams):
            self._tell(run, report.value)
        elif isinstance(report, JobFailed):
            if report.is_cancelled and not run.is_unwanted:
                # It gave way to an analysis, and is begun anew behind it.
                self._tell(run, Underway(0.0, WAITING))
                self._submit(run, request)
            else:
                self._on_event(run.number, NotCompared(report.problem, report.is_cancelled))

    def _tell(self, run: _Run, event: ComparisonEvent) -> None:
        self._session.veil.told_openly(run.study_uid, lambda: self._on_event(run.number, event))
