"""A wizard's work: one folder, in which every page leaves what it made, and from which every page goes on.

``project.toml`` says what was chosen. Each page that is finished leaves a stamp there: the hash of the files that it
read and wrote. A page whose files changed since, or never came to be, is not finished, whatever was killed when.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final

from mammoview.core.errors import OutputError, UnreadableError
from mammoview.core.paths import user_data
from mammoview.core.small_files import write_whole
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.lock import Holder, Lock
from mammoview.training.tuning.messages import CaseSource, TuneTask

PROJECT, CASES, AUDIT, SPLIT, SEAL = "project.toml", "cases.csv", "audit.json", "split.csv", "sealed.json"
CONFIG, RUN, VERDICT, PACKAGE = "config.toml", "run", "verdict.json", "package"
_LOCK: Final = ".lock"
_NAME: Final = re.compile(r"\w(?:[\w .-]{0,58}[\w-])?")
#: Names that Windows keeps for itself.
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)


class Page(StrEnum):
    """The wizard's pages, in their order."""

    TASK = "task"
    CASES = "cases"
    AUDIT = "audit"
    SPLIT = "split"
    PLAN = "plan"
    RUN = "run"
    VERDICT = "verdict"
    PUBLISH = "publish"

    @property
    def next(self) -> Page:
        """The page behind it; the last one is its own."""
        pages = list(Page)
        return pages[min(pages.index(self) + 1, len(pages) - 1)]


#: What each page reads and what it writes; its stamp is over both.
_READS: Final[Mapping[Page, tuple[str, ...]]] = {
    Page.AUDIT: (CASES,),
    Page.SPLIT: (CASES,),
    Page.PLAN: (CASES, SPLIT),
    Page.RUN: (CASES, SPLIT, CONFIG),
    Page.VERDICT: (SPLIT, SEAL, CONFIG),
}
_WRITES: Final[Mapping[Page, tuple[str, ...]]] = {
    Page.CASES: (CASES,),
    Page.AUDIT: (AUDIT,),
    Page.SPLIT: (SPLIT, SEAL),
    Page.PLAN: (CONFIG,),
    Page.VERDICT: (VERDICT,),
}


@dataclass(frozen=True)
class Plan:
    """How the model is to be trained here. What is 0 or empty is left to the plan of the task.

    Attributes
    ----------
    device, precision
        ``auto``, ``cpu``, ``cuda``…; ``fp32``, ``bf16`` or ``fp16``.
    batch_size, epochs, learning_rate_factor
        What an expert changed.
    devices, nodes
        GPUs on each machine, and machines.
    """

    device: str = "auto"
    precision: str = ""
    batch_size: int = 0
    epochs: int = 0
    learning_rate_factor: float = 1.0
    devices: int = 1
    nodes: int = 1


@dataclass(frozen=True)
class Project:
    """What was chosen, and how far the wizard is.

    Attributes
    ----------
    made_at
        UTC, ISO 8601.
    parent
        ``id@version`` of the package that it starts from.
    seed, test_share, validation_share
        Of the split: shares of all patients that judge the model at the end, and while it learns.
    page
        The page that was open last.
    stamps
        Of the pages that are finished; see the module.
    """

    name: str
    made_at: str = ""
    task: TuneTask | None = None
    parent: str = ""
    source: CaseSource | None = None
    seed: int = 1
    test_share: float = 0.3
    validation_share: float = 0.2
    plan: Plan = Plan()
    page: Page = Page.TASK
    stamps: Mapping[Page, str] = field(default_factory=dict)


