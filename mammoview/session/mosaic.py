"""Partial views of one breast laid out as they lie in it (MG-G01)."""

from __future__ import annotations

from collections.abc import Sequence

from mammoview.core.study import Laterality, Mammogram, Part
from mammoview.session.orientation import is_lateral

_MIDDLE = 1
#: Rows of a mosaic, from the top of the screen. Craniocaudal views lie with the lateral side up (MG-B02), the others
#: with the axilla up, which is superior and, in an oblique view, lateral.
_ROWS_CC = {Part.LATERAL: 0, Part.MEDIAL: 2}
_ROWS_LATERAL = {Part.SUPERIOR: 0, Part.LATERAL: 0, Part.INFERIOR: 2, Part.MEDIAL: 2}
#: Columns counted from the chest wall.
_DEPTHS = {Part.POSTERIOR: 0, Part.ANTERIOR: 2}


def mosaics(images: Sequence[Mammogram]) -> tuple[tuple[str, dict[tuple[int, int], list[Mammogram]]], ...]:
    """Find the sets of partial views that belong side by side.

    Parameters
    ----------
    images
        Of one study.

    Returns
    -------
    tuple
        For each side and view family with at least two places: its name, and the images by (row, column), without
        empty rows and columns. The chest wall is at the left of a left breast and at the right of a right one.
    """
    sets: dict[tuple[Laterality, bool], list[Mammogram]] = {}
    for image in images:
        is_placed = image.view is not None and (image.view.is_craniocaudal or is_lateral(image.view))
        if image.parts and image.laterality is not None and image.view is not None and is_placed:
            sets.setdefault((image.laterality, image.view.is_craniocaudal), []).append(image)
    found = []
    for (side, is_cc), members in sets.items():
        cells: dict[tuple[int, int], list[Mammogram]] = {}
        for image in members:
            cells.setdefault(_cell(image.parts, side, is_cc=is_cc), []).append(image)
        if len(cells) > 1:
            rows = sorted({row for row, _ in cells})
            columns = sorted({column for _, column in cells})
            closed = {(rows.index(row), columns.index(column)): stack for (row, column), stack in cells.items()}
            found.append((f"{side.value}{'CC' if is_cc else 'MLO'}", closed))
    return tuple(found)


def _cell(parts: Sequence[Part], side: Laterality, *, is_cc: bool) -> tuple[int, int]:
    ups = _ROWS_CC if is_cc else _ROWS_LATERAL
    row = next((ups[part] for part in parts if part in ups), _MIDDLE)
    depth = next((_DEPTHS[part] for part in parts if part in _DEPTHS), _MIDDLE)
    return row, 2 - depth if side is Laterality.RIGHT else depth
