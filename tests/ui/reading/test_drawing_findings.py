"""Findings drawn with the mouse in the real window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from reader_hand import CONTROL, SHIFT, SPOT, Hand, square

from mammoview.core.geometry import Dihedral
from mammoview.core.marks import Point
from mammoview.core.reading import FindingType, Maker, VerdictKind
from mammoview.core.study import ViewPosition
from mammoview.ui.reading.finding_tools import Tool
from mammoview.ui.reading.shown import Standing, standing
from mammoview.ui.viewport.pane import Pane

pytestmark = pytest.mark.gui

MIDDLE = (480.0, 200.0)


def near(found: Point, meant: Point, pane: Pane, px: float = 1.6) -> bool:
    """Within a device pixel or so, which the mouse cannot do better than."""
    return max(abs(found[0] - meant[0]), abs(found[1] - meant[1])) <= px / min(pane.placement.zoom)


def area(contour: tuple[Point, ...]) -> float:
    row, col = np.array(contour).T
    return float(abs((row * np.roll(col, -1) - np.roll(row, -1) * col).sum()) / 2)


def test_a_polygon_becomes_a_finding_that_is_selected_located_and_taken_back(hand: Hand) -> None:
    pane, corners = hand.pane("LCC"), square(MIDDLE)
    hand.key(Qt.Key.Key_P, CONTROL | SHIFT)
    assert hand.window.desk.findings.tools.tool is Tool.POLYGON
    hand.click(pane, *corners, corners[0])
    (made,) = hand.draft.findings
    assert made.image_id == hand.image("LCC").id
    assert made.origin.maker is Maker.READER
    assert len(made.contour) == 4
    assert all(near(found, meant, pane) for found, meant in zip(made.contour, corners, strict=True))
    spacing = hand.image("LCC").spacing_mm
    assert spacing is not None
    assert made.size_mm == pytest.approx(120 * np.hypot(*spacing), rel=0.05)
    # The landmarks of the view tell where it lies; CC alone tells a half.
    assert made.location.region is not None
    assert made.location.nipple_mm is not None
    assert hand.board.selected == made.id
    assert hand.window.desk.findings.tools.tool is None
    assert hand.window.desk.findings.panel.list.topLevelItemCount() == 1

    hand.key(Qt.Key.Key_Z, CONTROL)
    assert hand.draft.findings == ()
    assert hand.board.selected == ""
    hand.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert hand.draft.findings == (made,)


def test_a_stroke_and_a_place_and_escape(hand: Hand) -> None:
    pane, corners = hand.pane("LMLO"), square(MIDDLE)
    hand.key(Qt.Key.Key_F, CONTROL | SHIFT)
    hand.press(pane, corners[0])
    hand.move(pane, corners[1])
    hand.key(Qt.Key.Key_Escape)
    hand.release(pane, corners[1])
    assert hand.draft.findings == ()
    assert hand.window.desk.findings.tools.tool is Tool.FREEHAND
    hand.drag(pane, *corners, corners[0])
    (stroke,) = hand.draft.findings
    assert area(stroke.contour) == pytest.approx(120 * 120, rel=0.1)

    hand.key(Qt.Key.Key_G, CONTROL)
    hand.click(pane, (700.0, 150.0))
    place = hand.draft.findings[-1]
    assert place.kind is FindingType.CALCIFICATIONS
    assert len(place.contour) == 1
    assert near(place.contour[0], (700.0, 150.0), pane)
    hand.key(Qt.Key.Key_G, CONTROL)
    hand.key(Qt.Key.Key_Escape)
    assert hand.window.desk.findings.tools.tool is None


def test_the_brush_adds_erases_and_grows_with_the_wheel(hand: Hand) -> None:
    pane, tools = hand.pane("LCC"), hand.window.desk.findings.tools
    hand.key(Qt.Key.Key_Y, CONTROL)
    radius, zoom = tools.brush.radius, pane.placement.zoom
    hand.wheel(pane, MIDDLE, 3)
    assert tools.brush.radius > radius
    assert pane.placement.zoom == zoom
    hand.wheel(pane, MIDDLE, 1, CONTROL)
    assert pane.placement.zoom != zoom
    # Nothing is selected: a stroke begins a finding.
    hand.drag(pane, MIDDLE, (MIDDLE[0] + 100, MIDDLE[1]))
    (made,) = hand.draft.findings
    wide = tools.brush.radius / pane.placement.zoom[0]
    assert area(made.contour) == pytest.approx(np.pi * wide**2 + 200 * wide, rel=0.1)
    before = area(made.contour)
    hand.drag(pane, (MIDDLE[0] + 100, MIDDLE[1]), (MIDDLE[0] + 160, MIDDLE[1]))
    (grown,) = hand.draft.findings
    assert grown.id == made.id
    assert area(grown.contour) == pytest.approx(before + 120 * wide, rel=0.1)
    hand.drag(pane, (MIDDLE[0] + 160, MIDDLE[1]), (MIDDLE[0] + 160, MIDDLE[1]), keys=SHIFT)
    assert area(hand.draft.findings[0].contour) < area(grown.contour) - wide**2
    hand.key(Qt.Key.Key_Z, CONTROL)
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert hand.draft.findings == (made,)


def test_the_last_of_an_outline_cannot_be_rubbed_out(hand: Hand) -> None:
    pane = hand.pane("LCC")
    hand.board.add(pane, square(MIDDLE, 10))
    hand.key(Qt.Key.Key_Y, CONTROL | SHIFT)
    hand.wheel(pane, MIDDLE, 8)
    hand.drag(pane, MIDDLE, MIDDLE)
    (left,) = hand.draft.findings
    assert area(left.contour) == pytest.approx(400, rel=0.2)


def test_painting_on_a_finding_of_the_ai_makes_it_an_edited_one(hand: Hand) -> None:
    hand.reveal()
    pane, at = hand.pane("LCC"), SPOT[ViewPosition.CC]
    hand.click(pane, at)
    found = hand.board.finding
    assert found is not None
    assert standing(found) is Standing.UNJUDGED
    hand.do("finding_brush")
    hand.drag(pane, (at[0], at[1] + 40), (at[0], at[1] + 70))
    changed = hand.board.finding
    assert changed is not None
    assert changed.id == found.id
    assert changed.origin.maker is Maker.AI_EDITED
    assert changed.verdict is not None
    assert changed.verdict.kind is VerdictKind.EDITED
    assert changed.origin.ai_finding_id == found.origin.ai_finding_id
    assert max(col for _, col in changed.contour) > at[1] + 60
    # Most of the outline is as the AI drew it.
    assert area(changed.contour) > area(found.contour) * 1.02
    assert min(col for _, col in changed.contour) == pytest.approx(at[1] - 40, abs=1.5 / pane.placement.zoom[1])


@pytest.mark.parametrize("flip_rows", [False, True])
@pytest.mark.parametrize("flip_columns", [False, True])
@pytest.mark.parametrize("transpose", [False, True])
def test_outlines_are_native_however_the_image_lies(
    hand: Hand, *, flip_rows: bool, flip_columns: bool, transpose: bool
) -> None:
    pane = hand.pane("LCC")
    hung = pane.hung
    assert hung is not None
    turned = replace(hung.orientation, dihedral=Dihedral(transpose, flip_rows, flip_columns))
    hand.window.desk.wall.activate(pane)
    hand.window.desk.wall.lay_active(replace(hung, orientation=turned))
    corners = square(MIDDLE)
    hand.do("finding_polygon")
    hand.click(pane, *corners, corners[0])
    (made,) = hand.draft.findings
    assert all(near(found, meant, pane) for found, meant in zip(made.contour, corners, strict=True))
    hand.do("finding_brush")
    hand.drag(pane, (MIDDLE[0] + 60, MIDDLE[1]), (MIDDLE[0] + 90, MIDDLE[1]))
    (grown,) = hand.draft.findings
    assert max(row for row, _ in grown.contour) > MIDDLE[0] + 90
    assert min(row for row, _ in grown.contour) == pytest.approx(MIDDLE[0] - 60, abs=2 / pane.placement.zoom[0])
    # A click on its line selects it, one beside it selects none.
    hand.do("draw_pointer")
    hand.click(pane, (MIDDLE[0], MIDDLE[1] + 200))
    assert hand.board.selected == ""
    hand.click(pane, (MIDDLE[0] - 60, MIDDLE[1]))
    assert hand.board.selected == grown.id


def test_nothing_is_drawn_on_what_can_only_be_looked_at(hand: Hand) -> None:
    hand.put_case(is_signed=True)
    action = hand.window.actions_by_id["finding_polygon"]
    assert not action.isEnabled()
    assert "only be looked at" in action.toolTip()
    hand.show(None)
    assert not action.isEnabled()
    hand.key(Qt.Key.Key_P, CONTROL | SHIFT)
    assert hand.window.desk.findings.tools.tool is None


@pytest.mark.parametrize("tool", ["finding_redraw", "finding_redraw_polygon"])
def test_an_outline_is_drawn_anew(hand: Hand, tool: str) -> None:
    hand.reveal()
    pane, at = hand.pane("LCC"), SPOT[ViewPosition.CC]
    assert not hand.window.actions_by_id[tool].isEnabled()
    hand.click(pane, at)
    chosen, corners = hand.board.selected, square(at, 70)
    hand.do(tool)
    if tool == "finding_redraw":
        hand.drag(pane, *corners, corners[0])
    else:
        hand.click(pane, *corners, corners[0])
    changed = hand.board.finding
    assert changed is not None
    assert changed.id == chosen
    assert changed.origin.maker is Maker.AI_EDITED
    assert area(changed.contour) == pytest.approx(140 * 140, rel=0.1)
    assert len(hand.draft.findings) == 3


def test_what_was_drawn_is_to_be_described_at_once(hand: Hand) -> None:
    desk = hand.window.desk
    assert desk.tabs.currentWidget() is not desk.findings.panel
    hand.do("finding_place")
    hand.click(hand.pane("RCC"), (500.0, 600.0))
    assert desk.findings.panel.form.kind.isVisible()
