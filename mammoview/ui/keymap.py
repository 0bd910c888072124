"""Which key does what: the table of actions, changed by the reader, never with one key for two actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtGui import QKeySequence

from mammoview.core.errors import Problem
from mammoview.session.keys import Changes
from mammoview.ui.actions import ACTIONS, Action

_PORTABLE = QKeySequence.SequenceFormat.PortableText


def normal(key: str) -> str:
    """A key in Qt's portable spelling; empty where it is none, or more than one stroke."""
    sequence = QKeySequence.fromString(key, _PORTABLE)
    text = sequence.toString(_PORTABLE)
    # Qt spells what it does not know as nothing, or as a letter that no keyboard has.
    is_spelt = text.isascii() or (len(text.rsplit("+", 1)[-1]) == 1 and text[-1].isalpha())
    return text if sequence.count() == 1 and text.isprintable() and is_spelt else ""


def printed(key: str) -> str:
    """A key as it is printed on this machine's keyboard."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


@dataclass(frozen=True)
class Keymap:
    """The keys in force.

    Attributes
    ----------
    rows
        The table of actions.
    changes
        Keys of the actions that the reader changed.
    unknown
        Keys of actions that this version does not have: kept for the version that has them.
    """

    rows: Sequence[Action] = ACTIONS
    changes: Changes = field(default_factory=dict)
    unknown: Changes = field(default_factory=dict)

    def keys(self, identity: str) -> tuple[str, ...]:
        """The keys of an action."""
        usual = next(row.keys for row in self.rows if row.id == identity)
        return self.changes.get(identity, tuple(map(normal, usual)))

    def usual(self, identity: str) -> tuple[str, ...]:
        """The keys of an action before any change."""
        return tuple(normal(key) for row in self.rows if row.id == identity for key in row.keys)

    def owner(self, key: str) -> Action | None:
        """The action that a key belongs to now."""
        wanted = normal(key)
        return next((row for row in self.rows if wanted and wanted in self.keys(row.id)), None)

    def with_keys(self, identity: str, keys: Sequence[str]) -> Keymap:
        """Give an action these keys and no others; nobody else may have them.

        Raises
        ------
        ValueError
            When a key is no key, or belongs to another action.
        """
        wanted = tuple(dict.fromkeys(map(normal, keys)))
        for key in wanted:
            owner = self.owner(key)
            if not key or (owner is not None and owner.id != identity):
                raise ValueError(key)
        changes = {name: own for name, own in self.changes.items() if name != identity}
        if wanted != self.usual(identity):
            changes[identity] = wanted
        return replace(self, changes=changes)

    def taken_over(self, identity: str, key: str) -> Keymap:
        """Give a key to an action, whoever has it now."""
        owner = self.owner(key)
        freed = self
        if owner is not None and owner.id != identity:
            freed = self.with_keys(owner.id, [own for own in self.keys(owner.id) if own != normal(key)])
        return freed.with_keys(identity, (*freed.keys(identity), key))

    def reset(self, identity: str) -> Keymap:
        """The usual keys of an action, less those that others have taken since."""
        free = [key for key in self.usual(identity) if (owner := self.owner(key)) is None or owner.id == identity]
        return self.with_keys(identity, free)

    @property
    def saved(self) -> dict[str, tuple[str, ...]]:
        """What goes to disk."""
        return {**self.unknown, **self.changes}


def resolve(given: Mapping[str, Sequence[str]], rows: Sequence[Action] = ACTIONS) -> tuple[Keymap, tuple[Problem, ...]]:
    """Put the reader's keys in force, as far as they make sense together.

    Parameters
    ----------
    given
        Keys by the id of an action, from a file.

    Returns
    -------
    keymap
        Actions whose keys are in conflict keep their usual ones, less what others were given.
    problems
        One for each action that is unknown or whose keys cannot be used.
    """
    known = {row.id for row in rows}
    problems: list[Problem] = []
    unknown = {name: tuple(keys) for name, keys in given.items() if name not in known}
    for name in unknown:
        problems.append(
            Problem("", "keys", f"There is no action {name} in this version.", "Its keys are kept for one that has it.")
        )
    wanted: dict[str, tuple[str, ...]] = {}
    for name, keys in given.items():
        if name in unknown:
            continue
        spelt = tuple(map(normal, keys))
        if all(spelt):
            wanted[name] = tuple(dict.fromkeys(spelt))
        else:
            bad = next(key for key in keys if not normal(key))
            problems.append(Problem("", "keys", f"{bad!r} is no key.", f"{_title(rows, name)} keeps its usual keys."))
    keymap = Keymap(rows, {}, unknown)
    changes = _without_conflicts(keymap, wanted, problems)
    return replace(keymap, changes=changes), tuple(problems)


def _without_conflicts(
    keymap: Keymap, wanted: dict[str, tuple[str, ...]], problems: list[Problem]
) -> dict[str, tuple[str, ...]]:
    """Take changes back until no key has two owners; each step takes one back, so it ends."""
    changes = {name: keys for name, keys in wanted.items() if keys != keymap.usual(name)}
    while True:
        trial = replace(keymap, changes=changes)
        owners: dict[str, list[str]] = {}
        for row in keymap.rows:
            for key in trial.keys(row.id):
                owners.setdefault(key, []).append(row.id)
        clash = next(((key, names) for key, names in owners.items() if len(names) > 1), None)
        if clash is None:
            return changes
        key, names = clash
        changed = [name for name in names if name in changes]
        loser = changed[-1]
        other = next(name for name in names if name != loser)
        problems.append(
            Problem(
                "",
                "keys",
                f"{printed(key)} is given to both {_title(keymap.rows, other)} and {_title(keymap.rows, loser)}.",
                f"{_title(keymap.rows, loser)} keeps its usual keys.",
            )
        )
        del changes[loser]


def _title(rows: Sequence[Action], identity: str) -> str:
    return next(row.title for row in rows if row.id == identity).rstrip("… ")
