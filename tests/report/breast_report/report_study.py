"""A made-up exam, its findings and a draft that can be signed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mammoview.core.findings import ModelUse
from mammoview.core.reading import (
    Assessment,
    BreastDecision,
    Density,
    DensityRead,
    Depth,
    Descriptors,
    FindingLink,
    FindingType,
    Location,
    Maker,
    MassDensity,
    MassMargin,
    MassShape,
    Origin,
    ReaderFinding,
    Recommendation,
    Region,
    RejectReason,
    Verdict,
    VerdictKind,
)
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.drafting import refreshed
from mammoview.report.breast_report.values import INTENDED_USE, AiPart, Draft, Exam, ReportImage

TIME: Final = "2026-03-14T09:30:00+00:00"
HEAD: Final = "0f" * 32
MODEL: Final = ModelUse("cbis-patch-1", "0.3", "ab" * 32, "patch")
SEEN: Final = AiPart(
    (MODEL,), INTENDED_USE, revealed_at="2026-03-14T09:20:00+00:00", software="mammoview 0.1.0", device="cpu"
)
UNSEEN: Final = AiPart((MODEL,), INTENDED_USE, software="mammoview 0.1.0", device="cpu")
BY_AI: Final = Origin(Maker.AI, (MODEL,), "ai-1", 0.81)
ACCEPTED: Final = Verdict(VerdictKind.ACCEPTED, "Dr. Grün", TIME)
REJECTED: Final = Verdict(VerdictKind.REJECTED, "Dr. Grün", TIME, RejectReason.SUPERIMPOSED)
SPICULATED: Final = Descriptors(MassShape.IRREGULAR, MassMargin.SPICULATED, MassDensity.HIGH)


def make_exam(**changes: object) -> Exam:
    images = tuple(
        ReportImage(f"1.2.{number}", f"{side.value}{view.value}", side, view, 1200, 900, (0.1, 0.1))
        for number, (side, view) in enumerate(
            (side, view) for view in (ViewPosition.CC, ViewPosition.MLO) for side in (Laterality.RIGHT, Laterality.LEFT)
        )
    )
    exam = Exam("1.2.840.1", "Müller^Änne", "P-17", "20260314", images, "19600405", priors=("20240301",))
    return replace(exam, **changes)  # type: ignore[arg-type]


def make_finding(name: str, image: str = "1.2.0", **changes: object) -> ReaderFinding:
    view = ViewPosition.CC if image in {"1.2.0", "1.2.1"} else ViewPosition.MLO
    side = Laterality.RIGHT if image in {"1.2.0", "1.2.2"} else Laterality.LEFT
    square = ((400.0, 300.0), (400.0, 420.0), (520.0, 420.0), (520.0, 300.0))
    return replace(ReaderFinding(name, image, side, view, FindingType.MASS, square), **changes)  # type: ignore[arg-type]


CC_MASS: Final = make_finding(
    "m1", descriptors=SPICULATED, location=Location(Region.OUTER, nipple_mm=42.0), size_mm=11.0
)
MLO_MASS: Final = make_finding(
    "m2",
    "1.2.2",
    descriptors=SPICULATED,
    location=Location(Region.UPPER, 10, Depth.POSTERIOR, 44.0),
    size_mm=13.0,
    origin=BY_AI,
    verdict=ACCEPTED,
)


def make_draft(**changes: object) -> Draft:
    """A spiculated mass on the right in two views, a normal left breast; ready to be signed."""
    draft = Draft(
        make_exam(),
        "Dr. Grün",
        SEEN,
        (
            BreastDecision(
                Laterality.RIGHT, Assessment.HIGHLY_SUGGESTIVE, recommendations=(Recommendation.CORE_BIOPSY,)
            ),
            BreastDecision(Laterality.LEFT, Assessment.NEGATIVE, recommendations=(Recommendation.ROUTINE,)),
        ),
        DensityRead(Density.HETEROGENEOUS, Density.SCATTERED, 31.4, "dense mask"),
        (),
        (CC_MASS, MLO_MASS),
        (FindingLink("m1", "m2"),),
    )
    return refreshed(replace(draft, **changes))  # type: ignore[arg-type]
