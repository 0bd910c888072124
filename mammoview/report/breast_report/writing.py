"""A report's folder: JSON, HTML, PDF and key images, all of it or nothing; and reading it again.

No file is named after a patient.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from mammoview.core.errors import DamagedDocumentError, InputError, UsageError
from mammoview.report.breast_report.html import report_page
from mammoview.report.breast_report.key_images import KeyImage
from mammoview.report.breast_report.pdf import Paper, report_pdf
from mammoview.report.breast_report.printed import printed
from mammoview.report.breast_report.report_file import KeyImageRecord, from_text, report_file, to_text
from mammoview.report.breast_report.values import Draft, SignedReport
from mammoview.report.staging import make_folder, readable_errors

REPORT_NAME: Final = "report.json"
FILES_NAME: Final = "report_files"
_PAGES: Final = ("report.html", "report.pdf")
_KEPT: Final = "Nothing was written; the draft or the signed report is kept in the program."
#: A larger file is none of ours.
_MOST_BYTES: Final = 64 * 2**20


class Form(StrEnum):
    """How a report is put out. JSON is always written: the others are made from it."""

    HTML = "html"
    PDF = "pdf"


@dataclass(frozen=True, eq=False)
class StoredReport:
    """A report that was read again, with its pictures."""

    written: Draft | SignedReport
    pictures: tuple[KeyImage, ...]


def write_report(
    out: Path,
    written: Draft | SignedReport,
    pictures: Sequence[KeyImage] = (),
    *,
    forms: Collection[Form] = (Form.HTML, Form.PDF),
    paper: Paper = Paper.A4,
    overwrite: bool = False,
) -> Path:
    """Write a report's folder.

    Parameters
    ----------
    out
        The folder; made where absent. Other files in it stay.
    written
        A draft, whose pages say that it is one, or a signed report.
    pictures
        From `mammoview.report.breast_report.key_images.key_images`.
    forms
        Beside the JSON.
    paper
        The PDF's size.
    overwrite
        Whether an earlier report there may be replaced.

    Returns
    -------
    Path
        The written ``report.json``.

    Raises
    ------
    UsageError
        When there is a report already and ``overwrite`` is off.
    OutputError
        When it cannot be written: the disk is full, the folder is closed. What lay there before is untouched.
    """
    _check_target(out, overwrite=overwrite)
    shown = printed(written, pictures)
    pages: dict[str, bytes] = {}
    if Form.HTML in forms:
        pages[_PAGES[0]] = report_page(shown).encode("utf-8")
    if Form.PDF in forms:
        pages[_PAGES[1]] = report_pdf(shown, paper)
    records = tuple(_record(number, one) for number, one in enumerate(pictures, start=1))
    content = to_text(report_file(written, records, shown.banner)).encode("utf-8")
    made: list[Path] = []
    stage: Path | None = None
    try:
        with readable_errors(out, what="The report", kept=_KEPT):
            made = make_folder(out)
            stage = Path(tempfile.mkdtemp(prefix=".report-", dir=out))
            if records:
                (stage / FILES_NAME).mkdir()
            for record, one in zip(records, pictures, strict=True):
                (stage / record.file).write_bytes(one.png)
            for name, page in {**pages, REPORT_NAME: content}.items():
                (stage / name).write_bytes(page)
            _move_in(stage, out)
        made.clear()
    finally:
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
    return out / REPORT_NAME


def read_report(path: Path) -> StoredReport:
    """Read a written report again.

    Parameters
    ----------
    path
        Its ``report.json``, or the folder that holds it.

    Raises
    ------
    InputError
        When there is none.
    NewerDocumentError, DamagedDocumentError
        When a newer version wrote it; when it or a key image is not what was written.
    """
    file = path / REPORT_NAME if path.is_dir() else path
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DamagedDocumentError(f"{file.name} is too large to be a report.", "Name a report.json.")
        content = from_text(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise DamagedDocumentError(f"{file.name} is no report: it is not text.", "Name a report.json.") from error
    except OSError as error:
        raise InputError(
            f"The report {file} cannot be read ({error.strerror}).", "Name a report.json, or the folder that holds it."
        ) from error
    written = content.report if content.report is not None else content.draft
    assert written is not None
    return StoredReport(written, tuple(_picture(file.parent, record) for record in content.key_images))


def _check_target(out: Path, *, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", "Name a folder for the report.")
    if not overwrite and any((out / name).exists() for name in (REPORT_NAME, FILES_NAME, *_PAGES)):
        raise UsageError(f"{out} holds a report already.", "Name another folder, or allow overwriting (--overwrite).")


def _record(number: int, one: KeyImage) -> KeyImageRecord:
    name = f"{FILES_NAME}/key{number:02d}.png"
    digest = hashlib.sha256(one.png).hexdigest()
    return KeyImageRecord(name, digest, one.image_id, one.label, one.names, one.caption, one.width_px, one.height_px)


def _picture(folder: Path, record: KeyImageRecord) -> KeyImage:
    """Read a key image, which must lie where reports put them and be the one that was written."""
    name = Path(record.file).name
    if record.file != f"{FILES_NAME}/{name}":
        raise DamagedDocumentError(
            f"The key image “{record.file[:80]}” lies outside the report.", "Restore the report."
        )
    try:
        png = (folder / FILES_NAME / name).read_bytes()
    except OSError as error:
        raise InputError(f"The key image {record.file} is missing.", "Copy the report with its folder.") from error
    if hashlib.sha256(png).hexdigest() != record.sha256:
        raise DamagedDocumentError(f"The key image {record.file} was changed.", "Restore it from a backup.")
    return KeyImage(record.image_id, record.label, record.names, record.caption, png, record.width_px, record.height_px)


def _move_in(stage: Path, out: Path) -> None:
    """Put the new files in the old ones' place; old ones that have no successor go."""
    old = stage / "replaced"
    old.mkdir()
    for name in (FILES_NAME, *_PAGES):
        if (out / name).exists():
            (out / name).rename(old / name)
        if (stage / name).exists():
            (stage / name).rename(out / name)
    (stage / REPORT_NAME).replace(out / REPORT_NAME)
