"""Headings, corner notes and cells say no more than is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ui_study import IMAGES, make_finding

from mammoview.core.findings import ImageResult
from mammoview.pipeline.comparing import Side, SideImage
from mammoview.session.compared import SoFar, rows
from mammoview.ui.comparing.words import cells, corner_notes, headline, titles

IMAGE = IMAGES[1]
REFUSED = "Not scored. CC views are not scored by this model."


def so_far(task: str, **sides: Any) -> SoFar:
    views = {(Side(name), IMAGE.id): SideImage(Side(name), *given) for name, given in sides.items()}
    return SoFar(task, (IMAGE,), views)


SCORED = ImageResult(IMAGE.id, p_malignant=0.634, uncertainty=0.051)
FOUND = ImageResult(IMAGE.id, findings=(make_finding(IMAGE, p_malignant=0.7),))


@pytest.mark.parametrize(
    ("task", "given", "said"),
    [
        ("whole_image", (SCORED, True), "score 0.63"),
        ("whole_image", (SCORED, False), "score 0.63, uncalibrated"),
        ("whole_image", (ImageResult(IMAGE.id), True, REFUSED), "not scored"),
        ("patch", (FOUND, False), "highest 0.70, uncalibrated, 1 finding"),
        ("patch", (ImageResult(IMAGE.id), True), "no finding"),
        ("segmentation", (FOUND, None, "", 1234567), "0 outlines, 12\u202f346 mm²"),
        ("segmentation", (FOUND, None, REFUSED), "not outlined"),
    ],
)
def test_headlines(task: str, given: tuple[Any, ...], said: str) -> None:
    assert headline(so_far(task, old=given), Side.OLD, IMAGE) == said
    assert headline(so_far(task, old=given), Side.NEW, IMAGE) == "not looked yet"


def test_corners_give_the_reason_or_the_number_with_its_spread() -> None:
    told = so_far("whole_image", old=(SCORED, True), new=(SCORED, True, REFUSED))
    assert corner_notes(told, Side.OLD, IMAGE) == ("score 0.63", "spread ± 0.05")
    assert corner_notes(told, Side.NEW, IMAGE) == (REFUSED,)
    assert corner_notes(replace(told, views={}), Side.OLD, IMAGE) == ()


@pytest.mark.parametrize(
    ("task", "old", "new", "line"),
    [
        ("whole_image", (SCORED, True), None, ("LCC", "0.63", "…", "", "")),
        ("whole_image", (SCORED, True), (SCORED, False), ("LCC", "0.63", "0.63", "+0.00", "old only")),
        ("whole_image", (SCORED, False), (SCORED, False, REFUSED), ("LCC", "0.63", "not scored", "", "neither")),
        ("patch", (FOUND, True), (ImageResult(IMAGE.id), True), ("LCC", "0.70", "none", "", "1 → 0", "both")),
        (
            "segmentation",
            (FOUND, None, "", 1000),
            (FOUND, None, "", 400, 0.571),
            ("LCC", "10 mm²", "4 mm²", "−6 mm²", "0 → 0", "0.57"),
        ),
    ],
)
def test_lines_of_the_table(task: str, old: Any, new: Any, line: tuple[str, ...]) -> None:
    told = so_far(task, old=old) if new is None else so_far(task, old=old, new=new)
    (row,) = rows(told)
    assert cells(row, told) == line
    assert len(line) == len(titles(task))
