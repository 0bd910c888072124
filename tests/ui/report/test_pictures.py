"""Key images when pixels come late, from a slice, or never."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammoview.core.errors import Problem
from mammoview.core.image import DisplayImage
from mammoview.core.reading import FindingType, ReaderFinding, RevealProtocol
from mammoview.core.study import Mammogram
from mammoview.core.volume import SliceKind, Volume
from mammoview.report.breast_report.key_images import KeyImage
from mammoview.report.breast_report.values import Draft
from mammoview.session.events import FrameReady, PixelsFailed, PixelsReady
from mammoview.session.reading import changes
from mammoview.session.reading.beginning import exam_of, first_draft
from mammoview.ui.report import pictures
from mammoview.ui.report.pictures import Pictures

sys.path.insert(0, str(Path(__file__).parents[2] / "session" / "reading"))

from reading_makers import study_of

STUDY = study_of(1)
SQUARE = ((400.0, 300.0), (400.0, 420.0), (520.0, 420.0), (520.0, 300.0))


class Volumes:
    """Frames that come when they are put in."""

    def __init__(self) -> None:
        self.frames: dict[tuple[str, int], DisplayImage] = {}
        self.wanted: list[tuple[str, int, int | None]] = []

    def get(self, image: Mammogram, position: int) -> DisplayImage | None:
        return self.frames.get((image.id, position))

    def has_failed(self, _image_id: str, _position: int) -> bool:
        return False

    def want(self, image: Mammogram, position: int, *, reach: int | None = None) -> None:
        self.wanted.append((image.id, position, reach))


class Session:
    """What the pictures ask of a session."""

    def __init__(self, *images: Mammogram) -> None:
        self.images = {image.id: image for image in images}
        self.pixels: dict[str, DisplayImage] = {}
        self.requested: list[str] = []
        self.volumes = Volumes()

    def image(self, image_id: str) -> Mammogram | None:
        return self.images.get(image_id)

    def pixels_of(self, image_id: str) -> DisplayImage | None:
        return self.pixels.get(image_id)

    def request_pixels(self, image_ids: list[str]) -> None:
        self.requested += image_ids

    def hanging_of(self, _uid: str) -> None:
        return None


class AtOnce:
    """Works on the spot."""

    def run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        then(work())


def draft_with(*findings: ReaderFinding) -> Draft:
    draft = first_draft(exam_of(STUDY), "Dr A", RevealProtocol.NEVER)
    for finding in findings:
        draft = changes.add_finding(draft, finding)
    return draft


def on(image: Mammogram, name: str = "m1", frame: int = 0) -> ReaderFinding:
    assert image.laterality is not None
    return ReaderFinding(name, image.id, image.laterality, image.view, FindingType.MASS, SQUARE, frame=frame)


def display(image: Mammogram) -> DisplayImage:
    return DisplayImage(image.id, (np.tile(np.arange(800, dtype=np.uint16) * 5, (1000, 1)),))


def maker(session: Session) -> tuple[Pictures, list[tuple[str, ...]]]:
    told: list[tuple[str, ...]] = []
    made = Pictures(
        session,  # type: ignore[arg-type]
        AtOnce(),  # type: ignore[arg-type]
        lambda pictured: told.append(tuple(one.key.caption for one in pictured)),
    )
    return made, told


def test_pixels_that_are_missing_are_asked_for_once(qapp: object) -> None:
    session = Session(*STUDY.images)
    first, second = STUDY.images[:2]
    made, told = maker(session)
    made.follow(draft_with(on(first), on(second, "m2")))
    assert session.requested == [first.id, second.id]
    session.pixels[first.id] = display(first)
    made.hear(PixelsReady(session.pixels[first.id], chest_wall=None))
    assert told == []
    made.hear(PixelsFailed(second.id, Problem("", "x", "It is damaged.", "")))
    assert told == [(f"{first.label}: {first.label[0]}1",)]
    assert session.requested == [first.id, second.id]


def test_a_slice_is_pictured_as_the_file_counts_it(qapp: object) -> None:
    flat = STUDY.images[0]
    volume = Volume(SliceKind.THIN, (2, 1, 0), grays=(flat.grayscale,))
    image = replace(flat, frames=3, volume=volume)
    session = Session(image)
    made, told = maker(session)
    made.follow(draft_with(on(image, frame=2)))
    assert session.volumes.wanted == [(image.id, 0, 0)]
    session.volumes.frames[image.id, 0] = display(image)
    made.hear(FrameReady(image.id, 0, session.volumes.frames[image.id, 0]))
    assert told == [(f"{image.label}, slice 3: {image.label[0]}1",)]


def test_an_export_does_not_wait_for_ever(qapp: object, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PATIENCE_MS", 20)
    session = Session(*STUDY.images)
    first, second = STUDY.images[:2]
    session.pixels[first.id] = display(first)
    made, _ = maker(session)
    handed: list[tuple[KeyImage, ...]] = []
    made.of(draft_with(on(first), on(second, "m2")), handed.append)
    assert handed == []
    qtbot.waitUntil(lambda: bool(handed))
    assert [one.image_id for one in handed[0]] == [first.id]


def test_an_older_state_of_the_report_is_not_shown(qapp: object) -> None:
    session = Session(*STUDY.images)
    first = STUDY.images[0]
    made, told = maker(session)
    made.follow(draft_with(on(first)))
    made.follow(draft_with())
    session.pixels[first.id] = display(first)
    made.hear(PixelsReady(session.pixels[first.id], chest_wall=None))
    assert told == [()]
