"""A reader's way through a case, as it is stored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reading_makers import Shelf, import_study, normal, result_of, room_for, study_of

from mammoview.core.anatomy import LandmarkEdit
from mammoview.core.errors import ReadingError
from mammoview.core.findings import Link
from mammoview.core.reading import Assessment, FindingType, ReaderFinding, RejectReason, RevealProtocol, VerdictKind
from mammoview.core.study import Laterality, ViewPosition
from mammoview.session.reading import changes
from mammoview.session.worklist.errors import BlindedError, WorklistError
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.worklist import Worklist

STUDY = study_of(1)


@pytest.fixture
def shelf(worklist: Worklist) -> Shelf:
    import_study(worklist, STUDY)
    shelf = Shelf()
    shelf.put(worklist, 1, result_of(STUDY))
    return shelf


def test_the_ai_stays_hidden_until_the_first_read_is_committed(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    case = room.open_case(1, STUDY)
    room.store(normal(case.draft))
    with pytest.raises(BlindedError):
        room.reveal()
    assert shelf.opened == []
    assert room.case is not None
    assert not room.case.draft.findings
    room.commit()
    seen = room.reveal()
    assert seen.result is not None
    assert [finding.verdict for finding in seen.draft.findings] == [None, None]
    assert len(seen.draft.links) == 1
    assert seen.draft.ai.is_revealed


def test_what_the_ai_proposed_is_not_reported_before_it_is_accepted(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    draft = room.reveal().draft
    assert draft.reported == ()
    first, second = draft.findings
    draft = changes.accept(draft, first.id, "a")
    draft = changes.reject(draft, second.id, "a", RejectReason.SUPERIMPOSED)
    stored = room.store(draft).draft
    assert [finding.id for finding in stored.reported] == [first.id]
    assert stored.findings[1].verdict is not None
    assert stored.findings[1].verdict.kind is VerdictKind.REJECTED


def test_a_committed_decision_stays_until_the_ai_was_seen(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    case = room.commit()
    changed = changes.assess(case.draft, Laterality.RIGHT, Assessment.INCOMPLETE)
    with pytest.raises(ReadingError):
        room.store(changed)
    room.reveal()
    assert room.case is not None
    room.store(changes.assess(room.case.draft, Laterality.RIGHT, Assessment.INCOMPLETE))
    reading = room.decide().reading
    assert reading is not None
    assert reading.before is not None
    assert reading.after is not None
    assert (reading.before.right.category, reading.after.right.category) == ("1", "0")
    assert (reading.before.is_recall, reading.after.is_recall) == (False, True)


def test_signing_locks_the_report_and_carries_the_head_of_the_log(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    room.reveal()
    case = room.sign()
    assert case.is_signed
    assert case.is_read_only
    assert case.signed is not None
    assert case.reading is not None
    assert case.reading.after is not None
    head = next(one for one in worklist.documents.visible(room.seat, 1) if one.is_signed).audit_head
    assert head.endswith(case.signed.chain_head)
    with pytest.raises(ReadingError):
        room.store(case.draft)


def test_what_blocks_a_signature_is_told_and_nothing_is_stored(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    case = room.open_case(1, STUDY)
    room.store(replace(normal(case.draft), density=None))
    room.commit()
    room.reveal()
    with pytest.raises(ReadingError, match="density"):
        room.sign()
    reading = worklist.readings.visible(room.seat, 1)[0]
    assert reading.signed_at is None
    assert reading.after is None


def test_an_amendment_keeps_the_signed_report_and_survives_the_program(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    first = room.sign().signed
    amending = room.amend("The wrong side was named.")
    assert not amending.is_read_only
    room.store(changes.assess(amending.draft, Laterality.LEFT, Assessment.BENIGN))
    again = room_for(worklist, "a", shelf)
    reopened = again.open_case(1, STUDY)
    assert reopened.amends is not None
    assert reopened.amends.reason == "The wrong side was named."
    breast = reopened.draft.breast(Laterality.LEFT)
    assert breast is not None
    assert breast.assessment is Assessment.BENIGN
    signed = again.sign().signed
    assert signed is not None
    assert signed.version == 2
    assert signed.history == (first,)
    assert room_for(worklist, "a", shelf).open_case(1, STUDY).amends is None


def test_a_draft_and_a_reveal_are_there_again_after_the_program_died(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    draft = normal(room.open_case(1, STUDY).draft)
    square = ((10.0, 10.0), (10.0, 50.0), (50.0, 50.0))
    own = ReaderFinding("own", STUDY.images[0].id, Laterality.RIGHT, ViewPosition.CC, FindingType.MASS, square)
    stored = room.store(changes.add_finding(draft, own)).draft
    assert room_for(worklist, "a", shelf).open_case(1, STUDY).draft == stored
    room.commit()
    revealed = room.reveal()
    again = room_for(worklist, "a", shelf).open_case(1, STUDY)
    assert again.draft == revealed.draft
    assert again.result == revealed.result


def test_the_second_reader_sees_nothing_of_the_first(worklist: Worklist, shelf: Shelf) -> None:
    one = room_for(worklist, "a", shelf)
    worklist.protocols.change(one.seat, Protocol(reading=ReadingMode.DOUBLE))
    one.store(normal(one.open_case(1, STUDY).draft))
    one.commit()
    one.sign()
    other = room_for(worklist, "b", shelf)
    case = other.open_case(1, STUDY)
    assert case.others == ()
    assert case.signed is None
    assert case.draft.breasts == ()
    draft = changes.assess(normal(case.draft), Laterality.RIGHT, Assessment.INCOMPLETE)
    other.store(draft)
    other.commit()
    other.reveal()
    assert [reading.reader for reading in other.sign().others] == ["a"]
    arbiter = room_for(worklist, "c", shelf).open_case(1, STUDY)
    assert [reading.reader for reading in arbiter.others] == ["a", "b"]
    assert arbiter.reading is not None
    assert arbiter.reading.place == 3
    assert arbiter.draft.breasts == ()
    assert arbiter.signed is None


def test_without_the_ai_nothing_is_revealed(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    worklist.protocols.change(room.seat, Protocol(reveal=RevealProtocol.NEVER))
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    with pytest.raises(BlindedError):
        room.reveal()
    signed = room.sign().signed
    assert signed is not None
    assert not signed.content.ai.is_revealed
    assert shelf.opened == []


def test_an_undecided_breast_cannot_be_committed(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    case = room.open_case(1, STUDY)
    room.store(changes.assess(case.draft, Laterality.RIGHT, Assessment.NEGATIVE))
    with pytest.raises(ReadingError, match="left breast"):
        room.commit()


def test_a_second_window_is_told_and_cannot_write(worklist: Worklist, shelf: Shelf) -> None:
    from mammoview.session.worklist.worklist import open_worklist

    first = room_for(worklist, "a", shelf)
    first.open_case(1, STUDY)
    second, _ = open_worklist(worklist.path)
    try:
        room = room_for(second, "a", shelf)
        case = room.open_case(1, STUDY)
        assert case.holder is not None
        with pytest.raises(ReadingError, match="Another window"):
            room.store(normal(case.draft))
        first.close_case()
        assert room.open_case(1, STUDY).holder is None
        with pytest.raises(WorklistError):
            first.store(normal(case.draft))
    finally:
        second.close()


def test_dragged_landmarks_are_kept_with_the_case(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    case = room.open_case(1, STUDY)
    assert case.landmarks == {}
    first, second = (image.id for image in STUDY.images[:2])
    room.keep_landmarks([LandmarkEdit(first, nipple=(10.0, 20.0))])
    room.keep_landmarks([LandmarkEdit(second, wall=((0.0, 5.0), (90.0, 5.0)))])
    room.keep_landmarks([LandmarkEdit(first, nipple=(11.0, 21.0))])
    room.close_case()
    again = room_for(worklist, "a", shelf).open_case(1, STUDY)
    assert again.landmarks == {
        first: LandmarkEdit(first, nipple=(11.0, 21.0)),
        second: LandmarkEdit(second, wall=((0.0, 5.0), (90.0, 5.0))),
    }
    assert again.draft == case.draft, "another document than the draft"


def test_landmarks_of_a_case_that_is_read_only_are_not_kept(worklist: Worklist, shelf: Shelf) -> None:
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    room.reveal()
    room.sign()
    with pytest.raises(ReadingError):
        room.keep_landmarks([LandmarkEdit(STUDY.images[0].id, nipple=(10.0, 20.0))])


def test_the_newest_prior_may_be_compared_after_the_reveal(worklist: Worklist) -> None:
    earlier = replace(study_of(2, "20230601"), patient_id=STUDY.patient_id, patient_name=STUDY.patient_name)
    import_study(worklist, STUDY)
    import_study(worklist, earlier)
    shelf = Shelf()
    shelf.put(worklist, 1, result_of(STUDY))
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    assert room.commit().compared == frozenset()
    assert room.reveal().compared == frozenset(), "the AI has not looked at the earlier one"
    shelf.put(worklist, 2, result_of(earlier))
    assert room.reveal().compared == {earlier.uid}
    assert room_for(worklist, "b", shelf).open_case(1, STUDY).compared == frozenset()


def test_of_each_image_the_most_suspicious_marks_are_proposed_with_their_partners(
    worklist: Worklist, shelf: Shelf
) -> None:
    result = result_of(STUDY)
    cc, _, mlo, _ = result.images
    (finding,) = cc.findings
    many = tuple(replace(finding, id=f"{cc.image_id}#{n}", p_malignant=n / 10) for n in range(1, 7))
    weak = (replace(finding, id=f"{mlo.image_id}#1", p_malignant=0.05),)
    strong = tuple(replace(finding, id=f"{mlo.image_id}#{n}", p_malignant=0.9) for n in range(2, 5))
    links = (Link(many[5].id, weak[0].id, 0.9), Link(many[0].id, strong[0].id, 0.8))
    images = (replace(cc, findings=many), result.images[1], replace(mlo, findings=weak + strong), result.images[3])
    shelf.put(worklist, 1, replace(result, images=images, links=links))
    room = room_for(worklist, "a", shelf)
    room.store(normal(room.open_case(1, STUDY).draft))
    room.commit()
    proposed = {one.origin.ai_finding_id for one in room.reveal().draft.findings}
    # The three highest of each, the partner of the highest, and the partner of a mark on the other view.
    expected = {many[n].id for n in (0, 3, 4, 5)} | {one.id for one in (*weak, *strong)}
    assert proposed == expected
