"""Which presentation states are offered for which image, and what is said of the others (MG-D13)."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from mammoview.core.presentation import GraphicShape, PresentationState
from mammoview.core.study import Mammogram, ScanResult
from mammoview.dicom.fixtures import read_manifest
from mammoview.dicom.presentation_state import attach_states, read_state
from mammoview.dicom.scan import read_header, scan
from mammoview.session.states import news_of_states

FixturesDir = Callable[[str], Path]


@pytest.fixture
def changed(fixtures_dir: FixturesDir, tmp_path: Path) -> Callable[..., ScanResult]:
    """Scans the left image with one state, its attributes changed."""

    def make(name: str, change: Callable[[Dataset], object]) -> ScanResult:
        folder = fixtures_dir("states")
        (tmp_path / "LCC.dcm").write_bytes((folder / "LCC.dcm").read_bytes())
        state = pydicom.dcmread(folder / f"{name}.dcm")
        change(state)
        state.save_as(tmp_path / "state.dcm")
        return scan([tmp_path])

    return make


def only(found: ScanResult) -> Mammogram:
    ((image,),) = (study.images for study in found.studies)
    return image


def states(image: Mammogram) -> dict[str, PresentationState]:
    return {Path(state.path).stem: state for state in image.states}


@pytest.mark.meets("MG-D13", "MG-A02")
def test_states_come_with_the_images_that_they_speak_of(fixtures_dir: FixturesDir) -> None:
    folder = fixtures_dir("states")
    found = scan([folder])
    written = {Path(entry.file).stem for entry in read_manifest(folder) if entry.expect.get("is_state")}
    left, right = (states(image) for image in sorted(found.studies[0].images, key=lambda image: image.label))
    assert set(right) == {"windows"}
    assert set(left) == written - {"orphan"}
    assert left["windows"].uid == right["windows"].uid
    assert left["windows"] != right["windows"], "each image has its own window"
    assert [Path(problem.path).stem for problem in found.problems] == ["orphan"]
    assert "not here" in found.problems[0].message
    news = news_of_states(found)
    assert len(news) == len(left)
    assert all("not applied" in problem.message for problem in news)
    # They travel between processes with every header.
    assert len(pickle.dumps(found.studies[0].images)) < 100_000


@pytest.mark.meets("MG-D13")
def test_a_state_of_another_patient_is_never_offered(changed: Callable[..., ScanResult]) -> None:
    found = changed("windows", lambda state: setattr(state, "PatientID", "SOMEBODY-ELSE"))
    assert only(found).states == ()
    assert "another patient" in found.problems[0].message


@pytest.mark.meets("MG-D13")
def test_what_is_not_applied_is_told(changed: Callable[..., ScanResult], fixtures_dir: FixturesDir) -> None:
    image = next(i for s in scan([fixtures_dir("states")]).studies for i in s.images if i.label == "LCC")
    assert states(image)["turned"].not_applied == ("the turn by 90°", "the mirroring")
    assert states(image)["drawings"].not_applied == ()

    def crop(state: Dataset) -> None:
        state.DisplayedAreaSelectionSequence[0].DisplayedAreaTopLeftHandCorner = [50, 50]
        state.DisplayedAreaSelectionSequence[0].PresentationSizeMode = "TRUE SIZE"
        state.add_new(0x60001001, "CS", "LAYER")

    said = only(changed("plain", crop)).states[0].not_applied
    assert said == ("the part of the image to show", "the size to show it at", "overlay planes")


@pytest.mark.meets("MG-D13")
@pytest.mark.parametrize(
    ("turn", "flip", "first", "last", "wanted"),
    [
        # The corner at the upper left of the screen, the lower right one, and where (0.25, 0.5) lies: row, column.
        (0, "N", (1, 1), (192, 240), (120, 48)),
        (0, "Y", (192, 1), (1, 240), (120, 144)),
        (90, "N", (1, 240), (192, 1), (180, 96)),
        (180, "N", (192, 240), (1, 1), (120, 144)),
        (270, "N", (192, 1), (1, 240), (60, 96)),
        (0, "N", (93, 121), (192, 240), (180, 117)),
    ],
)
def test_shares_of_the_displayed_area_come_back_to_the_anatomy(
    changed: Callable[..., ScanResult],
    turn: int,
    flip: str,
    first: tuple[int, int],
    last: tuple[int, int],
    wanted: tuple[float, float],
) -> None:
    def lay(state: Dataset) -> None:
        state.ImageRotation, state.ImageHorizontalFlip = turn, flip
        area = state.DisplayedAreaSelectionSequence[0]
        area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = list(first), list(last)
        graphics = state.GraphicAnnotationSequence[0].GraphicObjectSequence
        shares = graphics[-1]
        shares.GraphicType, shares.GraphicData, shares.NumberOfGraphicPoints = "POINT", [0.25, 0.5], 1

    point = only(changed("drawings", lay)).states[0].graphics[-1]
    assert point.shape is GraphicShape.POINT
    assert point.points == (pytest.approx(wanted),)


def _set(keyword: str, value: Any) -> Callable[[Dataset], object]:
    return lambda state: setattr(state, keyword, value)


@pytest.mark.meets("MG-D13")
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("shutter_circle", _set("CenterOfCircularShutter", [5])),
        ("shutter_polygon", _set("VerticesOfThePolygonalShutter", [1, 2, 3])),
        ("shutter_rectangle", lambda state: state.pop("ShutterLeftVerticalEdge")),
    ],
)
def test_a_damaged_shutter_costs_the_state_and_no_image(
    changed: Callable[..., ScanResult], name: str, change: Callable[[Dataset], object]
) -> None:
    found = changed(name, change)
    assert only(found).states == ()
    assert "damaged" in found.problems[0].message


@pytest.mark.meets("MG-D13")
def test_drawings_that_make_no_sense_are_left_out_and_told(changed: Callable[..., ScanResult]) -> None:
    def spoil(state: Dataset) -> None:
        objects = state.GraphicAnnotationSequence[0].GraphicObjectSequence
        objects[0].GraphicType = "SPIRAL"
        objects[1].GraphicData = [np.nan, 1.0, 2.0, 3.0]

    state = only(changed("drawings", spoil)).states[0]
    assert len(state.graphics) == 4
    assert state.not_applied == ("a drawing that makes no sense",)


@pytest.mark.meets("MG-D13")
@pytest.mark.parametrize("name", ["drawings", "shutter_polygon", "presentation_table"])
def test_damaged_bytes_never_cost_the_image(fixtures_dir: FixturesDir, tmp_path: Path, name: str) -> None:
    folder = fixtures_dir("states")
    whole = (folder / f"{name}.dcm").read_bytes()
    image = read_header(folder / "LCC.dcm")
    rng = np.random.default_rng(1)
    for number in range(100):
        spoiled = bytearray(whole[: rng.integers(400, len(whole))] if number % 5 == 0 else whole)
        for place in rng.integers(400, len(spoiled), 4) if len(spoiled) > 400 else ():
            spoiled[place] = rng.integers(256)
        path = tmp_path / "state.dcm"
        path.write_bytes(spoiled)
        state = read_state(path)
        images = {image.id: image}
        if state is not None:
            attach_states(images, [(path, state)], lambda problem: None)
        assert images[image.id].path == image.path
