from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.core.geometry import Dihedral
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.session.orientation import Exceptions, Side, mirrored, orient

OPPOSITE = str.maketrans("APLRHF", "PARLFH")
DIHEDRALS = [Dihedral(t, r, c) for t, r, c in product((False, True), repeat=3)]
CRANIOCAUDAL = (ViewPosition.CC, ViewPosition.XCC, ViewPosition.XCCL, ViewPosition.XCCM, ViewPosition.FB)
LATERAL = (
    ViewPosition.MLO,
    ViewPosition.ML,
    ViewPosition.LM,
    ViewPosition.LMO,
    ViewPosition.SIO,
    ViewPosition.ISO,
)


def mammogram(**more: object) -> Mammogram:
    return Mammogram("1", "/1", SourceKind.DICOM, 4, 3, Grayscale(12), **more)  # type: ignore[arg-type]


def target(side: Laterality, view: ViewPosition) -> tuple[str, str]:
    """MG-B02 and MG-B03, written out as their tables stand."""
    if view in CRANIOCAUDAL:
        return {Laterality.LEFT: ("A", "R"), Laterality.RIGHT: ("P", "L")}[side]
    return {Laterality.LEFT: ("A", "F"), Laterality.RIGHT: ("P", "F")}[side]


def lay_down(pixels: np.ndarray, dihedral: Dihedral) -> np.ndarray:
    if dihedral.transpose:
        pixels = pixels.T
    if dihedral.flip_rows:
        pixels = pixels[::-1]
    return pixels[:, ::-1] if dihedral.flip_columns else pixels


def take_up(pixels: np.ndarray, ways: tuple[str, str], dihedral: Dihedral) -> tuple[np.ndarray, tuple[str, str]]:
    """The stored image, and its Patient Orientation, that ``dihedral`` lays down as ``pixels``."""
    along_row, along_column = ways
    if dihedral.flip_columns:
        pixels, along_row = pixels[:, ::-1], along_row.translate(OPPOSITE)
    if dihedral.flip_rows:
        pixels, along_column = pixels[::-1], along_column.translate(OPPOSITE)
    if dihedral.transpose:
        pixels, along_row, along_column = pixels.T, along_column, along_row
    return pixels, (along_row, along_column)


@pytest.mark.meets("MG-B02", "MG-B03", "MG-B04")
@pytest.mark.parametrize("dihedral", DIHEDRALS, ids=str)
@pytest.mark.parametrize("view", CRANIOCAUDAL + LATERAL)
@pytest.mark.parametrize("side", list(Laterality))
def test_every_way_to_store_a_view_lies_down_the_same(side, view, dihedral) -> None:
    on_screen = np.arange(12).reshape(4, 3)
    stored, ways = take_up(on_screen, target(side, view), dihedral)
    found = orient(mammogram(laterality=side, view=view, patient_orientation=ways))
    np.testing.assert_array_equal(lay_down(stored, found.dihedral), on_screen)
    assert found.chest_wall is (Side.RIGHT if side is Laterality.RIGHT else Side.LEFT)
    assert found.is_top is (view in LATERAL)
    assert found.inferred is None


@pytest.mark.meets("MG-B03")
@pytest.mark.parametrize("dihedral", DIHEDRALS, ids=str)
@pytest.mark.parametrize("column", ["FL", "FR", "FP"])
def test_oblique_directions_count_by_what_they_contain(column, dihedral) -> None:
    on_screen = np.arange(12).reshape(4, 3)
    stored, ways = take_up(on_screen, ("A", column) if column != "FP" else ("AF", "F"), dihedral)
    found = orient(mammogram(laterality=Laterality.LEFT, view=ViewPosition.MLO, patient_orientation=ways))
    np.testing.assert_array_equal(lay_down(stored, found.dihedral), on_screen)


@pytest.mark.meets("MG-B01")
@pytest.mark.parametrize("chest_wall", [Side.LEFT, Side.RIGHT])
def test_the_tag_decides_whatever_the_pixels_seem_to_show(chest_wall) -> None:
    image = mammogram(laterality=Laterality.RIGHT, view=ViewPosition.CC, patient_orientation=("P", "L"))
    assert orient(image, chest_wall) == orient(image)


@pytest.mark.parametrize(
    ("side", "seen", "is_flipped", "edge"),
    [
        (Laterality.RIGHT, Side.LEFT, True, Side.RIGHT),
        (Laterality.RIGHT, Side.RIGHT, False, Side.RIGHT),
        (Laterality.LEFT, Side.LEFT, False, Side.LEFT),
        (Laterality.LEFT, Side.RIGHT, True, Side.LEFT),
        (None, Side.RIGHT, False, Side.RIGHT),
        (Laterality.RIGHT, None, False, Side.RIGHT),
        (None, None, False, None),
    ],
)
@pytest.mark.parametrize("ways", [None, ("L", "F")])
def test_without_the_tag_the_chest_wall_decides_and_that_is_said(side, seen, is_flipped, edge, ways) -> None:
    image = mammogram(laterality=side, view=ViewPosition.MLO, patient_orientation=ways)
    found = orient(image, seen)
    assert found.dihedral == Dihedral(flip_columns=is_flipped)
    assert found.chest_wall is edge
    assert found.is_top
    assert found.inferred is not None
    assert found.inferred.attribute == "orientation"


