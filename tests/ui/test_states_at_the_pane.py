"""Presentation states at the pane: gray and shutters against DCMTK, drawings where the state puts them (MG-D13)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage
from mammoview.core.presentation import PresentationState
from mammoview.core.study import Mammogram, VoiWindow
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import scan
from mammoview.imaging.pyramid import build
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.orientation import Orientation, Side
from mammoview.ui.viewport.choices import ChoiceKind
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.state_paint import COLOUR, StatePaint
from mammoview.ui.viewport.wall import Wall

FixturesDir = Callable[[str], Path]
SIZE = (700, 900)
WINDOW = VoiWindow(2048.0, 4096.0)
PLAIN = Dihedral()


def images_of(folder: Path) -> dict[str, Mammogram]:
    return {Path(image.path).stem: image for study in scan([folder]).studies for image in study.images}


def state_of(image: Mammogram, name: str) -> PresentationState:
    return next(state for state in image.states if Path(state.path).stem == name)


def show(qtbot: QtBot, header: Mammogram, state: PresentationState | None, dihedral: Dihedral = PLAIN) -> Pane:
    """A pane with an image at one device pixel to a pixel in its middle, all text far from it."""
    pane = Pane()
    qtbot.addWidget(pane)
    pane.resize(SIZE[1], SIZE[0])
    pane.overpaints = [StatePaint()]
    pane.set_waiting(Hung(header, Orientation(dihedral, Side.LEFT, is_top=False)), "")
    stored = decode(header)
    levels, padding = build(stored)
    rows, columns = levels[0].shape
    pane.set_image(DisplayImage(header.id, levels, padding, stored.value_offset), Box(0, 0, rows, columns), WINDOW)
    placed = Placement(rows, columns, dihedral)
    tall, wide = placed.laid_size
    pane.placement = replace(placed, origin=((SIZE[0] - tall) // 2, (SIZE[1] - wide) // 2))
    if state is not None:
        pane.set_shade(replace(pane.shade, voi=state.voi, state=state))
    return pane


def picture(pane: Pane) -> np.ndarray:
    """(rows, columns, blue green red) of the pane where the image lies."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    shot = np.ndarray((*SIZE, 4), np.uint8, image.constBits())[..., :3].astype(int)
    tall, wide = pane.placement.laid_size
    top, left = (int(part) for part in pane.placement.origin)
    return shot[top : top + tall, left : left + wide]


def dcmtk(folder: Path, name: str, image: str, out: Path) -> np.ndarray:
    subprocess.run(
        ["dcmp2pgm", "-p", str(folder / f"{name}.dcm"), str(folder / f"{image}.dcm"), str(out)],
        check=True,
        capture_output=True,
    )
    return np.asarray(cv2.imread(str(out), cv2.IMREAD_UNCHANGED), int)


@pytest.mark.meets("MG-D13")
@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("windows", "LCC"),
        ("windows", "RCC"),
        ("inverse", "LCC"),
        ("table", "LCC"),
        ("rescale", "LCC"),
        ("plain", "LCC"),
        ("presentation_table", "LCC"),
    ],
)
def test_the_gray_of_a_state_is_that_of_dcmtk(
    qtbot: QtBot, fixtures_dir: FixturesDir, tmp_path: Path, name: str, label: str
) -> None:
    folder = fixtures_dir("states")
    header = images_of(folder)[label]
    theirs = dcmtk(folder, name, label, tmp_path / "their.pgm")
    ours = picture(show(qtbot, header, state_of(header, name)))
    padding = decode(header).padding
    assert padding is not None
    is_seen = ~padding
    assert np.ptp(theirs[is_seen]) > 60
    assert np.abs(ours - theirs[..., None])[is_seen].max() <= 1
    # DCMTK knows no padding; here it is black whatever a state says.
    assert not ours[padding].any()
    unchanged = picture(show(qtbot, header, None))
    assert name == "plain" or np.abs(unchanged - theirs[..., None])[is_seen].max() > 20


