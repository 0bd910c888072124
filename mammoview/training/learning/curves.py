"""What a run writes for whoever watches it: ``log.jsonl`` and ``curves.png``."""

from __future__ import annotations

import io
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.training.learning.checkpoint import save_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mammoview.training.learning.course import EpochLog

LOG = "log.jsonl"
CURVES = "curves.png"

#: Epochs shorter than this share a drawing, which takes a fifth of a second.
_REDRAW_S = 5.0


class Curves:
    """Rewrites both files after each epoch, so that they never tell of an epoch that was lost.

    Parameters
    ----------
    folder
        Of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn = -_REDRAW_S

    def write(self, log: Sequence[EpochLog], *, is_last: bool) -> None:
        """Write the log, and draw the curves where that is due.

        Parameters
        ----------
        log
            All epochs so far.
        is_last
            Whether nothing follows.

        Raises
        ------
        OutputError
            When there is no room or no permission.
        """
        lines = "".join(json.dumps(asdict(epoch)) + "\n" for epoch in log)
        save_bytes(lines.encode(), self._folder / LOG)
        now = time.monotonic()
        if is_last or now - self._drawn >= _REDRAW_S:
            self._drawn = now
            save_bytes(draw_curves(log), self._folder / CURVES)


def draw_curves(log: Sequence[EpochLog]) -> bytes:
    """Loss, validation values and learning rate over the epochs, as a PNG file's bytes."""
    # Imported when there is something to draw; the figure knows no window and no global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for epoch in log for name in epoch.validation))
    figure = Figure(figsize=(4.0 * (3 if names else 2), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 3 if names else 2, squeeze=False)[0]
    epochs = [epoch.epoch for epoch in log]
    axes[0].plot(epochs, [epoch.loss for epoch in log], marker=".")
    axes[0].set_title("loss")
    axes[-1].semilogy(epochs, [epoch.learning_rate for epoch in log], marker=".", color="gray")
    axes[-1].set_title("learning rate")
    for name in names:
        axes[1].plot(epochs, [epoch.validation.get(name, float("nan")) for epoch in log], marker=".", label=name)
    if names:
        axes[1].set_title("validation")
        axes[1].legend()
    starts = [epoch.epoch for epoch, before in zip(log[1:], log, strict=False) if epoch.stage != before.stage]
    for axis in axes:
        axis.set_xlabel("epoch")
        for start in starts:
            axis.axvline(start - 0.5, color="gray", linewidth=0.8, linestyle=":")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()
