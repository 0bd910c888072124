"""The file ``report.json``, schema ``mammoview.report/1``; its JSON Schema in ``resources/schema`` is made from here.

``report`` is a signed report, ``draft`` one that is not; one of the two is null. ``codes`` holds the coded value of
each word that has one: ``of`` names the list, as words of two lists may read alike. ``key_images`` are PNG files, named
relative to the file's own folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from mammoview.core.errors import DamagedDocumentError, MammoViewError, NewerDocumentError
from mammoview.core.reading import Location
from mammoview.dicom.reading_codes import Code, code_of, hour_code
from mammoview.report.breast_report.values import Draft, SignedReport

SCHEMA_ID: Final = "mammoview.report/1"
_FAMILY: Final = "mammoview.report/"


@dataclass(frozen=True)
class CodedWord:
    """A word of the report and its coded value."""

    of: str
    word: str
    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class KeyImageRecord:
    """A key image beside the report."""

    file: str
    sha256: str
    image_id: str
    label: str
    names: tuple[str, ...]
    caption: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class ReportFile:
    """The whole file. Research software: nothing in it is a diagnosis by a medical device."""

    schema: Literal["mammoview.report/1"]
    banner: str
    report: SignedReport | None
    draft: Draft | None
    codes: tuple[CodedWord, ...]
    key_images: tuple[KeyImageRecord, ...]


def report_file(written: Draft | SignedReport, pictures: tuple[KeyImageRecord, ...], banner: str) -> ReportFile:
    """Put a report, its codes and its pictures' names together."""
    content = written if isinstance(written, Draft) else written.content
    words = dict.fromkeys(_words(content))
    return ReportFile(
        schema=SCHEMA_ID,
        banner=banner,
        report=None if isinstance(written, Draft) else written,
        draft=written if isinstance(written, Draft) else None,
        codes=tuple(words),
        key_images=pictures,
    )


def to_text(content: ReportFile) -> str:
    """The file's text."""
    from pydantic import TypeAdapter

    plain = TypeAdapter(ReportFile).dump_python(content, mode="json")
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_text(text: str) -> ReportFile:
    """Read the file's text.

    Raises
    ------
    NewerDocumentError, DamagedDocumentError
        When a newer version wrote it; when it is none, or its seal is broken.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        schema = json.loads(text)["schema"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged("it is no report of this program") from error
    if schema != SCHEMA_ID:
        if isinstance(schema, str) and schema.startswith(_FAMILY) and schema.removeprefix(_FAMILY).isdecimal():
            raise NewerDocumentError(f"The report was written by a newer MammoView ({schema}).", "Update the program.")
        raise _damaged(f"its schema is “{str(schema)[:40]}”")
    try:
        found = TypeAdapter(ReportFile).validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"]) or "content"
        raise _damaged(f"“{where}” is wrong: {first['msg']}") from error
    except MammoViewError as error:
        raise _damaged(error.user_message.rstrip(".")) from error
    if (found.report is None) == (found.draft is None):
        raise _damaged("it must hold a signed report or a draft")
    return found


def _damaged(why: str) -> DamagedDocumentError:
    return DamagedDocumentError(f"The report cannot be read: {why}.", "Restore it from a backup; nothing was changed.")


def _words(value: Any) -> Iterator[CodedWord]:
    if isinstance(value, StrEnum):
        code = code_of(value)
        if code is not None:
            yield _coded(type(value).__name__, value.value, code)
    elif is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, Location) and value.clock is not None:
            yield _coded("clock", f"{value.clock} o'clock", hour_code(value.clock))
        for field in fields(value):
            yield from _words(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from _words(part)


def _coded(of: str, word: str, code: Code) -> CodedWord:
    return CodedWord(of, word, code.value, code.scheme, code.meaning)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report file."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(ReportFile).json_schema(mode="serialization")
    for part in (schema, *schema.get("$defs", {}).values()):
        if "description" in part:
            # What follows the first paragraph of a docstring is for who reads the code.
            part["description"] = " ".join(part["description"].split("\n\n")[0].split())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


def main() -> None:
    """Write the schema to stdout.

    ``python -m mammoview.report.breast_report.report_file > resources/schema/report-1.json``
    """
    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
