"""Writes docs/conformance.md: each row of docs/conformance.toml with the tests whose ``meets`` marker names it.

``make conformance``, or ``python tests/conformance.py``. The markers are read from the syntax of the test files, so
that the page is the same on a machine without images, screen or graphics card, where some tests are not collected.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"
ROWS = ROOT / "docs" / "conformance.toml"
TESTS = ROOT / "tests"

CHAPTERS = {
    "A": "Intake and identity",
    "B": "Orientation, justification, hanging",
    "C": "Size",
    "D": "Gray scale",
    "E": "Background air",
    "F": "Annotation",
    "G": "Special views",
    "I": "Tomosynthesis",
    "K": "Pictures that are not DICOM",
}
HEAD = """\
<!-- Written by `make conformance` from docs/conformance.toml and the tests' `meets` markers. Never edit or merge this
page by hand: whoever brings in a change of either runs the command and commits the page. -->

# Conformance

What a mammography display is held to here, row by row, and which test would fail if it were broken: demands of the IHE
Mammography Image profile on a display, and what readers need beyond it (such as true size, or pictures that are not
DICOM). "Partly" and "not met" say what is missing. This is no IHE integration statement; nobody else has checked it.
"""


@dataclass(frozen=True)
class Row:
    """A requirement; at most one of ``not_met`` and ``partly`` says what is missing."""

    id: str
    title: str
    not_met: str = ""
    partly: str = ""


def read_rows(path: Path = ROWS) -> tuple[Row, ...]:
    """The rows in their order."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(Row(name, **row) for name, row in values.items())


def read_markers(folder: Path = TESTS) -> dict[str, tuple[str, ...]]:
    """Row to the ids of the tests that carry it, sorted; ids are ``tests/x/test_y.py::test_z``."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        file = path.relative_to(folder.parent).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"), file)
        shared = [row for node in tree.body if _is_pytestmark(node) for row in _named(node, file)]
        carried: set[str] = set(shared)
        for test, rows in _tests(tree.body, file, tuple(shared)):
            carried.update(rows)
            for row in rows:
                found.setdefault(row, set()).add(test)
        loose = set(_named(tree, file)) - carried
        if loose:
            raise SystemExit(f"{file}: no test carries the marker of {', '.join(sorted(loose))}.")
    return {row: tuple(sorted(tests)) for row, tests in sorted(found.items())}


def _tests(body: list[ast.stmt], prefix: str, shared: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            own = tuple(row for decorator in node.decorator_list for row in _named(decorator, prefix))
            yield from _tests(node.body, f"{prefix}::{node.name}", shared + own)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            own = tuple(row for decorator in node.decorator_list for row in _named(decorator, prefix))
            yield f"{prefix}::{node.name}", shared + own


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)


def _named(node: ast.AST, file: str) -> Iterator[str]:
    """Rows that the markers below a node name; those of single parameters count for the test."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "meets":
            for given in call.args:
                if not (isinstance(given, ast.Constant) and isinstance(given.value, str)):
                    raise SystemExit(f"{file}:{call.lineno}: a row in a meets marker must be a plain string.")
                yield given.value


def complaints(rows: tuple[Row, ...], markers: dict[str, tuple[str, ...]]) -> list[str]:
    """What contradicts itself; empty where rows and markers agree."""
    said: list[str] = []
    known = {row.id for row in rows}
    said += [f"{', '.join(tests)} names {row}, which is no row." for row, tests in markers.items() if row not in known]
    for row in rows:
        is_proven = row.id in markers
        if row.not_met and row.partly:
            said.append(f"{row.id} is both not met and partly met.")
        elif row.not_met and is_proven:
            said.append(f"{row.id} has tests: delete its not_met line in docs/conformance.toml, or call it partly.")
        elif not row.not_met and not is_proven:
            said.append(
                f"{row.id} has no test with its marker, and docs/conformance.toml does not say not_met and why."
            )
    return said


def write(rows: tuple[Row, ...], markers: dict[str, tuple[str, ...]]) -> str:
    """The page."""
    counts = [
        sum(row.id in markers and not row.partly for row in rows),
        sum(row.id in markers and bool(row.partly) for row in rows),
        sum(row.id not in markers for row in rows),
    ]
    lines = [HEAD, f"{len(rows)} rows: {counts[0]} met, {counts[1]} partly, {counts[2]} not met."]
    for letter, chapter in CHAPTERS.items():
        lines += ["", f"## {letter} · {chapter}", "", "| row | asked for | state |", "|---|---|---|"]
        for row in rows:
            if row.id.startswith(f"MG-{letter}"):
                lines.append(f"| {row.id} | {row.title} | {_state(row, markers.get(row.id, ()))} |")
    return "\n".join(lines) + "\n"


def _state(row: Row, tests: tuple[str, ...]) -> str:
    proof = ", ".join(f"`{test.removeprefix('tests/')}`" for test in tests)
    if not tests:
        return f"**not met:** {row.not_met}"
    return f"**partly:** {row.partly} Proven: {proof}" if row.partly else f"met: {proof}"


def main() -> None:
    """Write the page, or say what contradicts itself."""
    rows, markers = read_rows(), read_markers()
    wrong = complaints(rows, markers)
    if wrong:
        raise SystemExit("\n".join(wrong))
    PAGE.write_text(write(rows, markers), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written.")


if __name__ == "__main__":
    main()
