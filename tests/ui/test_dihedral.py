"""All eight ways to store each view come out the same on the screen, with all that lies on the image (MG-B05)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from ui_study import WINDOW

from mammoview.core.findings import Finding, ImageResult, LesionKind, PatchClass, Suppression
from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage, Mask, StoredImage
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, Study, ViewPosition
from mammoview.imaging.pyramid import build
from mammoview.session.orientation import Side
from mammoview.session.stages import Laying, hang
from mammoview.ui.viewport.annotation import edge_letters
from mammoview.ui.viewport.layers import Layer, OverlayOptions, prepare
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall

#: The size of an image as it lies on the screen; odd and unequal, so that a wrong axis or an off-by-one shows.
ROWS, COLUMNS = 401, 303
#: What a right view would be the mirror image of: the chest wall at the left, a mark that is like none of its images.
LESION = Box(90, 60, 130, 140)
OPPOSITE = str.maketrans("APLRHF", "PARLFH")
DIHEDRALS = [Dihedral(*ways) for ways in product((False, True), repeat=3)]
SIDES_AND_VIEWS = [(side, view) for side in Laterality for view in ViewPosition if view is not ViewPosition.SPECIMEN]


def target(side: Laterality, view: ViewPosition) -> tuple[str, str]:
    """MG-B02 and MG-B03 as their tables stand; an oblique's columns run to the feet and to the other side."""
    other = "R" if side is Laterality.LEFT else "L"
    down = other if view.is_craniocaudal else {ViewPosition.MLO: f"F{other}"}.get(view, "F")
    return ("A" if side is Laterality.LEFT else "P"), down


