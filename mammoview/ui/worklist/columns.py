"""What stands in the columns of the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mammoview.core.plain_text import date_text, name_text, printable, time_text
from mammoview.session.worklist.listing import Row, Sort, Stage
from mammoview.ui.hiding import HIDDEN
from mammoview.ui.worklist.words import SHORT_KINDS, STAGES


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    id
        Under which its width is remembered.
    sort
        What a click on its header sorts by; None for nothing.
    width
        In widths of the letter 0.
    is_identity
        Whether it says who the patient is.
    """

    id: str
    title: str
    text: Callable[[Row], str]
    help: str
    width: int
    sort: Sort | None = None
    is_right: bool = False
    is_identity: bool = False

    def shown(self, row: Row, *, is_identity_shown: bool) -> str:
        """What stands there."""
        text = self.text(row)
        return HIDDEN if self.is_identity and not is_identity_shown and text else text


def _patient(row: Row) -> str:
    return name_text(row.patient_name) or "no name"


def _date(row: Row) -> str:
    return f"{date_text(row.date) or 'no date'} {time_text(row.time)[:5]}".rstrip()


def _images(row: Row) -> str:
    kinds = ", ".join(SHORT_KINDS.get(kind, kind) for kind in row.kinds)
    return f"{row.images}  {kinds}".strip()


def _score(row: Row) -> str:
    return "" if row.ai_score is None else f"{row.ai_score:.2f}"


COLUMNS: Final[tuple[Column, ...]] = (
    Column("patient", "Patient", _patient, "The patient's name", 26, Sort.NAME, is_identity=True),
    Column(
        "number",
        "Number",
        lambda row: printable(row.patient_id),
        "The patient's number",
        14,
        Sort.PATIENT_ID,
        is_identity=True,
    ),
    Column("born", "Born", lambda row: date_text(row.birth_date), "The patient's date of birth", 12, is_identity=True),
    Column("date", "Study", _date, "When the study was made", 18, Sort.DATE),
    Column("description", "Description", lambda row: printable(row.description), "As the modality wrote it", 24),
    Column("images", "Images", _images, "How many images, and of what kind", 16, Sort.KIND),
    Column(
        "earlier",
        "Priors",
        lambda row: str(row.earlier) if row.earlier else "–",
        "Earlier studies of the patient",
        8,
    ),
    Column("state", "State", lambda row: str(row.state), "How far the reading is", 13, Sort.STATE),
    Column("stage", "My part", lambda row: STAGES[Stage(row.stage)], "How far your own reading is", 15),
    Column(
        "ai",
        "AI",
        lambda row: "ready" if row.has_ai_result else "–",
        "Whether the AI has looked at it; not what it found",
        8,
    ),
    Column(
        "score",
        "AI score",
        _score,
        "The AI's score of the study, where you may see it",
        10,
        Sort.AI_SCORE,
        is_right=True,
    ),
)
SCORE: Final = next(at for at, column in enumerate(COLUMNS) if column.id == "score")
