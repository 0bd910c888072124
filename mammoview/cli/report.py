"""``mammoview report``: print a stored report again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class PaperSize(StrEnum):
    """Sizes of the PDF's pages."""

    A4 = "a4"
    LETTER = "letter"


def report(
    path: Annotated[Path, typer.Argument(help="A report.json, or the folder that holds it.")],
    out: Annotated[Path, typer.Option(help="Folder for the pages; made where it does not exist.")],
    html: Annotated[bool, typer.Option("--html", help="Write the HTML page.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the PDF.")] = False,
    paper: Annotated[PaperSize, typer.Option(help="Size of the PDF's pages.")] = PaperSize.A4,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a report that lies there already.")] = False,
) -> None:
    """Print a stored report again, after checking that nobody changed it; both forms where none is asked for."""
    from mammoview.report.breast_report.pdf import Paper
    from mammoview.report.breast_report.values import SignedReport
    from mammoview.report.breast_report.writing import Form, read_report, write_report

    stored = read_report(path)
    forms = [form for form, is_asked in ((Form.HTML, html), (Form.PDF, pdf)) if is_asked] or list(Form)
    written = write_report(
        out, stored.written, stored.pictures, forms=forms, paper=Paper(paper.value), overwrite=overwrite
    )
    typer.echo(str(written))
    if isinstance(stored.written, SignedReport):
        typer.echo(f"Signed by {stored.written.signer}, unchanged ({stored.written.content_hash[:16]}).")
    else:
        typer.echo("A draft, not signed.")
