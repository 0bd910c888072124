"""The command line: ``mammoview [PATH…]`` opens the window, the subcommands work without one.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import io
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from mammoview import __version__
from mammoview.cli.analyze import analyze
from mammoview.cli.audit import audit
from mammoview.cli.demo import demo
from mammoview.cli.display import require_display
from mammoview.cli.doctor import doctor
from mammoview.cli.evaluate import evaluate
from mammoview.cli.fixtures import fixtures
from mammoview.cli.models import models
from mammoview.cli.phantom import phantom
from mammoview.cli.report import report
from mammoview.cli.train import train
from mammoview.cli.tune import tune
from mammoview.core.errors import MammoViewError, UsageError

EXIT_USAGE = 2
EXIT_NOTHING_DONE = 3

_OPEN, _MODELS, _AUDIT, _TUNE = "open", "models", "audit", "tune"
_COMMANDS: dict[str, Callable[..., None]] = {
    "analyze": analyze,
    "demo": demo,
    "phantom": phantom,
    "fixtures": fixtures,
    "doctor": doctor,
    "train": train,
    "evaluate": evaluate,
    "report": report,
}

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Read mammography studies with AI on your own computer. Research software, not a medical device.\n\n"
    "mammoview [PATH…] opens the window on files and folders; mammoview COMMAND --help tells more of a command.",
)
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
app.add_typer(models, name=_MODELS)
app.add_typer(audit, name=_AUDIT)
app.add_typer(tune, name=_TUNE)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"mammoview {__version__}")
        raise typer.Exit


@app.command(_OPEN)
def open_window(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, folders or DICOMDIRs to open.")] = None,
) -> None:
    """Open the window (what happens without a command)."""
    given = tuple(paths or ())
    for path in given:
        if not path.exists():
            raise UsageError(f"{path} does not exist.", "Check its spelling; mammoview --help lists the commands.")
    require_display()
    from mammoview.session.start import begin

    # The decoders start, and look at the files, while Qt is imported.
    session = begin(given)
    from mammoview.ui.app import run

    raise typer.Exit(run(given, session=session))


def arguments(given: Sequence[str]) -> list[str]:
    """What was typed, as the parser takes it.

    A first word that is no subcommand is a path to open, and ``--models`` may be followed by several ids.

    Parameters
    ----------
    given
        Words after the program's name.
    """
    words = list(_with_repeated_models(given))
    if words and (words[0] in {*_COMMANDS, _OPEN, _MODELS, _AUDIT, _TUNE} or words[0] in {"--help", "--version"}):
        return words
    return [_OPEN, *words]


def _with_repeated_models(given: Sequence[str]) -> Iterator[str]:
    is_list = False
    for position, word in enumerate(given):
        previous = given[position - 1] if position else ""
        if word.startswith("-"):
            is_list = word == "--models"
        elif is_list and previous != "--models":
            # A word that is a path ends the list: paths may stand anywhere.
            is_list = not Path(word).exists()
            if is_list:
                yield "--models"
        yield word


def main(given: Sequence[str] | None = None) -> None:
    """Run the command line; an error is one message with a hint on stderr, never a traceback.

    Parameters
    ----------
    given
        Words instead of those that were typed after the program's name.
    """
    multiprocessing.freeze_support()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A pipe may be of an encoding that lacks a sign: better a question mark than no answer.
            stream.reconfigure(errors="replace")
    try:
        app(arguments(sys.argv[1:] if given is None else given))
    except MammoViewError as error:
        typer.echo(f"mammoview: {error.user_message}", err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
        sys.exit(EXIT_USAGE if isinstance(error, UsageError) else EXIT_NOTHING_DONE)
