"""Plans, runs, judges and publishes a project in the tuning child, and keeps what the wizard's pages show.

Reports come on the crew's thread; whoever has a window hands them over to its own.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from mammoview.core.errors import OutputError, Problem
from mammoview.core.jobs import JobDone, JobFailed, JobPartial, JobProgress
from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.tuning.audit_gate import require_audited
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.project import RUN as RUN_FOLDER
from mammoview.session.tuning.project import OpenProject, Page, Project, ProjectFolder
from mammoview.training.tuning.anew import begin_anew
from mammoview.training.tuning.audit_messages import AuditReport, AuditRequest
from mammoview.training.tuning.messages import CasesRequest, ReadImage, TuneTask
from mammoview.training.tuning.run_messages import (
    AUDIT,
    PLAN,
    PUBLISH,
    READ_CASES,
    RUN,
    SPLIT,
    TAKE,
    VERDICT,
    EpochTold,
    Notice,
    PlanRequest,
    PublishRequest,
    RunRequest,
    TakeRequest,
    VerdictRequest,
)
from mammoview.training.tuning.splitting import SplitReport, SplitRequest

WORKER = "mammoview.training.worker:main"
_PAUSE, _YIELD = "pause", "yield"
#: Pages that stand on a run.
_OF_RUN = (Page.RUN, Page.VERDICT, Page.PUBLISH)
_PAGES = {
    READ_CASES: Page.CASES,
    AUDIT: Page.AUDIT,
    SPLIT: Page.SPLIT,
    PLAN: Page.PLAN,
    RUN: Page.RUN,
    TAKE: Page.RUN,
    VERDICT: Page.VERDICT,
    PUBLISH: Page.PUBLISH,
}


@dataclass(frozen=True)
class JobTold:
    """How far a job is."""

    kind: str
    fraction: float
    text: str


@dataclass(frozen=True)
class JobEnded:
    """A job came to its end.

    Attributes
    ----------
    kind
        ``read_cases``, ``audit``, ``split``, ``plan``, ``run``, ``take``, ``verdict`` or ``publish``.
    result
        The `CasesReport`, `AuditReport`, `SplitReport`, `PlanReport`, `RunReport`, `SiteVerdict` or `PublishReport`;
        None where it failed.
    problem
        Why it failed.
    is_cancelled
        Whether that was the user's wish.
    """

    kind: str
    result: object = None
    problem: Problem | None = None
    is_cancelled: bool = False


@dataclass(frozen=True)
class JobPart:
    """Something that a job told before its end: rejected rows, a table of counts, the look of one image."""

    kind: str
    value: object


TunerEvent: TypeAlias = JobTold | JobPart | JobEnded | EpochTold | Notice | Problem


def tuning_crew() -> Crew:
    """The crew that the wizard's jobs run in: one child, beside the engine's."""
    return Crew(WORKER, size=1, name="tuner")


class Tuner:
    """The work of one project.

    Parameters
    ----------
    opened
        The project's folder, locked.
    project
        What was chosen.
    crew
        See `tuning_crew`; it is the caller's to close.
    on_event
        Told what happens, on the crew's thread.
    """

    def __init__(
        self, opened: OpenProject, project: Project, crew: Crew, on_event: Callable[[TunerEvent], None]
    ) -> None:
        self._opened = opened
        self._crew = crew
        self._on_event = on_event
        self._lock = threading.Lock()
        self._project = project
        self._busy: str | None = None

    @property
    def project(self) -> Project:
        """As it is by now."""
        return self._project

    @property
    def busy(self) -> str | None:
        """The kind of job that is under way."""
        return self._busy

    def change(self, project: Project) -> None:
        """Take what the user chose, and write it down."""
        with self._lock:
            self._project = self._opened.save(project)

    def read_cases(self, read: tuple[ReadImage, ...] = (), notes: tuple[str, ...] = ()) -> None:
        """Read the cases of the chosen source; ends in `JobEnded` with a `CasesReport`.

        Parameters
        ----------
        read, notes
            Images of signed reads, where the source is the worklist, and what was left out.
        """
        source = self._project.source
        if source is None:
            raise TuningError("No source of cases was chosen.", "Choose one on the page “Cases”.")
        self._submit(READ_CASES, CasesRequest(str(self._opened.path), source, read, notes))

    def audit(self) -> None:
        """Look at the cases; tells of each image and ends in `JobEnded` with an `AuditReport`."""
        project = self._project
        self._submit(AUDIT, AuditRequest(str(self._opened.path), project.task, project.parent, project.test_share))

    def split(self, *, is_sealed: bool) -> None:
        """Draw the split, and seal it where that is asked for; ends in `JobEnded` with a `SplitReport`."""
        project = self._project
        if is_sealed:
            require_audited(self._opened, project)
        shares = project.seed, project.test_share, project.validation_share
        self._submit(SPLIT, SplitRequest(str(self._opened.path), *shares, is_sealed=is_sealed))

    def plan(self, *, is_measured: bool = True) -> None:
        """Write the config and measure the cost; ends in `JobEnded` with a `PlanReport`."""
        self._submit(PLAN, plan_request(self._opened, self._project, is_measured=is_measured))

    def run(self, *, is_anew: bool = False) -> None:
        """Train, or go on; tells of each epoch and ends in `JobEnded` with a `RunReport`.

        Parameters
        ----------
        is_anew
            Whether what an earlier run did is forgotten, with what was made of it.
        """
        if is_anew:
            # Here and once: the child tries a job again when it died over it.
            begin_anew(self._opened.path)
            kept = {page: stamp for page, stamp in self._project.stamps.items() if page not in _OF_RUN}
            self.change(replace(self._project, stamps=kept))
        for name in (_PAUSE, _YIELD):
            # Left by a program that was killed; nobody would take them away.
            self._mark(name, wanted=False)
        self._submit(RUN, run_request(self._opened, self._project))

    def take(self, result: str) -> None:
        """Take what another machine trained; ends in `JobEnded` with a `RunReport`."""
        self._submit(TAKE, TakeRequest(str(self._opened.path), parent_folder(self._project), result))

    def judge(self) -> None:
        """Compare the models on the sealed test set; ends in `JobEnded` with a `SiteVerdict`."""
        self._submit(VERDICT, verdict_request(self._opened, self._project))

    def publish(self, *, name: str = "", version: str = "", title: str = "") -> None:
        """Write and install the package; ends in `JobEnded` with a `PublishReport`. It is not in use yet."""
        self._submit(PUBLISH, publish_request(self._opened, self._project, name=name, version=version, title=title))

    def pause(self, *, wanted: bool) -> None:
        """Let the run wait between two steps, or go on."""
        self._mark(_PAUSE, wanted=wanted)

    def make_way(self, *, wanted: bool) -> None:
        """Let the run wait while a reader's images are analysed, or go on."""
        self._mark(_YIELD, wanted=wanted)

    def cancel(self) -> None:
        """Stop what is under way; a run that was stopped goes on where it was."""
        self._crew.cancel([self._key])

    @property
    def _key(self) -> str:
        return f"tuning {self._opened.name}"

    def _mark(self, name: str, *, wanted: bool) -> None:
        path = self._opened.file(RUN_FOLDER) / name
        try:
            if wanted:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            self._on_event(Problem(str(path), "output", f"{path} cannot be written ({error.strerror})."))

    def _submit(self, kind: str, payload: object) -> None:
        if self._busy is not None:
            raise TuningError(f"“{self._opened.name}” is at work already.", "Wait for it, or cancel it.")
        self._busy = kind
        self._crew.submit(
            Order(
                key=self._key,
                kind=kind,
                subject=self._opened.name,
                make_payload=lambda: payload,
                on_report=lambda report: self._take(kind, report),
            )
        )

    def _take(self, kind: str, report: Report) -> None:
        if isinstance(report, JobProgress):
            self._on_event(JobTold(kind, report.fraction, report.text))
        elif isinstance(report, JobPartial):
            if isinstance(report.value, EpochTold | Notice):
                self._on_event(report.value)
            else:
                self._on_event(JobPart(kind, report.value))
        elif isinstance(report, JobRetried):
            self._on_event(report.problem)
        elif isinstance(report, JobDone):
            self._busy = None
            if _is_finishing(report.value):
                self._finish(kind)
            self._on_event(JobEnded(kind, report.value))
        elif isinstance(report, JobFailed):
            self._busy = None
            self._on_event(JobEnded(kind, None, report.problem, report.is_cancelled))

    def _finish(self, kind: str) -> None:
        with self._lock:
            try:
                self._project = self._opened.finish(_PAGES[kind], self._project)
            except (OutputError, TuningError) as error:
                # The page's own files are written; only its stamp is missing, and it can be gone through again.
                self._on_event(Problem.from_error(error, self._opened.name))


