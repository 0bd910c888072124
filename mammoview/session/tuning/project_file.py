"""``project.toml``: what a person may read, and a script may write."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from mammoview.core.errors import DamagedDocumentError, NewerDocumentError

if TYPE_CHECKING:
    from mammoview.session.tuning.project import Project

SCHEMA: Final = 1


def to_toml(project: Project) -> str:
    """Write a project; what is empty is left out."""
    values = _plain(asdict(project))
    values.pop("name")
    lines = [f"schema = {SCHEMA}"]
    tables = []
    for key, value in values.items():
        if isinstance(value, dict):
            rows = [f"{_key(name)} = {_word(word)}" for name, word in value.items() if word is not None]
            tables.append("\n".join((f"\n[{key}]", *rows)))
        elif value is not None:
            lines.append(f"{key} = {_word(value)}")
    return "\n".join((*lines, *(table for table in tables if "=" in table))) + "\n"


def from_toml(text: str, name: str) -> Project:
    """Read what `to_toml` wrote, or a person changed.

    Parameters
    ----------
    text
        Of the file.
    name
        Of the project: its folder's.

    Raises
    ------
    NewerDocumentError
        When a newer program wrote it.
    DamagedDocumentError
        When it cannot be understood; the message says where.
    """
    from pydantic import TypeAdapter, ValidationError

    from mammoview.session.tuning.project import Project

    try:
        words = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _damaged(name, f"it is not TOML ({error})") from error
    schema = words.pop("schema", None)
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerDocumentError(f"The project “{name}” was made by a newer MammoView.", "Update the program.")
    if schema != SCHEMA:
        raise _damaged(name, "it does not say its schema")
    try:
        project: Project = TypeAdapter(Project).validate_python({**words, "name": name}, extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _damaged(name, f"“{where}” is wrong: {first['msg']}") from error
    return project


def _damaged(name: str, why: str) -> DamagedDocumentError:
    return DamagedDocumentError(
        f"The project “{name}” cannot be read: {why}.", "Correct its project.toml; nothing was changed."
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {_plain(key): _plain(word) for key, word in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _word(value: Any) -> str:
    # JSON's strings, numbers, lists and truth values are TOML's; it alone knows DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
