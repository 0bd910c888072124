"""``mammoview phantom``: write a synthetic study with its ground truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mammoview.cli.console import progress_bar


class Compression(StrEnum):
    """How the slices of a volume may be stored."""

    NONE = "none"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"


def phantom(
    out: Annotated[Path, typer.Option(help="Folder for the study; made where it does not exist.")],
    seed: Annotated[int, typer.Option(min=0, help="Which synthetic woman; the same seed writes the same files.")] = 1,
    film: Annotated[bool, typer.Option("--film", help="Digitised film with letters, stickers and tape.")] = False,
    priors: Annotated[int, typer.Option(min=0, max=10, help="How many earlier exams, a year apart.")] = 0,
    tomosynthesis: Annotated[bool, typer.Option("--tomosynthesis", help="A volume beside each image.")] = False,
    frames: Annotated[int, typer.Option(min=2, max=200, help="Slices of a volume, 1 mm each.")] = 60,
    volume_rows: Annotated[int, typer.Option(min=64, max=4096, help="Rows of a slice.")] = 1228,
    compression: Annotated[Compression, typer.Option(help="How the slices are stored.")] = Compression.JPEG_LS,
    backwards: Annotated[bool, typer.Option("--backwards", help="Store the slices from the top down.")] = False,
) -> None:
    """Write a synthetic four-view study as DICOM, with ground truth beside it."""
    from mammoview.session.demo import write_phantom
    from mammoview.session.demo_volume import VolumePlan

    plan = VolumePlan(
        frames=frames,
        rows=volume_rows,
        # The field of a full-size slice, 2457 by 1996.
        columns=round(volume_rows * 1996 / 2457),
        compression=compression.value,
        is_reversed=backwards,
    )
    with progress_bar() as progress:
        files = write_phantom(
            out, seed=seed, is_film=film, priors=priors, volumes=plan if tomosynthesis else None, progress=progress
        )
    for file in files:
        typer.echo(str(file))
    typer.echo("Synthetic images, no patient. The ground truth lies in the folder named truth beside them.")
