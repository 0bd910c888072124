"""What a study can hang as: the stages of its protocol that it has images for, one after the other (MG-B09 to B16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, sqrt
from types import MappingProxyType

from mammoview.core.study import Mammogram, Study
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.hanging_file import shipped
from mammoview.session.mosaic import mosaics
from mammoview.session.orientation import Exceptions, Side, orient
from mammoview.session.protocols import MOST_PRIORS, Place, Protocol, Role, Stage
from mammoview.session.stacks import dealt, in_order, is_apart, label_of, without_twins

_MOST_CELLS = 8
_OTHER = "Other"


@dataclass(frozen=True)
class Laying:
    """How images are laid down.

    Attributes
    ----------
    chest_walls
        Side of the native pixels where the chest wall was seen, by image id; for images without Patient Orientation.
    exceptions
        What is not turned.
    mirrored
        Ids of images that the reader mirrored by hand.
    has_projections
        Whether the projections behind tomosynthesis volumes hang as well (MG-I06); they do where there is nothing else.
    """

    chest_walls: Mapping[str, Side] = field(default_factory=lambda: MappingProxyType({}))
    exceptions: Exceptions = field(default_factory=Exceptions)
    mirrored: frozenset[str] = frozenset()
    has_projections: bool = False

    def wants(self, image: Mammogram, study: Study) -> bool:
        """Whether an image of the study, or of its patient, hangs at all."""
        return self.has_projections or not image.is_projection or all(one.is_projection for one in study.images)

    def hung(self, image: Mammogram, when: int) -> Hung:
        """The image as it lies."""
        orientation = orient(
            image,
            self.chest_walls.get(image.id),
            exceptions=self.exceptions,
            is_mirrored=image.id in self.mirrored,
        )
        return Hung(image, orientation, when)


@dataclass(frozen=True)
class _Cell:
    screen: int
    row: int
    column: int
    label: str
    images: tuple[Mammogram, ...]
    when: int = 0
    row_span: int = 1


@dataclass(frozen=True)
class _Picture:
    """A stage with its images."""

    protocol: str
    name: str
    cells: tuple[_Cell, ...]
    has_prior: bool = False

    def size(self, screen: int) -> tuple[int, int]:
        own = [cell for cell in self.cells if cell.screen == screen]
        return (
            max((cell.row + cell.row_span for cell in own), default=0),
            max((cell.column + 1 for cell in own), default=0),
        )

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(image.id for cell in self.cells for image in cell.images)

    @property
    def content(self) -> tuple[tuple[int, int, int, tuple[str, ...]], ...]:
        """What makes two pictures the same to a reader."""
        return tuple((c.screen, c.row, c.column, tuple(image.id for image in c.images)) for c in self.cells)


def hang(
    study: Study,
    preferred: str = "cc_over_mlo",
    *,
    priors: Sequence[Study] = (),
    protocols: Sequence[Protocol] | None = None,
    laying: Laying | None = None,
    stage: int = 0,
    only: Stage | None = None,
) -> Hanging:
    """Give each image its place, by coded view and laterality alone.

    Parameters
    ----------
    study
        The current study.
    preferred
        Id of the protocol that the reader chose.
    priors
        Earlier studies of the same patient, newest first; see `mammoview.session.hanging.priors`. Images of another
        patient are left out, whatever study they lie in.
    protocols
        None for those that came with the program.
    laying
        How images are laid down.
    stage
        Which of the study's stages; beyond the last one the last.
    only
        A stage to hang instead, whether the study has what it needs or not.

    Returns
    -------
    Hanging
    """
    laying = laying or Laying()
    every = [study, *priors[:MOST_PRIORS]]
    left_out = tuple(image for one in every for image in one.images if not _is_of(image, study))
    parted = [
        without_twins([image for image in one.images if _is_of(image, study) and laying.wants(image, one)])
        for one in every
    ]
    studies = [shown for shown, _ in parted]
    pictures: tuple[_Picture, ...]
    if only is not None:
        pictures = (_filled(only, "preview", _stacks(only, studies)),)
    else:
        pictures = _pictures(studies, _in_turn(shipped() if protocols is None else protocols, preferred))
    stage = min(max(0, stage), len(pictures) - 1)
    shown = pictures[stage]
    slots = tuple(
        Slot(
            cell.row,
            cell.column,
            cell.label,
            tuple(laying.hung(image, cell.when) for image in cell.images),
            cell.row_span,
            cell.screen,
        )
        for cell in shown.cells
    )
    rows, columns = shown.size(1)
    return Hanging(
        study_uid=study.uid,
        protocol=shown.protocol,
        rows=max(1, rows),
        columns=max(1, columns),
        slots=slots,
        left_out=left_out,
        withheld=tuple(image for _, hidden in parted for image in hidden),
        second=shown.size(2),
        stages=tuple(picture.name for picture in pictures),
        stage=stage,
        has_priors=tuple(picture.has_prior for picture in pictures),
        elsewhere=_elsewhere(pictures, shown),
    )


def _elsewhere(pictures: Iterable[_Picture], shown: _Picture) -> tuple[str, ...]:
    fronts = dict.fromkeys(cell.images[0].id for one in pictures for cell in one.cells if cell.images)
    return tuple(one for one in fronts if one not in shown.ids)


def _is_of(image: Mammogram, study: Study) -> bool:
    # Without a patient ID only the study itself says that images belong together.
    return image.patient_id == study.patient_id and (bool(study.patient_id) or image.study_uid == study.uid)


def _in_turn(protocols: Sequence[Protocol], preferred: str) -> list[Protocol]:
    """First those that go before the choice, then the choice, then what is tried in its place; others last."""
    turn = {Role.FIRST: 0, Role.CHOICE: 2, Role.AFTER: 3}
    return sorted(protocols, key=lambda p: 1 if p.id == preferred and p.role is Role.CHOICE else turn[p.role])


def _pictures(studies: Sequence[Sequence[Mammogram]], protocols: Sequence[Protocol]) -> tuple[_Picture, ...]:
    main: list[_Picture] = []
    for protocol in protocols:
        if protocol.role is not Role.AFTER and not main:
            main = list(_fitting(protocol, studies))
            if protocol.role is Role.FIRST and main and main[0].name != protocol.stages[0].name:
                main = []
    after = [
        picture for protocol in protocols if protocol.role is Role.AFTER for picture in _fitting(protocol, studies)
    ]
    after += _mosaic_pictures(studies[0])
    taken = frozenset[str]().union(*(picture.ids for picture in [*main, *after]))
    others = in_order(image for image in studies[0] if image.id not in taken)
    if not main and (others or not after):
        # What is apart has a stage of its own, if any takes it; all else hangs as it comes.
        main = [_grid([image for image in studies[0] if image in others or not is_apart(image)])]
    elif others:
        first = main or after
        first[0] = _with_others(first[0], others)
    pictures: list[_Picture] = []
    for picture in [*main, *after]:
        if all(picture.content != known.content for known in pictures):
            pictures.append(picture)
    return tuple(pictures)


def _fitting(protocol: Protocol, studies: Sequence[Sequence[Mammogram]]) -> Iterator[_Picture]:
    for stage in protocol.stages:
        stacks = _stacks(stage, studies)
        if _is_fit(stage, stacks):
            yield _filled(stage, protocol.id, stacks)


def _stacks(stage: Stage, studies: Sequence[Sequence[Mammogram]]) -> tuple[tuple[Mammogram, ...], ...]:
    return dealt([place for *_, place in stage.cells], studies)


def _filled(stage: Stage, protocol: str, stacks: Sequence[tuple[Mammogram, ...]]) -> _Picture:
    cells = [
        _Cell(screen, row, column, place.label, stack, place.when)
        for (screen, row, column, place), stack in zip(stage.cells, stacks, strict=True)
    ]
    if stage.is_compact and any(stacks):
        cells = _compacted(cells, [place for *_, place in stage.cells])
    return _Picture(protocol, stage.name, tuple(cells), stage.names_priors)


def _is_fit(stage: Stage, stacks: Sequence[Sequence[Mammogram]]) -> bool:
    places = [place for *_, place in stage.cells]
    filled = [place for place, stack in zip(places, stacks, strict=True) if stack]
    has_current = any(place.when == 0 for place in places)
    counted = [place for place in filled if place.when == 0 or not has_current]
    kinds = {place.kind for place in places if place.kind.is_particular}
    times = {place.when for place in places if place.when}
    return (
        len(counted) >= stage.at_least
        and kinds <= {place.kind for place in filled}
        and times <= {place.when for place in filled}
    )


def _compacted(cells: Sequence[_Cell], places: Sequence[Place]) -> list[_Cell]:
    """Without columns in which all that is particular, or all, is missing."""
    kept: list[tuple[int, int]] = []
    for column in sorted({(cell.screen, cell.column) for cell in cells}):
        own = [(cell, place) for cell, place in zip(cells, places, strict=True) if (cell.screen, cell.column) == column]
        wanted = [cell for cell, place in own if place.is_particular] or [cell for cell, _ in own]
        if any(cell.images for cell in wanted):
            kept.append(column)
    numbers = {column: [other for other in kept if other[0] == column[0]].index(column) for column in kept}
    closed = [
        replace(cell, column=numbers[cell.screen, cell.column])
        for cell in cells
        if (cell.screen, cell.column) in numbers
    ]
    rows = sorted({cell.row for cell in closed if any(c.images for c in closed if c.row == cell.row)})
    return [replace(cell, row=rows.index(cell.row)) for cell in closed if cell.row in rows]


def _mosaic_pictures(images: Sequence[Mammogram]) -> Iterator[_Picture]:
    for name, cells in mosaics(images):
        laid = tuple(
            _Cell(1, row, column, f"{name} {' '.join(stack[0].parts)}", tuple(in_order(stack)))
            for (row, column), stack in sorted(cells.items())
        )
        yield _Picture("mosaic", f"{name}, partial views side by side", laid)


def _with_others(picture: _Picture, others: Iterable[Mammogram]) -> _Picture:
    height, width = picture.size(1)
    cell = _Cell(1, 0, width, _OTHER, tuple(others), row_span=max(1, height))
    return replace(picture, cells=(*picture.cells, cell))


def _grid(images: Sequence[Mammogram]) -> _Picture:
    count = min(len(images), _MOST_CELLS)
    columns = max(1, ceil(sqrt(count)) if count > 3 else count)
    stacks = [tuple(images[i : i + 1]) for i in range(count - 1)] + [tuple(images[count - 1 :])] if images else []
    cells = tuple(
        _Cell(1, index // columns, index % columns, label_of(stack[0]), stack) for index, stack in enumerate(stacks)
    )
    return _Picture("grid", "All images", cells)
