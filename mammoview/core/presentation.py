"""A grayscale presentation state, as it bears on one image (PS3.3 A.33.1). Small: it travels with the header."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mammoview.core.study import Grayscale, VoiLut, VoiWindow


class ShutterShape(StrEnum):
    """What a shutter leaves open."""

    RECTANGLE = "rectangle"
    CIRCLE = "circle"
    POLYGON = "polygon"


@dataclass(frozen=True)
class Shutter:
    """A shutter; what lies outside of it is covered.

    Attributes
    ----------
    points
        (row, column), continuous native pixels: two corners of a rectangle, the corners of a polygon, or a circle's
        centre.
    radius_px
        Of a circle.
    """

    shape: ShutterShape
    points: tuple[tuple[float, float], ...]
    radius_px: float = 0.0


class GraphicShape(StrEnum):
    """Graphic Type (0070,0023)."""

    POINT = "POINT"
    POLYLINE = "POLYLINE"
    INTERPOLATED = "INTERPOLATED"
    CIRCLE = "CIRCLE"
    ELLIPSE = "ELLIPSE"


@dataclass(frozen=True)
class Graphic:
    """A drawing over the image.

    Attributes
    ----------
    points
        (row, column), continuous native pixels: of a circle the centre and a point on it, of an ellipse the ends of the
        long axis, then of the short one.
    """

    shape: GraphicShape
    points: tuple[tuple[float, float], ...]
    is_filled: bool = False


@dataclass(frozen=True)
class StateText:
    """Words over the image; (row, column) of their upper left corner, or of what they point to."""

    text: str
    at: tuple[float, float]
    points_to: tuple[float, float] | None = None


@dataclass(frozen=True)
class PresentationState:
    """What a state asks for in one image. Two of one ``uid`` and one gray are equal.

    Attributes
    ----------
    uid, label, description
        SOP Instance UID, Content Label and Content Description.
    path
        The file of the state.
    voi
        Window or table; over all values where the state has none for the image.
    slope, intercept, modality_lut
        Modality transformation; the header's own does not count.
    is_inverse
        Presentation LUT Shape INVERSE.
    presentation_lut
        Presentation lookup table, or None.
    shutters, shutter_value
        What is covered, and the P-value there, 0 to 65535.
    graphics, texts
        Overpaint.
    not_applied
        What the state asks for and does not get, in words.
    """

    uid: str
    label: str
    voi: VoiWindow | VoiLut
    description: str = field(default="", compare=False)
    path: str = field(default="", compare=False)
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: VoiLut | None = None
    is_inverse: bool = False
    presentation_lut: VoiLut | None = None
    shutters: tuple[Shutter, ...] = field(default=(), compare=False)
    shutter_value: int = field(default=0, compare=False)
    graphics: tuple[Graphic, ...] = field(default=(), compare=False)
    texts: tuple[StateText, ...] = field(default=(), compare=False)
    not_applied: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """What the state is called: its description, else its label."""
        return self.description or self.label or "Presentation state"

    def grayscale(self, gray: Grayscale) -> Grayscale:
        """The header's gray with the state's modality transformation and polarity in place of its own."""
        is_inverse = self.is_inverse and self.presentation_lut is None
        return replace(
            gray,
            slope=self.slope,
            intercept=self.intercept,
            modality_lut=self.modality_lut,
            is_inverse=is_inverse,
            is_identity=not is_inverse,
            raw=None,
        )
