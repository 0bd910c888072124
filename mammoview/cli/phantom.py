"""``mammoview phantom``: write a synthetic study with its ground truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammoview.cli.console import progress_bar


def phantom(
    out: Annotated[Path, typer.Option(help="Folder for the study; made where it does not exist.")],
    seed: Annotated[int, typer.Option(min=0, help="Which synthetic woman; the same seed writes the same files.")] = 1,
    film: Annotated[bool, typer.Option("--film", help="Digitised film with letters, stickers and tape.")] = False,
    priors: Annotated[int, typer.Option(min=0, max=10, help="How many earlier exams, a year apart.")] = 0,
) -> None:
    """Write a synthetic four-view study as DICOM, with ground truth beside it."""
    from mammoview.session.demo import write_phantom

    with progress_bar() as progress:
        files = write_phantom(out, seed=seed, is_film=film, priors=priors, progress=progress)
    for file in files:
        typer.echo(str(file))
    typer.echo("Synthetic images, no patient. The ground truth lies in the folder named truth beside them.")
