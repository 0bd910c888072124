"""Progress bars on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mammoview.core.progress import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a progress callable that draws one bar on stderr, and nothing where stderr is no terminal."""
    # Imported when a bar is drawn: the way to the window passes this page.
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with RichProgress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=1.0)

        def tell(fraction: float, text: str) -> None:
            bars.update(task, completed=fraction, description=text)

        yield tell
