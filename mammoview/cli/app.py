"""The command line: ``mammoview [PATH…]`` opens the window, the subcommands work without one."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=False, add_completion=False)


def main() -> None:
    """Run the command line."""
    app()
