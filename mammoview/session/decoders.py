"""The crew of decode workers. Light to import: it is started before anything else of a session."""

from __future__ import annotations

from mammoview.session.jobs import Crew
from mammoview.session.settings import Settings

DECODER = "mammoview.session.decodeproc:main"


def start_decoders(settings: Settings, target: str = DECODER) -> Crew:
    """Start the first decoder.

    Parameters
    ----------
    settings
        How many workers the crew may have.
    target
        The child's main function, ``module:function``.
    """
    crew = Crew(target, size=settings.decode_workers, name="decoder")
    crew.start()
    return crew