def _is_finishing(result: object) -> bool:
    """Whether a page is through with this: not with a remark that must be put right, not with a split to look at."""
    if isinstance(result, AuditReport):
        return not result.has_stops
    return not isinstance(result, SplitReport) or result.seal is not None


def parent_folder(project: Project) -> str:
    """Folder of the package that a project starts from.

    Raises
    ------
    TuningError
        When none was chosen.
    ModelPackageError
        When it is no longer installed.
    """
    if not project.parent:
        raise TuningError("No model to start from was chosen.", "Choose one on the page “Task”.")
    return str(registry.find(project.parent).folder)


def plan_request(folder: ProjectFolder, project: Project, *, is_measured: bool = True) -> PlanRequest:
    """What the child is asked to plan."""
    wishes = project.plan
    return PlanRequest(
        str(folder.path),
        _task(project),
        parent_folder(project),
        device=wishes.device,
        precision=wishes.precision,
        batch_size=wishes.batch_size,
        epochs=wishes.epochs,
        learning_rate_factor=wishes.learning_rate_factor,
        seed=project.seed,
        devices=wishes.devices,
        nodes=wishes.nodes,
        is_measured=is_measured,
    )


def run_request(folder: ProjectFolder, project: Project) -> RunRequest:
    """What the child is asked to train."""
    return RunRequest(str(folder.path), _task(project), parent_folder(project), device=project.plan.device)


