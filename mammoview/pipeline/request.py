"""What an analysis is asked to do, and what it says while it runs. Light to import: the window needs it too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from mammoview import __version__
from mammoview.core.study import Mammogram, Study
from mammoview.models.names import Backend

__all__ = ["AnalysisRequest", "Backend", "EngineNote", "Outlining", "SaliencyMethod"]


#: More passes change the spread by less than its second digit.
MOST_DROPOUT_PASSES = 200


class SaliencyMethod(StrEnum):
    """How the whole-image score is explained: where the network has no attention Grad-CAM stands in for it."""

    ATTENTION = "attention"
    GRADCAM = "gradcam"
    GUIDED = "guided"
    NONE = "none"


class Outlining(StrEnum):
    """Where segmenters look: as their packages were made for, around findings only, or all over the breast."""

    AUTO = "auto"
    FINDINGS = "findings"
    BREAST = "breast"


@dataclass(frozen=True)
class AnalysisRequest:
    """One study to analyse, and how.

    Attributes
    ----------
    images
        The study's images, in the order in which results are wanted.
    models
        Ids of packages, several of one task for an ensemble; for a task that none of them serves, the active ones are
        taken.
    flips
        Whether classifiers see each input in all four mirror images and the mean is taken.
    dropout_passes
        How often the heads are asked again with dropout left on, for the spread of the scores; the scores stay.
    outlining
        Where segmenters look for lesions.
    priors
        The woman's earlier exams, for a model that compares; read only where one is in use.
    device
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    threads
        CPU threads for the networks, or None for one a core.
    """

    images: tuple[Mammogram, ...]
    study_uid: str
    models: tuple[str, ...] = ()
    device: str = "auto"
    backend: Backend = Backend.ONNX
    threads: int | None = None
    saliency: SaliencyMethod = SaliencyMethod.ATTENTION
    flips: bool = True
    dropout_passes: int = 0
    outlining: Outlining = Outlining.AUTO
    priors: tuple[Study, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Equal for two requests that ask for the same thing: SHA-256 over everything but the number of threads."""
        digest = hashlib.sha256()
        wishes = (
            self.device,
            self.backend,
            self.saliency,
            self.flips,
            self.dropout_passes,
            self.outlining,
            *self.models,
        )
        for part in (__version__, self.study_uid, *wishes):
            digest.update(f"{part}\0".encode())
        for image in (*self.images, *(image for study in self.priors for image in study.images)):
            digest.update(f"{image!r}\0".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class EngineNote:
    """What the engine wants the user to know now: where it computes, with which models, and why that changed."""

    device: str
    models: tuple[str, ...]
    text: str
