"""Files, folders and DICOMDIRs to studies. Reads headers only; every file that cannot be used costs one `Problem`."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from pydicom import config, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mammoview.core.errors import (
    EmptyFolderError,
    InputError,
    NoPixelsError,
    NotAnImageError,
    NotShownError,
    OtherTomosynthesisError,
    Problem,
    TruncatedError,
    UnreadableError,
)
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.core.study import Mammogram, ScanResult, SourceKind, Study
from mammoview.dicom.frames import FrameTable, frame_table
from mammoview.dicom.presentation_state import attach_states, read_state
from mammoview.dicom.raster import Pictures, describe_raster
from mammoview.dicom.sidecar import NAME as SIDECAR
from mammoview.dicom.tags import describe

if TYPE_CHECKING:
    from pydicom import Dataset

_log = logging.getLogger(__name__)

# Headers are hostile: values that break their VR's rules are read as they are, and judged in tags.py.
config.settings.reading_validation_mode = config.IGNORE

#: A folder with this file in it holds the phantom's ground truth, not mammograms.
TRUTH_MARKER = ".mammoview-truth"
PASSED_OVER = frozenset({"dicomdir", "thumbs.db", "desktop.ini", SIDECAR})
PIXEL_TAGS = ((0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010))
#: No mammogram compresses better; a header that claims more is wrong or hostile.
MAX_COMPRESSION = 400
#: Pixels a byte of a picture: the mask of one lesion is all but empty, and deflate packs 1032 bytes of 8 pixels in one.
MAX_PICTURE_COMPRESSION = 8 * 1032
MAX_PIXELS = 2**28


@dataclass(frozen=True)
class FoundFile:
    """A file that may be an image, the index of the argument that led to it, and the path relative to that."""

    path: Path
    root: int
    relative_path: str


def scan(paths: Sequence[str | Path], progress: Progress = no_progress, cancel: Cancel = never_cancel) -> ScanResult:
    """Find the studies under some paths.

    Parameters
    ----------
    paths
        Files, folders (searched with all below them) and DICOMDIR files, in any mixture.
    progress, cancel
        Told after each header; asked before it.

    Returns
    -------
    ScanResult
        Studies with the newest first, and one `Problem` for each file that cannot be used.

    Raises
    ------
    CancelledError
        When ``cancel`` says so.
    """
    problems: list[Problem] = []
    found = list(find_files(paths, problems))
    images: dict[str, Mammogram] = {}
    states: list[tuple[Path, Dataset]] = []
    pictures = Pictures()
    for index, file in enumerate(found):
        stop_if_cancelled(cancel)
        progress(index / len(found), file.relative_path)
        try:
            image = read_header(file.path, file.root, file.relative_path, pictures=pictures)
        except InputError as error:
            state = read_state(file.path) if isinstance(error, NotShownError) else None
            if state is not None:
                states.append((file.path, state))
            else:
                problems.append(Problem.from_error(error, str(file.path)))
            continue
        if image.id in images:
            problems.append(
                Problem(
                    str(file.path),
                    "duplicate",
                    f"{file.path} is the same image as {images[image.id].path}.",
                    "It is shown once.",
                )
            )
            continue
        images[image.id] = image
        for entry in image.inferred:
            # Without names and identifiers: the log may leave the house.
            _log.info("image %s: %s %s from %s", len(images), entry.attribute, entry.value, entry.source)
    attach_states(images, states, problems.append)
    problems.extend(pictures.problems)
    progress(1.0, f"{len(images)} images")
    return ScanResult(_studies(images.values()), tuple(_told_once(problems)))


def _told_once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, with one for each folder and kind of what is not shown: there may be dozens."""
    kept: dict[object, Problem] = {}
    more: dict[object, int] = {}
    for number, problem in enumerate(problems):
        is_one_of_many = problem.code in {OtherTomosynthesisError.code, NotShownError.code}
        kind = problem.message.replace(problem.path, "") if problem.code == NotShownError.code else ""
        key: object = (problem.code, kind, str(Path(problem.path).parent)) if is_one_of_many else number
        more[key] = more.get(key, -1) + 1
        kept.setdefault(key, problem)
    return [
        replace(problem, message=f"{problem.message} So are {more[key]} more in its folder.") if more[key] else problem
        for key, problem in kept.items()
    ]


