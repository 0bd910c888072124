"""The import's part that runs in the decode child: hostile folders and headers are looked at there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from mammoview.core.errors import InputError, Problem
from mammoview.core.progress import Cancel, Progress, stop_if_cancelled
from mammoview.core.study import Mammogram, PresentationIntent, SourceKind
from mammoview.dicom.scan import find_files, read_header
from mammoview.session.worklist.ingest_values import (
    FileStamp,
    HeaderRead,
    HeaderRefused,
    HeadersDone,
    HeadersRequest,
    StudyKind,
    Walked,
    WalkRequest,
)

_FILES_AT_A_TIME = 500


def walk(request: WalkRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> Walked:
    """List the files under some paths."""
    problems: list[Problem] = []
    stamps = _stamps(request, problems, cancel)
    count = 0
    while batch := tuple(islice(stamps, _FILES_AT_A_TIME)):
        count += len(batch)
        partial(batch)
        progress(0.0, f"{count} files")
    return Walked(count, tuple(problem.code for problem in problems))


def _stamps(request: WalkRequest, problems: list[Problem], cancel: Cancel) -> Iterator[FileStamp]:
    for found in find_files(request.paths, problems):
        stop_if_cancelled(cancel)
        # A file that went meanwhile is no file.
        with suppress(OSError):
            status = found.path.stat()
            yield FileStamp(str(found.path), status.st_size, status.st_mtime_ns)


def read_headers(
    request: HeadersRequest, progress: Progress, cancel: Cancel, _partial: Callable[[object], None]
) -> HeadersDone:
    """Read some headers."""
    entries: list[HeaderRead | HeaderRefused] = []
    for number, file in enumerate(request.files):
        stop_if_cancelled(cancel)
        progress(number / len(request.files), "reading headers")
        entries.append(_read(file))
    return HeadersDone(tuple(entries))


def _read(file: FileStamp) -> HeaderRead | HeaderRefused:
    try:
        image = read_header(Path(file.path))
    except InputError as error:
        return HeaderRefused(file, error.code)
    return HeaderRead(
        file=file,
        image_uid=image.id,
        study_uid=image.study_uid,
        label=image.label,
        kind=_kind(image),
        is_picture=image.kind is SourceKind.RASTER,
        patient_id=image.patient_id,
        issuer=image.patient_id_issuer,
        birth_date=image.patient_birth_date,
        patient_name=image.patient_name,
        date=image.study_date,
        time=image.study_time,
        description=image.study_description,
        accession=image.accession_number,
    )


def _kind(image: Mammogram) -> StudyKind:
    if image.kind is SourceKind.RASTER:
        return StudyKind.PICTURE
    if image.is_tomosynthesis:
        return StudyKind.TOMOSYNTHESIS
    if image.is_generated_2d:
        return StudyKind.GENERATED_2D
    if image.energy is not None:
        return StudyKind.CONTRAST
    return StudyKind.RAW if image.intent is PresentationIntent.FOR_PROCESSING else StudyKind.MAMMOGRAM
