"""Hanging protocols as values: places in grids, stages, protocols. See ``resources/config/hanging.toml``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.core.errors import InputError
from mammoview.core.study import Energy, Laterality, Mammogram, ViewModifier, ViewPosition
from mammoview.session.orientation import is_lateral

#: Priors that a place can name: ``prior1`` is the newest.
MOST_PRIORS: Final = 2
MOST_ROWS: Final = 4
MOST_COLUMNS: Final = 8
#: Not a view of its own: an image of any view that was made for stereotaxis or a biopsy.
BIOPSY: Final = "BIOPSY"
_ORDINALS: Final = ("", "prior ", "second prior ")
_ENLARGED: Final = frozenset({ViewModifier.SPOT, ViewModifier.MAGNIFICATION})
_VIEWS: Final = frozenset({*(view.value for view in ViewPosition), BIOPSY})


class Kind(StrEnum):
    """Which images of a view a place takes."""

    ANY = "any"
    STANDARD = "standard"
    DISPLACED = "id"
    SPOT = "spot"
    MAGNIFIED = "mag"
    ENLARGED = "enlarged"
    LOW = "low"
    RECOMBINED = "recombined"

    def takes(self, image: Mammogram) -> bool:
        """Whether the image is of this kind, by its coded modifiers and Image Type."""
        had = frozenset(image.modifiers)
        return {
            Kind.ANY: True,
            Kind.STANDARD: not had & (_ENLARGED | {ViewModifier.IMPLANT_DISPLACED}),
            Kind.DISPLACED: ViewModifier.IMPLANT_DISPLACED in had and not had & _ENLARGED,
            Kind.SPOT: ViewModifier.SPOT in had,
            Kind.MAGNIFIED: ViewModifier.MAGNIFICATION in had,
            Kind.ENLARGED: bool(had & _ENLARGED),
            Kind.LOW: image.energy is Energy.LOW,
            Kind.RECOMBINED: image.energy is Energy.RECOMBINED,
        }[self]

    @property
    def is_particular(self) -> bool:
        """Whether a stage that names it is of no use without such an image."""
        return self not in {Kind.ANY, Kind.STANDARD}


@dataclass(frozen=True)
class Place:
    """What belongs into one cell of a grid.

    Attributes
    ----------
    view
        ``CC`` takes the craniocaudal family, ``MLO`` the lateral and oblique one; any other view takes itself alone,
        and ``BIOPSY`` whatever was made for a biopsy.
    side
        None takes both.
    when
        0 is the current study, 1 the newest prior.
    """

    view: str
    side: Laterality | None = None
    kind: Kind = Kind.ANY
    when: int = 0

    @property
    def label(self) -> str:
        """What it is called on the screen: ``prior RCC spot``."""
        kind = "" if self.kind is Kind.ANY else f" {'ID' if self.kind is Kind.DISPLACED else self.kind.value}"
        return f"{_ORDINALS[self.when]}{self.side.value if self.side else ''}{self.view}{kind}"

    @property
    def is_particular(self) -> bool:
        """Whether the stage is of no use without an image of this kind or study."""
        return self.kind.is_particular or self.when > 0

    @property
    def rank(self) -> tuple[bool, bool]:
        """Which of two places that both take an image gets it: the higher."""
        return self.kind is not Kind.ANY, self.view not in {"CC", "MLO"}

    def takes(self, image: Mammogram, when: int) -> bool:
        """Whether an image belongs here; ``when`` says in which study it lies. Free text is never asked (MG-B16)."""
        if when != self.when or (self.side is not None and image.laterality is not self.side):
            return False
        if image.is_biopsy or self.view == BIOPSY:
            return image.is_biopsy and self.view == BIOPSY
        if image.view is None:
            return False
        families = {"CC": image.view.is_craniocaudal, "MLO": is_lateral(image.view)}
        return families.get(self.view, image.view.value == self.view) and self.kind.takes(image)

    def __str__(self) -> str:
        words = [f"{self.side.value if self.side else ''}{self.view}"]
        words += [self.kind.value] if self.kind is not Kind.ANY else []
        words += [f"prior{self.when}"] if self.when else []
        return " ".join(words)


def read_place(text: str) -> Place | None:
    """Read what stands in a cell: ``RCC``, ``LMLO id``, ``RCC spot prior1``; None where nothing does.

    Raises
    ------
    InputError
        When it names no place.
    """
    words = text.split()
    if not words:
        return None
    name, kind, when = words[0].upper(), Kind.ANY, 0
    known = {member.value: member for member in Kind}
    for word in (word.lower() for word in words[1:]):
        if word in known:
            kind = known[word]
        elif word.startswith("prior") and word.removeprefix("prior") in {"", *map(str, range(1, MOST_PRIORS + 1))}:
            when = int(word.removeprefix("prior") or 1)
        else:
            raise InputError(
                f"“{text}” is no slot: “{word}” is neither a kind of view nor a prior.",
                f"Kinds are {', '.join(known)}; priors are prior1 to prior{MOST_PRIORS}.",
            )
    if name[1:] in _VIEWS and name[:1] in {"L", "R"}:
        return Place(name[1:], Laterality(name[0]), kind, when)
    if name in _VIEWS:
        return Place(name, None, kind, when)
    raise InputError(f"“{text}” is no slot: it names no view.", "Write the side and the view: RCC, LMLO, RXCCL.")


Grid = tuple[tuple[Place | None, ...], ...]


@dataclass(frozen=True)
class Stage:
    """One picture of a protocol.

    Attributes
    ----------
    rows, second
        What belongs where on the first and on the second monitor; None leaves a cell free.
    at_least
        So many places of the current study must be filled (of all, where it names none of the current study).
    is_compact
        Whether columns are left out in which every place of a particular kind or of a prior is empty.
    """

    name: str
    rows: Grid
    second: Grid = ()
    at_least: int = 1
    is_compact: bool = False

    @property
    def cells(self) -> Iterator[tuple[int, int, int, Place]]:
        """(screen, row, column, place), row by row."""
        for screen, grid in ((1, self.rows), (2, self.second)):
            for row, places in enumerate(grid):
                for column, place in enumerate(places):
                    if place is not None:
                        yield screen, row, column, place

    @property
    def names_priors(self) -> bool:
        """Whether it wants an earlier study."""
        return any(place.when for *_, place in self.cells)

    def check(self) -> None:
        """Refuse what cannot hang.

        Raises
        ------
        InputError
            With the reason in words that the editor shows.
        """
        places = [place for *_, place in self.cells]
        if not self.name.strip():
            raise InputError("A stage has no name.", "Give it one.")
        for grid in (self.rows, self.second):
            if len(grid) > MOST_ROWS or any(len(row) > MOST_COLUMNS for row in grid):
                raise InputError(
                    f"The stage “{self.name}” is too large.", f"Take up to {MOST_ROWS} rows of {MOST_COLUMNS} slots."
                )
        if not any(place for row in self.rows for place in row):
            raise InputError(f"The stage “{self.name}” has no slot on the first monitor.", "Fill one.")
        counted = [place for place in places if place.when == 0] or places
        if not 1 <= self.at_least <= len(counted):
            raise InputError(
                f"The stage “{self.name}” asks for {self.at_least} images and has {len(counted)} slots for them.",
                "Ask for one at least, and for no more than there are slots of the current study.",
            )


class Role(StrEnum):
    """When a protocol is taken."""

    FIRST = "first"
    CHOICE = "choice"
    AFTER = "after"


@dataclass(frozen=True)
class Protocol:
    """Stages that belong together.

    Attributes
    ----------
    id
        Its name in the settings and in files.
    name
        Its name for readers.
    role
        ``first`` goes before the reader's choice where its first stage fits; ``choice`` can be chosen, and is tried in
        its order where what was chosen does not fit; the stages of ``after`` follow those of any other.
    """

    id: str
    name: str
    stages: tuple[Stage, ...]
    role: Role = Role.CHOICE

    def check(self) -> None:
        """Refuse what cannot hang.

        Raises
        ------
        InputError
            With the reason in words that the editor shows.
        """
        if not self.id.replace("_", "").isalnum() or not self.id.isascii():
            raise InputError(f"“{self.id}” is no id of a protocol.", "Take letters, digits and underscores.")
        if not self.name.strip():
            raise InputError(f"The protocol “{self.id}” has no name.", "Give it one.")
        if not self.stages:
            raise InputError(f"The protocol “{self.name}” has no stage.", "Add one.")
        for stage in self.stages:
            stage.check()
