"""Everything that is written over one image: what to write, where it goes, and how it is painted."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from mammoview.core.study import Mammogram
from mammoview.session.orientation import Orientation, Side
from mammoview.ui.viewport import decor
from mammoview.ui.viewport.annotation import AnnotationOptions, edge_letters, kind_badges, lower_lines, upper_lines
from mammoview.ui.viewport.beside import Beside
from mammoview.ui.viewport.corners import Layout, lay_out
from mammoview.ui.viewport.placement import Placement


def write(
    painter: QPainter,
    fonts: decor.Fonts,
    image: Mammogram,
    orientation: Orientation,
    *,
    options: AnnotationOptions,
    placement: Placement,
    size: tuple[int, int],
    notes: tuple[str, ...] = (),
    frame: tuple[str, ...] = (),
    badges: tuple[str, ...] = (),
    when: int = 0,
    size_text: str = "",
    beside: Beside | None = None,
) -> Layout:
    """Paint annotations, letters, banners and the ruler on the side away from the chest wall.

    Parameters
    ----------
    size
        (rows, columns) of the pane, device pixels.
    notes
        What the analysis has to say, for the lower corner.
    frame
        Which slice of a volume is shown.
    badges
        Banners: what is shown is not the image as acquired.
    when
        0 for the current study, 1 for the newest prior.
    size_text
        As in `lower_lines`.
    beside
        The room beside the breast, where it is known.

    Returns
    -------
    Layout
        Where everything stands; the window's values go to its ``caption``.
    """
    wall = orientation.chest_wall
    letters = edge_letters(image.patient_orientation, orientation.dihedral)
    layout = lay_out(
        upper_lines(image, options, orientation.inferred, when),
        lower_lines(image, options, zoom=placement.zoom[1], notes=notes, frame=frame, size_text=size_text),
        size=size,
        margin=decor.margin_px(fonts),
        is_right=wall is not Side.RIGHT,
        measure=fonts,
        letters={edge: letter for edge, letter in letters.items() if wall is None or edge != wall.value},
        badges=(*kind_badges(image), *badges),
        beside=beside,
    )
    decor.paint_layout(painter, fonts, layout)
    if image.spacing_mm is not None:
        down_mm = image.spacing_mm[1 if orientation.dihedral.transpose else 0]
        decor.paint_ruler(painter, fonts, layout, px_per_mm=placement.zoom[0] / down_mm, size=size, chest_wall=wall)
    return layout
