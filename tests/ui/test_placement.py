from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.core.geometry import Box, Dihedral
from mammoview.session.orientation import Side
from mammoview.ui.viewport.placement import Placement, fitting_scale, hung, laid_box

DIHEDRALS = [Dihedral(*ways) for ways in product((False, True), repeat=3)]


@pytest.mark.meets("MG-B05")
@pytest.mark.parametrize("dihedral", DIHEDRALS, ids=str)
def test_native_points_survive_the_way_to_the_screen_and_back(dihedral: Dihedral) -> None:
    placement = Placement(300, 200, dihedral, (0.31, 0.37), (-12.5, 40.25))
    for row, col in ((0.0, 0.0), (17.25, 180.5), (300.0, 200.0)):
        assert placement.native_point(*placement.device_point(row, col)) == pytest.approx((row, col))


@pytest.mark.parametrize("dihedral", DIHEDRALS, ids=str)
def test_device_box_has_the_laid_down_size(dihedral: Dihedral) -> None:
    box = Placement(300, 200, dihedral, (2.0, 3.0), (5.0, 7.0)).device_box
    rows, columns = (200, 300) if dihedral.transpose else (300, 200)
    assert (box.row0, box.col0, box.row1, box.col1) == pytest.approx((5, 7, 5 + 2 * rows, 7 + 3 * columns))


def test_zooming_keeps_the_point_under_the_cursor() -> None:
    placement = Placement(300, 200, Dihedral(flip_columns=True), (0.5, 0.5), (10, 20))
    before = placement.native_point(80, 60)
    assert placement.zoomed(1.7, 80, 60).native_point(80, 60) == pytest.approx(before)


@pytest.mark.meets("MG-B07")
@pytest.mark.parametrize(("side", "edge"), [(Side.LEFT, 0.0), (Side.RIGHT, 500.0)])
def test_the_chest_wall_touches_its_edge(side: Side, edge: float) -> None:
    placement = Placement(300, 200, Dihedral(flip_columns=side is Side.RIGHT))
    shown = laid_box(Box(50, 0, 250, 150), placement)
    placed = hung(placement, shown, (400, 500), zoom=(1.5, 1.5), chest_wall=side, is_top=False)
    row, col = placed.device_point(150, 0)
    assert col == pytest.approx(edge)
    assert row == pytest.approx(200)


@pytest.mark.meets("MG-B07")
def test_the_axilla_is_at_the_top_of_an_oblique_view() -> None:
    placed = hung(
        Placement(300, 200), Box(50, 0, 250, 150), (400, 500), zoom=(1.0, 1.0), chest_wall=Side.LEFT, is_top=True
    )
    assert placed.device_point(0, 0) == pytest.approx((0, 0))


@pytest.mark.meets("MG-C02")
def test_the_breast_fits_and_not_the_matrix() -> None:
    shown = Box(100, 0, 300, 100)
    scale = fitting_scale(shown, 1000, (400, 400), spacing=(0.1, 0.1), chest_wall=Side.LEFT, is_top=False)
    assert scale * 0.1 * 200 == pytest.approx(400)
    assert scale * 0.1 * 100 <= 400


def test_a_breast_without_a_chest_wall_lies_in_the_middle() -> None:
    placed = hung(
        Placement(300, 200), Box(100, 100, 200, 160), (400, 500), zoom=(1.0, 1.0), chest_wall=None, is_top=False
    )
    assert placed.device_point(150, 130) == pytest.approx((200, 250))
    assert np.isfinite(placed.device_box.area_px)
