"""A study of four views as the worklist, the session and the AI have it."""

from __future__ import annotations

from pathlib import Path

from mammoview.core.findings import (
    BreastResult,
    ExamResult,
    Finding,
    ImageResult,
    LesionKind,
    Link,
    ModelUse,
    Provenance,
)
from mammoview.core.geometry import Box
from mammoview.core.reading import Assessment, Density, DensityRead, Recommendation
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, Study, ViewPosition
from mammoview.report.breast_report.values import Draft
from mammoview.session.reading import changes
from mammoview.session.reading.room import ReadingRoom
from mammoview.session.worklist.ingest_values import FileStamp, HeaderRead, StudyKind
from mammoview.session.worklist.worklist import Worklist

SIDES = (Laterality.RIGHT, Laterality.LEFT)
VIEWS = (ViewPosition.CC, ViewPosition.MLO)
MODEL = ModelUse("m1", "1", "ab" * 32, "patch")


def study_of(number: int, date: str = "20240601") -> Study:
    images = tuple(
        Mammogram(
            f"1.2.{number}.{i}",
            f"/data/{number}/{i}.dcm",
            SourceKind.DICOM,
            1000,
            800,
            Grayscale(12),
            laterality=side,
            view=view,
            spacing_mm=(0.1, 0.1),
            patient_birth_date="19600102",
        )
        for i, (view, side) in enumerate((view, side) for view in VIEWS for side in SIDES)
    )
    return Study(f"1.2.{number}", f"P{number}", f"Doe^Jane{number}", date, images)


def import_study(worklist: Worklist, study: Study) -> None:
    worklist.ingest.add(
        [
            HeaderRead(
                FileStamp(image.path, 1000, 5),
                image_uid=image.id,
                study_uid=study.uid,
                label=image.label,
                kind=StudyKind.MAMMOGRAM,
                is_picture=False,
                patient_id=study.patient_id,
                issuer="",
                birth_date=image.patient_birth_date,
                patient_name=study.patient_name,
                date=study.date,
                time="101500",
                description="Screening",
                accession="A1",
            )
            for image in study.images
        ]
    )


def result_of(study: Study) -> ExamResult:
    """A mass in both views of the right breast."""

    def finding(image: Mammogram) -> Finding:
        box = Box(400, 300, 520, 420)
        return Finding(f"{image.id}#1", LesionKind.MASS, box, (460.0, 360.0), 0.8, (0.1, 0.1, 0.6, 0.1, 0.1))

    right = [image for image in study.images if image.laterality is Laterality.RIGHT]
    images = tuple(
        ImageResult(image.id, findings=(finding(image),) if image in right else (), p_malignant=0.7)
        for image in study.images
    )
    return ExamResult(
        study.uid,
        "print",
        Provenance("mammoview 1", "cpu", "torch", (MODEL,), "2024-06-01T00:00:00+00:00", 1.0),
        images,
        (BreastResult(Laterality.RIGHT, 0.7, tuple(image.id for image in right), is_single_view=False),),
        0.7,
        links=(Link(f"{right[0].id}#1", f"{right[1].id}#1", 0.9),),
    )


class Shelf:
    """Result files, without files."""

    def __init__(self) -> None:
        self.results: dict[str, ExamResult] = {}
        self.opened: list[str] = []

    def put(self, worklist: Worklist, row: int, result: ExamResult) -> None:
        self.results[f"/results/{row}"] = result
        worklist.ai.put(row, "print", path=f"/results/{row}", score=result.p_malignant)

    def load(self, path: Path) -> ExamResult:
        self.opened.append(str(path))
        return self.results[str(path)]


def normal(draft: Draft) -> Draft:
    """A draft that can be signed: both breasts negative."""
    draft = changes.assess_all(draft, Assessment.NEGATIVE)
    for side in draft.exam.sides:
        draft = changes.recommend(draft, side, (Recommendation.ROUTINE,))
    return changes.set_density(draft, DensityRead(Density.SCATTERED))


def room_for(worklist: Worklist, reader: str, shelf: Shelf | None = None) -> ReadingRoom:
    if reader not in {known.id for known in worklist.readers.all()}:
        worklist.readers.add(reader, f"Dr {reader}")
    return ReadingRoom(worklist, worklist.readers.sign_in(reader), (shelf or Shelf()).load)
