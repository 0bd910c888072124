"""What a docstring names as a parameter exists, outside the window's layer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "mammoview"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] != "ui"]
SECTION = re.compile(r"^Parameters\n-+\n(?P<body>.*?)(?=^\S[^\n]*\n-+\n|\Z)", re.M | re.S)
Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def documented(node: Documented) -> list[str]:
    section = SECTION.search(ast.get_docstring(node) or "")
    if section is None:
        return []
    heads = re.findall(r"^(\S[^\n]*)$", section.group("body"), re.M)
    return [name.strip().lstrip("*") for head in heads for name in head.split(":")[0].split(",")]


def real(node: Documented) -> set[str]:
    if isinstance(node, ast.ClassDef):
        init = [item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
        fields = {
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        return fields | (real(init[0]) if init else set())
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in every if argument is not None}


def nodes(path: Path) -> Iterator[Documented]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_documented_parameters_exist(path: Path) -> None:
    wrong = {node.name: set(documented(node)) - real(node) for node in nodes(path)}
    assert not {name: names for name, names in wrong.items() if names}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
