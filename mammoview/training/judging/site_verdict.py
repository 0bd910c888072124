"""What the wizard's verdict holds: old model against new on the sealed test cases of a site, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mammoview.core.errors import DamagedDocumentError, NewerDocumentError
from mammoview.training.judging.sentence import UNKNOWN, Change, Interval, Outcome

SCHEMA = 1
#: False-positive rates at which a curve has its band.
GRID = tuple(round(0.05 * step, 2) for step in range(21))


@dataclass(frozen=True)
class Roc:
    """A ROC curve and its 95 % band over whole patients, at the false-positive rates of `GRID`."""

    false_positive: tuple[float, ...]
    true_positive: tuple[float, ...]
    band_low: tuple[float, ...] = ()
    band_high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Side:
    """One model on the test cases.

    Attributes
    ----------
    key
        ``id@version``.
    temperature, fitted_temperature
        As it came, and as fitted on half of the test patients.
    ece, fitted_ece, raw_ece
        Calibration error with each, and with no temperature at all, on the other half.
    sensitivity, specificity
        At the point of 90 % specificity of the fitting half, on the other half.
    roc
        None for a segmenter.
    """

    key: str
    temperature: float | None = None
    fitted_temperature: float | None = None
    ece: float | None = None
    fitted_ece: float | None = None
    sensitivity: Interval = UNKNOWN
    specificity: Interval = UNKNOWN
    roc: Roc | None = None
    raw_ece: float | None = None


@dataclass(frozen=True)
class PartChange:
    """The change among some of the cases: ``name`` of a ``field``, "MLO" of "view" for example."""

    field: str
    name: str
    change: Change


@dataclass(frozen=True)
class WorseCase:
    """A case that the new model judges worse than the old one.

    Attributes
    ----------
    image
        The file.
    truth
        ``malignant``, ``benign`` or ``outlined``.
    before, after
        Score of malignancy, or Dice.
    """

    image: str
    patient: str
    truth: str
    before: float
    after: float


@dataclass(frozen=True)
class SiteVerdict:
    """What the sealed test set says.

    Attributes
    ----------
    sentence
        The verdict in plain words.
    half_patients
        Patients that what depends on a temperature was measured on.
    test_sha256
        Hash of the table of the split, whose test patients judged.
    skipped
        Images that could not be read, with the reason.
    notes
        What to know before believing it.
    """

    task: str
    sentence: str
    outcome: Outcome
    change: Change
    old: Side
    new: Side
    subgroups: tuple[PartChange, ...] = ()
    worse: tuple[WorseCase, ...] = ()
    half_patients: int = 0
    test_sha256: str = ""
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def to_json(verdict: SiteVerdict) -> str:
    """A verdict as its file holds it."""
    content = TypeAdapter(SiteVerdict).dump_python(verdict, mode="json")
    return json.dumps({"schema": SCHEMA, **content}, indent=1, ensure_ascii=False)


def from_json(text: str) -> SiteVerdict:
    """Read what `to_json` wrote.

    Raises
    ------
    NewerDocumentError
        When a newer program wrote it.
    DamagedDocumentError
        When it cannot be understood.
    """
    try:
        words: dict[str, Any] = json.loads(text)
        schema = words.pop("schema", None)
        if isinstance(schema, int) and schema > SCHEMA:
            raise NewerDocumentError("The verdict was made by a newer MammoView.", "Update the program.")
        found: SiteVerdict = TypeAdapter(SiteVerdict).validate_python(words)
    except (ValueError, AttributeError, ValidationError) as error:
        raise DamagedDocumentError("The verdict cannot be read.", "Judge the models again.") from error
    return found
