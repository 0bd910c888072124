"""Scrolling a volume of 60 slices of 2457×1996 in the real window, from the key to the painted pane.

``python -m bench.volume`` prints the time of a step over slices in memory (bar: 40 ms), of the first slice after
opening, of a cold decode by transfer syntax, and the memory held.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create_header import NewMammogram, make_uid
from mammoview.dicom.create_volume import NewVolume, VolumeSyntax, write_volume
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.phantom_volume import make_volume
from mammoview.imaging.slab import SlabMode
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

FRAMES, ROWS, COLUMNS = 60, 2457, 1996
WINDOW = (1660, 2048)
BAR_MS, COLD, PATIENCE_S = 40.0, 6, 300.0


def main() -> None:
    """Print the numbers."""
    app = QApplication([])
    theme.apply(app)
    with tempfile.TemporaryDirectory() as folder:
        made = make_volume(9, frames=FRAMES, rows=ROWS, columns=COLUMNS)
        slices = [(made.slice_at(number) // 16).astype(np.uint16) for number in range(0, FRAMES, FRAMES // COLD)][:COLD]
        cold(Path(folder), slices)
        scroll(app, write(Path(folder) / "volume.dcm", slices, FRAMES, VolumeSyntax.NATIVE))


def write(path: Path, slices: list[np.ndarray], count: int, syntax: VolumeSyntax) -> Path:
    """A volume of ``count`` frames that repeats the slices."""
    image = NewMammogram(
        sop_uid=make_uid("bench", path.name),
        series_uid=make_uid("bench", "series"),
        study_uid=make_uid("bench", path.name, "study"),
        view=ViewPosition.MLO,
        laterality=Laterality.LEFT,
        spacing_mm=(0.1, 0.1),
        patient_id="PHANTOM-9",
        patient_name="SYNTHETIC^PHANTOM",
        birth_date="19700102",
        age_years=55,
        study_date="20250203",
        study_time="101500",
        windows=(VoiWindow(2048.0, 4096.0, explanation="NORMAL"),),
    )
    frames: Iterator[np.ndarray] = (slices[number % len(slices)] for number in range(count))
    write_volume(path, frames, NewVolume(image, tuple(float(k) for k in range(count))), syntax=syntax)
    return path


def cold(folder: Path, slices: list[np.ndarray]) -> None:
    """Seconds for one frame of each syntax, one decoder, no display pyramid."""
    for syntax in VolumeSyntax:
        path = write(folder / f"{syntax.name}.dcm", slices, COLD, syntax)
        image = read_header(path)
        times = []
        for position in range(COLD):
            start = time.perf_counter()
            decode(image, position)
            times.append(time.perf_counter() - start)
        each = statistics.median(times) * 1e3
        print(f"  cold decode, {syntax.name:10} {each:7.1f} ms a frame, first {times[0] * 1e3:.1f} ms with the header")


def scroll(app: QApplication, path: Path) -> None:
    """Step through a volume that is in memory, and tell how long it took to get there."""
    session = Session(replace(Settings(), analyse_on_open=False))
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    bridge.told.connect(window.show_event)
    window.resize(*WINDOW)
    window.show()
    session.connect(bridge.send)
    frames = window.desk.frames
    try:
        start = time.perf_counter()
        session.open([path])
        wait(app, lambda: frames.volume_of(window.desk.active) is not None and window.desk.active.image is not None)
        app.processEvents()
        print(f"  first slice after opening  {(time.perf_counter() - start) * 1e3:7.0f} ms")
        pane, image = window.desk.active, frames.volume_of(window.desk.active)
        assert pane is not None
        assert image is not None
        frames.jump(pane, 0)
        wait(app, lambda: all(session.volumes.get(image, k) is not None for k in range(FRAMES)))
        for _ in range(20):
            app.processEvents()
        print(f"  all slices in memory after {time.perf_counter() - start:7.1f} s")
        print(f"  memory of the slices       {session.volumes.held_bytes / 2**20:7.0f} MiB")
        for mode in (SlabMode.SINGLE, SlabMode.MIP, SlabMode.AVERAGE):
            frames.set_slab(mode, 5.0)
            wait(app, lambda: frames.place_of(image.id).position == frames.place_of(image.id).wanted)
            times = []
            for number in range(2 * FRAMES - 2):
                before = time.perf_counter()
                window.actions_by_id["next_frame" if number < FRAMES - 1 else "previous_frame"].trigger()
                wait(app, lambda: frames.place_of(image.id).position == frames.place_of(image.id).wanted)
                app.processEvents()
                times.append((time.perf_counter() - before) * 1e3)
            slow = sorted(times)[int(0.95 * len(times))]
            told = f"median {statistics.median(times):6.1f} ms, 95th percentile {slow:6.1f} ms"
            if mode is SlabMode.SINGLE:
                told += f"    (bar {BAR_MS:.0f}: {'met' if slow <= BAR_MS else 'MISSED'})"
            print(f"  step, {mode.value:20} {told}")
    finally:
        background.close()
        session.close()


def wait(app: QApplication, is_done: Callable[[], bool]) -> None:
    """Let Qt work until something is so."""
    end = time.perf_counter() + PATIENCE_S
    while not is_done():
        if time.perf_counter() > end:
            raise TimeoutError("the volume never came")
        app.processEvents()


if __name__ == "__main__":
    main()
