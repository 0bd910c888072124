"""Writing a result folder: ``result.json`` and ``result_files/``, all of it or nothing.

Everything is written into a hidden folder inside the target and renamed at the end, so that a crash, a full disk or a
cancel leaves what was there before.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from mammoview import __version__
from mammoview.core.errors import Problem, UsageError
from mammoview.core.findings import ExamResult, ImageResult, Provenance
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.core.study import Mammogram, ScanResult
from mammoview.report.pictures import write_pictures
from mammoview.report.records import Meanings, image_record, result_file
from mammoview.report.schema import ImageRecord
from mammoview.report.staging import make_folder, readable_errors
from mammoview.report.tables import findings_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULT_NAME = "result.json"
FILES_NAME = "result_files"
TABLE_NAME = "findings.csv"
#: Images that may wait for the writing thread; more would fill the memory.
_QUEUE_LENGTH = 2


class ResultWriter:
    """Writes a result while the analysis still runs, image by image, in a thread of its own.

    Use as a context manager: leaving it without `finish` removes all that was written.

    Parameters
    ----------
    out
        The result's folder; made where absent.
    overwrite
        Whether an earlier result there may be replaced.

    Raises
    ------
    UsageError
        When there is a result already and ``overwrite`` is off.
    OutputError
        When the folder cannot be written.
    """

    def __init__(self, out: Path, *, overwrite: bool = False) -> None:
        check_target(out, overwrite=overwrite)
        self._out = out
        self._made: list[Path] = []
        with readable_errors(out):
            self._made = make_folder(out)
            self._stage = Path(tempfile.mkdtemp(prefix=".result-", dir=out))
            (self._stage / FILES_NAME).mkdir()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: deque[Future[None]] = deque()
        self._records: dict[str, ImageRecord] = {}
        self._count = 0

    def add(
        self,
        image: Mammogram,
        result: ImageResult,
        *,
        shown: NDArray[np.uint16],
        meanings: Meanings = Meanings(),  # noqa: B008 - frozen
    ) -> None:
        """Write the pictures of one image, soon.

        Parameters
        ----------
        shown
            P-values, shape (rows, columns), uint16.
        meanings
            Stand beside the scores in the overlay, and give their operating points.

        Raises
        ------
        OutputError
            When an earlier image could not be written.
        """
        self._settle(_QUEUE_LENGTH - 1)
        self._count += 1
        stem = f"{self._count:04d}_{image.label.replace('?', 'X')}"
        self._waiting.append(self._pool.submit(self._write, stem, image, result, shown, meanings))

    def finish(
        self,
        results: Sequence[ExamResult],
        *,
        problems: Sequence[Problem] = (),
        warnings: Sequence[str] = (),
    ) -> Path:
        """Write ``result.json`` and put everything in its place.

        Parameters
        ----------
        results
            One for each study; empty when no file could be used.
        problems, warnings
            What happened outside the analyses.

        Returns
        -------
        Path
            The written ``result.json``.

        Raises
        ------
        OutputError
            When it cannot be written; what lay there before is untouched.
        """
        self._settle(0)
        content = result_file(results or [_nothing()], self._records, problems=problems, warnings=warnings)
        if not results:
            content.studies.clear()
        with readable_errors(self._out):
            staged = self._stage / RESULT_NAME
            staged.write_text(content.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
            (self._stage / FILES_NAME / TABLE_NAME).write_bytes(findings_table(content))
            self._move_in()
        self._made.clear()
        return self._out / RESULT_NAME

    def _move_in(self) -> None:
        files, old_files = self._out / FILES_NAME, self._stage / "replaced"
        if files.exists():
            files.rename(old_files)
        (self._stage / FILES_NAME).rename(files)
        (self._stage / RESULT_NAME).replace(self._out / RESULT_NAME)

    def _write(
        self,
        stem: str,
        image: Mammogram,
        result: ImageResult,
        shown: NDArray[np.uint16],
        meanings: Meanings,
    ) -> None:
        start = time.perf_counter()
        pictures = write_pictures(
            self._stage / FILES_NAME, stem, image=image, result=result, shown=shown, meaning=meanings.image
        )
        taken = time.perf_counter() - start
        self._records[image.id] = image_record(image, result, pictures, meanings=meanings, write_s=taken)

    def _settle(self, remaining: int) -> None:
        with readable_errors(self._out):
            while len(self._waiting) > remaining:
                self._waiting.popleft().result()

    def __enter__(self) -> ResultWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        shutil.rmtree(self._stage, ignore_errors=True)
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()


def check_target(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds a result already, before any work is done.

    Raises
    ------
    UsageError
        When there is one and ``overwrite`` is off, or ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", "Name a folder for the result.")
    if not overwrite and ((out / RESULT_NAME).exists() or (out / FILES_NAME).exists()):
        raise UsageError(f"{out} holds a result already.", "Name another folder, or allow overwriting (--overwrite).")


def write_result(
    out: Path,
    scan: ScanResult,
    results: Sequence[ExamResult],
    *,
    overwrite: bool = False,
    pixels: Mapping[str, NDArray[np.uint16]] | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> Path:
    """Write finished results.

    Parameters
    ----------
    out
        The result's folder.
    scan
        Where the images came from, and what could not be used.
    results
        One for each analysed study.
    overwrite
        Whether an earlier result may be replaced.
    pixels
        P-values by image id; images that are not in it are decoded again.
    progress, cancel
        Told after each image; asked before it.

    Returns
    -------
    Path
        The written ``result.json``.

    Raises
    ------
    UsageError, OutputError, InputError, CancelledError
        When there is a result already, it cannot be written, a file is gone by now, or the user cancelled.
    """
    images = {image.id: image for study in scan.studies for image in study.images}
    todo = [(result, one) for result in results for one in result.images]
    with ResultWriter(out, overwrite=overwrite) as writer:
        for index, (exam, one) in enumerate(todo):
            stop_if_cancelled(cancel)
            image = images[one.image_id]
            progress(index / len(todo), f"Writing {image.label}")
            shown = pixels[image.id] if pixels and image.id in pixels else _decoded(image)
            writer.add(image, one, shown=shown, meanings=Meanings(exam.meaning, exam.finding_meaning))
        return writer.finish(results, problems=scan.problems)


def _decoded(image: Mammogram) -> NDArray[np.uint16]:
    from mammoview.dicom.pixels import decode
    from mammoview.imaging.windowing import to_presentation

    return to_presentation(decode(image), image.grayscale)


def _nothing() -> ExamResult:
    """Stands for the run that had nothing to analyse."""
    started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    return ExamResult("", "", Provenance(f"mammoview {__version__}", "none", "none", (), started, 0.0), ())
