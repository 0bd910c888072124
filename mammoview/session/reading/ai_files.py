"""Results of the AI as files, so that an analysis is paid for once: JSON, and beside it the arrays as one npz.

The JSON mirrors `ExamResult` itself; in place of each mask's and each map's bytes stands the number of an array. It
names the file of the arrays by their checksum and is written last, so that a reader meets a whole result or none.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from mammoview.core.errors import DamagedDocumentError, NewerDocumentError, OutputError, UnreadableError
from mammoview.core.findings import ExamResult, ValueMap
from mammoview.core.image import Mask
from mammoview.core.paths import user_data

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import TypeAdapter

T = TypeVar("T")

SCHEMA: Final = 1
_KIND: Final = "ai-result"
_HINT: Final = "Analyse the study again."
#: What NumPy and the zip reader raise over bytes that they did not write.
_DAMAGES: Final = (zipfile.BadZipFile, ValueError, KeyError, EOFError, IndexError)


def folder_of(study_uid: str) -> Path:
    """Where the results of a study lie; its name says nothing of the study to others."""
    return user_data() / "ai-results" / hashlib.sha256(study_uid.encode("utf-8")).hexdigest()[:32]


def newest(folder: Path) -> Path | None:
    """The result that was written last in a folder."""
    try:
        files = [(path.stat().st_mtime_ns, path) for path in folder.glob("*.json")]
    except OSError:
        return None
    return max(files)[1] if files else None


def save(folder: Path, result: ExamResult) -> Path:
    """Write a result, all or nothing; one of the same request is replaced.

    Parameters
    ----------
    folder
        Made where it is missing, for the user alone.
    result
        To be kept.

    Returns
    -------
    Path
        The JSON file, for `load`.

    Raises
    ------
    OutputError
        When the disk refuses it; what lay there before is as it was.
    """
    arrays: list[NDArray[np.uint8]] = []

    def parked(part: Mask | ValueMap) -> Mask | ValueMap:
        arrays.append(np.frombuffer(part.data, np.uint8))
        return replace(part, data=str(len(arrays) - 1).encode())

    content = _adapter().dump_json(_with_data(result, parked)).decode("utf-8")
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **{str(number): array for number, array in enumerate(arrays)})
    name = hashlib.sha256(result.fingerprint.encode("utf-8")).hexdigest()[:16]
    checksum = hashlib.sha256(packed.getvalue()).hexdigest()
    beside, path = folder / f"{name}-{checksum[:16]}.npz", folder / f"{name}.json"
    head = json.dumps({"schema": SCHEMA, "kind": _KIND, "arrays": beside.name, "sha256": checksum})
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(beside, packed.getvalue())
        _write(path, f'{head[:-1]}, "content": {content}}}\n'.encode())
        for old in folder.glob(f"{name}-*.npz"):
            if old != beside:
                old.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"A result of the AI cannot be kept ({error.strerror}).", f"Make room in {folder.parent}."
        ) from error
    return path


def load(path: Path) -> ExamResult:
    """Read a result.

    Parameters
    ----------
    path
        As `save` gave it.

    Raises
    ------
    NewerDocumentError
        When a newer version of the program wrote it.
    DamagedDocumentError
        When it is not as it was written, or was never whole.
    UnreadableError
        When the disk does not give it.
    """
    head = _head(path)
    arrays = _arrays(path, head)
    from pydantic import ValidationError

    try:
        parked = _adapter().validate_json(json.dumps(head["content"]), strict=True, extra="forbid")
        return _with_data(parked, lambda part: replace(part, data=arrays[int(part.data)].tobytes()))
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"]) or "content"
        raise _damaged(f"“{where}” is wrong: {first['msg']}") from error
    except (ValueError, IndexError) as error:
        raise _damaged("a mask or a map is missing") from error


def _head(path: Path) -> dict[str, Any]:
    try:
        head = json.loads(_read(path))
        version, kind = head["schema"], head["kind"]
        if not isinstance(head["arrays"], str) or "content" not in head:
            raise KeyError("content")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged("it is no result of this program") from error
    if isinstance(version, bool) or not isinstance(version, int) or version < 1 or kind != _KIND:
        raise _damaged("it is no result of this program")
    if version > SCHEMA:
        raise NewerDocumentError(
            f"The kept result was written by a newer MammoView (schema {version}; this one knows {SCHEMA}).",
            "Update the program, or analyse the study again.",
        )
    return dict(head)


def _arrays(path: Path, head: dict[str, Any]) -> list[NDArray[np.uint8]]:
    # A name only: the file says nothing about other folders.
    packed = _read(path.with_name(Path(head["arrays"]).name))
    if hashlib.sha256(packed).hexdigest() != head.get("sha256"):
        raise _damaged("its arrays are not those that were written")
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            return [stored[str(number)] for number in range(len(stored.files))]
    except _DAMAGES as error:
        raise _damaged("its arrays cannot be read") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _damaged("a part of it is missing") from error
    except OSError as error:
        raise UnreadableError(f"The kept result of the AI cannot be read ({error.strerror}).", _HINT) from error


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole, and on the disk, before it has its name; for the user's eyes only."""
    descriptor, temporary = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
        raise


def _with_data(value: T, change: Callable[[Mask | ValueMap], object]) -> T:
    """A copy of a tree of frozen values with every mask and map changed, in the order in which they stand."""
    if isinstance(value, Mask | ValueMap):
        return change(value)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_with_data(part, change) for part in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: new
            for field in fields(value)
            if (new := _with_data(old := getattr(value, field.name), change)) is not old
        }
        return replace(value, **changed)
    return value


def _damaged(why: str) -> DamagedDocumentError:
    return DamagedDocumentError(f"The kept result of the AI cannot be used: {why}.", _HINT)


@cache
def _adapter() -> TypeAdapter[ExamResult]:
    from pydantic import TypeAdapter

    return TypeAdapter(ExamResult)
