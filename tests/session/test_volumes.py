"""Frames on demand: the one wanted now first, the next ones after it, within the memory that is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import CancelledError, Problem
from mammoview.core.image import RangePadding
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.study import Laterality, Mammogram, ViewPosition, VoiWindow
from mammoview.dicom.create_header import NewMammogram, make_uid
from mammoview.dicom.create_volume import NewVolume, VolumeSyntax, write_volume
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.pyramid import build
from mammoview.session.blocks import Decoded, FrameRequest
from mammoview.session.events import FrameFailed, FrameReady, Level, Message, PixelsReady, StudiesFound
from mammoview.session.jobs import Crew, Order
from mammoview.session.messages import Messages
from mammoview.session.pixels import Pixels
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.volumes import Volumes

ROWS, COLUMNS, FRAMES = 300, 200, 12
QUIET = replace(Settings(), analyse_on_open=False)


def write(path: Path, count: int = FRAMES, syntax: VolumeSyntax = VolumeSyntax.NATIVE) -> Path:
    """A volume stored from the top down; each frame is a ramp above its stored number."""
    rows, columns = np.indices((ROWS, COLUMNS))
    frames = [np.where(columns < 150, 100 + rows + 10 * k, 0).astype(np.uint16) for k in range(count)]
    image = NewMammogram(
        sop_uid=make_uid("volumes", path.name),
        series_uid=make_uid("volumes", "series"),
        study_uid=make_uid("volumes", "study"),
        view=ViewPosition.CC,
        laterality=Laterality.LEFT,
        spacing_mm=(0.1, 0.1),
        patient_id="PHANTOM-1",
        patient_name="SYNTHETIC^PHANTOM",
        birth_date="19700102",
        age_years=55,
        study_date="20250203",
        study_time="101500",
        windows=(VoiWindow(500.0, 900.0, explanation="NORMAL"),),
        bits_stored=10,
    )
    write_volume(path, frames, NewVolume(image, tuple(float(count - k) for k in range(count))), syntax=syntax)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Mammogram:
    return read_header(write(tmp_path / "v.dcm"))


class Played(Crew):
    """A crew that does nothing by itself: the test says when a decoder is free."""

    def __init__(self) -> None:
        self.waiting: list[Order] = []

    def submit(self, order: Order) -> None:
        self.waiting.append(order)

    def begin(self) -> tuple[Order, int | None]:
        """Give the first order to a decoder: the stored frame that it is for, or None where none is wanted."""
        order = min(self.waiting, key=lambda one: one.priority)
        self.waiting.remove(order)
        try:
            payload = order.make_payload()
        except CancelledError as error:
            order.on_report(JobFailed(0, Problem.from_error(error)))
            return order, None
        assert isinstance(payload, FrameRequest)
        assert payload.image.volume is not None
        (stored,) = payload.image.volume.stored
        return order, stored

    def step(self) -> int | None:
        """Do one order."""
        order, stored = self.begin()
        if stored is not None:
            order.on_report(JobDone(0, Decoded(0, None)))
        return stored

    def run(self) -> list[int]:
        """Do all orders, also those that come of them."""
        done = []
        while self.waiting:
            stored = self.step()
            if stored is not None:
                done.append(stored)
        return done


@pytest.fixture
def crew() -> Played:
    return Played()


@pytest.fixture
def volumes(crew: Played, ear) -> Volumes:
    messages = Messages()
    messages.connect(ear)
    return Volumes(crew, Pixels(crew, ear, messages, 256), ear, messages, workers=1)


def positions(stored: list[int]) -> list[int]:
    """Positions of stored frames: the file is written from the top down."""
    return [FRAMES - 1 - number for number in stored]


@pytest.mark.meets("MG-I08")
def test_the_wanted_frame_comes_first_then_those_ahead_then_those_behind(
    volumes: Volumes, crew: Played, image: Mammogram, ear
) -> None:
    volumes.want(image, 5)
    assert positions(crew.run()) == [5, 6, 7, 4, 8, 9, 3, 10, 11, 2, 1, 0]
    assert next(event.position for event in ear.of(FrameReady)) == 5
    assert all(volumes.get(image, position) is not None for position in range(FRAMES))


@pytest.mark.meets("MG-I08")
def test_a_reader_going_down_gets_the_lower_frames_first(volumes: Volumes, crew: Played, image: Mammogram) -> None:
    volumes.want(image, 8, step=-1, reach=3)
    assert positions(crew.run()) == [8, 7, 6, 9, 5]


@pytest.mark.meets("MG-I08")
def test_newest_wins_and_frames_passed_by_are_not_decoded(volumes: Volumes, crew: Played, image: Mammogram) -> None:
    volumes.want(image, 0, reach=0)
    order, first = crew.begin()
    for position in range(1, 10):
        volumes.want(image, position, reach=0)
    order.on_report(JobDone(0, Decoded(0, None)))
    assert first is not None
    assert positions([first, *crew.run()]) == [0, 9]


def test_the_volume_touched_last_goes_first(volumes: Volumes, crew: Played, image: Mammogram, tmp_path: Path) -> None:
    other = read_header(write(tmp_path / "other.dcm", 3))
    volumes.want(image, 4, reach=0)
    volumes.want(other, 1, reach=0)
    assert crew.run() == [1, FRAMES - 1 - 4]


def test_what_is_no_longer_shown_is_no_longer_fetched(volumes: Volumes, crew: Played, image: Mammogram) -> None:
    volumes.want(image, 4)
    crew.step()
    volumes.keep_only(())
    assert crew.run() == []


@pytest.mark.meets("MG-I08")
def test_memory_is_bounded_and_what_is_needed_last_goes_first(crew: Played, image: Mammogram, ear) -> None:
    each = sum(level.nbytes for level in build(decode(image, 0))[0])
    pixels = Pixels(crew, ear, Messages(), 1)
    room = 2**20 // each
    assert 3 < room < FRAMES - 2
    volumes = Volumes(crew, pixels, ear, Messages(), workers=1)
    volumes.want(image, 2)
    crew.run()
    held = [position for position in range(FRAMES) if volumes.get(image, position) is not None]
    assert volumes.held_bytes == len(held) * each <= 2**20
    assert len(held) == room
    assert {2, 3, 4} <= set(held)
    volumes.want(image, FRAMES - 1, step=-1)
    assert positions(crew.run())[0] == FRAMES - 1
    held = [position for position in range(FRAMES) if volumes.get(image, position) is not None]
    assert held == list(range(FRAMES - room, FRAMES))
    assert volumes.held_bytes <= 2**20


def test_three_frames_are_held_however_small_the_memory(crew: Played, image: Mammogram, ear) -> None:
    volumes = Volumes(crew, Pixels(crew, ear, Messages(), 0), ear, Messages(), workers=1)
    volumes.want(image, 6)
    crew.run()
    assert [position for position in range(FRAMES) if volumes.get(image, position) is not None] == [6, 7, 8]


def test_a_frame_that_cannot_be_read_is_told_once_and_not_asked_for_again(
    volumes: Volumes, crew: Played, image: Mammogram, ear
) -> None:
    volumes.want(image, 4, reach=2)
    for _ in range(3):
        order, stored = crew.begin()
        assert stored is not None
        order.on_report(JobFailed(0, Problem("", "decode", "It is damaged.", "Copy it.")))
    failed = {event.position for event in ear.of(FrameFailed)}
    assert len(failed) == 3
    assert volumes.has_failed(image.id, 4)
    assert not failed & set(positions(crew.run()))
    (told,) = [message for message in ear.of(Message) if message.problem.code == "decode"]
    assert told.problem.path == image.path
    assert "left out" in told.problem.message


def test_padding_worked_out_from_values_is_that_of_the_header() -> None:
    levels = (np.array([[0, 4, 5, 900]], np.uint16),)
    assert RangePadding(levels, 0, 4)[0].tolist() == [[255, 255, 0, 0]]
    assert RangePadding(levels, 4, 5)[0].tolist() == [[0, 255, 255, 0]]
    assert len(RangePadding(levels, 0, 4)[:0]) == 0


# With real decoders


@pytest.fixture
def session(ear) -> Iterator[Session]:
    made = Session(QUIET, ear, engine="fake_children:engine")
    yield made
    made.close()


def opened(session: Session, ear, path: Path) -> Mammogram:
    session.open([path])
    ear.wait(PixelsReady)
    (study,) = session.studies
    return study.images[0]


def assert_is(event: FrameReady, image: Mammogram) -> None:
    stored = decode(image, event.position)
    levels, padding = build(stored)
    for shown, wanted in zip(event.image.levels, levels, strict=True):
        np.testing.assert_array_equal(shown, wanted)
    np.testing.assert_array_equal(event.image.padding[0], padding[0])


@pytest.mark.meets("MG-I08")
@pytest.mark.parametrize("syntax", list(VolumeSyntax))
def test_frames_come_from_the_decoders_as_pyramids(
    session: Session, ear: Callable, tmp_path: Path, syntax: VolumeSyntax
) -> None:
    image = opened(session, ear, write(tmp_path / "v.dcm", syntax=syntax))
    (first,) = ear.of(PixelsReady)
    assert image.volume is not None
    np.testing.assert_array_equal(first.image.levels[0], decode(image, image.volume.middle).pixels)
    session.volumes.want(image, 0)
    ear.wait(FrameReady, count=FRAMES - 1)
    for event in ear.of(FrameReady):
        assert_is(event, image)


@pytest.mark.meets("MG-I08")
def test_a_killed_decoder_costs_a_frame_at_most(session: Session, ear, tmp_path: Path) -> None:
    image = opened(session, ear, write(tmp_path / "v.dcm", 60, VolumeSyntax.JPEG_2000))
    session.volumes.want(image, 0)
    ear.wait(FrameReady, count=3)
    for pid in session.decoders.pids:
        os.kill(pid, signal.SIGKILL)
    session.volumes.want(image, 59, step=-1)
    ear.wait(lambda event: isinstance(event, FrameReady) and event.position == 59)
    ear.wait(FrameReady, count=59 - 1)
    assert not ear.of(FrameFailed)
    for told in ear.of(Message):
        assert told.level is Level.WARNING
        assert told.problem.path == image.path


@pytest.mark.meets("MG-I08")
def test_a_volume_that_is_cut_off_is_told_of_once_and_its_rest_is_shown(session: Session, ear, tmp_path: Path) -> None:
    path = write(tmp_path / "v.dcm")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 3 * 2 * ROWS * COLUMNS - 10])
    image = opened(session, ear, path)
    assert image.frames == FRAMES - 4
    (told,) = ear.of(Message)
    assert told.level is Level.WARNING
    assert f"{FRAMES - 4} of {FRAMES} frames" in told.problem.message
    session.volumes.want(image, 0)
    ear.wait(FrameReady, count=image.frames - 1)
    assert not ear.of(FrameFailed)


@pytest.mark.data
def test_the_hologic_header_opens_with_its_four_frames(session: Session, ear, data: Path) -> None:
    image = opened(session, ear, data / "fixtures" / "dicom" / "hologic_bto_header_j2k.dcm")
    assert any("describes 45 frames" in told.problem.message for told in ear.of(Message))
    session.volumes.want(image, 0)
    ear.wait(FrameReady, count=3)
    assert len(ear.of(StudiesFound)) == 1
