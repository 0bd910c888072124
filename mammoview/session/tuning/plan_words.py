"""What a plan comes to, in sentences: the same in the window and in the terminal."""

from __future__ import annotations

from mammoview.core.amounts import counted
from mammoview.training.tuning.run_messages import PlanReport


def plan_lines(report: PlanReport) -> tuple[str, ...]:
    """The schedule, whom it learns from, and what it will cost here; a sentence or two each."""
    patients, images = counted(report.patients, "patient"), counted(report.images, "image")
    lines = (
        report.source,
        f"To learn from: {patients} with {images}; {report.watched} watched meanwhile, {report.sealed} sealed.",
        _schedule(report),
        _cost(report),
        report.reproducible,
        *report.notes,
    )
    return tuple(line for line in lines if line)


def _schedule(report: PlanReport) -> str:
    if not report.epochs:
        return ""
    batches = f"batches of {report.batch_size}, {report.precision} on {report.device}"
    return f"At most {counted(report.epochs, 'epoch')}, {batches}."


def _cost(report: PlanReport) -> str:
    if not report.epochs:
        return ""
    if report.minutes is None or report.minutes_per_epoch is None:
        return "What it will cost here was not measured: try two batches."
    memory = "memory cannot be measured here" if report.memory_mb is None else f"{_gib(report.memory_mb)} of memory"
    each = f"{_minutes(report.minutes_per_epoch)} for each epoch"
    return f"Cost here: {length_words(report.minutes)} at most, {each}, {memory}."


def _gib(mib: float) -> str:
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.0f} MiB"


def _minutes(value: float) -> str:
    """Minutes of an epoch, with the seconds where they are few."""
    if 60 * value < 1.0:
        return "less than a second"
    if value >= 2.0:
        return f"{value:.1f} minutes"
    return f"{value:.2g} minutes ({counted(max(1, round(60 * value)), 'second')})"


def length_words(minutes: float) -> str:
    """A length of time as people say it."""
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"about {counted(round(minutes), 'minute')}"
    return f"about {minutes / 60:.1f} hours"
