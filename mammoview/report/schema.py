"""The result file ``mammoview.result/1``, written once: the JSON Schema in ``resources/schema`` is made from here.

Boxes are ``[row0, col0, row1, col1]`` and points ``[row, column]`` in native pixels, boxes half-open. File names are
relative to the result's folder. A mask is a PNG file of the image's size, white on black. A saliency map is an 8-bit
PNG file that covers the whole image at a smaller size with the image's proportions; 0 to 255 stands for 0 to 1. A patch
map holds five such maps, one below the other, in the order of the class probabilities.

``p_malignant`` is the mean of ``p_malignant_members``, which ``member_models`` names in the same order; of an exam it
is the maximum of its breasts' means, and each member's is its own maximum. ``uncertainty`` is the spread that
``uncertainty_method`` describes. ``operating_point`` names the highest point that a score reaches; it is null where it
reaches none, or where none holds for this score.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_ID: Final = "mammoview.result/1"

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0)]
Bbox = Annotated[list[int], Field(min_length=4, max_length=4)]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]
Spacing = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ModelRecord(_Record):
    """A model package that gave numbers."""

    id: str
    version: str
    sha256: str


class InferredRecord(_Record):
    """An attribute that no coded tag gave, and where it was taken from."""

    attribute: str
    value: str
    source: str


class BreastMaskRecord(_Record):
    """The breast, pectoral muscle included."""

    mask: str
    area_mm2: float | None


class ArtifactRecord(_Record):
    """Something on the image that is not breast."""

    bbox: Bbox
    kind: Literal["letter", "sticker", "tape", "frame_edge", "redaction", "stripe"]
    area_px: int


class PectoralRecord(_Record):
    """The pectoral muscle."""

    mask: str


class CandidateRecord(_Record):
    """A place worth a look, before any network saw it."""

    bbox: Bbox
    score: Probability
    kind: Literal["mass", "calcification"]


class ClassProbabilities(_Record):
    """The patch classifier's five classes; they sum to 1."""

    background: Probability
    benign_calcification: Probability
    malignant_calcification: Probability
    benign_mass: Probability
    malignant_mass: Probability


class FindingRecord(_Record):
    """A region that the models scored."""

    id: str
    kind: Literal["mass", "calcification"]
    bbox: Bbox
    centre: Point
    p_malignant: Probability
    class_probabilities: ClassProbabilities
    mask: str | None
    contour: list[Point]
    area_mm2: float | None
    p_malignant_members: list[Probability]
    member_models: list[str]
    uncertainty: float | None
    uncertainty_method: str | None
    operating_point: str | None


class SaliencyRecord(_Record):
    """Where the whole-image score comes from."""

    method: str
    file: str


class LayerPartRecord(_Record):
    """A finding's outline in the layers; ``p_malignant`` is null where the classifier takes it for normal tissue."""

    finding: str
    bbox: Bbox
    p_malignant: Probability | None
    layer: Literal["benign", "malignant"] | None
    source: Literal["patch_classifier", "segmenter"]


class LayersRecord(_Record):
    """Benign and malignant lesions as two masks; no pixel is in both.

    ``threshold`` is the malignancy from which the patch classifier's parts are in the malignant one.
    """

    benign: str
    malignant: str
    threshold: Probability
    experimental: bool
    parts: list[LayerPartRecord]


class TruthRecord(_Record):
    """A reader's mask beside the outlines; the numbers are null where neither marks anything."""

    file: str
    overlay: str
    dice: Probability | None
    iou: Probability | None


class ImageRecord(_Record):
    """Everything found in one image."""

    id: str
    path: str
    root: int
    laterality: Literal["L", "R"] | None
    view: str | None
    inferred: list[InferredRecord]
    rows: int
    columns: int
    spacing_mm: Spacing | None
    breast: BreastMaskRecord | None
    artifacts: list[ArtifactRecord]
    cleaned: str | None
    overlay: str | None
    pectoral: PectoralRecord | None
    pectoral_reason: str
    candidates: list[CandidateRecord]
    findings: list[FindingRecord]
    p_malignant: Probability | None
    p_malignant_members: list[Probability]
    member_models: list[str]
    uncertainty: float | None
    uncertainty_method: str | None
    operating_point: str | None
    patch_map: str | None
    saliency: SaliencyRecord | None
    layers: LayersRecord | None
    truth: TruthRecord | None
    timings_s: dict[str, Seconds]


class BreastRecord(_Record):
    """The mean over one breast's standard views."""

    laterality: Literal["L", "R"]
    p_malignant: Probability
    from_: list[str] = Field(serialization_alias="from")
    single_view: bool
    p_malignant_members: list[Probability]
    member_models: list[str]


class OperatingPointRecord(_Record):
    """A threshold, and what scores at or above it achieved on the cases that it was fitted on."""

    name: str
    threshold: Probability
    sensitivity: Probability | None
    specificity: Probability | None
    fitted_on: str
    n_patients: int


class ComparedExamRecord(_Record):
    """An exam that took part in a comparison; the newest comes first and is 0 months before itself."""

    study_uid: str
    months_before: Annotated[float, Field(ge=0.0)]
    images: list[str]


class PriorsScoreRecord(_Record):
    """Comparison with the woman's earlier exams: experimental, only where a model for it was asked for.

    It takes part in no other score.
    """

    experimental: Literal[True]
    score: Probability
    score_meaning: str
    training_prevalence: Probability
    model: str
    exams: list[ComparedExamRecord]


class ExamRecord(_Record):
    """The study's score, what it means, and the share of malignant images it was trained at.

    The operating points are those of an image's score and of a finding's score, not of the exam's.
    """

    p_malignant: Probability | None
    p_malignant_members: list[Probability]
    member_models: list[str]
    rule: str
    score_meaning: str | None
    training_prevalence: Probability | None
    operating_points: list[OperatingPointRecord]
    finding_score_meaning: str | None
    finding_operating_points: list[OperatingPointRecord]
    priors_score: PriorsScoreRecord | None


class LinkRecord(_Record):
    """A finding seen in both views of a breast."""

    cc: str
    mlo: str
    score: Probability


class StudyRecord(_Record):
    """One study."""

    study_uid: str
    images: list[ImageRecord]
    breasts: list[BreastRecord]
    exam: ExamRecord
    links: list[LinkRecord]


class ErrorRecord(_Record):
    """A file that could not be used."""

    path: str
    code: str
    message: str
    hint: str


class ResultFile(_Record):
    """The whole file. Research software: no number in it is a diagnosis."""

    schema_: Literal["mammoview.result/1"] = Field(serialization_alias="schema")
    software: str
    device: str
    backend: str
    models: list[ModelRecord]
    started: str
    seconds: Seconds
    warnings: list[str]
    studies: list[StudyRecord]
    errors: list[ErrorRecord]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a result file."""
    schema = ResultFile.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


def main() -> None:
    """Write the schema to stdout: ``python -m mammoview.report.schema > resources/schema/result-1.json``."""
    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
