"""``mammoview doctor``: what works here, and what to do about what does not."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mammoview.cli.display import has_display
from mammoview.pipeline.diagnosis import Check, State, checks

if TYPE_CHECKING:
    from rich.table import Table

_STYLES = {State.OK: "green", State.NOTE: "yellow", State.PROBLEM: "bold red"}


def doctor() -> None:
    """Print versions, device, decoders, models and display, and what to do about each problem."""
    # Imported when something is printed: the way to the window passes this page.
    from rich.console import Console

    console = Console(highlight=False)
    found = (*checks(), display_check())
    for section, members in groupby(found, key=lambda check: check.section):
        console.print(_table(section, tuple(members)))
    problems = sum(check.state is State.PROBLEM for check in found)
    console.print(f"{problems} problems" if problems else "No problems.")


def display_check() -> Check:
    """Whether a window can be opened."""
    if has_display():
        return Check("display", "window", State.OK, "a display is there")
    return Check(
        "display",
        "window",
        State.NOTE,
        "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)",
        "The window needs one; “mammoview analyze” does not.",
    )


def _table(section: str, members: tuple[Check, ...]) -> Table:
    from rich.table import Table

    table = Table(title=section, title_justify="left", show_header=False, box=None, pad_edge=False, expand=False)
    for check in members:
        advice = f"\n→ {check.advice}" if check.advice else ""
        table.add_row(f"  {check.name}", f"[{_STYLES[check.state]}]{check.state.value}[/]", f"{check.text}{advice}")
    return table
