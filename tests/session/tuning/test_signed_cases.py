"""Signed reads as cases: what a signature stands for, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reading"))
from reading_makers import Shelf, import_study, normal, result_of, room_for, study_of

from mammoview.core.reading import Assessment, BreastDecision, FindingType, ReaderFinding, Recommendation, RejectReason
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.values import Draft
from mammoview.session.reading import changes
from mammoview.session.tuning.signed_cases import label_of, signed_reads
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.worklist import Worklist, open_worklist

Change = Callable[[Draft], Draft]
L, R = Laterality.LEFT, Laterality.RIGHT


@pytest.fixture
def worklist(home: Path) -> Iterator[Worklist]:
    opened, _ = open_worklist(home / "worklist.db")
    yield opened
    opened.close()


def read(worklist: Worklist, number: int, reader: str, change: Change, *, signs: bool = True) -> None:
    """Read a study from opening to signature; ``change`` is made after the AI was seen."""
    study = study_of(number)
    shelf = Shelf()
    if not any(known.id == reader for known in worklist.readers.all()) or number not in worklist_rows(worklist):
        import_study(worklist, study)
    shelf.put(worklist, number, result_of(study))
    room = room_for(worklist, reader, shelf)
    room.store(normal(room.open_case(number, study).draft))
    room.commit()
    room.store(change(room.reveal().draft))
    room.decide()
    if signs:
        room.sign()
    room.close_case()


def worklist_rows(worklist: Worklist) -> set[int]:
    with worklist._database.read() as connection:
        return {row[0] for row in connection.execute("SELECT id FROM studies")}


def suspicious(draft: Draft, side: Laterality = R, category: Assessment = Assessment.SUSPICIOUS) -> Draft:
    draft = changes.assess(draft, side, category)
    return changes.recommend(draft, side, (Recommendation.BIOPSY,))


def accept_first(draft: Draft) -> Draft:
    first, second = draft.findings
    return changes.reject(changes.accept(draft, first.id, "a"), second.id, "a", RejectReason.SUPERIMPOSED)


def test_accepted_finding_of_a_suspicious_breast_is_a_malignant_lesion(worklist: Worklist) -> None:
    read(worklist, 1, "a", lambda draft: accept_first(suspicious(draft)))
    found = signed_reads(worklist, worklist.readers.sign_in("a"))
    by_view = {(image.laterality, image.view): image for image in found.images}
    assert {key: image.is_malignant for key, image in by_view.items()} == {
        (R, ViewPosition.CC): True,
        (R, ViewPosition.MLO): True,
        (L, ViewPosition.CC): False,
        (L, ViewPosition.MLO): False,
    }
    (lesion,) = by_view[R, ViewPosition.CC].lesions
    assert lesion.is_outlined_by_ai
    assert (lesion.kind, lesion.is_malignant, len(lesion.contour)) == ("mass", True, 4)
    # The rejected one is nothing.
    assert by_view[R, ViewPosition.MLO].lesions == ()
    assert {image.patient for image in found.images} == {"P1"}
    assert {(image.density, image.study_date) for image in found.images} == {("B", "20240601")}
    assert by_view[R, ViewPosition.CC].path == "/data/1/0.dcm"


def test_unsigned_reads_and_unjudged_findings_are_left_out(worklist: Worklist) -> None:
    read(worklist, 1, "a", lambda draft: draft, signs=False)
    found = signed_reads(worklist, worklist.readers.sign_in("a"))
    assert (found.images, found.studies) == ((), 0)


def test_an_outline_that_the_readers_hand_changed_is_no_models(worklist: Worklist) -> None:
    corners = ((10.0, 10.0), (10.0, 40.0), (40.0, 40.0))

    def change(draft: Draft) -> Draft:
        draft = accept_first(suspicious(draft))
        return changes.edit_contour(draft, draft.findings[0].id, corners, "a")

    read(worklist, 1, "a", change)
    found = signed_reads(worklist, worklist.readers.sign_in("a"))
    (lesion,) = (lesion for image in found.images for lesion in image.lesions)
    assert (lesion.contour, lesion.is_outlined_by_ai) == (corners, False)


def test_breast_with_several_lesions_labels_none_of_them(worklist: Worklist) -> None:
    def change(draft: Draft) -> Draft:
        draft = accept_first(suspicious(draft))
        image = draft.findings[0].image_id
        corners = ((10.0, 10.0), (10.0, 40.0), (40.0, 40.0))
        own = ReaderFinding("own", image, R, ViewPosition.CC, FindingType.CALCIFICATIONS, corners)
        return changes.add_finding(draft, own)

    read(worklist, 1, "a", change)
    found = signed_reads(worklist, worklist.readers.sign_in("a"))
    lesions = [lesion for image in found.images for lesion in image.lesions]
    assert [(lesion.kind, lesion.is_malignant) for lesion in lesions] == [("", None), ("", None)]


def test_amended_report_counts_in_its_last_version(worklist: Worklist) -> None:
    read(worklist, 1, "a", suspicious)
    shelf = Shelf()
    shelf.put(worklist, 1, result_of(study_of(1)))
    room = room_for(worklist, "a", shelf)
    room.open_case(1, study_of(1))
    room.amend("Biopsy was benign.")
    assert room.case is not None
    room.store(changes.assess(room.case.draft, R, Assessment.BENIGN))
    room.store(changes.recommend(room.case.draft, R, (Recommendation.ROUTINE,)))
    room.sign()
    found = signed_reads(worklist, worklist.readers.sign_in("a"))
    assert {image.is_malignant for image in found.images} == {False}


@pytest.mark.parametrize(
    ("decision", "label"),
    [
        (BreastDecision(L, Assessment.NEGATIVE), False),
        (BreastDecision(L, Assessment.BENIGN, True), False),
        (BreastDecision(L, Assessment.PROBABLY_BENIGN), None),
        (BreastDecision(L, Assessment.INCOMPLETE), None),
        (BreastDecision(L, Assessment.LOW_SUSPICION), True),
        (BreastDecision(L, Assessment.HIGHLY_SUGGESTIVE), True),
        (BreastDecision(L, Assessment.KNOWN_MALIGNANCY), True),
        (BreastDecision(L, None, False), False),
        (BreastDecision(L, None, True), None),
        (BreastDecision(L), None),
    ],
)
def test_categories_give_labels_by_the_rule(decision: BreastDecision, label: bool | None) -> None:
    assert label_of(decision) is label


def test_two_readers_must_agree(worklist: Worklist) -> None:
    worklist.readers.add("x", "Dr x")
    worklist.protocols.change(worklist.readers.sign_in("x"), Protocol(reading=ReadingMode.DOUBLE))
    read(worklist, 1, "a", lambda draft: suspicious(draft, R, Assessment.INCOMPLETE))
    assert signed_reads(worklist, worklist.readers.sign_in("x")).images == ()
    read(worklist, 1, "b", lambda draft: suspicious(draft, R, Assessment.SUSPICIOUS))
    found = signed_reads(worklist, worklist.readers.sign_in("x"))
    labels = {image.laterality: image.is_malignant for image in found.images}
    assert labels == {R: None, L: False}


def test_taking_reads_is_logged_without_names(worklist: Worklist) -> None:
    read(worklist, 1, "a", lambda draft: draft)
    told: list[float] = []
    signed_reads(worklist, worklist.readers.sign_in("a"), progress=lambda share, text: told.append(share))
    assert told == [1.0]
    with worklist._database.read() as connection:
        (detail,) = connection.execute("SELECT detail FROM audit WHERE event = 'export'").fetchone()
    assert "training cases of 1 studies" in detail
