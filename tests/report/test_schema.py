"""The published JSON Schema is the one that the program writes by."""

from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import ValidationError

from mammoview.core.findings import ArtifactKind, LesionKind, PatchClass
from mammoview.core.paths import resource
from mammoview.report.schema import ArtifactRecord, ClassProbabilities, ExamRecord, FindingRecord, json_schema


def test_the_file_in_resources_is_current() -> None:
    """Written with ``python -m mammoview.report.schema > resources/schema/result-1.json``."""
    assert json.loads(resource("schema/result-1.json").read_text(encoding="utf-8")) == json_schema()


def test_the_schema_is_a_valid_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_words_are_those_of_the_core() -> None:
    def choices(record: type, name: str) -> set[str]:
        return set(record.model_json_schema()["properties"][name]["enum"])  # type: ignore[attr-defined]

    assert choices(ArtifactRecord, "kind") == set(ArtifactKind)
    assert choices(FindingRecord, "kind") == set(LesionKind)
    assert list(ClassProbabilities.model_fields) == list(PatchClass)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1.5, -0.1])
def test_no_number_that_json_or_sense_forbids(number: float) -> None:
    with pytest.raises(ValidationError):
        ExamRecord(p_malignant=number, rule="", score_meaning=None, training_prevalence=None)