def verdict_request(folder: ProjectFolder, project: Project) -> VerdictRequest:
    """What the child is asked to judge."""
    return VerdictRequest(str(folder.path), _task(project), parent_folder(project), against=_rival(project))


def publish_request(
    folder: ProjectFolder, project: Project, *, name: str = "", version: str = "", title: str = ""
) -> PublishRequest:
    """What the child is asked to publish."""
    return PublishRequest(str(folder.path), _task(project), parent_folder(project), name, version, title)


def epochs_so_far(folder: ProjectFolder) -> tuple[EpochTold, ...]:
    """The epochs that a run has saved, without their samples: what the page shows when it is opened again."""
    found: list[EpochTold] = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        for line in (folder.file(RUN_FOLDER) / "log.jsonl").read_text(encoding="utf-8").splitlines():
            words = json.loads(line)
            measured = {name: value for name, value in words["validation"].items() if math.isfinite(value)}
            measure = next((name for name in measured if not name.endswith(("_low", "_high"))), "")
            found.append(
                EpochTold(
                    words["epoch"],
                    0,
                    words["stage"],
                    words["loss"],
                    words["learning_rate"],
                    words["seconds"],
                    measure,
                    measured.get(measure),
                    measured.get(f"{measure}_low"),
                    measured.get(f"{measure}_high"),
                )
            )
    return tuple(found)


def _rival(project: Project) -> str:
    """Folder of the model in use, where a project makes whole-image classifiers of something else; or empty."""
    if project.task is not TuneTask.IMAGE or registry.find(project.parent).task is Task.WHOLE_IMAGE:
        return ""
    used = registry.active(Task.WHOLE_IMAGE)
    if not used:
        raise TuningError("No whole-image classifier is in use to compare with.", "Install one, or choose one to use.")
    return str(used[0].folder)


def _task(project: Project) -> TuneTask:
    if project.task is None:
        raise TuningError("No task was chosen.", "Choose one on the page “Task”.")
    return project.task
