"""What a pane paints at 1:1, against DCMTK and against the same image with its table burned in."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from ui_study import make_mammogram

from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage, StoredImage
from mammoview.core.study import Grayscale, Mammogram, PresentationIntent, VoiFunction, VoiLut, VoiWindow
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.pyramid import build
from mammoview.session.hanging import Hung
from mammoview.session.orientation import Orientation, Side, orient
from mammoview.ui import theme
from mammoview.ui.dialogs.gray_chooser import laid_down
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.voi import Adjustment

SIZE = (900, 1100)
BURNED = VoiWindow(2047.5, 4095.0, VoiFunction.LINEAR_EXACT)


def show(qtbot: QtBot, header: Mammogram, stored: StoredImage, orientation: Orientation) -> Pane:
    """A pane with an image at one device pixel to a pixel, its native middle in the pane's middle."""
    pane = Pane()
    qtbot.addWidget(pane)
    pane.resize(SIZE[1], SIZE[0])
    pane.set_waiting(Hung(header, orientation), "")
    levels, padding = build(stored)
    rows, columns = levels[0].shape
    pane.set_image(
        DisplayImage(header.id, levels, padding, stored.value_offset), Box(0, 0, rows, columns), VoiWindow(1, 2)
    )
    placed = Placement(rows, columns, orientation.dihedral)
    tall, wide = placed.laid_size
    pane.placement = replace(placed, origin=((SIZE[0] - tall) // 2, (SIZE[1] - wide) // 2))
    pane.set_annotation(AnnotationOptions(is_identity_shown=False))
    return pane


def shot(pane: Pane) -> np.ndarray:
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert (image.height(), image.width()) == SIZE
    return np.ndarray((*SIZE, 4), np.uint8, image.constBits())[..., :3].astype(int)


def crop(picture: np.ndarray) -> np.ndarray:
    """The middle of a laid-down picture, as large as the pane, black beyond the picture."""
    out = np.zeros(SIZE, picture.dtype)
    top, left = ((SIZE[k] - picture.shape[k]) // 2 for k in (0, 1))
    inside = picture[max(0, -top) : max(0, -top) + SIZE[0], max(0, -left) : max(0, -left) + SIZE[1]]
    top, left = max(0, top), max(0, left)
    out[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return out


def dcmtk(path: Path, *options: str) -> np.ndarray:
    plain, picture = path.with_suffix(".plain.dcm"), path.with_suffix(".pgm")
    subprocess.run(["dcmdjpeg", str(path), str(plain)], check=True, capture_output=True)
    subprocess.run(["dcm2pnm", "-O", "+op", *options, str(plain), str(picture)], check=True, capture_output=True)
    return np.asarray(cv2.imread(str(picture), cv2.IMREAD_UNCHANGED))


@pytest.mark.data
@pytest.mark.meets("MG-D01", "MG-D03", "MG-D10")
@pytest.mark.parametrize(("kind", "index"), [(kind, index) for kind in ("window", "table") for index in range(3)])
def test_a_pane_paints_each_choice_of_a_real_image_like_dcmtk(
    qtbot: QtBot, data: Path, tmp_path: Path, kind: str, index: int
) -> None:
    path = tmp_path / "ge.dcm"
    path.symlink_to(data / "fixtures" / "dicom" / "ge_senographe_r_mlo_sigmoid_voilut.dcm")
    header = read_header(path)
    stored = decode(header)
    orientation = orient(header)
    pane = show(qtbot, header, stored, orientation)
    voi = (header.grayscale.windows if kind == "window" else header.grayscale.luts)[index]
    pane.set_shade(replace(pane.shade, voi=voi))
    ours = shot(pane)
    theirs = dcmtk(path, "+Wi" if kind == "window" else "+Wl", str(index + 1))
    assert stored.padding is not None
    theirs[stored.padding] = 0
    theirs = crop(laid_down(theirs, orientation.dihedral)).astype(int)
    # Text stands in the four corners and at the middle of each edge: all that lies within is compared.
    inner = (slice(100, -100), slice(300, -60))
    assert np.ptp(theirs[inner]) > 200
    assert np.abs(ours - theirs[..., None])[inner].max() <= 1


@pytest.mark.meets("MG-D07")
@pytest.mark.parametrize("adjustment", [Adjustment(), Adjustment(0.2, 0.7), Adjustment(-0.3, 2.0)])
@pytest.mark.parametrize("is_inverted", [False, True])
def test_a_table_and_its_burned_in_twin_are_painted_alike(
    qtbot: QtBot, adjustment: Adjustment, is_inverted: bool
) -> None:
    curve = np.rint(4095 * (np.arange(3001) / 3000) ** 2).astype(np.uint16)
    ramp = np.linspace(0, 4095, 800 * 700).astype(np.uint16).reshape(800, 700)
    lut = VoiLut(500, 12, curve.astype("<u2").tobytes())
    burned = curve[np.clip(ramp.astype(int) - 500, 0, 3000)]
    shots = []
    for pixels, gray, voi in (
        (ramp, Grayscale(12, luts=(lut,)), lut),
        (burned, Grayscale(12, windows=(BURNED,)), BURNED),
    ):
        header = make_mammogram(grayscale=gray, rows=800, columns=700)
        pane = show(qtbot, header, StoredImage(pixels), Orientation(Dihedral(), Side.LEFT, is_top=False))
        pane.set_shade(replace(pane.shade, voi=voi, adjustment=adjustment, is_inverted=is_inverted))
        shots.append(shot(pane)[100:-100, 60:-300])
    assert np.ptp(shots[0]) > 100
    assert np.abs(shots[0] - shots[1]).max() <= (0 if adjustment == Adjustment() else 1)


@pytest.mark.meets("MG-D11")
def test_raw_data_says_so_whatever_is_hidden(qtbot: QtBot) -> None:
    def banner(intent: PresentationIntent, columns: int) -> int:
        header = make_mammogram(intent=intent)
        pane = show(
            qtbot,
            header,
            StoredImage(np.zeros((600, 480), np.uint16)),
            Orientation(Dihedral(), Side.LEFT, is_top=False),
        )
        pane.setFixedSize(columns, 400)
        picture = pane.grab().toImage()
        is_banner = [picture.pixelColor(x, 2) == theme.WARNING for x in range(picture.width())]
        return sum(is_banner)

    for columns in (900, 420):
        assert banner(PresentationIntent.FOR_PROCESSING, columns) > 100
        assert banner(PresentationIntent.FOR_PRESENTATION, columns) == 0
