"""Gray under a presentation state: its modality transformation, its polarity and its presentation table. No Qt."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mammoview.core.presentation import PresentationState
from mammoview.core.study import Grayscale, VoiLut, VoiWindow
from mammoview.ui.viewport.voi import Adjustment, p_table

#: Letters of a name that stand in a corner.
_LETTERS = 32


class MakePValues(Protocol):
    """As `mammoview.ui.viewport.voi.p_table`."""

    def __call__(
        self,
        gray: Grayscale,
        voi: VoiWindow | VoiLut,
        adjustment: Adjustment,
        *,
        value_offset: int = 0,
        is_inverted: bool = False,
    ) -> NDArray[np.float64]: ...


def through(state: PresentationState) -> MakePValues:
    """`mammoview.ui.viewport.voi.p_table` with a state in force."""

    def made(
        gray: Grayscale,
        voi: VoiWindow | VoiLut,
        adjustment: Adjustment,
        *,
        value_offset: int = 0,
        is_inverted: bool = False,
    ) -> NDArray[np.float64]:
        gray = state.grayscale(gray)
        if state.presentation_lut is None:
            return p_table(gray, voi, adjustment, value_offset=value_offset, is_inverted=is_inverted)
        if is_inverted:
            # The inversion comes last, and brighter stays brighter.
            adjustment = Adjustment(-adjustment.shift, adjustment.stretch)
        shown = presented(p_table(gray, voi, adjustment, value_offset=value_offset), state.presentation_lut)
        return 1.0 - shown if is_inverted else shown

    return made


def presented(values: NDArray[np.float64], lut: VoiLut) -> NDArray[np.float64]:
    """VOI output, 0 to 1, through a presentation lookup table, whose entries span it (PS3.3 C.11.6.1.1)."""
    entries = np.frombuffer(lut.data, "<u2").astype(np.float64) / (2.0**lut.bits - 1.0)
    return np.asarray(entries[np.rint(values * (entries.size - 1)).astype(np.int64)])


def short_name(state: PresentationState) -> str:
    """A state's name, as long as a corner can bear."""
    name = state.name
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1].rstrip()}…"