def on_screen(side: Laterality) -> np.ndarray:
    """The pixels as they ought to lie."""
    pixels = np.full((ROWS, COLUMNS), 60, np.uint16)
    rows, cols = np.mgrid[0:ROWS, 0:COLUMNS]
    breast = ((rows - 210) / 160) ** 2 + (cols / 240) ** 2 < 1
    pixels[breast] = (200 + rows // 2 + cols)[breast]
    pixels[LESION.slices()] = 950
    pixels[300:310, 30:90] = 700
    return pixels[:, ::-1] if side is Laterality.RIGHT else pixels


def stored(pixels: np.ndarray, ways: tuple[str, str], dihedral: Dihedral) -> tuple[np.ndarray, tuple[str, str]]:
    """The pixels and the Patient Orientation that ``dihedral`` lays down so."""
    along_row, along_column = ways
    if dihedral.flip_columns:
        pixels, along_row = pixels[:, ::-1], along_row.translate(OPPOSITE)
    if dihedral.flip_rows:
        pixels, along_column = pixels[::-1], along_column.translate(OPPOSITE)
    if dihedral.transpose:
        pixels, along_row, along_column = pixels.T, along_column, along_row
    return np.ascontiguousarray(pixels), (along_row, along_column)


@dataclass(frozen=True)
class Seen:
    """What a reader meets."""

    pixels: np.ndarray
    with_overlays: np.ndarray
    outline: tuple[tuple[float, float], ...]
    letters: dict[str, str]
    value: str
    length_mm: float
    chest_wall: Side | None


def look(side: Laterality, view: ViewPosition, dihedral: Dihedral, qtbot: QtBot) -> Seen:
    """Hang one view that is stored in one of the eight ways, and look at it."""
    pixels, ways = stored(on_screen(side), target(side, view), dihedral)
    rows, columns = pixels.shape
    # Unequal along the two axes, as of a scanned film: 0.1 mm down and 0.08 mm across on the screen.
    spacing = (0.08, 0.1) if dihedral.transpose else (0.1, 0.08)
    image = Mammogram(
        "1.2.3",
        "/x",
        SourceKind.DICOM,
        rows,
        columns,
        Grayscale(12, windows=(WINDOW,)),
        laterality=side,
        view=view,
        spacing_mm=spacing,
        patient_orientation=ways,
        patient_id="P",
    )
    wall = Wall()
    qtbot.addWidget(wall)
    wall.resize(420, 520)
    hanging = hang(Study("1.2", "P", "", "", (image,)), laying=Laying())
    wall.show_hanging(hanging)
    wall.show()
    qtbot.waitExposed(wall)
    levels, padding = build(StoredImage(pixels))
    wall.show_image(DisplayImage(image.id, levels, padding), Box(0, 0, rows, columns), WINDOW, WINDOW)
    wall.set_options(OverlayOptions(frozenset()))
    (pane,) = wall.panes
    lesion = np.argwhere(pixels == 950)
    box = Box(*lesion.min(axis=0), *(lesion.max(axis=0) + 1))
    plain = shot(pane)
    wall.set_options(OverlayOptions(frozenset({Layer.FINDINGS})))
    result = ImageResult(
        image.id,
        Suppression(Mask.from_array(pixels > 60), (), Mask.from_array(np.zeros(pixels.shape, bool))),
        findings=(
            Finding(
                "1",
                LesionKind.MASS,
                box,
                box.centre,
                0.7,
                tuple(0.7 if name is PatchClass.MALIGNANT_MASS else 0.075 for name in PatchClass),
                contour=((box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col1), (box.row1, box.col0)),
            ),
        ),
    )
    wall.set_prepared(prepare(result, len(levels)))
    corners = [(box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col1), (box.row1, box.col0)]
    outline = sorted(pane.placement.device_point(*corner) for corner in corners)
    # A measure laid down on the screen at two device points, read back in millimetres from the native pixels.
    first, last = (pane.native_at(QPointF(*at) / pane.devicePixelRatioF()) for at in ((100.0, 120.0), (190.0, 200.0)))
    length_mm = float(np.hypot((first[0] - last[0]) * spacing[0], (first[1] - last[1]) * spacing[1]))
    row, col = pane.placement.device_point(*box.centre)
    text = pane.read_out(QPointF(col, row) / pane.devicePixelRatioF())
    return Seen(
        plain,
        shot(pane),
        tuple(outline),
        edge_letters(ways, hanging.slots[0].stack[0].orientation.dihedral),
        text.rpartition("value ")[2],
        length_mm,
        pane.chest_wall,
    )


def shot(pane: Pane) -> np.ndarray:
    """What the pane shows: shape (rows, columns, 3), red green blue."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


@pytest.fixture
def expected(qtbot: QtBot):
    """What the same view shows that is stored as it ought to lie."""
    return cache(lambda side, view: look(side, view, Dihedral(), qtbot))


@pytest.mark.meets("MG-B05", "MG-B02", "MG-B03", "MG-B07", "MG-F08")
@pytest.mark.parametrize("dihedral", DIHEDRALS, ids=lambda d: f"{d.transpose:d}{d.flip_rows:d}{d.flip_columns:d}")
@pytest.mark.parametrize(("side", "view"), SIDES_AND_VIEWS, ids=lambda one: one.value)
def test_every_way_to_store_a_view_shows_the_same(side, view, dihedral, expected, qtbot: QtBot) -> None:
    wanted: Seen = expected(side, view)
    seen = look(side, view, dihedral, qtbot)
    # Left out: the corner that prints the stored matrix.
    text = np.abs(seen.pixels - wanted.pixels).max(axis=2) > 1
    assert text.mean() < 0.01
    middle = np.s_[60:380, 60:360]
    assert np.abs(seen.pixels[middle] - wanted.pixels[middle]).max() <= 1
    assert np.abs(seen.with_overlays[middle] - wanted.with_overlays[middle]).max() <= 1
    assert (np.abs(seen.with_overlays - seen.pixels).sum(axis=2) > 60).any(), "the outline is painted"
    assert np.allclose(seen.outline, wanted.outline)
    assert seen.letters == wanted.letters
    assert seen.value == wanted.value == "950"
    assert seen.length_mm == pytest.approx(wanted.length_mm)
    assert seen.chest_wall is (Side.LEFT if side is Laterality.LEFT else Side.RIGHT)
    edge = "left" if side is Laterality.LEFT else "right"
    assert seen.letters[edge] == "P", "the chest wall is posterior"


@pytest.mark.meets("MG-B05")
def test_a_length_laid_down_on_the_screen_is_that_many_millimetres(qtbot: QtBot) -> None:
    for dihedral in DIHEDRALS:
        seen = look(Laterality.LEFT, ViewPosition.CC, dihedral, qtbot)
        # 90 device columns and 80 device rows, at the one scale of both axes.
        (top, left), (bottom, right) = seen.outline[0], seen.outline[-1]
        scale = (bottom - top) / ((LESION.row1 - LESION.row0) * 0.1)
        assert scale == pytest.approx((right - left) / ((LESION.col1 - LESION.col0) * 0.08))
        assert seen.length_mm == pytest.approx(np.hypot(90, 80) / scale)
