"""What hangs: images in the places of a grid, always of one patient (MG-B08, B11, B15)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from mammoview.core.errors import MixedPatientsError
from mammoview.core.study import Study
from mammoview.session.orientation import Orientation, Side, orient

if TYPE_CHECKING:
    from mammoview.core.study import Mammogram

__all__ = ["Hanging", "Hung", "Orientation", "Side", "Slot", "arranged", "current", "orient", "priors"]


@dataclass(frozen=True)
class Hung:
    """An image and how it is laid down. ``when`` is 0 for the current study and 1 for the newest prior."""

    image: Mammogram
    orientation: Orientation
    when: int = 0


@dataclass(frozen=True)
class Slot:
    """A place on the screen.

    Attributes
    ----------
    row, column, row_span
        Where it lies in the grid of its screen.
    label
        What belongs here (``RCC``, ``prior LMLO``); it stands in the slot when it is empty.
    stack
        The images that belong here; the first one is shown. Each says what it is by its own `Mammogram.label`.
    screen
        1, or 2 for the second monitor.
    """

    row: int
    column: int
    label: str
    stack: tuple[Hung, ...]
    row_span: int = 1
    screen: int = 1


@dataclass(frozen=True)
class Hanging:
    """A study on the screen, with its priors where the stage wants them.

    Nothing hangs but through this class, and it refuses images of two patients.

    Attributes
    ----------
    protocol
        Id of the protocol used, or ``grid`` where none fits.
    rows, columns
        Size of the first screen's grid.
    slots
        Row by row; empty ones included.
    left_out
        Images of another patient than the study's; they never hang here.
    withheld
        For Processing images whose For Presentation twins hang (MG-A03).
    second
        (rows, columns) of the second screen's grid.
    stages, stage
        Names of all stages that this study has, and the index of this one.
    has_priors
        For each stage, whether it shows a prior.
    elsewhere
        Ids of images that stand in front in other stages only.

    Raises
    ------
    MixedPatientsError
        When the images are of more than one patient, or of several studies that name none.
    """

    study_uid: str
    protocol: str
    rows: int
    columns: int
    slots: tuple[Slot, ...]
    left_out: tuple[Mammogram, ...] = ()
    withheld: tuple[Mammogram, ...] = ()
    second: tuple[int, int] = (0, 0)
    stages: tuple[str, ...] = ()
    stage: int = 0
    has_priors: tuple[bool, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_two_patients(item.image for item in self.hung)

    @property
    def hung(self) -> Iterator[Hung]:
        """Every image that hangs, slot by slot, those behind others included."""
        for slot in self.slots:
            yield from slot.stack

    @property
    def visible(self) -> tuple[str, ...]:
        """Ids of the images shown first, in the order in which their pixels are wanted: the current study's first."""
        fronts = [slot.stack[0] for slot in self.slots if slot.stack]
        return tuple(item.image.id for item in sorted(fronts, key=lambda item: item.when))

    @property
    def behind(self) -> tuple[str, ...]:
        """Ids of the images that lie behind others."""
        return tuple(hung.image.id for slot in self.slots for hung in slot.stack[1:])

    @property
    def has_other_name(self) -> bool:
        """Whether a prior bears another name than the current study, as after a marriage or a wrong number."""
        names = {
            when: {h.image.patient_name.casefold() for h in self.hung if bool(h.when) is when and h.image.patient_name}
            for when in (False, True)
        }
        return bool(names[False] and names[True] - names[False])

    @property
    def places(self) -> tuple[object, ...]:
        """What two hangings share that differ in nothing but how images are turned."""
        where = (
            (slot.screen, slot.row, slot.column, slot.row_span, tuple((h.image.id, h.when) for h in slot.stack))
            for slot in self.slots
        )
        return (self.rows, self.columns, self.second, self.stage, self.stages, *where)

    @property
    def caption(self) -> str:
        """The stage in words, with its place among the others."""
        if not self.stages:
            return ""
        name = self.stages[self.stage]
        return f"{name}  {self.stage + 1}/{len(self.stages)}" if len(self.stages) > 1 else name


def refuse_two_patients(images: Iterable[Mammogram]) -> None:
    """The one guard against a hanging of two patients.

    Raises
    ------
    MixedPatientsError
        When Patient IDs differ, or are empty and the studies differ: without an ID nothing says that two studies are
        of one patient.
    """
    seen = {(image.patient_id, "" if image.patient_id else image.study_uid) for image in images}
    if len(seen) > 1:
        raise MixedPatientsError(
            "Images of two patients were about to hang together; nothing is shown.",
            "Open the studies one by one, and report this as a fault of the program.",
        )


def arranged(
    hanging: Hanging, *, has_second: bool = False, is_swapped: bool = False
) -> tuple[tuple[int, int, int], ...]:
    """Where each slot goes on the monitors that there are.

    Parameters
    ----------
    has_second
        Whether there is a second monitor. A stage that names none is cut down its middle then; one that names it
        stands side by side where there is none.
    is_swapped
        Whether left and right are exchanged, over both monitors.

    Returns
    -------
    tuple
        (screen, row, column) of each slot; screens are 1 and 2.
    """
    second_columns = hanging.second[1]
    total = hanging.columns + second_columns
    cut = hanging.columns if second_columns else ceil(hanging.columns / 2)
    if is_swapped:
        cut = total - cut
    placed = []
    for slot in hanging.slots:
        column = slot.column + (hanging.columns if slot.screen == 2 else 0)
        if is_swapped:
            column = total - 1 - column
        is_second = has_second and column >= cut
        placed.append((2 if is_second else 1, slot.row, column - cut if is_second else column))
    return tuple(placed)


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
