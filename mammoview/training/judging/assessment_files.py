"""An assessment on disk: ``evaluation.json``, ``evaluation.md``, ``scores.csv`` and two plots."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammoview import __version__
from mammoview.core.errors import OutputError
from mammoview.models.manifest import Task
from mammoview.training.judging import metrics
from mammoview.training.judging.measured import BOOTSTRAP_SEED
from mammoview.training.judging.metrics import RESAMPLES
from mammoview.training.judging.plots import plot_reliability, plot_roc
from mammoview.training.recipes.publish import metrics_table

if TYPE_CHECKING:
    from mammoview.models.registry import PackageInfo
    from mammoview.training.judging.assessment import Assessment

SCHEMA_VERSION = 1
_DISCLAIMER = "Research software, not a medical device; these numbers are no clinical validation."


@dataclass(frozen=True)
class Grounds:
    """What an assessment rests on besides its numbers.

    Attributes
    ----------
    sources
        Where the cases came from.
    rule
        How they were chosen.
    warnings
        What a reader of the numbers has to know first.
    """

    sources: tuple[str, ...]
    rule: str
    warnings: tuple[str, ...]


def write_assessment(found: Assessment, grounds: Grounds, out: Path) -> tuple[Path, ...]:
    """Write all files.

    Parameters
    ----------
    found
        From `assess`.
    grounds
        What it rests on.
    out
        Folder; made where it is missing, files of the same names are replaced.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    OutputError
        When the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "evaluation.json").write_text(
            json.dumps(as_json(found, grounds), indent=1, ensure_ascii=False), encoding="utf-8"
        )
        (out / "evaluation.md").write_text("\n".join([*as_markdown(found, grounds), ""]), encoding="utf-8")
        _write_scores(found, out / "scores.csv")
        plots = _draw(found, out)
    except OSError as error:
        raise OutputError(
            f"The evaluation could not be written to {out}: {error.strerror}.",
            "Check the permissions and the free space there.",
        ) from error
    return out / "evaluation.json", out / "evaluation.md", out / "scores.csv", *plots


def as_json(found: Assessment, grounds: Grounds) -> dict[str, Any]:
    """What ``evaluation.json`` holds."""
    return {
        "schema_version": SCHEMA_VERSION,
        "software": f"mammoview {__version__}",
        "note": _DISCLAIMER,
        "models": [_model(info) for info in found.packages],
        "task": found.task.value,
        "data": {
            "sources": list(grounds.sources),
            "rule": grounds.rule,
            "images": found.images,
            "patients": found.patients,
            "samples": len(found.samples),
            "positives": sum(sample.is_positive for sample in found.samples),
            "left_out": found.left_out,
            "sha256": found.fingerprint,
        },
        "protocol": found.protocol,
        "bootstrap": {"seed": BOOTSTRAP_SEED, "resamples": RESAMPLES},
        "warnings": list(grounds.warnings),
        "metrics": {name: [metric.model_dump() for metric in rows] for name, rows in found.metrics.items()},
        "comparisons": [asdict(comparison, dict_factory=_without_nan) for comparison in found.comparisons],
        "reliability": [point.model_dump() for point in found.reliability],
    }


def as_markdown(found: Assessment, grounds: Grounds) -> list[str]:
    """Lines of ``evaluation.md``."""
    models = [
        f"- `{info.key}` ({info.manifest.name}), manifest SHA-256 `{info.sha256}`"
        + ("" if info.manifest.score is None else f". Score: {info.manifest.score.meaning}")
        for info in found.packages
    ]
    left_out = [f"- left out, {reason}: {count}" for reason, count in found.left_out.items()]
    lines = [
        "# Evaluation",
        "",
        _DISCLAIMER,
        "",
        *models,
        f"- data: {', '.join(grounds.sources)}; {grounds.rule} {found.images} images of {found.patients} patients, "
        f"{len(found.samples)} samples; SHA-256 `{found.fingerprint}`",
        *left_out,
        f"- bootstrap: seed {BOOTSTRAP_SEED}, {RESAMPLES:,} draws of whole patients; mammoview {__version__}",
        "",
        *(f"**Note:** {warning}\n" for warning in grounds.warnings),
        found.protocol,
        "",
    ]
    for name, rows in found.metrics.items():
        lines += [f"## {name}", "", *metrics_table(rows), ""]
    if found.comparisons:
        lines += ["## Paired comparisons", "", *(f"- {comparison}" for comparison in found.comparisons), ""]
    return lines


def _without_nan(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON knows no NaN: what could not be told is null."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in pairs}


def _model(info: PackageInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "version": info.version,
        "sha256": info.sha256,
        "split_sha256": info.evaluation().split_sha256,
        "score": None if info.manifest.score is None else info.manifest.score.model_dump(),
    }


def _write_scores(found: Assessment, path: Path) -> None:
    """One row a sample, so that the numbers can be checked elsewhere."""
    is_mask = found.task is Task.SEGMENTATION
    columns = ["dice", "iou", "hd95_px", "hd95_mm", "dice_of_inscribed_ellipse"] if is_mask else ["score"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = [f"{column} {name}" for name in found.names for column in columns]
        writer.writerow(["file", "patient", "laterality", "view", "lesion", "malignant", *names])
        for sample in found.samples:
            case = sample.case
            label = "" if is_mask else str(int(sample.is_positive))
            values = [f"{value:.6f}" for values in sample.values for value in values]
            writer.writerow(
                [case.path.name, case.patient, case.laterality.value, case.view.value, sample.kind, label, *values]
            )


def _draw(found: Assessment, out: Path) -> tuple[Path, ...]:
    if found.task is Task.SEGMENTATION or not found.scored(0).has_both_classes:
        return ()
    scored = {name: found.scored(index) for index, name in enumerate(found.names)}
    roc, reliability = out / "roc.png", out / "reliability.png"
    plot_roc({name: metrics.roc_curve(one.positive, one.score) for name, one in scored.items()}, roc)
    plot_reliability({found.names[-1]: found.reliability}, reliability)
    return roc, reliability
