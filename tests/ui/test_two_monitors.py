"""Two portrait monitors of five megapixels: images on both, the list on one, and a calibration for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WIDE, HIGH = 2048, 2560
CHILD = Path(__file__).with_name("two_monitors_child.py")


@pytest.fixture(scope="module")
def told(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a window on two monitors told of itself."""
    folder = tmp_path_factory.mktemp("monitors")
    screens = [
        {
            "name": name,
            "x": x,
            "y": 0,
            "width": WIDE,
            "height": HIGH,
            "logicalDpi": 96,
            "logicalBaseDpi": 96,
            "dpr": 1,
        }
        for name, x in (("left", 0), ("right", WIDE))
    ]
    layout = folder / "screens.json"
    made = {"synchronousWindowSystemEvents": False, "windowFrameMargins": False, "screens": screens}
    layout.write_text(json.dumps(made), encoding="utf-8")
    environment = os.environ | {
        "QT_QPA_PLATFORM": f"offscreen:configfile={layout}",
        "MAMMOVIEW_HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = subprocess.run(
        [sys.executable, str(CHILD), str(small_study)],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_second_window_fills_the_other_monitor(told: dict[str, Any]) -> None:
    assert told["screens"] == [[0, 0, WIDE, HIGH], [WIDE, 0, WIDE, HIGH]]
    assert told["first"] == [0, 0, WIDE, HIGH]
    assert told["second"] == [WIDE, 0, WIDE, HIGH]


def test_each_breast_hangs_on_its_own_monitor_at_one_size(told: dict[str, Any]) -> None:
    assert told["on"] == {"RCC": False, "RMLO": False, "LCC": True, "LMLO": True}
    assert len({round(zoom, 6) for zoom in told["zooms"]}) == 1


def test_images_stay_on_the_second_monitor_beside_the_list(told: dict[str, Any]) -> None:
    assert told["images beside the list"] == [True, True]
    assert told["back"]


def test_the_calibration_is_that_of_the_monitor_it_was_dragged_to(told: dict[str, Any]) -> None:
    seen = told["calibration"]
    assert "left" in seen["before"]
    assert "It is not calibrated." in seen["before"]
    assert "right" in seen["after"]
    assert "It is calibrated." in seen["after"]
    assert seen["pitch"] == pytest.approx(0.165)
    ((monitor, pitch),) = seen["saved"]
    assert monitor == seen["right"]
    assert pitch == pytest.approx((0.165 * WIDE + 10) / WIDE, rel=1e-3)
