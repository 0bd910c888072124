"""A monitor driven by our table, against DCMTK driving the same monitor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.imaging.gsdf import jnd
from mammoview.imaging.monitor import Monitor, Response, driving_table, standard_curve


@pytest.mark.meets("MG-D08")
@pytest.mark.parametrize(("black", "white", "ambient"), [(0.5, 500.0, 0.0), (0.3, 350.0, 1.0), (1.0, 1000.0, 0.2)])
def test_the_curve_of_a_monitor_is_dcmtks(tmp_path: Path, black: float, white: float, ambient: float) -> None:
    made = tmp_path / "gsdf.txt"
    command = ["dcmdspfn", "+Il", str(black), str(white), "+Ca", str(ambient), "+Og", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    theirs = _columns(made)["GSDF"]
    monitor = Monitor(Response.GAMMA22, black, white, ambient)
    ours = standard_curve(monitor, np.linspace(0, 1, theirs.size))
    np.testing.assert_allclose(ours, theirs, rtol=2e-3)


@pytest.mark.meets("MG-D08")
def test_a_measured_monitor_is_driven_like_dcmtk_drives_it(tmp_path: Path) -> None:
    """DCMTK says with which light of this monitor it shows each level (PSC); our table must choose like it."""
    levels = np.linspace(0, 255, 52).round()
    light = 0.4 + 399.6 * (levels / 255) ** 2.3
    described = tmp_path / "monitor.lut"
    lines = [f"{level:.0f} {cd_m2:.6f}" for level, cd_m2 in zip(levels, light, strict=True)]
    described.write_text("max 255\namb 0.7\n" + "\n".join(lines) + "\n")
    made = tmp_path / "gsdf.txt"
    command = ["dcmdspfn", "+Im", str(described), "+Ca", "0.7", "+Og", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    theirs = _columns(made)
    monitor = Monitor(
        Response.MEASURED, ambient_cd_m2=0.7, measured=tuple(zip(levels / 255, map(float, light), strict=True))
    )
    table = driving_table(monitor)
    assert table is not None
    eight_bit = np.rint(table[np.arange(256) * 257] / 257.0).astype(int)
    # DCMTK picks the level whose light is nearest; both may differ by one step.
    chosen = np.array([np.argmin(np.abs(theirs["CC"] - wanted)) for wanted in theirs["PSC"]])
    assert np.abs(eight_bit - chosen).max() <= 1


@pytest.mark.meets("MG-D08")
@pytest.mark.parametrize("response", [Response.GAMMA22, Response.SRGB])
def test_equal_steps_of_p_values_become_equal_steps_for_the_eye(response: Response) -> None:
    monitor = Monitor(response, 0.5, 400.0, 0.3)
    table = driving_table(monitor)
    assert table is not None
    assert (np.diff(table.astype(int)) >= 0).all()
    assert (table[0], table[-1]) == (0, 65535)
    driven = table[:: 65535 // 15] / 65535
    linear = driven**2.2 if response is Response.GAMMA22 else np.array([_srgb(x) for x in driven])
    steps = np.diff(jnd(0.5 + 399.5 * linear + 0.3))
    assert np.ptp(steps) < 0.02 * steps.mean()


@pytest.mark.meets("MG-D08")
def test_a_calibrated_monitor_is_left_alone() -> None:
    assert driving_table(Monitor()) is None


@pytest.mark.parametrize(
    "monitor",
    [
        Monitor(Response.SRGB, 300.0, 0.5),
        Monitor(Response.SRGB, 0.0, 300.0),
        Monitor(Response.SRGB, 0.5, 9000.0),
        Monitor(Response.MEASURED),
        Monitor(Response.MEASURED, measured=((0.0, 1.0), (0.5, 0.9), (1.0, 300.0))),
        Monitor(Response.MEASURED, measured=((0.0, 1.0), (0.5, 100.0))),
    ],
    ids=["upside down", "no black", "too bright", "nothing measured", "falls", "half"],
)
def test_impossible_light_is_told(monitor: Monitor) -> None:
    with pytest.raises(InputError) as caught:
        driving_table(monitor)
    assert caught.value.hint


def _srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _columns(path: Path) -> dict[str, np.ndarray]:
    lines = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    values = np.array([[float(part) for part in line] for line in lines[1:]])
    return dict(zip(lines[0], values.T, strict=True))
