from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from study_makers import import_folder, make_studies

from mammoview.core.findings import ExamResult, ImageResult, Provenance
from mammoview.session.events import ExamAnalysed, PixelsReady, StudySelected
from mammoview.session.reading import ai_files
from mammoview.session.reading.files import case_files
from mammoview.session.reading.prefetch import Prefetch
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.listing import Query
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist


@pytest.fixture(autouse=True)
def importable_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent))


@pytest.fixture
def session(ear) -> Iterator[Session]:
    made = Session(replace(Settings(), analyse_on_open=False), ear, engine="fake_children:engine")
    yield made
    made.close()


@pytest.fixture
def ear():
    from tests.session.conftest import Ear

    return Ear()


@pytest.fixture
def seat(worklist: Worklist) -> Seat:
    worklist.readers.add("R1", "Reader")
    return worklist.readers.sign_in("R1")


@pytest.fixture
def order(worklist: Worklist, seat: Seat, session: Session, tmp_path: Path) -> tuple[int, ...]:
    """Of six studies of two images."""
    make_studies(tmp_path / "studies", 6)
    import_folder(worklist, session, tmp_path / "studies")
    return worklist.listing.order(seat, Query())


@pytest.fixture
def prefetch(worklist: Worklist, seat: Seat, session: Session) -> Iterator[Prefetch]:
    session.veil.begin()
    made = Prefetch(worklist, seat, session)
    yield made
    made.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def open_row(worklist: Worklist, seat: Seat, session: Session, row: int) -> str:
    files = case_files(worklist, seat, row)
    session.open_study(files.uid, files.all)
    wait_until(lambda: session.selected is not None and session.selected.uid == files.uid)
    return files.uid


def at_hand(session: Session) -> set[str]:
    """The studies whose pixels are all in memory."""
    return {
        study.uid for study in session.studies if all(session.pixels_of(image.id) is not None for image in study.images)
    }


def uids(worklist: Worklist, seat: Seat, *rows: int) -> set[str]:
    return {row.uid for row in worklist.listing.rows(seat, rows)}


def test_the_next_two_and_the_one_before_are_at_hand(worklist, seat, session, prefetch, order, ear) -> None:
    open_row(worklist, seat, session, order[2])
    prefetch.at(order, order[2])
    wanted = uids(worklist, seat, *order[1:5])
    wait_until(lambda: at_hand(session) == wanted)
    assert len(ear.of(StudySelected)) == 1
    assert len(session.listed) == 1, "nobody looks at the neighbours yet"


def test_going_on_lets_others_go(worklist, seat, session, prefetch, order, ear) -> None:
    open_row(worklist, seat, session, order[1])
    prefetch.at(order, order[1])
    wait_until(lambda: at_hand(session) == uids(worklist, seat, *order[0:4]))
    (next_uid,) = uids(worklist, seat, order[2])
    fetched = {image.id: session.pixels_of(image.id) for image in session.study(next_uid).images}
    before = len(ear.of(PixelsReady))
    session.open_study(next_uid, ())
    shown = {event.image.image_id: event.image for event in ear.of(PixelsReady)[before:]}
    assert all(shown[image_id] is image for image_id, image in fetched.items()), "from memory, before it returns"
    prefetch.at(order, order[2])
    wait_until(lambda: at_hand(session) == uids(worklist, seat, *order[1:5]))
    assert {study.uid for study in session.studies} == uids(worklist, seat, *order[1:5])


def test_results_on_disk_come_along_and_stay_concealed(worklist, seat, session, prefetch, order, ear) -> None:
    kept = uids(worklist, seat, order[0], order[1])
    for uid in kept:
        provenance = Provenance("test", "cpu", "onnx", (), "2026-01-01T00:00:00Z", 0.1)
        result = ExamResult(uid, "f", provenance, (ImageResult("i", p_malignant=0.9),), p_malignant=0.9)
        ai_files.save(ai_files.folder_of(uid), result)
    open_row(worklist, seat, session, order[0])
    prefetch.at(order, order[0])
    wait_until(lambda: all(session.has_result(uid) for uid in kept))
    assert not any(session.result_of(uid) for uid in kept)
    assert not ear.of(ExamAnalysed)
    current = session.selected.uid
    session.veil.lift(current)
    assert session.result_of(current).p_malignant == 0.9


def test_a_damaged_result_is_no_result(worklist, seat, session, prefetch, order) -> None:
    (uid,) = uids(worklist, seat, order[1])
    folder = ai_files.folder_of(uid)
    folder.mkdir(parents=True)
    (folder / "0.json").write_text("{")
    open_row(worklist, seat, session, order[0])
    prefetch.at(order, order[0])
    wait_until(lambda: len(at_hand(session)) == 3)
    assert not session.has_result(uid)


def test_priors_come_along(worklist, seat, session, prefetch, fixtures_dir, tmp_path) -> None:
    import_folder(worklist, session, fixtures_dir("priors") / "current")
    import_folder(worklist, session, fixtures_dir("priors") / "prior")
    make_studies(tmp_path / "studies", 1)
    import_folder(worklist, session, tmp_path / "studies")
    order = worklist.listing.order(seat, Query())
    dated = [row for row in worklist.listing.rows(seat, order) if row.date]
    newest = max(dated, key=lambda row: row.date)
    other = next(row for row in worklist.listing.rows(seat, order) if not row.date)
    open_row(worklist, seat, session, other.id)
    prefetch.at((other.id, newest.id), other.id)
    prior = next(row.uid for row in dated if row.id != newest.id)
    wait_until(lambda: {newest.uid, prior} <= {study.uid for study in session.studies})
    open_row(worklist, seat, session, newest.id)
    assert session.hangings.toggle_priors()


def test_memory_bounds_what_is_fetched(worklist, seat, session, prefetch, order, monkeypatch) -> None:
    open_row(worklist, seat, session, order[0])
    wait_until(lambda: len(at_hand(session)) == 1)
    monkeypatch.setattr(session._pixels, "_most_bytes", session._pixels._held_bytes() * 2)
    prefetch.at(order, order[0])
    (first, second) = (uids(worklist, seat, row).pop() for row in order[1:3])
    wait_until(lambda: first in at_hand(session) and session.study(second) is not None)
    time.sleep(0.2)
    assert second not in at_hand(session)
    assert session.selected.uid in at_hand(session), "what hangs is never given up"
    open_row(worklist, seat, session, order[1])
    prefetch.at(order[1:], order[1])
    wait_until(lambda: second in at_hand(session))


def test_a_locked_seat_fetches_nothing(worklist, seat, session, prefetch, order) -> None:
    open_row(worklist, seat, session, order[0])
    worklist.readers.lock(seat)
    prefetch.at(order, order[0])
    time.sleep(0.3)
    assert len(session.studies) == 1


def test_the_end_lets_go_what_was_fetched_for_nothing(worklist, seat, session, prefetch, order) -> None:
    open_row(worklist, seat, session, order[0])
    prefetch.at(order, order[0])
    wait_until(lambda: len(at_hand(session)) == 3)
    prefetch.close()
    assert len(session.studies) == 1
