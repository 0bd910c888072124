"""What an analysis found, in native pixels, with where it came from. The result file mirrors these classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mammoview.core.errors import Problem
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Laterality


class ArtifactKind(StrEnum):
    """What lies on a film that is not breast."""

    LETTER = "letter"
    STICKER = "sticker"
    TAPE = "tape"
    FRAME_EDGE = "frame_edge"
    REDACTION = "redaction"
    STRIPE = "stripe"


class LesionKind(StrEnum):
    """What a candidate or a finding may be."""

    MASS = "mass"
    CALCIFICATION = "calcification"


class PatchClass(StrEnum):
    """The five classes of the patch classifier, in the order of its outputs (Shen et al. 2019)."""

    BACKGROUND = "background"
    BENIGN_CALCIFICATION = "benign_calcification"
    MALIGNANT_CALCIFICATION = "malignant_calcification"
    BENIGN_MASS = "benign_mass"
    MALIGNANT_MASS = "malignant_mass"


@dataclass(frozen=True)
class Artifact:
    """Something on the image that is not breast, found and left out of the cleaned copy."""

    box: Box
    kind: ArtifactKind
    area_px: int


@dataclass(frozen=True)
class Candidate:
    """A place worth a look, before any network saw it. ``score`` in [0, 1] orders the candidates of one image."""

    box: Box
    score: float
    kind: LesionKind


@dataclass(frozen=True)
class Suppression:
    """What was found around the breast, and what the models see instead.

    Attributes
    ----------
    breast
        The breast, pectoral muscle included.
    pectoral
        The pectoral muscle, or None with ``pectoral_reason`` saying why not.
    artifacts
        What was found and suppressed.
    suppressed
        The pixels that the cleaned copy sets to black.
    """

    breast: Mask
    artifacts: tuple[Artifact, ...]
    suppressed: Mask
    pectoral: Mask | None = None
    pectoral_reason: str = ""


@dataclass(frozen=True)
class MemberScore:
    """What one model of an ensemble says; ``model`` is its ``id@version``."""

    model: str
    p_malignant: float


@dataclass(frozen=True)
class Finding:
    """A region that the models scored.

    Attributes
    ----------
    contour
        (row, column) points around ``mask``; empty where no mask was made.
    probabilities
        One for each `PatchClass`, in its order; they sum to 1.
    uncertainty, spread_over
        As in `ImageResult`.
    members
        What each model of an ensemble says; one entry where one model scored.
    """

    id: str
    kind: LesionKind
    box: Box
    centre: tuple[float, float]
    p_malignant: float
    probabilities: tuple[float, ...]
    mask: Mask | None = None
    contour: tuple[tuple[float, float], ...] = ()
    area_mm2: float | None = None
    uncertainty: float | None = None
    spread_over: str = ""
    members: tuple[MemberScore, ...] = ()


@dataclass(frozen=True)
class ValueMap:
    """A coarse map over an image: saliency, or one channel of the patch map.

    Attributes
    ----------
    name
        The method or the class shown.
    box
        The native pixels that the map covers.
    rows, columns, data
        float16 values in [0, 1], row by row.
    """

    name: str
    box: Box
    rows: int
    columns: int
    data: bytes = field(repr=False)

    @classmethod
    def from_array(cls, name: str, box: Box, values: NDArray[np.floating]) -> ValueMap:
        """Pack values of shape (rows, columns)."""
        return cls(name, box, values.shape[0], values.shape[1], values.astype(np.float16).tobytes())

    def to_array(self) -> NDArray[np.float32]:
        """Unpack to shape (rows, columns), float32."""
        return np.frombuffer(self.data, dtype=np.float16).reshape(self.rows, self.columns).astype(np.float32)


class LesionLayer(StrEnum):
    """The two layers that lesion masks are stacked in."""

    BENIGN = "benign"
    MALIGNANT = "malignant"


class LayerSource(StrEnum):
    """What told benign from malignant: the patch classifier for the whole part, or a segmenter for each pixel."""

    PATCH_CLASSIFIER = "patch_classifier"
    SEGMENTER = "segmenter"


@dataclass(frozen=True)
class LayerPart:
    """A finding's outline as it was sorted into the layers.

    Attributes
    ----------
    finding
        Id of the finding.
    box
        Around the outline, native pixels: what the patch classifier looked at.
    p_malignant
        None where the patch classifier takes the part for normal tissue.
    layer
        The layer that holds it, or most of it; None where no layer does.
    source
        What decided.
    """

    finding: str
    box: Box
    p_malignant: float | None
    layer: LesionLayer | None
    source: LayerSource = LayerSource.PATCH_CLASSIFIER


@dataclass(frozen=True)
class LesionLayers:
    """Benign and malignant lesions of one image as two masks; no pixel is in both.

    Attributes
    ----------
    threshold
        Malignancy from which the patch classifier's parts are in the malignant layer.
    is_experimental
        Whether the outlines or their classes come from a model that was not validated on real images of this kind.
    """

    benign: Mask
    malignant: Mask
    parts: tuple[LayerPart, ...]
    threshold: float = 0.5
    is_experimental: bool = False


@dataclass(frozen=True)
class TruthComparison:
    """A reader's own mask of an image beside the outlines found.

    Attributes
    ----------
    file
        Name of the file that the mask came from.
    dice, iou
        Agreement with the union of all outlines, 0 to 1; None where neither marks anything.
    """

    mask: Mask
    file: str
    dice: float | None
    iou: float | None


@dataclass(frozen=True)
class ModelUse:
    """Which model gave the numbers."""

    id: str
    version: str
    sha256: str
    task: str


@dataclass(frozen=True)
class Threshold:
    """An operating point: scores at or above ``threshold`` reached these shares of the cases it was fitted on."""

    name: str
    threshold: float
    sensitivity: float | None
    specificity: float | None
    fitted_on: str
    n_patients: int


@dataclass(frozen=True)
class ScoreMeaning:
    """What a score says; stands beside every number.

    Attributes
    ----------
    training_prevalence
        Share of malignant images that the models were trained at.
    thresholds
        Operating points of the score of one image or one finding; empty where none were fitted.
    models
        How many models' mean the thresholds hold for.
    """

    text: str
    training_prevalence: float
    thresholds: tuple[Threshold, ...] = ()
    models: int = 1


@dataclass(frozen=True)
class ImageResult:
    """Everything found in one image.

    Attributes
    ----------
    p_malignant
        Mean over ``members``.
    uncertainty, spread_over
        Standard deviation of the malignant probability, and over what (``4 flips × 3 models``); None where only one
        number was computed.
    """

    image_id: str
    suppression: Suppression | None = None
    candidates: tuple[Candidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    p_malignant: float | None = None
    members: tuple[MemberScore, ...] = ()
    uncertainty: float | None = None
    spread_over: str = ""
    patch_map: tuple[ValueMap, ...] = ()
    saliency: ValueMap | None = None
    layers: LesionLayers | None = None
    truth: TruthComparison | None = None
    warnings: tuple[str, ...] = ()
    timings_s: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class BreastResult:
    """The mean over one breast's standard views. ``members`` are the means of each model's own scores."""

    laterality: Laterality
    p_malignant: float
    image_ids: tuple[str, ...]
    is_single_view: bool
    members: tuple[MemberScore, ...] = ()


@dataclass(frozen=True)
class Link:
    """A finding seen in both views of a breast."""

    cc: str
    mlo: str
    score: float


@dataclass(frozen=True)
class ComparedExam:
    """An exam that took part in a comparison. ``months_before`` the newest exam, which has 0."""

    study_uid: str
    months_before: float
    image_ids: tuple[str, ...]


@dataclass(frozen=True)
class PriorsScore:
    """What a comparison with earlier exams says. Experimental, and no part of any other score.

    Attributes
    ----------
    score
        In [0, 1]; ``meaning`` says of what.
    model
        ``id@version``.
    exams
        The newest first.
    """

    score: float
    meaning: ScoreMeaning
    model: str
    exams: tuple[ComparedExam, ...]

    @property
    def words(self) -> str:
        """What was compared: ``experimental: compared with 2 earlier exams, 12 and 25 months before``."""
        months = [f"{exam.months_before:.0f}" for exam in self.exams[1:]]
        listed = " and ".join((", ".join(months[:-1]), months[-1])) if len(months) > 1 else "".join(months)
        plural = "s" if len(months) > 1 else ""
        return f"experimental: compared with {len(months)} earlier exam{plural}, {listed} months before"


@dataclass(frozen=True)
class Provenance:
    """What made a result; two equal provenances on the same files give the same numbers."""

    software: str
    device: str
    backend: str
    models: tuple[ModelUse, ...]
    started: str
    seconds: float


@dataclass(frozen=True)
class ExamResult:
    """The result for one study.

    Attributes
    ----------
    meaning, finding_meaning
        Of the scores of images, and of those of findings.
    members
        The exam's score by each model alone.
    """

    study_uid: str
    fingerprint: str
    provenance: Provenance
    images: tuple[ImageResult, ...]
    breasts: tuple[BreastResult, ...] = ()
    p_malignant: float | None = None
    rule: str = "maximum over breasts"
    meaning: ScoreMeaning | None = None
    finding_meaning: ScoreMeaning | None = None
    members: tuple[MemberScore, ...] = ()
    links: tuple[Link, ...] = ()
    priors: PriorsScore | None = None
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
