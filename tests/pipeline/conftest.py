"""Images and networks for the tests of this folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from mammoview.core.findings import (
    Candidate,
    Finding,
    LesionKind,
    MemberScore,
    ModelUse,
    ScoreMeaning,
    Suppression,
    ValueMap,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.models.ensemble import Average
from mammoview.pipeline.priors import Comparison
from mammoview.pipeline.request import AnalysisRequest
from mammoview.pipeline.segmentation import Segmented
from mammoview.pipeline.stages import PreparedImage, Stopwatch


def mammogram(name: str = "a", **changes: object) -> Mammogram:
    """A left MLO of 60 × 40 pixels."""
    values: dict[str, object] = {
        "id": name,
        "path": f"/nowhere/{name}.png",
        "relative_path": f"{name}.png",
        "kind": SourceKind.RASTER,
        "rows": 60,
        "columns": 40,
        "grayscale": Grayscale(bits_stored=16),
        "laterality": Laterality.LEFT,
        "view": ViewPosition.MLO,
        "study_uid": "study",
        "spacing_mm": (0.5, 0.25),
    }
    return Mammogram(**{**values, **changes})  # type: ignore[arg-type]


def prepared(image: Mammogram, candidates: Sequence[Box] = ()) -> PreparedImage:
    """An image as `stages.prepare` gives it: breast on the left two thirds."""
    seed = int(hashlib.sha256(image.id.encode()).hexdigest()[:8], 16)
    breast = np.zeros((image.rows, image.columns), dtype=bool)
    breast[:, : image.columns * 2 // 3] = True
    shown = np.random.default_rng(seed).integers(1000, 60000, breast.shape).astype(np.uint16)
    shown[~breast] = 0
    return PreparedImage(
        image=image,
        shown=shown,
        cleaned=shown.copy(),
        suppression=Suppression(Mask.from_array(breast), (), Mask.from_array(~breast)),
        candidates=tuple(Candidate(box, 0.5, LesionKind.MASS) for box in candidates),
        watch=Stopwatch(),
    )


@dataclass
class FakeNetworks:
    """Answers from the image alone, and keeps what it was asked."""

    batch: int = 1
    device: str = "cpu"
    backend: str = "fake"
    uses: tuple[ModelUse, ...] = (ModelUse("fake", "1", "0" * 64, "whole_image"),)
    meaning: ScoreMeaning | None = field(default_factory=lambda: ScoreMeaning("fake", 0.5))
    finding_meaning: ScoreMeaning | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    absent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)
    comparer: Callable[[AnalysisRequest], Comparison] | None = None

    def why_not_scored(self, image: Mammogram) -> str:
        return self.reasons.get(image.id, "")

    def left_out(self, image: Mammogram) -> tuple[str, ...]:
        return self.absent.get(image.id, ())

    def score(self, images: Sequence[PreparedImage]) -> list[Average | None]:
        self.groups.append([one.image.id for one in images])
        members = (MemberScore("a@1", 0.2), MemberScore("b@1", 0.3))
        score = Average(np.array([0.75, 0.25]), 0.25, members, 0.05, "2 models")
        return [None if one.image.id in self.reasons else score for one in images]

    def explain(self, image: PreparedImage) -> ValueMap | None:
        self.explained.append(image.image.id)
        return ValueMap.from_array("gradcam", Box(0, 0, 60, 40), np.ones((3, 2)))

    def classify(self, images: Sequence[PreparedImage]) -> list[tuple[Finding, ...]]:
        return [() for _ in images]

    def patch_map(self, _image: PreparedImage) -> tuple[ValueMap, ...]:
        return ()

    def segment(self, _image: PreparedImage, findings: tuple[Finding, ...]) -> Segmented:
        return Segmented(findings)

    def comparison(self, request: AnalysisRequest) -> Comparison | None:
        return self.comparer(request) if self.comparer is not None else None

    def notes(self) -> tuple[str, ...]:
        told = tuple(self.pending)
        self.pending.clear()
        return told


@pytest.fixture
def networks() -> FakeNetworks:
    return FakeNetworks()


@pytest.fixture
def make_mammogram():  # type: ignore[no-untyped-def]
    return mammogram


@pytest.fixture
def make_prepared():  # type: ignore[no-untyped-def]
    return prepared


@pytest.fixture
def quick_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the runner prepare images out of thin air; files called ``bad…`` cannot be read."""
    from mammoview.core.errors import DecodeError

    def fake(image: Mammogram, *, is_scored: bool) -> PreparedImage:
        if image.id.startswith("bad"):
            raise DecodeError(f"{image.path} is damaged.", "Copy it again.")
        return prepared(image, [Box(5, 5, 15, 15)] if is_scored else [])

    monkeypatch.setattr("mammoview.pipeline.runner.prepare", fake)
