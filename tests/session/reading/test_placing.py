"""Locations follow the landmarks, unless the reader gave them."""

from __future__ import annotations

from dataclasses import replace

from reading_makers import study_of

from mammoview.core.anatomy import Landmarks, Nipple, WallLine
from mammoview.core.geometry import Dihedral
from mammoview.core.reading import FindingLink, FindingType, Location, ReaderFinding, Region, RevealProtocol
from mammoview.core.study import Laterality, Mammogram, ViewPosition
from mammoview.imaging.location import ViewFrame
from mammoview.report.breast_report.values import Draft
from mammoview.session.reading.beginning import exam_of, first_draft
from mammoview.session.reading.placing import lesions_in, located, place_of, places_in

STUDY = study_of(1)


def image(view: ViewPosition) -> Mammogram:
    return next(one for one in STUDY.images if one.laterality is Laterality.LEFT and one.view is view)


def frame(view: ViewPosition, row: float = 500.0) -> ViewFrame:
    wall = WallLine(((0.0, 0.0), (1000.0, 0.0)))
    marks = Landmarks(Nipple((row, 700.0), 0.9), wall)
    return ViewFrame(Laterality.LEFT, view, 1000, 800, Dihedral(), marks, (0.1, 0.1))


def finding(name: str, view: ViewPosition, row: float) -> ReaderFinding:
    return ReaderFinding(
        name, image(view).id, Laterality.LEFT, view, FindingType.MASS, ((row, 300.0), (row, 320.0), (row + 20, 310.0))
    )


def draft(*findings: ReaderFinding, links: tuple[FindingLink, ...] = ()) -> Draft:
    made = first_draft(exam_of(STUDY), "Dr A", RevealProtocol.AFTER_FIRST_READ)
    return replace(made, findings=findings, links=links)


FRAMES = {image(view).id: frame(view) for view in (ViewPosition.CC, ViewPosition.MLO)}


def test_one_view_tells_a_half_and_a_pair_the_quadrant() -> None:
    cc, mlo = finding("a", ViewPosition.CC, 250.0), finding("b", ViewPosition.MLO, 250.0)
    alone = located(draft(cc), FRAMES, {})
    assert alone.findings[0].location.region is Region.OUTER
    pair = located(draft(cc, mlo, links=(FindingLink("a", "b"),)), FRAMES, {})
    assert {one.location for one in pair.findings} == {pair.findings[0].location}
    assert pair.findings[0].location.region is Region.UPPER_OUTER
    assert pair.findings[0].location.clock is not None
    assert "upper outer quadrant" in "".join(section.text for section in pair.sections)


def test_a_location_that_the_reader_gave_stays() -> None:
    first = located(draft(finding("a", ViewPosition.CC, 250.0)), FRAMES, {})
    before = places_in(first, FRAMES)
    moved = {image(ViewPosition.CC).id: frame(ViewPosition.CC, row=100.0)}
    followed = located(first, moved, before)
    assert followed.findings[0].location.region is Region.INNER
    own = replace(first.findings[0], location=Location(Region.AXILLA))
    kept = located(replace(first, findings=(own,)), moved, before)
    assert kept.findings[0].location == Location(Region.AXILLA)


def test_nothing_is_said_while_the_landmarks_are_unknown() -> None:
    blank = draft(finding("a", ViewPosition.CC, 250.0))
    assert located(blank, {}, {}) is blank
    assert place_of(lesions_in(blank, blank.findings)[0], {}) is None
