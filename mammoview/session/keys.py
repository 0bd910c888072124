"""The reader's own keys: on disk only what differs from the table of actions.

Texts are in Qt's portable spelling (``Ctrl+Shift+O``); what they mean is the window's business.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from mammoview.core.errors import InputError, Problem
from mammoview.core.paths import user_config
from mammoview.core.small_files import keep_aside, write_whole

#: Keys by the id of an action; an empty tuple takes all keys from it.
Changes: TypeAlias = Mapping[str, tuple[str, ...]]

SCHEMA: Final = 1
_NAME: Final = "keys.toml"


def keys_file() -> Path:
    """Where the reader's own keys lie."""
    return user_config().with_name(_NAME)


def load(path: Path | None = None) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...]]:
    """Read the reader's own keys.

    Parameters
    ----------
    path
        The file; None for `keys_file`.

    Returns
    -------
    changes
        None where the file is absent or says nothing usable.
    problems
        What could not be used. A damaged file is kept beside the new one.
    """
    path = path or keys_file()
    try:
        return _read(path)
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        message = f"Your keys cannot be read ({error.strerror})."
        return {}, (Problem(str(path), "keys", message, "The usual keys are used for now."),)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        kept = keep_aside(path)
        hint = f"The usual keys are used; the old file was kept as {kept.name}." if kept else "The usual keys are used."
        return {}, (Problem(str(path), "keys", "The file of your keys is damaged.", hint),)


def import_from(path: Path) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...]]:
    """Read keys that somebody exported.

    Returns
    -------
    changes, problems
        As in `load`.

    Raises
    ------
    InputError
        When the file cannot be read or is no table of keys.
    """
    try:
        return _read(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Check the path and its drive.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no table of keys.", "Take a file that was exported here.") from error


def _read(path: Path) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...]]:
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    problems: list[Problem] = []
    schema = values.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        message = "The file of keys comes from a newer version."
        problems.append(Problem(str(path), "keys", message, "What this version knows is used."))
    found: dict[str, tuple[str, ...]] = {}
    table: Any = values.get("keys", {})
    for identity, given in table.items() if isinstance(table, dict) else ():
        if isinstance(given, list) and all(isinstance(key, str) for key in given):
            found[identity] = tuple(given)
        else:
            message = f"The keys of {identity} are no list of texts."
            problems.append(Problem(str(path), "keys", message, "Its usual keys are used."))
    return found, tuple(problems)


def save(changes: Changes, path: Path | None = None) -> None:
    """Write what differs from the usual keys, all or nothing.

    Parameters
    ----------
    changes
        Keys by the id of an action.
    path
        The file; None for `keys_file`.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    lines = [f"schema = {SCHEMA}", "", "[keys]"]
    # JSON's texts are TOML's, too.
    lines += [
        f"{json.dumps(name, ensure_ascii=False)} = {json.dumps(list(keys), ensure_ascii=False)}"
        for name, keys in sorted(changes.items())
    ]
    write_whole(path or keys_file(), "\n".join(lines) + "\n", "The keys")
