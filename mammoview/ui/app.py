"""Start the window. The decoders are at work before anything of Qt is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mammoview.session import settings as settings_file
from mammoview.session.session import Session


def run(paths: Sequence[Path]) -> int:
    """Open the window on ``paths`` and stay until it is closed.

    Parameters
    ----------
    paths
        Files and folders to open at once.

    Returns
    -------
    int
        The exit code.
    """
    settings, problems = settings_file.load()
    session = Session(settings)
    if paths:
        session.open(paths)
    # Qt takes a third of a second: by then the children have their headers.
    from mammoview.ui.desktop import show

    return show(session, problems)
