"""Which image goes where: four-up, back to back, chest walls meeting (MG-B01 to B09, B11, B12, B15, B16)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, sqrt
from typing import Any

from mammoview.core.errors import InputError
from mammoview.core.paths import resource
from mammoview.core.study import Mammogram, PresentationIntent, Study, ViewPosition
from mammoview.session.orientation import Orientation, Side, is_lateral, orient

__all__ = ["Hanging", "Hung", "Orientation", "Protocol", "Side", "Slot", "hang", "orient", "priors", "protocols"]

_MOST_SLOTS = 8
_OTHER = "Other"


@dataclass(frozen=True)
class Protocol:
    """A row of ``resources/config/hanging.toml``: rows of slot names (``RCC``), and how many must be filled."""

    id: str
    rows: tuple[tuple[str, ...], ...]
    at_least: int

    @property
    def names(self) -> tuple[str, ...]:
        """All slot names, row by row."""
        return tuple(name for row in self.rows for name in row)


@dataclass(frozen=True)
class Hung:
    """An image and how it is laid down."""

    image: Mammogram
    orientation: Orientation


@dataclass(frozen=True)
class Slot:
    """A place on the screen.

    Attributes
    ----------
    row, column, row_span
        Where it lies in the grid.
    label
        What belongs here (``RCC``); it stands in the slot when it is empty.
    stack
        The images that belong here; the first one is shown. Each says what it is by its own `Mammogram.label`.
    """

    row: int
    column: int
    label: str
    stack: tuple[Hung, ...]
    row_span: int = 1


@dataclass(frozen=True)
class Hanging:
    """A study on the screen.

    Attributes
    ----------
    protocol
        Id of the protocol used, or ``grid`` where none fits.
    rows, columns
        Size of the grid.
    slots
        Row by row; empty ones included.
    left_out
        Images of another patient than the study's; they never hang here.
    """

    study_uid: str
    protocol: str
    rows: int
    columns: int
    slots: tuple[Slot, ...]
    left_out: tuple[Mammogram, ...] = ()

    @property
    def visible(self) -> tuple[str, ...]:
        """Ids of the images shown first, in the order in which their pixels are wanted."""
        return tuple(slot.stack[0].image.id for slot in self.slots if slot.stack)

    @property
    def behind(self) -> tuple[str, ...]:
        """Ids of the images that lie behind others."""
        return tuple(hung.image.id for slot in self.slots for hung in slot.stack[1:])


@cache
def protocols() -> tuple[Protocol, ...]:
    """The protocols that came with the program, in their order.

    Raises
    ------
    InputError
        When the file is absent or not of this version.
    """
    path = resource("config/hanging.toml")
    values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    if values["schema"] != 1:
        raise InputError(f"The hanging protocols in {path} are of another version.", "Install MammoView again.")
    return tuple(
        Protocol(row["id"], tuple(tuple(names) for names in row["rows"]), row["at_least"]) for row in values["protocol"]
    )


def hang(
    study: Study,
    preferred: str = "cc_over_mlo",
    *,
    chest_walls: Mapping[str, Side] | None = None,
    rows: Sequence[Protocol] | None = None,
) -> Hanging:
    """Give each image of a study its place, by coded view and laterality alone.

    Parameters
    ----------
    study
        The images of one patient.
    preferred
        Id of the protocol tried first.
    chest_walls
        Side of the native pixels where the chest wall was seen, by image id; for images without Patient Orientation.
    rows
        The protocols; None for `protocols`.

    Returns
    -------
    Hanging
    """
    chest_walls = chest_walls or {}
    own = [image for image in study.images if image.patient_id == study.patient_id]
    left_out = tuple(image for image in study.images if image.patient_id != study.patient_id)
    stacks = _stacks(own)
    candidates = sorted(protocols() if rows is None else rows, key=lambda p: p.id != preferred)

    def lay(images: Iterable[Mammogram]) -> tuple[Hung, ...]:
        return tuple(Hung(image, orient(image, chest_walls.get(image.id))) for image in images)

    for protocol in candidates:
        if sum(name in stacks for name in protocol.names) >= protocol.at_least:
            slots = [
                Slot(row, column, name, lay(stacks.get(name, ())))
                for row, names in enumerate(protocol.rows)
                for column, name in enumerate(names)
            ]
            others = [image for name, stack in stacks.items() if name not in protocol.names for image in stack]
            height, width = len(protocol.rows), max(len(names) for names in protocol.rows)
            if others:
                slots.append(Slot(0, width, _OTHER, lay(others), row_span=height))
            return Hanging(study.uid, protocol.id, height, width + bool(others), tuple(slots), left_out)
    return _grid(study.uid, lay(own), left_out)


def _grid(uid: str, hung: tuple[Hung, ...], left_out: tuple[Mammogram, ...]) -> Hanging:
    count = min(len(hung), _MOST_SLOTS)
    columns = max(1, ceil(sqrt(count)) if count > 3 else count)
    stacks = [hung[i : i + 1] for i in range(count - 1)] + [hung[count - 1 :]] if hung else []
    slots = tuple(
        Slot(index // columns, index % columns, stack[0].image.label, stack) for index, stack in enumerate(stacks)
    )
    return Hanging(uid, "grid", max(1, ceil(count / columns)), columns, slots, left_out)


def _stacks(images: Sequence[Mammogram]) -> dict[str, list[Mammogram]]:
    stacks: dict[str, list[Mammogram]] = {}
    for image in sorted(images, key=_rank):
        stacks.setdefault(_slot_name(image), []).append(image)
    return stacks


def _slot_name(image: Mammogram) -> str:
    if image.laterality is None or image.view is None:
        return _OTHER
    if image.view.is_craniocaudal:
        return f"{image.laterality}CC"
    return f"{image.laterality}MLO" if is_lateral(image.view) else _OTHER


def _rank(image: Mammogram) -> tuple[bool, bool, bool, bool, str, str]:
    """What stands first in a stack: made for reading, standard view, not modified, whole breast; then by name."""
    return (
        image.intent is PresentationIntent.FOR_PROCESSING,
        image.view not in {ViewPosition.CC, ViewPosition.MLO},
        bool(image.modifiers),
        image.is_partial,
        image.relative_path,
        image.id,
    )


def priors(study: Study, studies: Iterable[Study]) -> tuple[Study, ...]:
    """The earlier studies of the same patient, newest first (MG-B11): by patient ID and study date alone.

    A study without patient ID or date has no priors and is nobody's prior.
    """
    if not study.patient_id or not study.date:
        return ()
    earlier = [s for s in studies if s.patient_id == study.patient_id and s.date and s.date < study.date]
    return tuple(sorted(earlier, key=lambda s: s.date, reverse=True))


def current(studies: Iterable[Study], patient_id: str) -> Study | None:
    """The newest dated study of a patient, whatever the order in which files were opened."""
    own = [s for s in studies if s.patient_id == patient_id]
    return max(own, key=lambda s: s.date, default=None)
