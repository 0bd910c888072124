"""The curves of a run and of a verdict. pyqtgraph is imported with this page, so not before the wizard is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from mammoview.training.judging.site_verdict import GRID, Roc
from mammoview.training.tuning.run_messages import EpochTold
from mammoview.ui import theme

_BAND_ALPHA: Final = 70


class RunCurves(QWidget):
    """Loss, and what is watched with its 95 % interval, over the epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = _plot("Loss", "Epoch")
        self.measure = _plot("Watched", "Epoch")
        self.epochs: tuple[EpochTold, ...] = ()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.loss)
        layout.addWidget(self.measure)

    def show_epochs(self, epochs: Sequence[EpochTold]) -> None:
        """Draw the epochs so far."""
        self.epochs = tuple(epochs)
        self.loss.clear()
        self.measure.clear()
        if not epochs:
            return
        marks = {"symbol": "o", "symbolSize": 5, "symbolBrush": theme.ACCENT, "symbolPen": None}
        pen = pg.mkPen(theme.ACCENT, width=2)
        last = max(one.epoch for one in epochs)
        for plot in (self.loss, self.measure):
            plot.setXRange(1, max(2, last))
            plot.getAxis("bottom").setTickSpacing(max(1, round(last / 8)), 1)
        self.loss.plot([one.epoch for one in epochs], [one.loss for one in epochs], pen=pen, **marks)
        watched = [one for one in epochs if one.value is not None]
        if not watched:
            self.measure.setLabel("left", "Nobody is watched")
            return
        name = watched[-1].measure_name
        self.measure.setLabel("left", name[:1].upper() + name[1:])
        ranged = [one for one in watched if one.low is not None and one.high is not None]
        if ranged:
            at = np.array([one.epoch for one in ranged], float)
            low, high = np.array([one.low for one in ranged]), np.array([one.high for one in ranged])
            _band(self.measure, at, low, high, theme.ACCENT)
            self.measure.setYRange(max(0.0, float(low.min()) - 0.02), min(1.0, float(high.max()) + 0.02))
        self.measure.plot([one.epoch for one in watched], [one.value for one in watched], pen=pen, **marks)


class RocCurves(pg.PlotWidget):
    """The curves of the old and the new model, each with its band."""

    def __init__(self) -> None:
        super().__init__(background=theme.BLACK)
        _settle(self, "Sensitivity", "1 − specificity")
        self.addLegend(offset=(-10, -10))
        # Room for the numbers at the ends of the axes, which are left out where they stand beyond.
        self.setRange(xRange=(0, 1), yRange=(0, 1), padding=0.05)

    def sizeHint(self) -> QSize:
        # A view asks for what it drew last: once large, the page would stay so.
        return self.minimumSize()

    def show_curves(self, curves: Sequence[tuple[str, Roc]]) -> None:
        """Draw (name, curve) pairs: the old one first."""
        self.clear()
        self.plot([0, 1], [0, 1], pen=pg.mkPen(theme.QUIET, width=1, style=pg.QtCore.Qt.PenStyle.DashLine))
        for colour, (name, roc) in zip((theme.QUIET, theme.ACCENT), curves, strict=False):
            if len(roc.band_low) == len(GRID) == len(roc.band_high):
                _band(self, np.array(GRID), np.array(roc.band_low), np.array(roc.band_high), colour)
            self.plot(roc.false_positive, roc.true_positive, pen=pg.mkPen(colour, width=2), name=name)


def _band(plot: pg.PlotWidget, at: np.ndarray, low: np.ndarray, high: np.ndarray, colour: QColor) -> None:
    edges = [pg.PlotDataItem(at, edge) for edge in (low, high)]
    clear = QColor(colour)
    clear.setAlpha(_BAND_ALPHA)
    plot.addItem(pg.FillBetweenItem(*edges, brush=pg.mkBrush(clear)))


def _plot(y_title: str, x_title: str) -> pg.PlotWidget:
    plot = pg.PlotWidget(background=theme.BLACK)
    _settle(plot, y_title, x_title)
    return plot


def _settle(plot: pg.PlotWidget, y_title: str, x_title: str) -> None:
    """A plot that stands still."""
    plot.setLabel("left", y_title)
    plot.setLabel("bottom", x_title)
    plot.showGrid(x=True, y=True, alpha=0.2)
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    # A plot asks for more than a small screen has.
    plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    plot.setMinimumSize(160, 140)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)
