"""The job ``read_cases``: from any source to the project's own table, with every row that became no case told."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mammoview.core.errors import InputError, OutputError
from mammoview.core.findings import LesionKind
from mammoview.core.progress import Cancel, Progress, SubProgress, stop_if_cancelled
from mammoview.core.small_files import hint_for, write_whole
from mammoview.core.study import SourceKind as FileKind
from mammoview.dicom.raster import Pictures
from mammoview.dicom.scan import read_header
from mammoview.training.cases.case import Case, MarkedLesion, around, boxed, labelled, outlined
from mammoview.training.cases.cells import read_date
from mammoview.training.cases.importers import IMPORTERS, import_all
from mammoview.training.cases.manifest import check_rows, manifest_rows, write_manifest
from mammoview.training.cases.row_problems import RowProblem
from mammoview.training.cases.site_tables import open_table
from mammoview.training.tuning.case_tables import chosen_columns, rows_of_table
from mammoview.training.tuning.deidentify import Change, copy_dicom, shifted
from mammoview.training.tuning.files import CASES_REPORT
from mammoview.training.tuning.messages import CasesReport, CasesRequest, RejectedRow, SourceKind, TagChange
from mammoview.training.tuning.pictures import copy_picture
from mammoview.training.tuning.pseudonyms import Pseudonyms, site_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mammoview.training.tuning.messages import CaseSource, ReadImage

TABLE: Final = "cases.csv"
IMAGES, MASKS = "images", "masks"
_PICTURE_WORDS: Final = Change("", "Comments and EXIF of pictures", "removed")
_BURNED_IN: Final = "Text that is burned into the pixels stays in the copies; the audit looks for it."
#: Room that copies leave on the disk, bytes.
_SPARE: Final = 256 << 20


def read_cases(
    request: CasesRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]
) -> CasesReport:
    """Read the cases of a project, copy them where that is wished, and write ``cases.csv`` and ``cases.json``.

    Parameters
    ----------
    request
        What, from where.
    progress, cancel, partial
        As of any job; rejected rows come as partial `RejectedRow` tuples before the end.

    Raises
    ------
    InputError
        When nothing can be read at all; single rows are rejected instead.
    OutputError
        When the disk refuses or has too little room.
    """
    folder, source = Path(request.folder), request.source
    # Outlines are written as pictures at the end, which takes minutes for thousands.
    read = 0.4 if source.is_copied else 0.8
    cases, rejected, notes = _read(request, SubProgress(progress, 0.0, read), cancel)
    partial(tuple(rejected))
    refused = {row.line for row in rejected}
    taken = (image for number, image in enumerate(request.read, start=1) if number not in refused)
    drawn = sum(lesion.is_outlined_by_ai for image in taken for lesion in image.lesions)
    changes: Counter[Change] = Counter()
    if source.is_copied:
        notes.append(_BURNED_IN)
        copier = _Copier(folder, source)
        cases = copier.copy(cases, SubProgress(progress, read, 0.8), cancel)
        rejected += copier.rejected
        changes = copier.changes
    if not cases:
        first = f" {rejected[0].message} {rejected[0].hint}" if rejected else ""
        raise InputError(f"None of {len(rejected)} rows became a case.{first}", "See the refused rows.")
    _write(cases, folder, SubProgress(progress, 0.8, 1.0), cancel)
    if source.is_copied:
        _drop_others(folder)
    if drawn:
        notes.append(
            f"A model drew {drawn} of the outlines. A segmenter learns little from its own, and where they judge, the "
            "model that drew them is favoured; the verdict says so."
        )
    report = CasesReport(
        images=len(cases),
        patients=len({case.patient for case in cases}),
        labelled=len(labelled(cases)),
        boxed=len(boxed(cases)),
        outlined=len(outlined(cases)),
        rejected=tuple(rejected),
        changes=tuple(
            TagChange(change.tag, change.name, change.action, count)
            for change, count in sorted(changes.items(), key=lambda item: (item[0].tag, item[0].action))
        ),
        notes=tuple(notes),
        ai_outlines=drawn,
    )
    write_whole(
        folder / CASES_REPORT, json.dumps(asdict(report), ensure_ascii=False, indent=1), "The report of the cases"
    )
    return report


def _read(request: CasesRequest, progress: Progress, cancel: Cancel) -> tuple[list[Case], list[RejectedRow], list[str]]:
    source = request.source
    if source.kind is SourceKind.WORKLIST:
        cases = [_of_read(image) for image in request.read]
        return *_checked(cases, progress, cancel), list(request.notes)
    path = Path(source.path)
    if source.kind is SourceKind.COLLECTION:
        if not path.is_dir():
            raise InputError(f"There is no folder {path}.", "Name the folder that the archive was unpacked to.")
        halves = SubProgress(progress, 0.0, 0.5), SubProgress(progress, 0.5, 1.0)
        sources, read = import_all(path, progress=halves[0], cancel=cancel)
        if not sources:
            titles = ", ".join(importer.title for importer in IMPORTERS.values())
            raise InputError(f"{path} is laid out like none of the known collections.", f"They are: {titles}.")
        cases, refused = _checked(read.cases, halves[1], cancel)
        return cases, [*map(_rejected, read.problems), *refused], []
    table = open_table(path, source.sheet)
    images = Path(source.images) if source.images else path.parent
    halves = SubProgress(progress, 0.0, 0.5), SubProgress(progress, 0.5, 1.0)
    rows, lost = rows_of_table(table, chosen_columns(source.columns), images, progress=halves[0], cancel=cancel)
    checked = check_rows(rows, images, progress=halves[1], cancel=cancel)
    problems = sorted((*lost, *checked.problems), key=lambda problem: problem.line)
    notes = [note for note in (table.note, *checked.warnings) if note]
    return list(checked.cases), [_rejected(problem) for problem in problems], notes


def _of_read(image: ReadImage) -> Case:
    lesions = tuple(
        MarkedLesion(
            around(lesion.contour),
            LesionKind(lesion.kind) if lesion.kind else None,
            lesion.is_malignant,
            lesion.contour,
        )
        for lesion in image.lesions
    )
    return Case(
        Path(image.path),
        image.patient,
        image.laterality,
        image.view,
        image.is_malignant,
        lesions,
        study_date=read_date(image.study_date) if image.study_date else None,
        density=image.density,
    )


def _checked(cases: Iterable[Case], progress: Progress, cancel: Cancel) -> tuple[list[Case], list[RejectedRow]]:
    """The cases whose images can be opened, each image once."""
    given = list(cases)
    good: list[Case] = []
    rejected: list[RejectedRow] = []
    pictures, first = Pictures(), dict[str, int]()
    for number, case in enumerate(given, start=1):
        stop_if_cancelled(cancel)
        progress(number / len(given), f"Reading header {number} of {len(given)}")
        try:
            image = read_header(case.path, pictures=pictures)
        except InputError as error:
            rejected.append(RejectedRow(number, "path", error.user_message, error.hint))
            continue
        if first.setdefault(image.id, number) != number:
            said = f"{case.path} is the same image as number {first[image.id]}."
            rejected.append(RejectedRow(number, "path", said, "It is taken once."))
            continue
        good.append(case)
    return good, rejected


class _Copier:
    """Copies images and masks into the project, de-identified."""

    def __init__(self, folder: Path, source: CaseSource) -> None:
        self._folder, self._dates = folder, source.dates
        self._names = Pseudonyms(site_key())
        self._pictures = Pictures()
        self.changes: Counter[Change] = Counter()
        self.rejected: list[RejectedRow] = []

    def copy(self, cases: list[Case], progress: Progress, cancel: Cancel) -> list[Case]:
        """Copy all; what cannot be copied is rejected."""
        self._check_room(cases)
        copies = []
        for number, case in enumerate(cases, start=1):
            stop_if_cancelled(cancel)
            progress(number / len(cases), f"Copying image {number} of {len(cases)}")
            try:
                copies.append(self._copied(case))
            except InputError as error:
                self.rejected.append(RejectedRow(number, "path", error.user_message, error.hint))
        return copies

    def _copied(self, case: Case) -> Case:
        image = read_header(case.path, pictures=self._pictures)
        patient, name = self._names.patient(case.patient), self._names.uid(image.id)
        place = _made(self._folder / IMAGES / patient)
        date = shifted(case.study_date, case.patient, self._names, self._dates)
        if image.kind is FileKind.DICOM:
            path = place / f"{name}.dcm"
            done = copy_dicom(case.path, path, case.patient, self._names, self._dates)
            self.changes.update(done.changes)
            date = date or done.study_date
        else:
            path = copy_picture(case.path, place / name)
            self.changes.update([_PICTURE_WORDS])
        mask = case.mask
        if mask is not None:
            mask = copy_picture(mask, _made(self._folder / MASKS) / name)
        return replace(case, path=path, patient=patient, mask=mask, study_date=date)

    def _check_room(self, cases: list[Case]) -> None:
        needed = 0
        for case in cases:
            with suppress(OSError):
                needed += case.path.stat().st_size
        free = shutil.disk_usage(self._folder).free
        if needed + _SPARE > free:
            raise OutputError(
                f"The copies need {needed / 2**30:.1f} GiB, and the disk has {free / 2**30:.1f} GiB.",
                "Make room, or use the images where they lie.",
            )


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}).", hint_for(error)) from error
    return folder


def _drop_others(folder: Path) -> None:
    """Remove copies that the table does not name: of other cases before, or only begun."""
    rows = [row for _, row in manifest_rows(folder / TABLE)[1]]
    named = {(folder / row[column]).resolve() for row in rows for column in ("path", "mask")}
    for place in (IMAGES, MASKS):
        for file in (folder / place).rglob("*"):
            if file.is_file() and file.resolve() not in named:
                with suppress(OSError):
                    file.unlink()


def _write(cases: list[Case], folder: Path, progress: Progress, cancel: Cancel) -> None:
    """Write the table, whole or not at all."""
    draft = folder / f"{TABLE}.new.tmp"
    try:
        write_manifest(cases, draft, progress=progress, cancel=cancel)
        draft.replace(folder / TABLE)
    except OSError as error:
        raise OutputError(
            f"{folder / TABLE} cannot be written ({error.strerror}).", "Make room on the disk."
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _rejected(problem: RowProblem) -> RejectedRow:
    message = problem.message[:1].upper() + problem.message[1:]
    return RejectedRow(problem.line, problem.column, message, problem.hint, problem.table)