class ProjectFolder:
    """A project to look at; `open_project` gives one to work on.

    Parameters
    ----------
    path
        Its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The project's name."""
        return self.path.name

    def file(self, name: str) -> Path:
        """One of its files, by the names of this module."""
        return self.path / name

    def load(self) -> Project:
        """Read ``project.toml``.

        Raises
        ------
        TuningError
            When there is no such project.
        NewerDocumentError, DamagedDocumentError
            When a newer program wrote it; when it cannot be understood.
        """
        from mammoview.session.tuning.project_file import from_toml

        try:
            text = self.file(PROJECT).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise TuningError(
                f"There is no project “{self.name}”.", "Make it with a new name, or choose one of the list."
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableError(f"{self.file(PROJECT)} cannot be read.", "Check its permissions.") from error
        return from_toml(text, self.name)

    def is_finished(self, page: Page, project: Project) -> bool:
        """Whether a page was finished, and none of its files changed since."""
        stamp = project.stamps.get(page)
        return stamp is not None and stamp == self._stamp(page)

    def reached(self, project: Project) -> Page:
        """The first page that is not finished: where the work goes on."""
        return next((page for page in Page if not self.is_finished(page, project)), Page.PUBLISH)

    def _stamp(self, page: Page) -> str | None:
        """Hash of what a page read and wrote; None where a file is missing."""
        total = hashlib.sha256(page.value.encode())
        for name in (*_READS.get(page, ()), *_WRITES.get(page, ())):
            try:
                total.update(hashlib.sha256(self.file(name).read_bytes()).digest())
            except OSError:
                return None
        return total.hexdigest()


class OpenProject(ProjectFolder):
    """A project that this process works on: nobody else can until `close`. Also a context manager.

    Parameters
    ----------
    path
        Its folder.

    Attributes
    ----------
    left_by
        The process that had it last and was killed; None where it was closed.

    Raises
    ------
    ProjectInUseError
        When another wizard works on it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = Lock(path / _LOCK, path.name)
        self.left_by: Holder | None = self._lock.left_by

    def save(self, project: Project) -> Project:
        """Write ``project.toml``: the old one or the new one is there, whatever happens.

        Raises
        ------
        OutputError
            When the disk refuses; the old one is as it was.
        """
        from mammoview.session.tuning.project_file import to_toml

        write_whole(self.file(PROJECT), to_toml(project), "The project")
        return project

    def put(self, name: str, text: str) -> None:
        """Write one of the project's text files, whole or not at all.

        Raises
        ------
        OutputError
            When the disk refuses.
        """
        write_whole(self.file(name), text, f"The file {name}")

    def finish(self, page: Page, project: Project) -> Project:
        """Stamp a page whose files are written, and go on to the next one.

        Raises
        ------
        TuningError
            When a file that the page should have written is missing.
        """
        stamp = self._stamp(page)
        if stamp is None:
            raise TuningError(f"The page “{page}” of “{self.name}” lacks a file.", "Go through the page again.")
        # What stands behind is not undone here: its own stamps tell whether it still fits.
        return self.save(replace(project, page=page.next, stamps={**project.stamps, page: stamp}))

    def close(self) -> None:
        """Give the project back; a second call does nothing."""
        self._lock.release()

    def __enter__(self) -> OpenProject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def projects_folder() -> Path:
    """Where the projects lie."""
    return user_data() / "tuning"


def projects() -> tuple[str, ...]:
    """The names of the projects, in order."""
    folder = projects_folder()
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name for entry in folder.iterdir() if (entry / PROJECT).is_file()))


def new_project(name: str, *, task: TuneTask | None = None, parent: str = "") -> tuple[OpenProject, Project]:
    """Make a project and open it.

    Parameters
    ----------
    name
        Letters, digits, spaces, dots and dashes, at most 60: a folder is called so.
    task, parent
        As in `Project`, where they are chosen.

    Raises
    ------
    TuningError
        When the name will not do, or is taken.
    OutputError
        When the disk refuses.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not _NAME.fullmatch(name) or name.partition(".")[0].strip().lower() in _RESERVED:
        raise TuningError(
            f"A project cannot be called “{name}”.", "Use letters, digits, spaces and dashes, at most 60 of them."
        )
    path = projects_folder() / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made ({error.strerror}).", "Check the folder's permissions.") from error
    opened = OpenProject(path)
    if (path / PROJECT).exists():
        opened.close()
        raise TuningError(f"There is a project “{name}” already.", "Choose another name, or open that one.")
    project = Project(name, datetime.now(UTC).isoformat(timespec="seconds"), task, parent)
    try:
        return opened, opened.save(project)
    except OutputError:
        opened.close()
        raise


def open_project(name: str) -> tuple[OpenProject, Project]:
    """Open a project where it was left. One that a killed process left open is taken over.

    Returns
    -------
    opened, project
        The project's ``page`` is never beyond what its files allow.

    Raises
    ------
    TuningError
        When there is no such project, or (as `ProjectInUseError`) another wizard works on it.
    NewerDocumentError, DamagedDocumentError
        When it cannot be understood.
    """
    folder = find_project(name)
    folder.load()
    opened = OpenProject(folder.path)
    try:
        # Read again under the lock: the wizard that had it may have written in between.
        project = opened.load()
    except BaseException:
        opened.close()
        raise
    _sweep(opened.path)
    pages = list(Page)
    page = min(project.page, opened.reached(project), key=pages.index)
    return opened, replace(project, page=page)


def find_project(name: str) -> ProjectFolder:
    """A project to look at, without opening it.

    Raises
    ------
    TuningError
        When the name is no project's.
    """
    if name not in projects():
        known = ", ".join(projects()) or "none yet"
        raise TuningError(f"There is no project “{name}”.", f"The projects are: {known}.")
    return ProjectFolder(projects_folder() / name)


def remove_project(name: str) -> None:
    """Delete a project with its copies of images and its checkpoints. Test sets stay sealed, packages installed.

    Raises
    ------
    TuningError
        When there is none, or another wizard works on it.
    OutputError
        When the disk refuses.
    """
    opened = OpenProject(find_project(name).path)
    opened.close()
    try:
        shutil.rmtree(opened.path)
    except OSError as error:
        raise OutputError(f"{opened.path} cannot be deleted ({error.strerror}).", "Close its files.") from error


def _sweep(folder: Path) -> None:
    """Drop what a killed process began to write and did not finish."""
    for draft in folder.glob("*.tmp"):
        with suppress(OSError):
            draft.unlink()
