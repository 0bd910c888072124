"""What a pane shows of a breast, in millimetres: to show the same of another image of it (MG-I04)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mammoview.session.hanging import Hung
from mammoview.session.orientation import Side
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.placement import Placement


@dataclass(frozen=True)
class Sight:
    """The part of a breast in the middle of a pane.

    Attributes
    ----------
    row, outward
        The pane's middle: from the middle of the detector downwards, and from its chest wall's edge outwards. In mm, or
        as shares of the image's size where its spacing is unknown.
    zoom
        Device pixels per unit of these along (rows, columns).
    is_mm
        Whether they are millimetres.
    """

    row: float
    outward: float
    zoom: tuple[float, float]
    is_mm: bool


class Swaps:
    """Images on their way to the place of another one of the same view."""

    def __init__(self) -> None:
        self._coming: dict[str, tuple[int, int]] = {}

    def begin(self, index: int, hung: Hung | None, stack: Sequence[Hung]) -> str:
        """Await the counterpart of what hangs in the slot ``index``: its image's id, empty where there is none."""
        depth = counterpart_of(hung, stack)
        if depth is None:
            return ""
        self._coming = {key: what for key, what in self._coming.items() if what[0] != index}
        self._coming[stack[depth].image.id] = (index, depth)
        return stack[depth].image.id

    def take(self, image_id: str) -> tuple[int, int] | None:
        """(index, depth) of an image that has come, None where it was not awaited."""
        return self._coming.pop(image_id, None)


def _unit(canvas: Canvas, *, is_mm: bool) -> tuple[float, float]:
    """Size of a laid-down pixel in the units of a `Sight`."""
    laid = canvas.placement.laid_size
    return canvas.spacing if is_mm else (1 / laid[0], 1 / laid[1])


def sight_of(canvas: Canvas) -> Sight | None:
    """What a pane shows now; None where it shows nothing."""
    if canvas.image is None or canvas.hung is None:
        return None
    is_mm = canvas.hung.image.spacing_mm is not None
    placed, unit = canvas.placement, _unit(canvas, is_mm=is_mm)
    middle = canvas.device_size[0] / 2, canvas.device_size[1] / 2
    row = (middle[0] - placed.origin[0]) / placed.zoom[0] - placed.laid_size[0] / 2
    col = (middle[1] - placed.origin[1]) / placed.zoom[1]
    outward = placed.laid_size[1] - col if canvas.chest_wall is Side.RIGHT else col
    zoom = placed.zoom[0] / unit[0], placed.zoom[1] / unit[1]
    return Sight(row * unit[0], outward * unit[1], zoom, is_mm)


def seen_at(canvas: Canvas, sight: Sight) -> Placement:
    """Where the image of a pane lies when it shows the same; as it is where one of both has no spacing."""
    placed = canvas.placement
    if canvas.hung is None or (canvas.hung.image.spacing_mm is not None) != sight.is_mm:
        return placed
    unit = _unit(canvas, is_mm=sight.is_mm)
    zoom = sight.zoom[0] * unit[0], sight.zoom[1] * unit[1]
    row = sight.row / unit[0] + placed.laid_size[0] / 2
    outward = sight.outward / unit[1]
    col = placed.laid_size[1] - outward if canvas.chest_wall is Side.RIGHT else outward
    middle = canvas.device_size[0] / 2, canvas.device_size[1] / 2
    return replace(placed, zoom=zoom, origin=(middle[0] - row * zoom[0], middle[1] - col * zoom[1]))


def counterpart_of(hung: Hung | None, stack: Sequence[Hung]) -> int | None:
    """The place in a slot's stack of the volume of an image, or of the image of a volume; None where there is none.

    The same side, view and study; an exposed image before a generated one.
    """
    if hung is None:
        return None
    image = hung.image

    def fits(other: Hung) -> bool:
        same = (other.image.laterality, other.image.view, other.when) == (image.laterality, image.view, hung.when)
        return same and other.image.is_tomosynthesis != image.is_tomosynthesis and not other.image.is_projection

    found = [place for place, other in enumerate(stack) if fits(other)]
    return min(found, key=lambda place: (stack[place].image.is_generated_2d, place), default=None)
