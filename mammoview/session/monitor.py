"""The monitor that the settings describe, and the table that it needs (MG-D08)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.imaging.monitor import Monitor, Response, driving_table
from mammoview.session.luminance_csv import read_csv

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mammoview.session.settings import Settings

_HIGHEST_LEVEL = 255


def monitor_of(settings: Settings) -> Monitor:
    """What the settings say of the monitor.

    Raises
    ------
    InputError
        When the file of measured luminances cannot be used.
    """
    response = Response(settings.monitor_response)
    measured: tuple[tuple[float, float], ...] = ()
    if response is Response.MEASURED:
        if not settings.monitor_file:
            raise InputError(
                "No file of measured luminances is named for the monitor.", "Name one in the settings, page Monitor."
            )
        measured = tuple((one.level / _HIGHEST_LEVEL, one.luminance) for one in read_csv(Path(settings.monitor_file)))
    return Monitor(
        response, settings.monitor_black_cd_m2, settings.monitor_white_cd_m2, settings.ambient_cd_m2, measured
    )


def table_of(settings: Settings) -> NDArray[np.uint16] | None:
    """The table from P-value to driving level that the settings ask for, see `mammoview.imaging.monitor.driving_table`.

    Raises
    ------
    InputError
        When the settings describe no monitor that the standard covers.
    """
    return driving_table(monitor_of(settings))
