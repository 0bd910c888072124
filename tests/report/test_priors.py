"""A comparison with earlier exams in the result file: marked experimental, and apart from every other score."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from mammoview.core.findings import ComparedExam, ExamResult, ImageResult, PriorsScore, Provenance, ScoreMeaning
from mammoview.core.study import Grayscale, Mammogram, ScanResult, SourceKind, Study
from mammoview.report.build import write_result
from mammoview.report.schema import json_schema

IMAGE = Mammogram(
    id="1.2.3",
    path="/nowhere/a.png",
    kind=SourceKind.RASTER,
    rows=30,
    columns=20,
    grayscale=Grayscale(bits_stored=16),
    study_uid="now",
)
PRIORS = PriorsScore(
    0.625,
    ScoreMeaning("experimental: growth", 0.5),
    "toy@1",
    (ComparedExam("now", 0.0, ("1.2.3",)), ComparedExam("before", 12.4, ("4.5.6", "7.8.9"))),
)


def written(tmp_path: Path, priors: PriorsScore | None) -> dict[str, object]:
    exam = ExamResult(
        "now",
        "f",
        Provenance("mammoview", "cpu", "onnx", (), "2026-01-01T00:00:00+0000", 1.5),
        (ImageResult("1.2.3"),),
        p_malignant=0.25,
        priors=priors,
    )
    scan = ScanResult((Study("now", "P", "", "", (IMAGE,)),))
    path = write_result(tmp_path / "out", scan, [exam], pixels={"1.2.3": np.full((30, 20), 40_000, np.uint16)})
    content = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(content, json_schema())
    exam_record: dict[str, object] = content["studies"][0]["exam"]
    return exam_record


def test_a_comparison_is_written_beside_the_score(tmp_path: Path) -> None:
    exam = written(tmp_path, PRIORS)
    assert exam["p_malignant"] == 0.25
    assert exam["priors_score"] == {
        "experimental": True,
        "score": 0.625,
        "score_meaning": "experimental: growth",
        "training_prevalence": 0.5,
        "model": "toy@1",
        "exams": [
            {"study_uid": "now", "months_before": 0.0, "images": ["1.2.3"]},
            {"study_uid": "before", "months_before": 12.4, "images": ["4.5.6", "7.8.9"]},
        ],
    }


def test_without_a_comparison_there_is_none(tmp_path: Path) -> None:
    assert written(tmp_path, None)["priors_score"] is None


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ((12.4,), "compared with 1 earlier exam, 12 months before"),
        ((11.0, 25.2), "compared with 2 earlier exams, 11 and 25 months before"),
        ((6.0, 12.0, 40.0), "compared with 3 earlier exams, 6, 12 and 40 months before"),
    ],
)
def test_words_say_what_was_compared(months: tuple[float, ...], words: str) -> None:
    exams = (ComparedExam("now", 0.0, ()), *(ComparedExam("before", at, ()) for at in months))
    assert PriorsScore(0.5, PRIORS.meaning, "toy@1", exams).words == f"experimental: {words}"
