"""The plots of a measured luminance response. pyqtgraph is imported with this page, so not before they are wanted."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mammoview.imaging.gsdf_fit import GsdfFit
from mammoview.ui import theme

_COLOURS = (theme.ACCENT, theme.WARNING)


class ResponsePlots(QWidget):
    """Luminance over driving level, and contrast for each just noticeable difference, beside the standard's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.luminance = _plot("Luminance (cd/m²)", "Driving level", offset=(-10, -10))
        self.luminance.setLogMode(x=False, y=True)
        self.contrast = _plot("dL/L for one JND", "JND index", offset=(-10, 10))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.luminance)
        layout.addWidget(self.contrast)

    def show_fits(self, fits: tuple[tuple[str, GsdfFit], ...], *, deviation: float | None) -> None:
        """Draw one display or a pair.

        Parameters
        ----------
        fits
            (name, fit) pairs; none clears the plots.
        deviation
            The user's limit as a part of the expected contrast; None draws no band.
        """
        for plot in (self.luminance, self.contrast):
            plot.clear()
        for colour, (name, found) in zip(_COLOURS, fits, strict=False):
            pen, marks = pg.mkPen(colour, width=2), {"symbol": "o", "symbolSize": 6, "symbolBrush": colour}
            dashes = pg.mkPen(theme.QUIET, width=1, style=pg.QtCore.Qt.PenStyle.DashLine)
            # One entry in the legend stands for the standard's curves of both displays.
            standard = None if colour is not _COLOURS[0] else "DICOM gray scale"
            self.luminance.plot(found.levels, found.expected, pen=dashes, name=standard)
            self.luminance.plot(found.levels, found.measured, pen=pen, symbolPen=None, name=name, **marks)
            if deviation is not None and len(fits) == 1:
                self._draw_band(found.middles, found.expected_contrasts, deviation)
            self.contrast.plot(found.middles, found.expected_contrasts, pen=dashes, name=standard)
            self.contrast.plot(found.middles, found.contrasts, pen=pen, symbolPen=None, name=name, **marks)

    def _draw_band(self, at: np.ndarray, expected: np.ndarray, deviation: float) -> None:
        edges = [pg.PlotDataItem(at, expected * factor) for factor in (1 - deviation, 1 + deviation)]
        colour = theme.ACCENT.darker(300)
        self.contrast.addItem(pg.FillBetweenItem(*edges, brush=pg.mkBrush(colour)))


def _plot(y_title: str, x_title: str, *, offset: tuple[int, int]) -> pg.PlotWidget:
    """A plot that stands still, its legend in the corner where no curve comes."""
    plot = pg.PlotWidget(background=theme.BLACK)
    plot.setLabel("left", y_title)
    plot.setLabel("bottom", x_title)
    plot.showGrid(x=True, y=True, alpha=0.2)
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    plot.addLegend(offset=offset)
    return plot