def read_header(path: Path, root: int = 0, relative_path: str = "", *, pictures: Pictures | None = None) -> Mammogram:
    """Describe one file.

    Parameters
    ----------
    path, root, relative_path
        As in `Mammogram`.
    pictures
        What was read before of pictures' names and tables; None reads it where it is needed.

    Raises
    ------
    InputError
        When it cannot be used; the message names the file and says why.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(132)
            if size == 0:
                raise TruncatedError(f"{path} is empty (0 bytes).", "Copy or export the file again.")
            if start[128:] == b"DICM" or path.suffix.lower() in {".dcm", ".dicom", ".ima"}:
                file.seek(0)
                return _read_dicom(file, path, size, (root, relative_path))
    except OSError as error:
        raise UnreadableError(
            f"{path} cannot be read ({error.strerror or error}).", "Check the file's permissions and its drive."
        ) from error
    image = describe_raster(path, root, relative_path, pictures=pictures)
    _check_size(image, size * MAX_PICTURE_COMPRESSION)
    return image


def _read_dicom(file: BinaryIO, path: Path, size: int, origin: tuple[int, str]) -> Mammogram:
    try:
        with warnings.catch_warnings():
            # What pydicom finds odd is judged in tags.py, where the user is told.
            warnings.simplefilter("ignore")
            dataset = dcmread(file, stop_before_pixels=True)
            after = file.tell()
            tag = file.read(4)
            file.seek(after)
    except InvalidDicomError as error:
        raise NotAnImageError(
            f"{path} is named like DICOM but is not.", "Export it again as a DICOM file with its preamble."
        ) from error
    # pydicom raises whatever its readers meet in damaged bytes.
    except (EOFError, ValueError, KeyError, AttributeError, TypeError, NotImplementedError, IndexError) as error:
        raise TruncatedError(f"{path} has a damaged DICOM header.", "Copy or export the file again.") from error
    with warnings.catch_warnings():
        # Values are decoded when they are asked for.
        warnings.simplefilter("ignore")
        image = describe(dataset, str(path), *origin)
    _check_pixels(dataset, image, (path, size, after, tag))
    return _with_frames_held(image, frame_table(dataset, file, size)) if image.volume else image


def _with_frames_held(image: Mammogram, table: FrameTable | None) -> Mammogram:
    """The volume less the frames that its file no longer holds."""
    volume = image.volume
    assert volume is not None
    held = volume.frames if table is None else len(table.spans)
    if held >= volume.frames:
        return image
    if not held:
        raise TruncatedError(f"{image.path} ends before its first frame does.", "Copy or export the file again.")
    said = f"The file is cut off: {held} of {volume.frames} frames are left, and these are shown."
    kept = volume.without(frozenset(range(held, volume.frames)))
    return replace(
        image,
        frames=held,
        volume=replace(kept, warnings=(*volume.warnings, said)),
        grayscale=kept.gray_at(kept.middle),
        warnings=(*image.warnings, said),
    )


def _check_pixels(dataset: Dataset, image: Mammogram, file: tuple[Path, int, int, bytes]) -> None:
    path, size, after, tag = file
    order: Literal["little", "big"] = "little" if dataset.original_encoding[1] is not False else "big"
    is_deflated = image.transfer_syntax_uid == DeflatedExplicitVRLittleEndian
    if not is_deflated:
        if len(tag) < 4:
            raise _no_pixels(path, "ends before its pixels" if after >= size else "holds no pixels")
        group, element = (int.from_bytes(tag[part : part + 2], order) for part in (0, 2))
        if (group, element) not in PIXEL_TAGS:
            raise _no_pixels(path, "holds no pixels")
    is_native = image.transfer_syntax_uid in NATIVE_SYNTAXES
    per_pixel = max(1, int(dataset.get("BitsAllocated") or 16) // 8)
    room = (size - after) // per_pixel if is_native else size * MAX_COMPRESSION
    _check_size(image, room)


def _no_pixels(path: Path, why: str) -> NoPixelsError:
    return NoPixelsError(f"{path} {why}.", "If it should hold an image it was cut off: copy or export it again.")


NATIVE_SYNTAXES = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})


def _check_size(image: Mammogram, room_px: int) -> None:
    claimed = image.rows * image.columns
    if claimed > min(room_px, MAX_PIXELS):
        raise TruncatedError(
            f"{image.path} claims {image.rows} × {image.columns} pixels, more than the file can hold.",
            "The file was cut off or its header is wrong: copy or export it again.",
        )


def find_files(paths: Sequence[str | Path], problems: list[Problem]) -> Iterator[FoundFile]:
    """The files under some paths that may be images, each once, in a steady order; none is opened.

    Parameters
    ----------
    paths
        Files, folders and DICOMDIR files.
    problems
        Takes what cannot be looked into.
    """
    return _unique(_files(paths, problems))


def _files(paths: Sequence[str | Path], problems: list[Problem]) -> Iterator[FoundFile]:
    for root, given in enumerate(paths):
        path = Path(os.path.abspath(given))  # noqa: PTH100, absolute() leaves `..` in and resolve() follows links
        try:
            if path.is_dir():
                yield from _folder(path, root, problems)
            elif path.name.upper() == "DICOMDIR":
                yield from _dicomdir(path, root, problems)
            elif path.exists():
                yield FoundFile(path, root, path.name)
            else:
                raise UnreadableError(f"{path} does not exist.", "Check the path's spelling and its drive.")
        except InputError as error:
            problems.append(Problem.from_error(error, str(given)))


def _folder(folder: Path, root: int, problems: list[Problem]) -> Iterator[FoundFile]:
    def refused(error: OSError) -> None:
        unreadable = UnreadableError(f"{error.filename} cannot be read ({error.strerror}).", "Check its permissions.")
        problems.append(Problem.from_error(unreadable, str(error.filename)))

    count, before = 0, len(problems)
    for place, folders, names in os.walk(folder, onerror=refused):
        if TRUTH_MARKER in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower() not in PASSED_OVER:
                count += 1
                path = Path(place, name)
                yield FoundFile(path, root, str(path.relative_to(folder)))
    if not count and len(problems) == before:
        raise EmptyFolderError(f"{folder} holds no files.", "Open a folder with DICOM files or pictures.")


def _dicomdir(path: Path, root: int, problems: list[Problem]) -> Iterator[FoundFile]:
    try:
        records = dcmread(path).get("DirectoryRecordSequence") or []
    except (OSError, InvalidDicomError, EOFError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UnreadableError(f"{path} is damaged.", "Open the folder beside it instead.") from error
    for record in records:
        if str(record.get("DirectoryRecordType", "")).strip() != "IMAGE":
            continue
        parts = record.get("ReferencedFileID") or ""
        parts = [parts] if isinstance(parts, str) else [str(part) for part in parts]
        file = path.parent.joinpath(*parts)
        if not file.resolve().is_relative_to(path.parent.resolve()):
            problems.append(Problem(str(file), "input", f"{path} names a file outside its folder.", "It was left out."))
        elif not file.is_file():
            problems.append(Problem(str(file), "input", f"{path} names {file}, which is missing.", "Copy it again."))
        else:
            yield FoundFile(file, root, str(file.relative_to(path.parent)))


def _unique(files: Iterator[FoundFile]) -> Iterator[FoundFile]:
    seen: set[Path] = set()
    for file in files:
        real = file.path.resolve()
        if real not in seen:
            seen.add(real)
            yield file


def _studies(images: Iterable[Mammogram]) -> tuple[Study, ...]:
    groups: dict[tuple[str, str], list[Mammogram]] = {}
    for image in images:
        # Two patients under one study UID are an error of the sender, and never share a study here.
        groups.setdefault((image.study_uid, image.patient_id), []).append(image)
    studies = [
        Study(
            uid=uid,
            patient_id=patient,
            patient_name=members[0].patient_name or (patient if members[0].kind is SourceKind.RASTER else ""),
            date=members[0].study_date,
            images=tuple(sorted(members, key=lambda image: (image.label, image.relative_path))),
        )
        for (uid, patient), members in groups.items()
    ]
    return tuple(sorted(studies, key=lambda study: study.date, reverse=True))
