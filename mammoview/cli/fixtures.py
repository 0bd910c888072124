"""``mammoview fixtures``: write the made-up files that tests open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammoview.cli.console import progress_bar


def fixtures(
    out: Annotated[Path, typer.Argument(help="Folder for the groups; made where it does not exist.")],
    group: Annotated[list[str] | None, typer.Option(help="Write this group only; may be given several times.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same files.")] = 0,
) -> None:
    """Write small made-up files for every case that a display must get right, valid and deliberately invalid."""
    from mammoview.dicom.fixtures import write_fixtures

    with progress_bar() as progress:
        folders = write_fixtures(out, groups=group or (), seed=seed, progress=progress)
    for folder in folders:
        typer.echo(str(folder))
    typer.echo("Synthetic images, no patient. Beside each folder a .json file says what its files are.")
