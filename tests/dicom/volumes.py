"""What the tests of volumes share: small frames and the header of a new volume."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from mammoview.core.study import Laterality, ViewPosition, VoiFunction, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid
from mammoview.dicom.create_volume import NewVolume, write_volume

ROWS, COLUMNS = 48, 40


def make_frames(count: int) -> list[np.ndarray]:
    """Frames of noise, 10 bits, which tell themselves apart."""
    rng = np.random.default_rng(7)
    return [rng.integers(1, 1000, (ROWS, COLUMNS)).astype(np.uint16) for _ in range(count)]


def image_header(view: ViewPosition = ViewPosition.CC, side: Laterality = Laterality.LEFT) -> NewMammogram:
    return NewMammogram(
        sop_uid=make_uid("volume", view, side),
        series_uid=make_uid("volume", "series"),
        study_uid=make_uid("volume", "study"),
        view=view,
        laterality=side,
        spacing_mm=(0.1, 0.2),
        patient_id="PHANTOM-1",
        patient_name="SYNTHETIC^PHANTOM",
        birth_date="19700102",
        age_years=55,
        study_date="20250203",
        study_time="101500",
        windows=(VoiWindow(500.0, 900.0, VoiFunction.LINEAR, "NORMAL"),),
        bits_stored=10,
    )


def written(path: Path, count: int = 5, *, heights: tuple[float, ...] | None = None, **more: Any) -> list[np.ndarray]:
    """Write a volume; returns its frames in stored order."""
    frames = make_frames(count)
    options = {key: more.pop(key) for key in ("syntax", "has_offset_table") if key in more}
    image = more.pop("image", image_header())
    write_volume(path, frames, NewVolume(image, heights or tuple(float(k) for k in range(count)), **more), **options)
    return frames


def errors_of(path: Path, *options: str) -> list[str]:
    """What `dciodvfy` calls an error in a file."""
    program = shutil.which("dciodvfy")
    assert program, "dciodvfy is not installed: apt-get install dicom3tools (make setup does it)"
    report = subprocess.run([program, *options, str(path)], capture_output=True, text=True, check=False)
    lines = (report.stderr + report.stdout).splitlines()
    assert any(line.startswith("BreastTomosynthesisImage") for line in lines), lines
    return [line for line in lines if line.startswith("Error")]
