"""The job ``audit``: table first, headers next, pixels beside them; every result is told as soon as it is known.

Pixels are looked at by a second thread while the next image is decoded, so that looking costs little time of its own;
two images at the most are in memory.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mammoview.core.errors import InputError
from mammoview.core.progress import Cancel, Progress, SubProgress, stop_if_cancelled
from mammoview.core.small_files import write_whole
from mammoview.core.study import Laterality
from mammoview.dicom.pixels import decode
from mammoview.training.cases.manifest import check_rows, manifest_rows
from mammoview.training.cases.splits import read_split
from mammoview.training.tuning import table_checks
from mammoview.training.tuning.audit_messages import (
    AUDIT,
    AuditReport,
    AuditRequest,
    ImageLook,
    Remark,
    RemarkKind,
    Severity,
    TableAudit,
)
from mammoview.training.tuning.case_reading import TABLE
from mammoview.training.tuning.files import CASES_REPORT
from mammoview.training.tuning.looks import Look, look_at
from mammoview.training.tuning.messages import RejectedRow, read_cases_report
from mammoview.training.tuning.near import Double, Doubles
from mammoview.training.tuning.sealing import SealedSets, own_test_set
from mammoview.training.tuning.site_groups import groups_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mammoview.core.study import Mammogram
    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.case import Case

THUMBS: Final = "thumbs"
SPLIT: Final = "split.csv"
#: Headers between two tables of counts.
_HEADERS: Final = 100
#: So many letters beside the breast are more than a side, a view and initials.
MANY_LETTERS: Final = 8


def audit(request: AuditRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> AuditReport:
    """Audit a project's cases and write ``audit.json``.

    Parameters
    ----------
    request
        Which project.
    progress, cancel
        As of any job.
    partial
        Told `TableAudit` again and again while headers are read, then an `ImageLook` for each image.

    Raises
    ------
    InputError
        When there is no table of cases.
    ModelPackageError
        When the model to start from is not installed.
    """
    began = time.perf_counter()
    folder = Path(request.folder)
    work = _Audit(request, partial)
    work.read_table(folder / TABLE, SubProgress(progress, 0.0, 0.2 if request.reads_pixels else 1.0), cancel)
    if request.reads_pixels:
        work.read_pixels(folder / THUMBS, SubProgress(progress, 0.2, 1.0), cancel)
    report = work.report(folder / SPLIT, time.perf_counter() - began)
    write_whole(folder / AUDIT, json.dumps(asdict(report), ensure_ascii=False, indent=1), "The audit")
    return report


class _Audit:
    """What is known so far."""

    def __init__(self, request: AuditRequest, partial: Callable[[object], None]) -> None:
        self._request, self._partial = request, partial
        self._parent = _parent(request.parent)
        self._cases: tuple[Case, ...] = ()
        self._images: tuple[Mammogram, ...] = ()
        self._rejected: tuple[RejectedRow, ...] = ()
        self._refused = _refused(Path(request.folder) / CASES_REPORT)
        # The row of each case: rows that are no case any more have none.
        self._rows: tuple[int, ...] = ()
        self._pixel_remarks: list[Remark] = []
        self._doubles: list[Double] = []
        self._looked_at = 0

    def read_table(self, path: Path, progress: Progress, cancel: Cancel) -> None:
        """Read the table, then the headers."""
        _, rows = manifest_rows(path)
        for start in range(0, len(rows), _HEADERS):
            stop_if_cancelled(cancel)
            progress(start / len(rows), f"Reading header {start + 1} of {len(rows)}")
            self._take(rows[start : start + _HEADERS], start, path.parent)
            self._partial(self._table(len(rows)))
        if not self._cases:
            raise InputError(
                f"None of the {len(rows)} rows of {path.name} is a case any more.", "Read the cases again."
            )

    def _take(self, rows: Sequence[tuple[int, dict[str, str]]], start: int, folder: Path) -> None:
        checked = check_rows(rows, folder)
        places = {line: start + number for number, (line, _) in enumerate(rows)}
        known = {image.id for image in self._images}
        rejected = [
            RejectedRow(problem.line, problem.column, problem.message, problem.hint) for problem in checked.problems
        ]
        for case, line, image in zip(checked.cases, checked.lines, checked.images, strict=True):
            if image.id in known:
                rejected.append(RejectedRow(line, "path", "the image is named twice.", "Name each image once."))
                continue
            self._cases += (case,)
            self._images += (image,)
            self._rows += (places[line],)
        self._rejected += tuple(rejected)

    def _table(self, total: int) -> TableAudit:
        cases, request = self._cases, self._request
        told = table_checks.expected(cases, request.task, self._parent, request.test_share)
        remarks = (
            *table_checks.enough_remarks(cases, request.task, told),
            *table_checks.header_remarks(cases, self._images, self._parent),
            *table_checks.label_remarks(cases),
            *self._sealed_remarks(),
        )
        remarks = self._at_rows(remarks)
        patients = len({case.patient for case in cases})
        counts = table_checks.tallies(cases, self._images)
        return TableAudit(total, patients, len(cases), counts, remarks, told, self._rejected, self._refused)

    def _at_rows(self, remarks: Iterable[Remark]) -> tuple[Remark, ...]:
        """Remarks that name rows of the table instead of cases."""
        return tuple(replace(remark, images=tuple(self._rows[place] for place in remark.images)) for remark in remarks)

    def _sealed_remarks(self) -> Iterator[Remark]:
        sealed = SealedSets(but=own_test_set(Path(self._request.folder))).patients_in(self._cases, self._images)
        if sealed:
            places = tuple(place for place, case in enumerate(self._cases) if case.patient in sealed)
            text = (
                f"{len(sealed)} patients with {len(places)} images belong to an earlier test set of this site: they "
                "will judge again, and are never learned from."
            )
            yield Remark(RemarkKind.SEALED_BEFORE, Severity.NOTE, text, places, tuple(sorted(sealed)))

    def read_pixels(self, thumbs: Path, progress: Progress, cancel: Cancel) -> None:
        """Decode every image, and look at it beside the next one's decoding."""
        with suppress(OSError):
            thumbs.mkdir(exist_ok=True)
        doubles = Doubles(len(self._cases))
        before: tuple[int, Future[Look]] | None = None
        with ThreadPoolExecutor(1) as beside:
            for place, image in enumerate(self._images):
                stop_if_cancelled(cancel)
                progress(place / len(self._images), f"Looking at image {place + 1} of {len(self._images)}")
                try:
                    stored = decode(image)
                except InputError as error:
                    self._unreadable(place, error)
                    continue
                if before is not None:
                    self._looked(*before, doubles, thumbs)
                before = place, beside.submit(look_at, image, stored)
                # The thread alone keeps the pixels now.
                del stored
            if before is not None:
                self._looked(*before, doubles, thumbs)

    def _unreadable(self, place: int, error: InputError) -> None:
        text = f"{error.user_message} {error.hint}"
        self._tell(place, b"", [self._remark(RemarkKind.UNREADABLE, Severity.WARNING, text, place)])

    def _tell(self, place: int, thumbnail: bytes, remarks: Sequence[Remark]) -> None:
        told = self._at_rows(remarks)
        self._pixel_remarks.extend(told)
        self._partial(ImageLook(self._rows[place], thumbnail, told))

    def _looked(self, place: int, future: Future[Look], doubles: Doubles, thumbs: Path) -> None:
        look = future.result()
        self._looked_at += 1
        remarks = [*self._side_remarks(place, look), *self._letter_remarks(place, look)]
        for double in doubles.take(place, look):
            self._doubles.append(double)
            remarks.append(self._double_remark(double))
        with suppress(OSError):
            # They are for the eye alone, and a full disk is told when the audit is written.
            (thumbs / f"{self._rows[place]:06d}.jpg").write_bytes(look.thumbnail)
        self._tell(place, look.thumbnail, remarks)

    def _side_remarks(self, place: int, look: Look) -> Iterator[Remark]:
        case = self._cases[place]
        if look.is_left is not None and look.is_left is not (case.laterality is Laterality.LEFT):
            other = "right" if case.laterality is Laterality.LEFT else "left"
            text = f"Said to be {case.laterality.value}, but faces like a {other} breast: mirrored, or the wrong side."
            yield self._remark(RemarkKind.LATERALITY, Severity.WARNING, text, place)

    def _letter_remarks(self, place: int, look: Look) -> Iterator[Remark]:
        if look.characters >= MANY_LETTERS:
            text = f"About {look.characters} letters stand beside the breast: look whether they name the patient."
            yield self._remark(RemarkKind.BURNED_IN, Severity.WARNING, text, place)

    def _double_remark(self, double: Double) -> Remark:
        one, other = self._cases[double.other], self._cases[double.image]
        kind = RemarkKind.EXACT_DUPLICATE if double.is_exact else RemarkKind.NEAR_DUPLICATE
        same = "The same pixels" if double.is_exact else f"Nearly the same picture (likeness {double.likeness:.2f})"
        text = f"{same} twice."
        if one.patient != other.patient:
            text = f"{same} under two patients, {one.patient} and {other.patient}."
        if None not in {one.is_malignant, other.is_malignant} and one.is_malignant is not other.is_malignant:
            kind, text = RemarkKind.LABELS, f"{text} One is called malignant, the other benign."
        is_bad = one.patient != other.patient or kind is RemarkKind.LABELS
        severity = Severity.WARNING if is_bad or double.is_exact else Severity.NOTE
        return self._remark(kind, severity, text, double.other, double.image)

    def _remark(self, kind: RemarkKind, severity: Severity, text: str, *places: int) -> Remark:
        patients = tuple(sorted({self._cases[place].patient for place in places}))
        return Remark(kind, severity, text, places, patients)

    def report(self, split: Path, seconds: float) -> AuditReport:
        """Everything, with what no image tells alone."""
        pairs = [(self._cases[double.image].patient, self._cases[double.other].patient) for double in self._doubles]
        shared = table_checks.shared_ids(self._cases, self._images).values()
        groups = groups_of([*pairs, *(tuple(sorted(names)) for names in shared)])
        table = self._table(len(self._cases) + len(self._rejected))
        remarks = (*table.remarks, *self._pixel_remarks, *_leaks(groups, split))
        return AuditReport(table, self._looked_at, remarks, groups, round(seconds, 3))


def _leaks(groups: Sequence[tuple[str, ...]], path: Path) -> Iterator[Remark]:
    """People on both sides of a split that was made before."""
    if not path.is_file():
        return
    try:
        split = read_split(path)
    except InputError as error:
        yield Remark(RemarkKind.SPLIT_LEAK, Severity.STOP, f"{error.user_message} {error.hint}")
        return
    sides: dict[str, str] = defaultdict(lambda: "test")
    sides.update(dict.fromkeys(split.training, "training"))
    sides.update(dict.fromkeys(split.validation, "validation"))
    for group in groups:
        if len({sides[patient] for patient in group}) > 1:
            told = ", ".join(f"{patient} ({sides[patient]})" for patient in group)
            text = f"One person, as it seems, is on both sides of the split: {told}. Draw the split again."
            yield Remark(RemarkKind.SPLIT_LEAK, Severity.STOP, text, (), group)


def _refused(report: Path) -> tuple[RejectedRow, ...]:
    """Rows that were refused when the cases were read, as far as the report of that is there."""
    found = read_cases_report(report)
    return () if found is None else found.rejected


def _parent(key: str) -> PackageInfo | None:
    if not key:
        return None
    from mammoview.models import registry

    return registry.find(key)
