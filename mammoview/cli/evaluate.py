"""``mammoview evaluate``: how good models are on somebody's own cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammoview.cli.console import progress_bar
from mammoview.core.progress import SubProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mammoview.models.registry import PackageInfo
    from mammoview.training.judging.assessment import Assessment

#: Share of the progress bar that reading the table takes.
_READ_SHARE = 0.05


def evaluate(
    model: Annotated[
        list[str], typer.Option(help="Package id or folder; may be given several times, or separated by commas.")
    ],
    data: Annotated[Path, typer.Option(help="Table of cases (CSV), or the folder of a known collection.")],
    out: Annotated[Path | None, typer.Option(help="Folder for evaluation.json, .md, scores.csv and plots.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    split: Annotated[
        Path | None, typer.Option(help="Table of a split: its validation side, or --fold, is kept.")
    ] = None,
    fold: Annotated[int | None, typer.Option(help="Fold to keep, of a table of folds.")] = None,
    patients: Annotated[Path | None, typer.Option(help="Text file with the patients to keep, one a line.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; one a core without this.")] = None,
) -> None:
    """Measure models on cases with known answers: AUC, operating points, calibration, overlap, with intervals.

    Several models are judged alone and together, with paired p-values. A package names the split it was trained with by
    its hash alone: only with that table (--split) can it be told that no patient was in training.
    """
    from mammoview.models.devices import resolve_device
    from mammoview.training.cases.holdout import check_seen, hold_out
    from mammoview.training.cases.importers import open_data
    from mammoview.training.judging.assessment import assess
    from mammoview.training.judging.assessment_files import Grounds, write_assessment

    packages = _packages(model)
    where = resolve_device(device)
    with progress_bar() as progress:
        opened = open_data(data, progress=SubProgress(progress, 0.0, _READ_SHARE))
        held = hold_out(opened.cases, split=split, fold=fold, patients=patients)
        doubts = [check_seen(info.evaluation(), info.key, held) for info in packages]
        warnings = (*opened.warnings, *(doubt for doubt in doubts if doubt))
        for warning in warnings:
            typer.echo(f"Warning: {warning}", err=True)
        found = assess(
            packages, held.cases, device=where, threads=threads, progress=SubProgress(progress, _READ_SHARE, 1.0)
        )
    _print(found, rule=held.rule)
    if out is not None:
        written = write_assessment(found, Grounds(opened.sources, held.rule, warnings), out)
        typer.echo(f"Written: {', '.join(str(path) for path in written)}")
    typer.echo("Research software, not a medical device; these numbers are no clinical validation.")


def _packages(names: Sequence[str]) -> tuple[PackageInfo, ...]:
    """The packages meant by ids, ``id@version`` or folders."""
    from mammoview.models.manifest import MANIFEST
    from mammoview.models.registry import find, read_info

    wanted = [name.strip() for given in names for name in given.split(",") if name.strip()]
    return tuple(read_info(Path(name)) if (Path(name) / MANIFEST).is_file() else find(name) for name in wanted)


def _print(found: Assessment, *, rule: str) -> None:
    for info in found.packages:
        typer.echo(f"{info.key}  {info.task.value}  manifest SHA-256 {info.sha256}")
    typer.echo(f"{found.images} images of {found.patients} patients, {len(found.samples)} samples. {rule}")
    for reason, count in found.left_out.items():
        typer.echo(f"left out, {reason}: {count}")
    typer.echo(f"data SHA-256 {found.fingerprint}\n{found.protocol}")
    for name, rows in found.metrics.items():
        typer.echo(f"\n{name}")
        for metric in rows:
            interval = "" if metric.low is None or metric.high is None else f"({metric.low:.3f} to {metric.high:.3f})"
            counts = f"{metric.n_images} of {metric.n_patients} patients"
            typer.echo(f"  {metric.name:32} {metric.group:24} {metric.value:7.3f} {interval:18} {counts}")
    for comparison in found.comparisons:
        typer.echo(f"\n{comparison}")
