"""Hanging protocols on disk: those that came with the program, and the user's own file in their place."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from mammoview.core.errors import InputError, Problem
from mammoview.core.paths import resource, user_hanging
from mammoview.core.small_files import keep_aside, write_whole
from mammoview.session.protocols import Grid, Protocol, Role, Stage, read_place

SCHEMA: Final = 2
_LONGEST_LINE: Final = 100


def _stages_of_one(values: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 knew one grid a protocol, and no names."""
    rows = values.pop("protocol")
    protocols = [
        {
            "id": row["id"],
            "name": (name := row["id"].replace("_", " ")),
            "stage": [{"name": name, "rows": row["rows"], "at_least": row["at_least"]}],
        }
        for row in rows
    ]
    return {**values, "protocol": protocols}


#: ``MIGRATIONS[n]`` turns the values of a file of schema n into those of schema n + 1.
MIGRATIONS: Final[Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {1: _stages_of_one}


@cache
def shipped() -> tuple[Protocol, ...]:
    """The protocols that came with the program, in their order.

    Raises
    ------
    InputError
        When the file is absent or damaged.
    """
    return read(resource("config/hanging.toml"))


def read(path: Path) -> tuple[Protocol, ...]:
    """Read a file of protocols, to import it for example.

    Raises
    ------
    InputError
        When it cannot be read or is not what it should be; the message says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read.", "Check the file.") from error
    return parse(text, str(path))


def parse(text: str, source: str) -> tuple[Protocol, ...]:
    """Read protocols from the text of a file.

    Parameters
    ----------
    source
        What the text comes from, for messages.

    Raises
    ------
    InputError
        When it is not what it should be.
    """
    hint = "Compare it with an exported file."
    try:
        values = tomllib.loads(text)
        schema = values.get("schema")
        if not isinstance(schema, int) or not 1 <= schema <= SCHEMA:
            raise InputError(
                f"The hanging protocols in {source} are of another version.", "Export them with this version."
            )
        for version in range(schema, SCHEMA):
            values = MIGRATIONS[version](values)
        protocols = tuple(_protocol(row) for row in values["protocol"])
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is no TOML: {error}.", hint) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"The hanging protocols in {source} lack something or say it wrongly ({error}).", hint) from (
            error
        )
    check(protocols)
    return protocols


def check(protocols: Sequence[Protocol]) -> None:
    """Refuse what cannot hang.

    Raises
    ------
    InputError
        With the reason in words that the editor shows.
    """
    if not protocols:
        raise InputError("There is no hanging protocol.", "Add one.")
    seen: set[str] = set()
    for protocol in protocols:
        protocol.check()
        if protocol.id in seen:
            raise InputError(f"Two protocols have the id “{protocol.id}”.", "Rename one.")
        seen.add(protocol.id)
    if all(protocol.role is not Role.CHOICE for protocol in protocols):
        raise InputError("No protocol can be chosen.", "Give one the role “choice”.")


def _protocol(row: dict[str, Any]) -> Protocol:
    stages = tuple(_stage(stage) for stage in row["stage"])
    return Protocol(str(row["id"]), str(row["name"]), stages, Role(row.get("role", Role.CHOICE)))


def _stage(row: dict[str, Any]) -> Stage:
    return Stage(
        name=str(row["name"]),
        rows=_grid(row["rows"]),
        second=_grid(row.get("second", [])),
        at_least=int(row.get("at_least", 1)),
        is_compact=bool(row.get("is_compact", False)),
    )


def _grid(rows: list[list[str]]) -> Grid:
    return tuple(tuple(read_place(str(cell)) for cell in row) for row in rows)


def to_text(protocols: Sequence[Protocol]) -> str:
    """The protocols as a file holds them; `parse` gives the same ones back."""
    lines = ["# Hanging protocols of MammoView; the manual says what the words mean.", f"schema = {SCHEMA}"]
    for protocol in protocols:
        lines += ["", "[[protocol]]", f"id = {_quoted(protocol.id)}", f"name = {_quoted(protocol.name)}"]
        if protocol.role is not Role.CHOICE:
            lines.append(f"role = {_quoted(protocol.role.value)}")
        for stage in protocol.stages:
            lines += ["", "[[protocol.stage]]", f"name = {_quoted(stage.name)}", *_rows("rows", stage.rows)]
            if stage.second:
                lines += _rows("second", stage.second)
            lines.append(f"at_least = {stage.at_least}")
            if stage.is_compact:
                lines.append("is_compact = true")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # JSON's text is TOML's, too.
    return json.dumps(text, ensure_ascii=False)


def _rows(key: str, grid: Grid) -> list[str]:
    rows = [f"[{', '.join(_quoted('' if place is None else str(place)) for place in row)}]" for row in grid]
    line = f"{key} = [{', '.join(rows)}]"
    return [line] if len(line) <= _LONGEST_LINE else [f"{key} = [", *(f"    {row}," for row in rows), "]"]


def load(path: Path | None = None) -> tuple[tuple[Protocol, ...], Problem | None]:
    """Read the protocols in force.

    Parameters
    ----------
    path
        The user's file; None for `mammoview.core.paths.user_hanging`.

    Returns
    -------
    protocols
        The user's where there is a usable file of them, else those that came with the program.
    problem
        Why a file that is there is not used. It is kept beside the one that the editor writes next.
    """
    path = path or user_hanging()
    if not path.exists():
        return shipped(), None
    try:
        return read(path), None
    except InputError as error:
        kept = keep_aside(path)
        hint = "Those that came with the program are used" + (
            f"; the old file was kept as {kept.name}." if kept else "."
        )
        return shipped(), Problem(str(path), "hanging", f"Your hanging protocols cannot be used. {error}", hint)


def save(protocols: Sequence[Protocol], path: Path | None = None) -> None:
    """Write the user's protocols, all or nothing.

    Raises
    ------
    InputError
        When they cannot hang; nothing is written.
    OutputError
        When the file cannot be written.
    """
    check(protocols)
    write_whole(path or user_hanging(), to_text(protocols), "The hanging protocols")


def reset(path: Path | None = None) -> None:
    """Go back to the protocols that came with the program; the user's file is kept beside its place."""
    path = path or user_hanging()
    if path.exists() and keep_aside(path) is not None:
        with suppress(OSError):
            path.unlink()
