"""Begin a session as soon as the program starts: the first decoder comes up while the rest is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.session import settings as settings_file
from mammoview.session.decoders import start_decoders

if TYPE_CHECKING:
    from mammoview.session.session import Session


def begin(paths: Sequence[str | Path] = ()) -> Session:
    """Start a session with the user's settings and open ``paths``, before anything of the window is imported.

    Parameters
    ----------
    paths
        Files and folders.

    Returns
    -------
    Session
        What happens from now on waits for `Session.connect`.
    """
    settings, problems = settings_file.load()
    decoders = start_decoders(settings)
    # Importing the session takes as long as starting a child does.
    from mammoview.session.events import Level
    from mammoview.session.session import Session

    session = Session(settings, decoders=decoders)
    if paths:
        session.open(paths)
    for problem in problems:
        session.messages.tell(problem, Level.WARNING)
    return session
