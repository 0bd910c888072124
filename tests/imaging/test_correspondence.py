import itertools
import math

import cv2
import numpy as np
import pytest

from mammoview.core.anatomy import Landmarks, Nipple, WallLine
from mammoview.core.geometry import Dihedral
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.correspondence import (
    HALF_WIDTH_MM,
    HALF_WIDTH_SHARE,
    Band,
    Rule,
    band_for,
    outline_of,
    rank_partners,
)
from mammoview.imaging.location import ViewFrame
from mammoview.imaging.phantom import make_view

L = Laterality.LEFT
ROWS, COLUMNS = 600, 500


def frame(
    view: ViewPosition = ViewPosition.CC,
    spacing: tuple[float, float] | None = (0.4, 0.4),
    *,
    nipple: tuple[float, float] = (300.0, 400.0),
    wall: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (600.0, 0.0)),
    side: Laterality = L,
) -> ViewFrame:
    marks = Landmarks(Nipple(nipple, 1.0), WallLine(wall))
    return ViewFrame(side, view, ROWS, COLUMNS, Dihedral(), marks, spacing)


def breast() -> np.ndarray:
    row, col = np.mgrid[:ROWS, :COLUMNS] + 0.5
    return ((row - 300) / 250) ** 2 + (col / 400) ** 2 < 1


def test_the_arc_keeps_the_distance_and_the_strip_the_depth() -> None:
    one, other = frame(), frame(ViewPosition.MLO, wall=((0.0, 150.0), (300.0, 0.0)))
    point = (240.0, 320.0)
    arc, strip = band_for(one, point, other), band_for(one, point, other, rule=Rule.STRIP)
    assert arc is not None
    assert strip is not None
    assert arc.value == pytest.approx(math.hypot(60, 80) * 0.4)
    assert strip.value == pytest.approx(80 * 0.4)
    assert (arc.half_width, arc.unit) == (HALF_WIDTH_MM[Rule.ARC], "mm")
    on_arc = (300.0 + 100 * math.sin(1.1), 400.0 - 100 * math.cos(1.1))
    assert arc.offset(other, on_arc) == pytest.approx(0.0, abs=1e-9)
    # Depth on MLO is measured at a right angle to the muscle, (1, 2) / √5 here.
    toward = (-1 / math.sqrt(5), -2 / math.sqrt(5))
    on_strip = (300.0 + 80 * toward[0] + 33 * toward[1], 400.0 + 80 * toward[1] - 33 * toward[0])
    assert strip.offset(other, on_strip) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("first", "second"), [(None, None), (None, (0.4, 0.4)), ((0.4, 0.4), None)])
def test_without_millimetres_on_both_sides_shares_of_the_depth_are_kept(first: object, second: object) -> None:
    one = frame(spacing=first)  # type: ignore[arg-type]
    other = frame(ViewPosition.MLO, second, nipple=(300.0, 200.0))  # type: ignore[arg-type]
    band = band_for(one, (300.0, 300.0), other)
    assert band is not None
    pixel = 0.4 if second else 1.0
    assert band.value == pytest.approx(0.25 * 200 * pixel)
    assert band.half_width == pytest.approx(HALF_WIDTH_SHARE[Rule.ARC] * 200 * pixel)
    assert band.unit == ("mm" if second else "px")


def test_without_a_nipple_there_is_no_band() -> None:
    blind = ViewFrame(L, ViewPosition.MLO, ROWS, COLUMNS, Dihedral(), Landmarks(None, WallLine(None)), (0.4, 0.4))
    assert band_for(frame(), (300.0, 300.0), blind) is None
    assert band_for(blind, (300.0, 300.0), frame()) is None


def test_the_other_breast_is_refused() -> None:
    with pytest.raises(ValueError, match="two breasts"):
        band_for(frame(), (0.0, 0.0), frame(side=Laterality.RIGHT))


