"""How wide an interval will be, told before anything is trained, from the number of patients alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from mammoview.training.judging.sentence import LEAST_PATIENTS
from mammoview.training.tuning.audit_messages import Expected

if TYPE_CHECKING:
    from mammoview.models.manifest import Evaluation

_Z95: Final = 1.959964
#: Where the model's own card says nothing.
_USUAL_AUC, _USUAL_DICE = 0.80, 0.75
#: Standard deviation of a patient's mean Dice, where no interval is known.
_USUAL_SPREAD: Final = 0.15
#: Correlation of two models' scores on the same patients, the old one being the new one's parent.
_CORRELATION: Final = 0.6


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747).

    Parameters
    ----------
    auc
        The area itself.
    positives, negatives
        How many, each independent; at least one.
    """
    of_positive = auc / (2.0 - auc)
    of_negative = 2.0 * auc**2 / (1.0 + auc)
    variance = (
        auc * (1.0 - auc) + (positives - 1) * (of_positive - auc**2) + (negatives - 1) * (of_negative - auc**2)
    ) / (positives * negatives)
    return math.sqrt(variance)


def expected_auc(positives: int, negatives: int, evaluation: Evaluation | None) -> Expected:
    """What to expect of the AUC. Patients are counted, not images: those of one patient are no independent cases.

    Parameters
    ----------
    positives, negatives
        Patients of the test set.
    evaluation
        Of the model to start from, whose AUC is assumed.
    """
    known = (
        next((m for m in evaluation.metrics if m.name.startswith("auc") and not m.group), None) if evaluation else None
    )
    assumed = min(max(known.value, 0.5), 0.99) if known else _USUAL_AUC
    origin = "the model's own evaluation" if known else "usual for the task"
    width = change = None
    if min(positives, negatives) >= LEAST_PATIENTS:
        error = auc_error(assumed, positives, negatives)
        width = min(1.0, 2.0 * _Z95 * error)
        change = min(1.0, _Z95 * error * math.sqrt(2.0 * (1.0 - _CORRELATION)))
    return Expected("AUC", assumed, origin, positives, negatives, width, change)


def expected_dice(patients: int, evaluation: Evaluation | None) -> Expected:
    """What to expect of the mean Dice.

    Parameters
    ----------
    patients
        Of the test set, with outlines.
    evaluation
        Of the model to start from: its mean is assumed, and the spread between patients that its interval tells of.
    """
    known = next((m for m in evaluation.metrics if m.name == "dice" and not m.group), None) if evaluation else None
    assumed = known.value if known else _USUAL_DICE
    spread, origin = _USUAL_SPREAD, "usual for the task"
    if known and known.low is not None and known.high is not None and known.n_patients > 1:
        spread = (known.high - known.low) / (2.0 * _Z95) * math.sqrt(known.n_patients)
        origin = "the model's own evaluation"
    width = change = None
    if patients >= LEAST_PATIENTS:
        error = spread / math.sqrt(patients)
        width = min(1.0, 2.0 * _Z95 * error)
        change = min(1.0, _Z95 * error * math.sqrt(2.0 * (1.0 - _CORRELATION)))
    return Expected("Dice", assumed, origin, patients, 0, width, change)
