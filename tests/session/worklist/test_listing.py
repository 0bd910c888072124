from __future__ import annotations

from dataclasses import replace

import pytest
from worklist_makers import NORMAL, header, import_studies, seat_for, use

from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist.errors import BlindedError
from mammoview.session.worklist.ingest_values import StudyKind
from mammoview.session.worklist.listing import Query, Sort, simplified
from mammoview.session.worklist.order import neighbour, next_after, to_prefetch
from mammoview.session.worklist.priors import StudyOfPatient, identity_doubts, priors_of
from mammoview.session.worklist.protocol import Protocol


@pytest.fixture
def seat(worklist):
    worklist.ingest.add(
        [
            header(
                1, patient_name="Müller^Anna", date="20240105", description="Screening", kind=StudyKind.TOMOSYNTHESIS
            ),
            header(2, patient_name="Zöe^Berta", date="20230105", accession="X77"),
            header(3, patient_name="ångström^Carla", date="", patient_id="100%_A"),
            header(4, patient_name="Abel^Dora", date="20240301", kind=StudyKind.PICTURE),
        ]
    )
    return seat_for(worklist, "r1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), (4, 1, 2, 3)),
        (Query(is_descending=False), (2, 1, 4, 3)),
        (Query(sort=Sort.NAME, is_descending=False), (4, 3, 1, 2)),
        (Query(sort=Sort.PATIENT_ID, is_descending=False), (3, 1, 2, 4)),
        (Query(sort=Sort.KIND, is_descending=False), (1, 2, 3, 4)),
        (Query(text="muller"), (1,)),
        (Query(text="ANNA Müller"), (1,)),
        (Query(text="anna zöe"), ()),
        (Query(text="x77"), (2,)),
        (Query(text="100%_"), (3,)),
        (Query(text="%"), (3,)),
        (Query(text="' OR 1=1 --"), ()),
        (Query(first_date="20240101"), (4, 1)),
        (Query(last_date="20240105"), (1, 2)),
        (Query(first_date="20240101", last_date="20240131"), (1,)),
        (Query(kinds=frozenset({"DBT", "PICTURE"})), (4, 1)),
        (Query(kinds=frozenset({"DB"})), ()),
        (Query(states=frozenset({ReadingState.NEW})), (4, 1, 2, 3)),
        (Query(states=frozenset({ReadingState.SIGNED, ReadingState.OPENED})), ()),
        (Query(patient=2), (2,)),
    ],
)
def test_search_filter_and_order(worklist, seat, query, expected) -> None:
    assert worklist.listing.order(seat, query) == expected


def test_rows_come_in_the_order_asked_for_and_gone_ones_are_left_out(worklist, seat) -> None:
    assert [row.id for row in worklist.listing.rows(seat, [3, 1, 99, 2])] == [3, 1, 2]
    assert worklist.listing.rows(seat, []) == ()


def test_states_sort_as_the_work_goes_and_are_counted(worklist, seat) -> None:
    worklist.readings.open(seat, 2)
    worklist.readings.open(seat, 4)
    worklist.readings.commit(seat, 4, decision=NORMAL)
    assert worklist.listing.order(seat, Query(sort=Sort.STATE, is_descending=False)) == (1, 3, 2, 4)
    assert worklist.listing.order(seat, Query(states=frozenset({ReadingState.OPENED}))) == (2,)
    counts = worklist.listing.counts(seat)
    assert (counts[ReadingState.NEW], counts[ReadingState.OPENED], counts[ReadingState.FIRST_READ]) == (2, 1, 1)
    assert counts[ReadingState.SIGNED] == 0


def test_a_worklist_without_ai_does_not_sort_by_it(worklist, seat) -> None:
    use(worklist, seat, Protocol(reveal=RevealProtocol.NEVER))
    for query in (Query(sort=Sort.AI_SCORE), Query(least_score=0.1)):
        with pytest.raises(BlindedError):
            worklist.listing.order(seat, query)


def test_what_still_lacks_a_result_is_known_without_telling_any(worklist, seat) -> None:
    assert worklist.ai.pending(10) == (4, 1, 2, 3)
    worklist.ai.put(1, "print", path="x", score=0.4)
    assert worklist.ai.pending(2) == (4, 2)
    assert worklist.ai.count_pending() == 3
    assert [row.has_ai_result for row in worklist.listing.rows(seat, [1, 2])] == [True, False]


def test_names_are_searched_without_accents_case_and_carets() -> None:
    assert simplified("MÜLLER^Anna=毛") == "muller anna 毛"