@pytest.mark.meets("MG-D13")
def test_a_sigmoid_of_a_state_is_that_of_the_standard(qtbot: QtBot, fixtures_dir: FixturesDir) -> None:
    """PS3.3 C.11.2.1.3.1; DCMTK shows the sigmoids of states as straight lines."""
    header = images_of(fixtures_dir("states"))["LCC"]
    stored = decode(header)
    assert stored.padding is not None
    wanted = 255 / (1 + np.exp(-4 * (stored.pixels.astype(float) - 2000) / 1200))
    ours = picture(show(qtbot, header, state_of(header, "sigmoid")))
    assert np.abs(ours - wanted[..., None])[~stored.padding].max() <= 1


def distance_to_open(name: str, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """How far the pixels of those numbers, counted from 1, lie within what a fixture's shutter leaves open; signed."""
    rectangle = np.minimum.reduce([rows - 31 + 0.5, 200 - rows + 0.5, columns - 21 + 0.5, 151 - columns + 0.5])
    circle = 70 - np.hypot(rows - 120, columns - 96)
    corners = np.array([(20, 20), (30, 150), (160, 180), (220, 40)])[:, ::-1].astype(np.float32)
    polygon = np.array(
        [cv2.pointPolygonTest(corners, (x, y), True) for y, x in zip(rows.flat, columns.flat, strict=True)]
    )
    return {
        "shutter_rectangle": rectangle,
        "shutter_circle": circle,
        "shutter_polygon": polygon.reshape(rows.shape),
        "shutters": np.minimum(rectangle, circle),
    }[name]


@pytest.mark.meets("MG-D13")
@pytest.mark.parametrize("name", ["shutter_rectangle", "shutter_circle", "shutter_polygon", "shutters"])
def test_shutters_cover_what_the_standard_says(
    qtbot: QtBot, fixtures_dir: FixturesDir, tmp_path: Path, name: str
) -> None:
    """PS3.3 C.7.6.11 and C.10.3; `dcmp2pgm` leaves shutters to whoever draws, so it gives the gray within alone."""
    folder = fixtures_dir("states")
    header = images_of(folder)["LCC"]
    within = dcmtk(folder, name, "LCC", tmp_path / "their.pgm")
    ours = picture(show(qtbot, header, state_of(header, name)))
    rows, columns = np.indices(within.shape) + 1.0
    distance = distance_to_open(name, rows, columns)
    # On a circle and a slanted line it is open which way half a pixel falls; not on a rectangle.
    edge = 0 if name == "shutter_rectangle" else 0.75
    assert np.abs(ours - within[..., None])[distance > edge].max() <= 1
    assert np.abs(ours - (0 if name == "shutters" else 85))[distance < -edge].max() <= 1
    assert min((distance > edge).mean(), (distance < -edge).mean()) > 0.2


@pytest.mark.meets("MG-D13")
def test_what_hangs_turned_keeps_its_turn_and_its_shutter_lies_on_the_same_pixels(
    qtbot: QtBot, fixtures_dir: FixturesDir
) -> None:
    header = images_of(fixtures_dir("states"))["LCC"]
    state = state_of(header, "shutter_rectangle")
    upright = picture(show(qtbot, header, state))
    for transpose, rows, columns in np.ndindex(2, 2, 2):
        dihedral = Dihedral(transpose=bool(transpose), flip_rows=bool(rows), flip_columns=bool(columns))
        laid = picture(show(qtbot, header, state, dihedral))
        wanted = upright.swapaxes(0, 1) if transpose else upright
        wanted = wanted[::-1] if rows else wanted
        wanted = wanted[:, ::-1] if columns else wanted
        np.testing.assert_array_equal(laid, wanted)


@pytest.mark.meets("MG-D13")
def test_drawings_lie_where_the_state_puts_them(qtbot: QtBot, fixtures_dir: FixturesDir) -> None:
    header = images_of(fixtures_dir("states"))["LCC"]
    with_them = picture(show(qtbot, header, state_of(header, "drawings")))
    without = picture(show(qtbot, header, replace(state_of(header, "drawings"), graphics=(), texts=())))
    colour = np.array([COLOUR.blue(), COLOUR.green(), COLOUR.red()])
    is_drawn = np.abs(with_them - colour).max(axis=-1) < 90
    rows, columns = header.rows, header.columns
    # (row, column) as the standard gives them: the first pixel's upper left corner is 0, 0.
    on_lines = {
        "point": (50, 60),
        "polyline": (80, 60),
        "its second side": (95, 100),
        "curve": (130, 50),
        "circle, right": (90, 160),
        "circle, top": (70, 140),
        "ellipse, long axis": (200, 100),
        "ellipse, short axis": (185, 140),
        "half way down, in shares of the image": (rows // 2, columns // 2),
    }
    for what, (row, column) in on_lines.items():
        assert is_drawn[row - 2 : row + 2, column - 2 : column + 2].any(), what
    for what, (row, column) in {"in the circle": (90, 140), "in the ellipse": (200, 140)}.items():
        np.testing.assert_array_equal(
            with_them[row - 2 : row + 2, column - 2 : column + 2],
            without[row - 2 : row + 2, column - 2 : column + 2],
            what,
        )
    for row, column in ((20, 110), (3 * rows // 4, columns // 2)):
        assert is_drawn[row : row + 25, column : column + 60].sum() > 20, "words"


@pytest.fixture
def hung_wall(qtbot: QtBot, fixtures_dir: FixturesDir) -> Wall:
    images = images_of(fixtures_dir("states"))
    both = [images["RCC"], images["LCC"]]
    wall = Wall()
    qtbot.addWidget(wall)
    wall.resize(900, 600)
    wall.add_overpaint(StatePaint())
    slots = tuple(
        Slot(0, k, image.label, (Hung(image, Orientation(PLAIN, side, is_top=False)),))
        for k, (image, side) in enumerate(zip(both, (Side.RIGHT, Side.LEFT), strict=True))
    )
    wall.show_hanging(Hanging("1.2.states", "test", 1, 2, slots))
    for image in both:
        stored = decode(image)
        levels, padding = build(stored)
        shown = DisplayImage(image.id, levels, padding, stored.value_offset)
        wall.show_image(shown, Box(0, 0, *levels[0].shape), WINDOW)
    return wall


@pytest.mark.meets("MG-D13")
def test_a_state_is_offered_applied_on_request_and_taken_back(hung_wall: Wall) -> None:
    right, left = hung_wall.panes
    assert [pane.shade.state for pane in hung_wall.panes] == [None, None], "never silently"
    offered = {choice.name: choice for choice in hung_wall.tones.choices(left) if choice.kind is ChoiceKind.STATE}
    assert "Windows" in offered
    assert "Orphan" not in offered
    before = [pane.shade for pane in hung_wall.panes]
    hung_wall.tones.choose(left, offered["Windows"])
    # Each image has the window that the state names for it.
    assert [pane.shade.voi.center for pane in hung_wall.panes] == [2400, 1800]  # type: ignore[union-attr]
    for pane in hung_wall.panes:
        assert pane.hung is not None
        assert "STATE Windows" in pane.shade.caption(pane.hung.image.grayscale)
    hung_wall.tones.reset(left)
    assert [pane.shade for pane in hung_wall.panes] == before
    # A state that speaks of one image leaves the other alone, and any other choice takes it off whole.
    hung_wall.tones.choose(left, offered["Shutters"])
    assert left.shade.state is not None
    assert right.shade == before[0]
    window = next(choice for choice in hung_wall.tones.choices(left) if choice.kind is ChoiceKind.WINDOW)
    hung_wall.tones.choose(left, window)
    assert left.shade.state is None
