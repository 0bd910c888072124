"""From the start of the process to the window, and to the first image of a four-view uncompressed study.

``python -m bench.startup`` starts the program as a user does, offscreen, with ``MAMMOVIEW_BENCH`` set: the window then
prints when it was first painted, and when its first image was. Medians over the runs. The files lie in the page cache,
as after a copy. The analysis is switched off, as it waits for the images anyway.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from mammoview.core.image import StoredImage
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import scan
from mammoview.imaging.pyramid import build
from mammoview.session import settings

ROWS, COLUMNS = 4096, 3328
RUNS = 7
MOST_WINDOW_S = 1.5
MOST_RATIO = 1.5


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as folder:
        home, study = Path(folder) / "home", Path(folder) / "study"
        os.environ["MAMMOVIEW_HOME"] = str(home)
        settings.save(replace(settings.Settings(), analyse_on_open=False))
        study.mkdir()
        write_study(study)
        decode_s = statistics.median(bare_decode_s(study) for _ in range(3))
        pyramid_ms = statistics.median(pyramid_s(has_padding=False) for _ in range(5)) * 1000
        padded_ms = statistics.median(pyramid_s(has_padding=True) for _ in range(5)) * 1000
        start([], "window")
        empty_s = statistics.median(start([], "window")["window"] for _ in range(RUNS))
        runs = [start([str(study)], "first-image") for _ in range(RUNS)]
    window_s = statistics.median(run["window"] for run in runs)
    first_s = statistics.median(run["first-image"] for run in runs)
    floor_s = empty_s + decode_s
    print(f"torch in sys.modules after importing mammoview.ui.app: {imports_torch()}")
    print(f"start to empty window               {empty_s:6.2f} s  (at most {MOST_WINDOW_S} s)")
    print(f"start to window, study given        {window_s:6.2f} s")
    print(f"bare decode of one {ROWS}×{COLUMNS} image {decode_s:6.3f} s")
    print(f"start to first image                {first_s:6.2f} s")
    print(f"pyramid, without and with padding   {pyramid_ms:6.0f} and {padded_ms:.0f} ms")
    print(f"first image / (empty window + decode) {first_s / floor_s:4.2f}    (at most {MOST_RATIO})")


def write_study(folder: Path) -> None:
    """Write four views of noise in the shape of a breast: what is in them costs no time."""
    rows, columns = np.indices((ROWS, COLUMNS), dtype=np.float32)
    inside = ((rows - ROWS / 2) / ROWS * 2.2) ** 2 + (columns / COLUMNS * 1.3) ** 2 < 1
    noise = np.random.default_rng(1).integers(0, 400, inside.shape, dtype=np.uint16)
    left = np.where(inside, 2000 + noise, noise // 40).astype(np.uint16)
    for number, view in enumerate((ViewPosition.CC, ViewPosition.MLO)):
        for side in Laterality:
            header = NewMammogram(
                sop_uid=make_uid("bench", side, view),
                series_uid=make_uid("bench", "series"),
                study_uid=make_uid("bench", "study"),
                view=view,
                laterality=side,
                spacing_mm=(0.07, 0.07),
                patient_id="BENCH",
                patient_name="SYNTHETIC^BENCH",
                birth_date="19600101",
                age_years=60,
                study_date="20200101",
                study_time="120000",
                windows=(VoiWindow(2100.0, 2400.0),),
                instance_number=2 * number + (side is Laterality.LEFT) + 1,
                padding=None,
            )
            pixels = left if side is Laterality.LEFT else left[:, ::-1]
            write_mammogram(folder / f"{side}{view}.dcm", pixels, header)


def bare_decode_s(folder: Path) -> float:
    """Seconds to decode one of the images when everything is imported."""
    image = scan([folder]).studies[0].images[0]
    begin = time.perf_counter()
    decode(image)
    return time.perf_counter() - begin


def pyramid_s(*, has_padding: bool) -> float:
    """Seconds to make one image's display pyramid in fresh memory; half of the image is padding, or none."""
    pixels = np.random.default_rng(1).integers(0, 4096, (ROWS, COLUMNS), dtype=np.uint16)
    padding = None
    if has_padding:
        rows, columns = np.indices(pixels.shape, dtype=np.float32)
        padding = ((rows - ROWS / 2) / ROWS * 2.2) ** 2 + (columns / COLUMNS * 1.3) ** 2 > 1
    begin = time.perf_counter()
    build(StoredImage(pixels, padding=padding))
    return time.perf_counter() - begin


def start(arguments: list[str], last: str) -> dict[str, float]:
    """Start the program and end it at its stamp ``last``: the stamps in seconds after the start."""
    environment = os.environ | {"MAMMOVIEW_BENCH": "1", "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "mammoview", *arguments]
    stamps: dict[str, float] = {}
    begin = time.time()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as program:
        assert program.stdout is not None
        for line in program.stdout:
            name, _, at = line.partition(" ")
            stamps[name] = float(at) - begin
            if name == last:
                break
        program.kill()
    if last not in stamps:
        raise SystemExit(f"the program ended before its stamp {last}")
    return stamps


def imports_torch() -> bool:
    """Whether importing the window brings torch."""
    code = "import sys, mammoview.ui.app; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


if __name__ == "__main__":
    main()
