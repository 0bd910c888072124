"""The drawings and words of a presentation state (PS3.3 C.10.5) in native pixels of an image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from mammoview.core.plain_text import printable
from mammoview.core.presentation import Graphic, GraphicShape, StateText
from mammoview.dicom.values import items, text, texts

if TYPE_CHECKING:
    from pydicom import Dataset

    from mammoview.core.study import Mammogram

#: More than this hides the image.
_MOST_OBJECTS = 500
_MOST_POINTS = 20_000
_MOST_LETTERS = 400
#: Points that a shape needs.
_LEAST: Final = {
    GraphicShape.POINT: 1,
    GraphicShape.POLYLINE: 2,
    GraphicShape.INTERPOLATED: 2,
    GraphicShape.CIRCLE: 2,
    GraphicShape.ELLIPSE: 4,
}


def bears_on(item: Dataset, image_id: str) -> bool:
    """Whether an item of a state holds for an image: for all where it names none, but never for single frames.

    Parameters
    ----------
    item
        Of a Softcopy VOI LUT, Displayed Area or Graphic Annotation Sequence.
    image_id
        SOP Instance UID.
    """
    named = items(item, "ReferencedImageSequence")
    if not named:
        return True
    return any(
        text(one, "ReferencedSOPInstanceUID") == image_id and not texts(one, "ReferencedFrameNumber") for one in named
    )


class _Places:
    """From a state's coordinates to (row, column) in continuous native pixels.

    Shares of the displayed area (DISPLAY) count along the screen after the state's rotation; the area's corners say by
    themselves which way it was flipped.
    """

    def __init__(self, dataset: Dataset, image: Mammogram, area: Dataset | None) -> None:
        turn = text(dataset, "ImageRotation")
        self._is_across = bool(turn) and int(float(turn)) % 180 == 90
        ends = _floats(area, "DisplayedAreaTopLeftHandCorner") if area is not None else []
        others = _floats(area, "DisplayedAreaBottomRightHandCorner") if area is not None else []
        if len(ends) < 2 or len(others) < 2:
            ends, others = [1.0, 1.0], [float(image.columns), float(image.rows)]
        # Corners are pixels counted from 1: the area reaches to their outer edges.
        self._column, self._columns = _span(ends[0], others[0])
        self._row, self._rows = _span(ends[1], others[1])

    def of(self, x: float, y: float, units: str) -> tuple[float, float]:
        if units != "DISPLAY":
            return y, x
        along, down = (y, x) if self._is_across else (x, y)
        return self._row + down * self._rows, self._column + along * self._columns


def _span(first: float, last: float) -> tuple[float, float]:
    """Where pixels counted from 1 begin, and how far they reach, with a sign."""
    return (first - 1, last - first + 1) if first <= last else (first, last - first - 1)


def drawings(
    dataset: Dataset, image: Mammogram, area: Dataset | None
) -> tuple[tuple[Graphic, ...], tuple[StateText, ...], list[str]]:
    """Everything that a state draws over an image.

    Parameters
    ----------
    dataset
        The state.
    image
        The image.
    area
        The item of Displayed Area Selection Sequence that holds for it, or None.

    Returns
    -------
    graphics, texts, left_out
        What was left out, in words.
    """
    places = _Places(dataset, image, area)
    graphics: list[Graphic] = []
    words: list[StateText] = []
    left_out: list[str] = []
    for annotation in items(dataset, "GraphicAnnotationSequence"):
        if not bears_on(annotation, image.id):
            continue
        for item in items(annotation, "GraphicObjectSequence"):
            drawn = _graphic(item, places)
            if drawn is None:
                left_out.append("a drawing that makes no sense")
            else:
                graphics.append(drawn)
        for item in items(annotation, "TextObjectSequence"):
            written = _text(item, places)
            if written is None:
                left_out.append("words without a place")
            else:
                words.append(written)
        if items(annotation, "CompoundGraphicSequence"):
            left_out.append("compound graphics")
    points = sum(len(one.points) for one in graphics)
    if len(graphics) + len(words) > _MOST_OBJECTS or points > _MOST_POINTS:
        return (), (), [*left_out, "the drawings, which are too many"]
    return tuple(graphics), tuple(words), left_out


def _graphic(item: Dataset, places: _Places) -> Graphic | None:
    kind = text(item, "GraphicType").upper()
    numbers = _floats(item, "GraphicData")
    if kind not in GraphicShape.__members__ or text(item, "GraphicAnnotationUnits").upper() == "MATRIX":
        return None
    shape = GraphicShape[kind]
    units = text(item, "GraphicAnnotationUnits").upper()
    points = tuple(places.of(x, y, units) for x, y in zip(numbers[::2], numbers[1::2], strict=False))
    if len(points) < _LEAST[shape]:
        return None
    return Graphic(shape, points, is_filled=text(item, "GraphicFilled").upper() == "Y")


def _text(item: Dataset, places: _Places) -> StateText | None:
    written = "\n".join(printable(line) for line in text(item, "UnformattedTextValue")[:_MOST_LETTERS].splitlines())
    box = _floats(item, "BoundingBoxTopLeftHandCorner")
    anchor = _floats(item, "AnchorPoint")
    units = text(item, "BoundingBoxAnnotationUnits").upper()
    anchor_units = text(item, "AnchorPointAnnotationUnits").upper()
    pointed = places.of(anchor[0], anchor[1], anchor_units) if len(anchor) >= 2 else None
    is_pointing = pointed is not None and text(item, "AnchorPointVisibility").upper() == "Y"
    if len(box) >= 2:
        other = _floats(item, "BoundingBoxBottomRightHandCorner")
        end = other if len(other) >= 2 else box
        first, last = places.of(box[0], box[1], units), places.of(end[0], end[1], units)
        at = min(first[0], last[0]), min(first[1], last[1])
        return StateText(written, at, pointed if is_pointing else None) if written else None
    return StateText(written, pointed) if written and pointed is not None else None


def _floats(item: Dataset, keyword: str) -> list[float]:
    """Numbers of an attribute; none at all where one of them is none."""
    try:
        numbers = [float(value) for value in texts(item, keyword)]
    except ValueError:
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []
