from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.imaging.monitor import Monitor, Response
from mammoview.session.monitor import monitor_of, table_of
from mammoview.session.settings import Settings


@pytest.mark.meets("MG-D08")
def test_nothing_is_applied_unless_the_reader_asks_for_it() -> None:
    assert table_of(Settings()) is None


@pytest.mark.meets("MG-D08")
def test_the_settings_describe_the_monitor() -> None:
    changed = replace(
        Settings(), monitor_response="srgb", monitor_black_cd_m2=0.4, monitor_white_cd_m2=500.0, ambient_cd_m2=0.1
    )
    assert monitor_of(changed) == Monitor(Response.SRGB, 0.4, 500.0, 0.1)
    assert table_of(changed) is not None


@pytest.mark.meets("MG-D08")
def test_a_measured_monitor_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "monitor.csv"
    path.write_text("level;cd/m2\n0;0,5\n128;90\n255;400\n")
    settings = replace(Settings(), monitor_response="measured", monitor_file=str(path))
    assert monitor_of(settings).measured == ((0.0, 0.5), (128 / 255, 90.0), (1.0, 400.0))
    table = table_of(settings)
    assert table is not None
    assert (np.diff(table.astype(int)) >= 0).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"monitor_response": "measured"},
        {"monitor_response": "measured", "monitor_file": "/nowhere/monitor.csv"},
        {"monitor_response": "srgb", "monitor_black_cd_m2": 50.0, "monitor_white_cd_m2": 2.0},
    ],
    ids=["no file named", "no such file", "upside down"],
)
def test_what_cannot_be_is_told_with_a_hint(changes: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        table_of(replace(Settings(), **changes))  # type: ignore[arg-type]
    assert caught.value.hint
