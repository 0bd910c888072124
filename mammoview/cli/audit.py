"""``mammoview audit``: is the log of what was opened, revealed, changed and signed as it was written?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

audit = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="Check the audit log of the worklist."
)


@audit.callback()
def _audit() -> None:
    """Keep ``verify`` a word of its own."""


@audit.command("verify")
def verify(
    database: Annotated[Path | None, typer.Option(help="Another worklist than the user's own.")] = None,
    head: Annotated[list[str] | None, typer.Option(help="The log's head as a signed report carries it.")] = None,
) -> None:
    """Go through the whole chain; the exit code is 3 when an entry was changed, moved, or is missing."""
    from mammoview.session.worklist.audit import Head
    from mammoview.session.worklist.database import worklist_path
    from mammoview.session.worklist.errors import AuditError
    from mammoview.session.worklist.worklist import verify_file

    verdict = verify_file(database or worklist_path(), [Head.parse(text) for text in head or ()])
    if not verdict.is_sound:
        raise AuditError(
            f"The audit log is not as it was written. {verdict.complaint}",
            f"Entries 1 to {verdict.entries} are sound. Keep the file and ask who had access to it.",
        )
    typer.echo(f"The audit log is sound: {verdict.entries} entries, head {verdict.head}")
