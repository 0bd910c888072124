from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from worklist_makers import header, seat_for

from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.create import write_mammogram
from mammoview.dicom.create_header import NewMammogram
from mammoview.session.decoders import DECODER
from mammoview.session.jobs import Crew
from mammoview.session.worklist.importer import FATAL, ImportEnded, ImportProgress
from mammoview.session.worklist.ingest_store import IngestStore, Outcome
from mammoview.session.worklist.ingest_values import StudyKind
from mammoview.session.worklist.listing import Query
from mammoview.session.worklist.worklist import open_worklist

PIXELS = np.full((40, 30), 100, np.uint16)


def write_image(path: Path, study: int, image: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    described = NewMammogram(
        sop_uid=f"1.2.3.{study}.{image}",
        series_uid=f"1.2.3.{study}.0",
        study_uid=f"1.2.3.{study}",
        view=ViewPosition.CC,
        laterality=(Laterality.LEFT, Laterality.RIGHT)[image % 2],
        spacing_mm=(0.1, 0.1),
        patient_id=f"ID{study}",
        patient_name=f"Muster^Frau{study}",
        birth_date="19550505",
        age_years=60,
        study_date="20200101",
        study_time="120000",
        windows=(),
        accession=f"ACC{study}",
    )
    write_mammogram(path, PIXELS, described)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve studies of four images, two files that are none, a double, and a picture."""
    root = tmp_path / "studies"
    for study in range(12):
        for image in range(4):
            write_image(root / f"s{study}" / f"{image}.dcm", study, image)
    (root / "notes.txt").write_text("nothing to see")
    (root / "empty.dcm").write_bytes(b"")
    shutil.copy(root / "s3" / "1.dcm", root / "copy.dcm")
    return root


@pytest.fixture
def crew(tmp_path, monkeypatch):
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "home"))
    made = Crew(DECODER, size=2, name="decoder")
    yield made
    made.close()


def import_folder(worklist, crew, folder, ear) -> ImportEnded:
    before = len(ear.of(ImportEnded))
    worklist.start_import(crew, [str(folder)], on_report=ear)
    return ear.wait(ImportEnded, count=before + 1)


def outcomes(ended: ImportEnded) -> dict[str, int]:
    return dict(ended.progress.outcomes)


def test_a_folder_becomes_studies_and_every_file_is_accounted_for(worklist, crew, folder, ear) -> None:
    ended = import_folder(worklist, crew, folder, ear)
    assert ended.problem is None
    assert not ended.is_cancelled
    assert ended.progress.found == ended.progress.done == 51
    assert ended.progress.fraction == 1.0
    assert outcomes(ended) == {"added": 48, "duplicate": 1, "not_an_image": 1, "truncated": 1}
    codes = {Path(path).name: code for path, code in ended.refused}
    assert codes == {"notes.txt": "not_an_image", "empty.dcm": "truncated"}
    seat = seat_for(worklist, "r1")
    rows = worklist.listing.rows(seat, worklist.listing.order(seat, Query()))
    assert len(rows) == 12
    row = next(row for row in rows if row.uid == "1.2.3.3")
    assert (row.patient_name, row.patient_id, row.birth_date) == ("Muster^Frau3", "ID3", "19550505")
    assert (row.date, row.time, row.accession, row.images) == ("20200101", "120000", "ACC3", 4)
    assert row.kinds == ("FFDM",)
    # copy.dcm comes first in the folder's order or not: one path is kept for each image.
    paths = worklist.listing.paths(seat, row.id)
    assert len(paths) == 4
    assert worklist.ingest.unfinished() == ()


def test_a_second_import_reads_only_what_changed(worklist, crew, folder, ear) -> None:
    import_folder(worklist, crew, folder, ear)
    again = import_folder(worklist, crew, folder, ear)
    assert again.progress.known == 51
    assert outcomes(again) == {}
    write_image(folder / "new" / "0.dcm", 77, 0)
    os.utime(folder / "s0" / "0.dcm", (1, 1))
    third = import_folder(worklist, crew, folder, ear)
    assert outcomes(third) == {"added": 1, "changed": 1}


def test_files_that_moved_are_found_again(worklist, crew, folder, ear, tmp_path) -> None:
    (folder / "copy.dcm").unlink()
    import_folder(worklist, crew, folder, ear)
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    ended = import_folder(worklist, crew, moved, ear)
    assert outcomes(ended)["moved"] == 48
    assert "added" not in outcomes(ended)
    seat = seat_for(worklist, "r1")
    studies = worklist.listing.order(seat, Query())
    assert len(studies) == 12
    assert all(Path(path).is_relative_to(moved) for study in studies for path in worklist.listing.paths(seat, study))


def test_a_cancelled_import_goes_on_where_it_was(database_path, worklist, crew, folder, ear) -> None:
    started = []

    def on_report(report: object) -> None:
        ear(report)
        if isinstance(report, ImportProgress) and report.outcomes and started:
            started[0].cancel()

    started.append(worklist.start_import(crew, [str(folder)], on_report=on_report))
    ended = ear.wait(ImportEnded)
    assert started[0].wait(10)
    if ended.is_cancelled:
        assert worklist.ingest.unfinished() == ((str(folder),),)
    # As after the program's end.
    reopened, _ = open_worklist(database_path)
    again = import_folder(reopened, crew, folder, ear)
    assert again.progress.known == ended.progress.done
    assert reopened.ingest.unfinished() == ()
    assert len(reopened.listing.order(seat_for(reopened, "r1"), Query())) == 12
    reopened.close()


def test_reports_are_few_and_end_with_the_last_word(worklist, crew, folder, ear) -> None:
    began = time.monotonic()
    import_folder(worklist, crew, folder, ear)
    seconds = time.monotonic() - began
    assert isinstance(ear.heard[-1], ImportEnded)
    assert len(ear.of(ImportProgress)) <= 2 + seconds * 10
    assert all(report.seconds_left is None or report.seconds_left >= 0 for report in ear.of(ImportProgress))


def test_a_file_that_kills_its_reader_costs_itself_only(worklist, folder, ear, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "home"))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    (folder / "s5" / "deadly.dcm").write_bytes(b"boom")
    crew = Crew("deadly_child:main", size=2, name="decoder")
    ended = import_folder(worklist, crew, folder, ear)
    crew.close()
    assert ended.problem is None
    assert outcomes(ended)[FATAL] == 1
    assert [Path(path).name for path, code in ended.refused if code == FATAL] == ["deadly.dcm"]
    assert outcomes(ended)["added"] == 48


def test_a_full_disk_stops_the_import_with_a_word(worklist, crew, folder, ear) -> None:
    with worklist._database.read() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    worklist._database._writer.execute(f"PRAGMA max_page_count = {pages}")
    for study in range(100, 400):
        write_image(folder / f"more{study}.dcm", study, 0)
    ended = import_folder(worklist, crew, folder, ear)
    assert ended.problem is not None
    assert "full" in ended.problem.message
    assert not ended.is_cancelled


def test_one_uid_for_two_patients_is_a_conflict_and_joins_nothing(worklist) -> None:
    worklist.ingest.add([header(1)])
    stranger = replace(header(1), patient_id="OTHER", file=replace(header(1).file, path="/data/x.dcm"))
    tally = worklist.ingest.add([stranger])
    assert tally.outcomes == {Outcome.CONFLICT: 1}
    seat = seat_for(worklist, "r1")
    assert worklist.listing.rows(seat, [1])[0].images == 1


def test_one_study_uid_for_two_patients_is_two_studies(worklist) -> None:
    worklist.ingest.add([header(1), replace(header(2), study_uid="1.2.1")])
    assert len(worklist.listing.order(seat_for(worklist, "r1"), Query())) == 2


def test_a_double_is_told_from_a_file_that_moved_by_looking(worklist) -> None:
    there = {"/data/1/0.dcm"}
    store = IngestStore(worklist._database, is_there=lambda path: path in there)
    store.add([header(1)])
    copy = replace(header(1), file=replace(header(1).file, path="/copy.dcm"))
    assert store.add([copy]).outcomes == {Outcome.DUPLICATE: 1}
    there.clear()
    assert store.add([copy]).outcomes == {Outcome.MOVED: 1}
    assert worklist.listing.paths(seat_for(worklist, "r1"), 1) == ("/copy.dcm",)


def test_kinds_of_a_study_are_those_of_its_images(worklist) -> None:
    kinds = (StudyKind.MAMMOGRAM, StudyKind.TOMOSYNTHESIS, StudyKind.MAMMOGRAM)
    worklist.ingest.add([header(1, image=number, kind=kind) for number, kind in enumerate(kinds)])
    row = worklist.listing.rows(seat_for(worklist, "r1"), [1])[0]
    assert row.kinds == ("DBT", "FFDM")
    assert row.images == 3
