"""How one pane shows gray: the window or table in force and what the reader made of it. Frozen, no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from mammoview.core.presentation import PresentationState
from mammoview.core.study import Grayscale, VoiLut, VoiWindow
from mammoview.imaging.air import Air
from mammoview.ui.viewport import state_gray, voi
from mammoview.ui.viewport.output import PLAIN, Output
from mammoview.ui.viewport.render import Table
from mammoview.ui.viewport.voi import Adjustment


class AirMode(Enum):
    """When estimated air is black (MG-E03)."""

    #: While the image is inverted, and only where the skin ends sharply.
    AUTOMATIC = "automatic"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True)
class Shade:
    """A gray setting; make changes with `dataclasses.replace`.

    Attributes
    ----------
    voi
        The window or lookup table chosen.
    adjustment
        The reader's own change of it.
    is_inverted
        The reader's own inversion, on top of the header's.
    air
        When estimated air is black.
    output
        What the monitor needs.
    state
        The presentation state in force; ``voi`` is its window or table then.
    """

    voi: VoiWindow | VoiLut = field(default_factory=lambda: VoiWindow(32768.0, 65536.0))
    adjustment: Adjustment = field(default_factory=Adjustment)
    is_inverted: bool = False
    air: AirMode = AirMode.AUTOMATIC
    output: Output = PLAIN
    state: PresentationState | None = None

    def is_air_black(self, air: Air | None) -> bool:
        """Whether this estimate is darkened now; padding is black whatever this says."""
        if air is None or self.air is AirMode.OFF:
            return False
        return self.air is AirMode.ON or (self.is_inverted and air.is_digital)

    def table(self, gray: Grayscale, value_offset: int) -> Table:
        """The 65,536-entry table from pixel value to what the screen is told."""
        return _table(self, gray, value_offset)

    def caption(self, gray: Grayscale, *, has_black_air: bool = False) -> str:
        """The setting in words; what was only estimated says so."""
        if self.state is not None:
            gray = self.state.grayscale(gray)
        text = voi.caption(gray, self.voi, self.adjustment, is_inverted=self.is_inverted)
        if self.state is not None:
            text = f"STATE {state_gray.short_name(self.state)}  {text}"
        return f"{text}  AIR ESTIMATED" if has_black_air else text


@lru_cache(maxsize=32)
def _table(shade: Shade, gray: Grayscale, value_offset: int) -> Table:
    make = voi.p_table if shade.state is None else state_gray.through(shade.state)
    shown = make(gray, shade.voi, shade.adjustment, value_offset=value_offset, is_inverted=shade.is_inverted)
    return shade.output.table(shown)
