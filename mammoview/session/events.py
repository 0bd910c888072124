"""What a session tells: frozen values, sent from the session's threads in the order in which things happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from mammoview.core.errors import Problem
from mammoview.core.findings import ExamResult, ImageResult
from mammoview.core.image import DisplayImage
from mammoview.core.reading.prior_change import PriorChange
from mammoview.core.study import ScanResult, Study
from mammoview.pipeline.question import ContourAnswer, PointAnswer
from mammoview.session.anatomy import DensityAnswer, FrameAnswer
from mammoview.session.orientation import Side
from mammoview.session.settings import Settings


class Level(StrEnum):
    """How much a message matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class ScanProgress:
    """How far the search for images is."""

    fraction: float
    text: str


@dataclass(frozen=True)
class StudiesFound:
    """A search ended. ``scan`` is everything listed now, what was open before included."""

    scan: ScanResult


@dataclass(frozen=True)
class StudiesListed:
    """Other studies are listed than before: some were fetched ahead and are looked at now, or were let go."""

    studies: tuple[Study, ...]


@dataclass(frozen=True)
class StudySelected:
    """Another study is the current one."""

    study_uid: str


@dataclass(frozen=True)
class HangingChanged:
    """The current study hangs another way. ``has_same_images`` when each lies in its place, turned at the most."""

    study_uid: str
    has_same_images: bool = False


@dataclass(frozen=True, eq=False)
class PixelsReady:
    """An image can be painted. ``chest_wall`` is the side of the native pixels where the breast meets the edge."""

    image: DisplayImage
    chest_wall: Side | None = None


@dataclass(frozen=True)
class PixelsFailed:
    """An image cannot be painted, and why."""

    image_id: str
    problem: Problem


@dataclass(frozen=True, eq=False)
class FrameReady:
    """A frame of a volume can be painted. ``position`` counts as shown."""

    image_id: str
    position: int
    image: DisplayImage


@dataclass(frozen=True)
class FrameFailed:
    """A frame of a volume cannot be painted, and why."""

    image_id: str
    position: int
    problem: Problem


@dataclass(frozen=True)
class TruthRead:
    """A mask was read to compare the image's outlines with."""

    image_id: str


@dataclass(frozen=True)
class MarksChanged:
    """The reader's marks of a study are others than before."""

    study_uid: str


@dataclass(frozen=True)
class HistoryChanged:
    """What the reader can take back, or do again, is something else than before."""

    study_uid: str


@dataclass(frozen=True)
class AnalysisStarted:
    """An analysis waits for the engine or runs; what an older one found for the study is gone."""

    study_uid: str


@dataclass(frozen=True)
class AnalysisProgress:
    """How far an analysis is."""

    study_uid: str
    fraction: float
    text: str


@dataclass(frozen=True)
class ImageAnalysed:
    """One image of a running analysis is done."""

    study_uid: str
    result: ImageResult


@dataclass(frozen=True)
class ExamAnalysed:
    """An analysis ended."""

    result: ExamResult


@dataclass(frozen=True)
class ResultsConcealed:
    """What the AI finds in a study is not told for now: its analysis ended unheard, or what was told is taken back."""

    study_uid: str


@dataclass(frozen=True)
class AnalysisFailed:
    """An analysis ended without a result. ``is_cancelled`` when the user wished it."""

    study_uid: str
    problem: Problem
    is_cancelled: bool = False


@dataclass(frozen=True)
class Message:
    """Something to tell the user."""

    problem: Problem
    level: Level = Level.ERROR


@dataclass(frozen=True)
class EngineState:
    """What the engine runs on and with; ``text`` is one short line for the status bar."""

    device: str
    models: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class SaveProgress:
    """How far the writing of a result folder is; 1 when it ended, however."""

    fraction: float
    text: str


@dataclass(frozen=True)
class ResultsSaved:
    """A result folder was written. ``path`` is its ``result.json``."""

    path: str


@dataclass(frozen=True)
class SettingsChanged:
    """Other values are in force."""

    settings: Settings


@dataclass(frozen=True)
class QuestionAnswered:
    """A reader's question was answered; whoever asked was told already."""

    study_uid: str
    answer: PointAnswer | ContourAnswer | PriorChange | FrameAnswer | DensityAnswer

    @property
    def is_from_ai(self) -> bool:
        """Whether models answered; frames and densities are measured on the image."""
        return isinstance(self.answer, PointAnswer | ContourAnswer | PriorChange)


Event: TypeAlias = (
    ScanProgress
    | StudiesFound
    | StudiesListed
    | StudySelected
    | HangingChanged
    | PixelsReady
    | PixelsFailed
    | FrameReady
    | FrameFailed
    | TruthRead
    | MarksChanged
    | HistoryChanged
    | AnalysisStarted
    | AnalysisProgress
    | ImageAnalysed
    | ExamAnalysed
    | ResultsConcealed
    | AnalysisFailed
    | Message
    | EngineState
    | SaveProgress
    | ResultsSaved
    | SettingsChanged
    | QuestionAnswered
)