def test_an_unknown_view_is_upright_when_its_columns_run_to_the_feet_or_the_head() -> None:
    upside_down = mammogram(laterality=Laterality.LEFT, patient_orientation=("A", "H"))
    assert orient(upside_down).dihedral == Dihedral(flip_rows=True)
    assert orient(upside_down).is_top


def test_without_a_side_only_the_known_axes_are_turned() -> None:
    found = orient(mammogram(view=ViewPosition.MLO, patient_orientation=("H", "P")))
    assert found.dihedral == Dihedral(transpose=True, flip_rows=True)
    assert found.chest_wall is Side.RIGHT


@pytest.mark.meets("MG-B03", "MG-B04")
@pytest.mark.parametrize(
    ("side", "view", "ways", "expected"),
    [
        # The values that machines write for obliques.
        ("R", "MLO", ("P", "FL"), Dihedral()),
        ("L", "MLO", ("A", "FR"), Dihedral()),
        ("R", "MLO", ("A", "FL"), Dihedral(flip_columns=True)),
        ("R", "MLO", ("P", "HR"), Dihedral(flip_rows=True)),
        ("R", "MLO", ("FL", "P"), Dihedral(transpose=True)),
        ("L", "MLO", ("HL", "P"), Dihedral(transpose=True, flip_rows=True, flip_columns=True)),
        # A row that leans counts by its first letter; so does a column that leans forward.
        ("R", "MLO", ("PF", "FA"), Dihedral()),
        ("R", "MLO", ("FA", "PF"), Dihedral(transpose=True)),
        ("L", "MLO", ("AH", "FA"), Dihedral()),
        ("L", "MLO", ("PH", "FP"), Dihedral(flip_columns=True)),
        # A steep oblique, whose columns run rather to the other side than to the feet.
        ("R", "MLO", ("P", "LF"), Dihedral()),
        ("R", "MLO", ("P", "RH"), Dihedral(flip_rows=True)),
        # Craniocaudal: the column must not run to the own side.
        ("R", "CC", ("P", "L"), Dihedral()),
        ("R", "CC", ("P", "R"), Dihedral(flip_rows=True)),
        ("L", "CC", ("A", "LH"), Dihedral(flip_rows=True)),
        ("L", "XCCL", ("P", "R"), Dihedral(flip_columns=True)),
        ("L", "CC", ("R", "A"), Dihedral(transpose=True)),
    ],
)
def test_values_of_patient_orientation_as_machines_write_them(side, view, ways, expected) -> None:
    image = mammogram(laterality=Laterality(side), view=ViewPosition(view), patient_orientation=ways)
    assert orient(image).dihedral == expected


@pytest.mark.meets("MG-B14")
@pytest.mark.parametrize(
    "special", [{"view": ViewPosition.SPECIMEN}, {"view": ViewPosition.MLO, "is_biopsy": True}], ids=str
)
def test_specimens_and_biopsies_are_turned_only_when_wished(special) -> None:
    image = mammogram(patient_orientation=("H", "P"), laterality=Laterality.LEFT, **special)
    assert orient(image).dihedral == Dihedral()
    assert orient(image, exceptions=Exceptions(has_special=False)).dihedral != Dihedral()


@pytest.mark.meets("MG-K03")
@pytest.mark.parametrize(
    ("side", "edge"), [(Laterality.RIGHT, Side.RIGHT), (Laterality.LEFT, Side.LEFT), (None, Side.RIGHT)]
)
def test_mirroring_by_hand_turns_the_image_and_says_so(side, edge) -> None:
    image = mammogram(laterality=side, view=ViewPosition.CC)
    before = orient(image, Side.LEFT)
    after = orient(image, Side.LEFT, is_mirrored=True)
    assert after.dihedral.flip_columns is not before.dihedral.flip_columns
    assert after.chest_wall is edge
    assert after.inferred is not None
    assert after.inferred.source == "by hand"
    assert mirrored(image, after).dihedral == before.dihedral


def test_a_tag_stands_whatever_was_mirrored_by_hand() -> None:
    image = mammogram(laterality=Laterality.LEFT, view=ViewPosition.CC, patient_orientation=("A", "R"))
    assert orient(image, is_mirrored=True) == orient(image)


@pytest.mark.meets("MG-B14")
def test_a_specimen_stays_as_it_is() -> None:
    found = orient(mammogram(view=ViewPosition.SPECIMEN, patient_orientation=("H", "P"), laterality=Laterality.LEFT))
    assert found.dihedral == Dihedral()
    assert found.chest_wall is None
