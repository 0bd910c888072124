"""What is painted into a pane besides text."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QFont, QImage, QPainter

from mammoview.session.orientation import Side
from mammoview.ui.viewport.annotation import Line, Tone
from mammoview.ui.viewport.corners import lay_out
from mammoview.ui.viewport.decor import Fonts, margin_px, paint_layout, paint_ruler

SIZE = (700, 500)


def painted(*, px_per_mm: float, chest_wall: Side | None, background: int = 0, lines: bool = False) -> np.ndarray:
    image = QImage(SIZE[1], SIZE[0], QImage.Format.Format_RGB32)
    image.fill(background << 16 | background << 8 | background)
    fonts = Fonts(QFont("DejaVu Sans"), SIZE[0], 1.0)
    upper = [Line("LCC", Tone.LABEL), Line("DOE, JANE")] if lines else []
    layout = lay_out(
        upper, (), size=SIZE, margin=margin_px(fonts), is_right=chest_wall is not Side.RIGHT, measure=fonts
    )
    painter = QPainter(image)
    paint_layout(painter, fonts, layout)
    if px_per_mm:
        paint_ruler(painter, fonts, layout, px_per_mm=px_per_mm, size=SIZE, chest_wall=chest_wall)
    painter.end()
    return np.ndarray((SIZE[0], SIZE[1], 4), np.uint8, image.constBits())[..., :3].copy()


@pytest.mark.meets("MG-F09")
@pytest.mark.parametrize(("px_per_mm", "count"), [(2.0, 10), (6.0, 10), (10.0, 5), (45.0, 1), (0.1, 0), (80.0, 0)])
@pytest.mark.parametrize("wall", [Side.LEFT, Side.RIGHT])
def test_the_ruler_has_a_tick_each_centimetre(qapp: object, px_per_mm: float, count: int, wall: Side) -> None:
    pixels = painted(px_per_mm=px_per_mm, chest_wall=wall).max(axis=2)
    edge = pixels[:, -5:-3] if wall is Side.LEFT else pixels[:, 3:5]
    is_tick = (edge > 100).any(axis=1)
    starts = np.flatnonzero(is_tick & ~np.roll(is_tick, 1))
    if not count:
        assert not len(starts)
        return
    assert len(starts) == count + 1
    assert np.diff(starts) == pytest.approx(10 * px_per_mm, abs=1)
    assert (np.ptp(starts), starts.mean()) == pytest.approx((count * 10 * px_per_mm, SIZE[0] / 2), abs=2)


def test_text_can_be_read_on_bright_tissue(qapp: object) -> None:
    bright = painted(px_per_mm=0, chest_wall=Side.LEFT, background=215, lines=True)
    black = painted(px_per_mm=0, chest_wall=Side.LEFT, background=0, lines=True)
    inked = black.max(axis=2) > 120
    assert inked.sum() > 200
    # Dark pixels surround the letters: without them light gray on light gray would vanish.
    rows, columns = np.nonzero(inked)
    around = bright[rows.min() - 1 : rows.max() + 2, columns.min() - 1 : columns.max() + 2].max(axis=2)
    assert (around < 90).sum() > inked.sum() * 0.5
