"""Made-up studies and readers for a worklist."""

from __future__ import annotations

from mammoview.core.reading.comparing import BreastOutcome
from mammoview.session.worklist.ingest_values import FileStamp, HeaderRead, StudyKind
from mammoview.session.worklist.protocol import CaseDecision, Protocol
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist

RECALL = CaseDecision(right=BreastOutcome("4A", True), left=BreastOutcome("2"), score=70.0, content='{"note": "é"}')
NORMAL = CaseDecision(right=BreastOutcome("1"), left=BreastOutcome("1"), score=5.0)


def header(number: int, *, image: int = 0, **changed: object) -> HeaderRead:
    """The header of one image of the study with that number, each of a patient of her own."""
    values: dict[str, object] = {
        "file": FileStamp(f"/data/{number}/{image}.dcm", 1000 + image, 5),
        "image_uid": f"1.2.{number}.{image}",
        "study_uid": f"1.2.{number}",
        "label": "RCC",
        "kind": StudyKind.MAMMOGRAM,
        "is_picture": False,
        "patient_id": f"P{number:05d}",
        "issuer": "CLINIC",
        "birth_date": "19600102",
        "patient_name": f"Doe^Jane{number}",
        "date": f"2024{1 + number % 12:02d}{1 + number % 28:02d}",
        "time": "101500",
        "description": "Screening",
        "accession": f"A{number}",
    }
    return HeaderRead(**{**values, **changed})  # type: ignore[arg-type]


def import_studies(worklist: Worklist, count: int) -> None:
    """Studies 1 to ``count``; they get these numbers as rows."""
    worklist.ingest.add([header(number) for number in range(1, count + 1)])


def seat_for(worklist: Worklist, reader: str) -> Seat:
    if reader not in {known.id for known in worklist.readers.all()}:
        worklist.readers.add(reader, f"Dr {reader}")
    return worklist.readers.sign_in(reader)


def use(worklist: Worklist, seat: Seat, protocol: Protocol) -> None:
    worklist.protocols.change(seat, protocol)
