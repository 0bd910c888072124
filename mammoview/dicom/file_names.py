"""What the names of pictures say of side, view and case, by patterns that the user may add to (MG-K01)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mammoview.core.errors import Problem
from mammoview.core.paths import resource, user_config
from mammoview.core.study import Laterality, ViewPosition

_NAME: Final = "file_names.toml"
_GROUPS: Final = frozenset({"side", "view"})


@dataclass(frozen=True)
class Pattern:
    """One regular expression for whole names, and what its words mean."""

    name: str
    regex: re.Pattern[str]
    read: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What a name says; None where it says nothing, or two things."""

    laterality: Laterality | None = None
    view: ViewPosition | None = None
    case: str = ""
    date: str = ""


@dataclass(frozen=True)
class NameRules:
    """Patterns in the order in which they are tried, then words."""

    patterns: tuple[Pattern, ...]
    sides: dict[str, Laterality]
    views: dict[str, ViewPosition]

    def read(self, stem: str) -> Said:
        """Read a file's name without its ending, ``00221_RIGHT_MLO`` for example."""
        for pattern in self.patterns:
            match = pattern.regex.fullmatch(stem)
            if match is not None:
                return self._of_match(match, pattern)
        return self._of_words(stem)

    def _of_match(self, match: re.Match[str], pattern: Pattern) -> Said:
        groups = {name: text or "" for name, text in match.groupdict().items()}
        words = {name: pattern.read.get(groups.get(name, ""), groups.get(name, "")).upper() for name in _GROUPS}
        return Said(
            self.sides.get(words["side"]), self.views.get(words["view"]), groups.get("case", ""), groups.get("date", "")
        )

    def _of_words(self, stem: str) -> Said:
        sides: set[Laterality] = set()
        views: set[ViewPosition] = set()
        rest: list[str] = []
        for token in re.split(r"[^A-Za-z0-9]+", stem):
            word = token.upper()
            joined = _joined(tuple(self.sides), tuple(self.views)).fullmatch(word)
            if word in self.sides:
                sides.add(self.sides[word])
            elif word in self.views:
                views.add(self.views[word])
            elif joined:
                sides.add(self.sides[joined.group(1)])
                views.add(self.views[joined.group(2)])
            elif token:
                rest.append(token)
        side = sides.pop() if len(sides) == 1 else None
        view = views.pop() if len(views) == 1 else None
        return Said(side, view, "_".join(rest))


@lru_cache(maxsize=4)
def _joined(sides: tuple[str, ...], views: tuple[str, ...]) -> re.Pattern[str]:
    def either(words: tuple[str, ...]) -> str:
        return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))

    return re.compile(f"({either(sides)})({either(views)})")


def names_file() -> Path:
    """Where the user's own patterns lie."""
    return user_config().with_name(_NAME)


def load_rules(path: Path | None = None) -> tuple[NameRules, tuple[Problem, ...]]:
    """The program's own rules and the user's.

    Parameters
    ----------
    path
        The user's file; None for `names_file`.

    Returns
    -------
    rules, problems
        What of the user's file cannot be used costs a problem, and nothing else.
    """
    shipped, _ = _interpret(tomllib.loads(resource(f"config/{_NAME}").read_text(encoding="utf-8")), "")
    path = path or names_file()
    try:
        own, problems = _interpret(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError:
        return shipped, ()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"The patterns of file names in {path} cannot be used ({error})."
        return shipped, (Problem(str(path), "file_names", message, "The usual names are read."),)
    return NameRules(
        (*own.patterns, *shipped.patterns), {**shipped.sides, **own.sides}, {**shipped.views, **own.views}
    ), tuple(problems)


def _interpret(values: dict[str, Any], path: str) -> tuple[NameRules, list[Problem]]:
    problems: list[Problem] = []

    def complain(what: str) -> None:
        problems.append(Problem(path, "file_names", f"{path}: {what}", "It is left out; the rest is used."))

    sides = _words(values.get("sides", {}), Laterality, complain)
    views = _words(values.get("views", {}), ViewPosition, complain)
    patterns: list[Pattern] = []
    given = values.get("patterns", [])
    for entry in given if isinstance(given, list) else []:
        name = str(entry.get("name", "without a name")) if isinstance(entry, dict) else ""
        try:
            regex = re.compile(entry["regex"])
            read = {str(word): str(meaning) for word, meaning in entry.get("read", {}).items()}
        except (re.error, KeyError, TypeError, AttributeError) as error:
            complain(f"the pattern {name} is no regular expression ({error}).")
            continue
        if not _GROUPS & regex.groupindex.keys():
            complain(f"the pattern {name} has neither a group called side nor one called view.")
            continue
        patterns.append(Pattern(name, regex, read))
    return NameRules(tuple(patterns), sides, views), problems


def _words(table: Any, kind: Any, complain: Any) -> dict[str, Any]:
    known = {member.value: member for member in kind}
    found: dict[str, Any] = {}
    for value, words in table.items() if isinstance(table, dict) else ():
        if value not in known or not isinstance(words, list):
            complain(f"{value} is none of {', '.join(known)}, or has no list of words.")
            continue
        found.update({str(word).upper(): known[value] for word in words})
    return found
