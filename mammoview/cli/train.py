"""``mammoview train``: from a data folder and a config to a model package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mammoview.cli.console import progress_bar
from mammoview.training.recipes.launch import Kind, Order, Precision, launch, lines_to


def train(
    kind: Annotated[Kind, typer.Argument(help="What to train.")],
    config: Annotated[Path, typer.Option(help="A TOML file such as those of trainers/configs.")],
    data: Annotated[Path, typer.Option(help="Folder of a public collection, or a table of cases.")],
    out: Annotated[Path, typer.Option(help="Folder of this run; the package will be OUT/package.")],
    parent: Annotated[
        Path | None, typer.Option(help="Package folder to start from; its weights go on learning.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    precision: Annotated[Precision | None, typer.Option(help="Arithmetic, instead of the config's.")] = None,
    devices: Annotated[int, typer.Option(min=1, help="GPUs, or processes, on each machine.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Machines, started by torchrun or SLURM.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads; 1 repeats a run exactly.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Threads that draw batches for a GPU.")] = 1,
) -> None:
    """Train a network and write its package; the same command goes on with a run that was stopped.

    Under torchrun each process runs this command, and devices and nodes are torchrun's. Exit code: 0 when the package
    is written, 2 for wrong usage, 3 when training was stopped or failed.
    """
    order = Order(
        kind=kind,
        config=config,
        data=data,
        out=out,
        parent=parent,
        precision=precision,
        device=device,
        devices=devices,
        nodes=nodes,
        threads=threads,
        workers=workers,
    )
    if sys.stderr.isatty():
        with progress_bar() as progress:
            package = launch(order, progress)
    else:
        package = launch(order, lines_to(sys.stderr))
    typer.echo((package.folder / "MODEL_CARD.md").read_text(encoding="utf-8"))
    typer.echo(f"Written: {package.folder}")
