"""How far a project is and what its pages have to show, read from its files: any page can be left and resumed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from mammoview.core.errors import MammoViewError
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.project import (
    AUDIT,
    CASES,
    CONFIG,
    PACKAGE,
    RUN,
    SPLIT,
    VERDICT,
    Page,
    Project,
    ProjectFolder,
)
from mammoview.session.tuning.tuner import epochs_so_far
from mammoview.training.cases.lost import Lost
from mammoview.training.judging.site_verdict import SiteVerdict
from mammoview.training.judging.site_verdict import from_json as verdict_from_json
from mammoview.training.tuning.anew import INPUTS
from mammoview.training.tuning.audit_messages import AuditReport, read_report
from mammoview.training.tuning.messages import CasesReport, read_cases_report
from mammoview.training.tuning.plan_file import read_plan
from mammoview.training.tuning.run_messages import EpochTold, PlanReport
from mammoview.training.tuning.sealing import Seal, read_seal
from mammoview.training.tuning.split_file import read_division
from mammoview.training.tuning.splitting import SplitReport

CASES_REPORT = "cases.json"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Standing:
    """A project as its files say it is.

    Attributes
    ----------
    path
        Its folder.
    finished
        Pages whose files are there and fit together.
    reached
        The first page that is not finished.
    cases, audit, seal, plan, verdict
        What those pages left; None where they did not, or what they left cannot be read.
    sets, division
        Patients of each set of the sealed split; the whole division, where it was kept.
    config
        Text of the training config; empty where there is none.
    epochs
        That the run has saved.
    package
        ``id@version`` of what was published; empty where nothing was.
    has_run
        Whether a run was begun.
    skipped
        Images that it passed over, and why.
    """

    project: Project
    path: Path
    finished: frozenset[Page]
    reached: Page
    cases: CasesReport | None = None
    audit: AuditReport | None = None
    seal: Seal | None = None
    sets: Mapping[str, int] = field(default_factory=dict)
    config: str = ""
    epochs: tuple[EpochTold, ...] = ()
    verdict: SiteVerdict | None = None
    package: str = ""
    plan: PlanReport | None = None
    has_run: bool = False
    skipped: tuple[tuple[str, str], ...] = ()
    division: SplitReport | None = None

    def may_open(self, page: Page) -> bool:
        """Whether a page can be gone to: a finished one, and the first that is not."""
        pages = list(Page)
        return page in self.finished or pages.index(page) <= pages.index(self.reached)


def standing_of(folder: ProjectFolder, project: Project) -> Standing:
    """Read how far a project is; files are read and hashed, so never on the GUI thread."""
    return Standing(
        project,
        folder.path,
        frozenset(page for page in Page if folder.is_finished(page, project)),
        folder.reached(project),
        read_cases_report(folder.file(CASES_REPORT)),
        _readable(lambda: read_report(folder.file(AUDIT))),
        _readable(lambda: read_seal(folder.path)),
        _sets(folder.file(SPLIT)),
        _text(folder.file(CONFIG)),
        epochs_so_far(folder),
        _readable(lambda: verdict_from_json(text)) if (text := _text(folder.file(VERDICT))) else None,
        _published(folder.file(PACKAGE)),
        _readable(lambda: read_plan(folder.path)),
        any(folder.file(f"{RUN}/{name}").exists() for name in (INPUTS, PACKAGE)),
        tuple(Lost(folder.file(RUN))),
        _readable(lambda: read_division(folder.path, read_seal(folder.path))),
    )


def _readable(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except MammoViewError:
        # The page is not finished then, and says so by being empty.
        return None


def _text(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    return ""


def _sets(path: Path) -> dict[str, int]:
    rows = csv.DictReader(_text(path).splitlines())
    return dict(Counter(row["set"] for row in rows if row.get("set")))


def _published(path: Path) -> str:
    from mammoview.models.registry import read_info

    if not path.is_dir():
        return ""
    info = _readable(lambda: read_info(path))
    return info.key if info is not None else ""


def image_of(folder: Path, place: int) -> Path:
    """The file of an image, by its place in ``cases.csv``, from 0.

    Raises
    ------
    TuningError
        When the table has no such row any more.
    """
    rows = list(csv.DictReader(_text(folder / CASES).splitlines()))
    if not (0 <= place < len(rows) and rows[place].get("path")):
        raise TuningError(f"Row {place + 2} of {CASES} is no longer there.", "Audit the cases again.")
    # A path of the table is relative to the project.
    return folder / rows[place]["path"]


def thumbnails_of(folder: Path) -> tuple[tuple[int, bytes], ...]:
    """The pictures that an audit left: place in ``cases.csv`` and JPEG."""
    found: list[tuple[int, bytes]] = []
    for path in sorted((folder / "thumbs").glob("*.jpg")):
        with suppress(OSError, ValueError):
            found.append((int(path.stem), path.read_bytes()))
    return tuple(found)
