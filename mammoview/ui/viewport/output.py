"""From P-values to what the screen is told: the monitor's table, and 8 or 10 bits, dithered or not. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: Opaque black of a 30-bit pixel; its two highest bits are alpha.
BLACK_30 = np.array(0xC0000000, np.uint32).view(np.int32)
#: Thresholds, in 256ths of a gray level, that show four levels between two neighbours on a square of 2 × 2 pixels.
DITHER = np.array([[32, 160], [224, 96]], np.uint16)


class Depth(StrEnum):
    """How many gray levels a pane shows."""

    EIGHT = "8"
    TEN = "10"
    DITHERED = "dithered"


@dataclass(frozen=True, eq=False)
class Output:
    """What stands between P-values and the screen; the same for all panes of a screen.

    Attributes
    ----------
    depth
        TEN only where the screen takes 30-bit pixels.
    driving
        Table from P-value to driving level as of `mammoview.imaging.monitor.driving_table`; None where the monitor
        follows the standard by itself.
    """

    depth: Depth = Depth.EIGHT
    driving: NDArray[np.uint16] | None = None

    def table(self, p_values: NDArray[np.float64]) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]:
        """Table from pixel value to what `mammoview.ui.viewport.render.GrayRenderer.gray` takes.

        Parameters
        ----------
        p_values
            Shape (65536,), float64 from 0 to 1.

        Returns
        -------
        ndarray, shape (65536,)
            uint8 gray; or uint16 with a gray level's 256ths, to be dithered; or int32 with a 30-bit pixel.
        """
        levels = p_values
        if self.driving is not None:
            levels = self.driving[np.rint(p_values * 65_535).astype(np.uint16)] / 65_535
        if self.depth is Depth.EIGHT:
            return np.rint(levels * 255).astype(np.uint8)
        if self.depth is Depth.DITHERED:
            return np.rint(levels * (255 * 256)).astype(np.uint16)
        ten = np.rint(levels * 1023).astype(np.int32)
        return ten << 20 | ten << 10 | ten | BLACK_30


#: For a monitor that needs no help, in 8 bits.
PLAIN = Output()