def test_the_next_case_follows_the_list() -> None:
    order = (5, 3, 9, 1)
    assert neighbour(order, 3) == 9
    assert neighbour(order, 3, step=-1) == 5
    assert neighbour(order, 1) is None
    assert neighbour(order, 5, step=-1) is None
    assert neighbour(order, 77) == 5
    assert neighbour(order, 77, step=-1) == 1
    assert neighbour((), 1) is None
    assert neighbour(order, 77, step=0) is None


def test_the_next_case_is_the_one_behind_although_the_read_one_left_the_list() -> None:
    assert next_after((5, 3, 9, 1), 3, now=(5, 9, 1)) == 9
    assert next_after((5, 3, 9, 1), 3, now=(5, 1)) == 1
    assert next_after((5, 3, 9, 1), 1, now=(5, 3)) == 5
    assert next_after((5, 3), 3, now=(8,)) == 8
    assert next_after((5, 3), 3, now=(3,)) is None
    assert next_after((5, 3), 3, now=()) is None


def test_what_is_fetched_ahead_begins_with_the_next() -> None:
    order = tuple(range(10))
    assert to_prefetch(order, 4) == (5, 6, 3)
    assert to_prefetch(order, 4, ahead=3, behind=2) == (5, 6, 7, 3, 2)
    assert to_prefetch(order, 9) == (8,)
    assert to_prefetch(order, 0) == (1, 2)
    assert to_prefetch(order, 77) == (0, 1)


JANE = StudyOfPatient(1, "1.1", "P1", "CLINIC", "19600102", "Doe^Jane", "20240105")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 0),
        ({"patient_id": "P2"}, None),
        ({"issuer": "ELSEWHERE"}, None),
        ({"birth_date": "19600103"}, None),
        ({"name": "Miller^Jane"}, 1),
        ({"name": "DOE^JANE"}, 0),
        ({"issuer": ""}, 1),
        ({"birth_date": ""}, 1),
        ({"issuer": "", "name": "Miller^Jane"}, None),
        ({"birth_date": "", "name": "Miller^Jane"}, None),
    ],
)
def test_whether_two_studies_are_of_one_patient(changed, expected) -> None:
    other = replace(JANE, id=2, uid="1.2", **changed)
    for one, two in ((JANE, other), (other, JANE)):
        doubts = identity_doubts(one, two)
        assert (doubts if doubts is None else len(doubts)) == expected


def test_studies_without_an_id_have_no_patient_in_common() -> None:
    nobody = replace(JANE, patient_id="")
    assert identity_doubts(nobody, nobody) is None
    bare = replace(JANE, birth_date="", name="")
    assert identity_doubts(bare, bare) is None


def test_priors_are_earlier_and_newest_first() -> None:
    def of(number: int, date: str, **changed: str) -> StudyOfPatient:
        return replace(JANE, id=number, uid=f"1.{number}", date=date, **changed)

    current = of(1, "20240105")
    others = [
        current,
        of(2, "20200101"),
        of(3, "20220101"),
        of(4, "20250101"),
        of(5, ""),
        of(6, "20240105"),
        of(7, "20210101", patient_id="P9"),
        of(8, "20220101", time="150000"),
    ]
    assert [prior.study.id for prior in priors_of(current, others)] == [8, 3, 2]
    assert priors_of(of(5, ""), others) == ()


def test_priors_in_the_store_never_mix_patients(worklist, seat) -> None:
    same = {"patient_id": "P7", "birth_date": "19500101", "patient_name": "Same^Name"}
    worklist.ingest.add(
        [
            header(10, date="20240101", **same),
            header(11, date="20220101", **same),
            header(12, date="20210101", **{**same, "birth_date": "19500102"}),
            header(13, date="20200101", **same, issuer="OTHER"),
            header(14, date="20190101", **{**same, "birth_date": ""}),
            header(15, date="20180101", **same, is_picture=True, issuer=""),
        ]
    )
    uids = {row.uid: row for row in worklist.listing.rows(seat, worklist.listing.order(seat, Query()))}
    priors = worklist.patients.priors(seat, uids["1.2.10"].id)
    assert [prior.study.uid for prior in priors] == ["1.2.11", "1.2.14"]
    assert [len(prior.doubts) for prior in priors] == [0, 1]
    assert uids["1.2.10"].earlier == 1


def test_import_of_many_gives_rows_in_order(worklist) -> None:
    import_studies(worklist, 40)
    seat = seat_for(worklist, "r2")
    order = worklist.listing.order(seat, Query(sort=Sort.PATIENT_ID, is_descending=False))
    assert order == tuple(range(1, 41))