def test_candidates_in_the_band_are_ranked_by_nearness_and_others_left_out() -> None:
    other = frame(ViewPosition.MLO)
    band = Band(Rule.ARC, 40.0, 20.0, "mm")
    # 100, 90, 135 and 160 pixels of 0.4 mm from the nipple: 40, 36, 54 and 64 mm.
    places = [("far", (300.0, 240.0)), ("off", (300.0, 265.0)), ("best", (400.0, 400.0)), ("near", (300.0, 310.0))]
    found = rank_partners(band, other, places)
    assert [partner.id for partner in found] == ["best", "near", "off"]
    assert [partner.offset for partner in found] == pytest.approx([0.0, -4.0, 14.0])
    assert found[0].fit == 1.0
    assert found[1].fit > found[2].fit > 0


@pytest.mark.parametrize("rule", list(Rule))
def test_the_outline_holds_what_the_band_holds_within_the_breast(rule: Rule) -> None:
    other = frame(ViewPosition.MLO, (0.4, 0.5), wall=((0.0, 150.0), (300.0, 0.0)))
    band = Band(rule, 50.0, 12.0, "mm")
    inside = breast()
    drawn = outline_of(band, other, inside)
    canvas = np.zeros(inside.shape, dtype=np.uint8)
    for edge in drawn.edges:
        corners = np.floor(np.array(edge)[:, ::-1]).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 1)
    expected = np.array(
        [
            [inside[row, col] and band.holds(other, (row + 0.5, col + 0.5)) for col in range(0, COLUMNS, 5)]
            for row in range(0, ROWS, 5)
        ]
    )
    assert expected.any()
    assert (canvas[::5, ::5].astype(bool) != expected).mean() < 0.003
    assert drawn.middle
    for line in drawn.middle:
        for point in line:
            offset = band.offset(other, point)
            assert offset is not None
            assert abs(offset) < 1.0
            assert inside[int(point[0]), int(point[1])]


def test_the_outline_is_the_same_for_all_ways_of_storing() -> None:
    inside = breast()
    plain = outline_of(Band(Rule.ARC, 50.0, 12.0, "mm"), frame(), inside)
    for flags in itertools.product((False, True), repeat=3):
        dihedral = Dihedral(*flags)
        hung = inside[:, ::-1] if dihedral.flip_columns else inside
        hung = hung[::-1] if dihedral.flip_rows else hung
        stored = np.ascontiguousarray(hung.T if dihedral.transpose else hung)
        back = dihedral.transform(*stored.shape).inverse()
        nipple = back.apply((300.0, 400.0))[0]
        ends = back.apply([(0.0, 0.0), (600.0, 0.0)])
        marks = Landmarks(
            Nipple((float(nipple[0]), float(nipple[1])), 1.0),
            WallLine(((float(ends[0][0]), float(ends[0][1])), (float(ends[1][0]), float(ends[1][1])))),
        )
        view = ViewFrame(L, ViewPosition.CC, *stored.shape, dihedral, marks, (0.4, 0.4))
        drawn = outline_of(Band(Rule.ARC, 50.0, 12.0, "mm"), view, stored)
        assert len(drawn.edges) == len(plain.edges)
        laid = np.array(sorted(map(tuple, dihedral.transform(*stored.shape).apply(drawn.edges[0]).round(6))))
        assert np.allclose(laid, np.array(sorted(plain.edges[0])), atol=1e-6)


def test_a_band_beyond_the_breast_draws_nothing() -> None:
    drawn = outline_of(Band(Rule.ARC, 900.0, 5.0, "mm"), frame(), breast())
    assert drawn.edges == ()
    assert drawn.middle == ()


def test_the_phantom_lesion_lies_in_its_band() -> None:
    views = [
        make_view(21, view=view, laterality=L, rows=1024, columns=832) for view in (ViewPosition.CC, ViewPosition.MLO)
    ]
    frames = []
    for made in views:
        marks = Landmarks(Nipple(made.truth.nipple, 1.0), WallLine(((0.0, 0.0), (1024.0, 0.0))))
        frames.append(
            ViewFrame(L, made.view, *made.pixels.shape, Dihedral(), marks, (made.spacing_mm, made.spacing_mm))
        )
    partners = {lesion.id: lesion for lesion in views[1].truth.lesions}
    assert partners
    for lesion in views[0].truth.lesions:
        band = band_for(frames[0], lesion.centre, frames[1])
        assert band is not None
        offset = band.offset(frames[1], partners[lesion.id].centre)
        assert offset is not None
        assert abs(offset) < 2.0
