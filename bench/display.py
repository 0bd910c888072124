"""Dragging the window, panning and zooming four 4096×3328 images in a 1660×2048 window: ours and the bare floor.

``python -m bench.display`` prints times per step and their ratios, all from one run. The bare floor is one warp of the
same visible pixels and one table lookup for each image, with nothing drawn. A window step is compared with plain
pyqtgraph as well. With overlays means all of them but the patch map, both levels of annotation, the coverage map, and
ten marks of a reader on each image.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication

from mammoview.core.facts import Fact, Topic
from mammoview.core.findings import (
    Artifact,
    ArtifactKind,
    Candidate,
    Finding,
    ImageResult,
    LesionKind,
    Suppression,
    ValueMap,
)
from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage, Mask, StoredImage
from mammoview.core.marks import Mark, MarkKind
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition, VoiWindow
from mammoview.imaging.pyramid import build
from mammoview.session.coverage import Coverages
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.orientation import Orientation, Side
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.annotation import AnnotationOptions
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.layers import Layer, OverlayOptions, prepare
from mammoview.ui.viewport.navigator import Navigator
from mammoview.ui.viewport.render import apply_table, level_for, target_of, warp
from mammoview.ui.viewport.voi import Adjustment
from mammoview.ui.viewport.wall import Wall

ROWS, COLUMNS = 4096, 3328
WINDOW = (1660, 2048)
STEPS = 40
_VIEWS = tuple(
    (side, view) for view in (ViewPosition.CC, ViewPosition.MLO) for side in (Laterality.RIGHT, Laterality.LEFT)
)

_TECHNIQUE = tuple(
    Fact(keyword, keyword, "28.5 of something", Topic.EXPOSURE, is_identifying=False)
    for keyword in ("KVP", "Exposure", "ExposureTime", "AnodeTargetMaterial", "BodyPartThickness", "OrganDose")
)


def main() -> None:
    """Print the table."""
    app = QApplication([])
    theme.apply(app)
    pixels = [_pixels(seed) for seed in range(4)]
    wall = _wall(pixels)
    settle(app)
    plain = _pyqtgraph(pixels)
    settle(app)
    tables = [np.clip(np.arange(65536) // (40 + k % 30), 0, 255).astype(np.uint8) for k in range(STEPS)]
    drag, number = _drag(wall), count()

    def ours() -> None:
        next(drag)
        settle(app)

    def pyqtgraph_step() -> None:
        level = 8000 + 50 * next(number)
        for item in plain:
            item.setLevels((0, level))
        settle(app)

    wall.set_options(OverlayOptions(frozenset()))
    settle(app)
    bare = _bare(wall, tables)
    # In turn, so that whatever else the machine does weighs on all alike.
    results = per_step(
        {"bare warp and lookup": bare, "ours, no overlays": ours, "four pyqtgraph ImageItems": pyqtgraph_step}
    )
    report(results)
    motions = {}
    for name, is_on in (("no overlays", False), ("all overlays", True)):
        furnish(wall, is_on=is_on)
        settle(app)
        motions[name] = moving(app, wall, tables, ours)
    tell_motions(motions)


def furnish(wall: Wall, *, is_on: bool) -> None:
    """Everything that can lie over an image, or nothing but the plain annotations."""
    wall.set_options(OverlayOptions(frozenset(Layer) - {Layer.PATCH_MAP} if is_on else frozenset()))
    wall.set_annotation(AnnotationOptions(is_identity_shown=True, is_technique_shown=is_on))
    if is_on:
        navigator = Navigator(Coverages(), lambda: wall.motion.tile)
        navigator.is_on = True
        wall.add_overpaint(navigator)
        _Drawn(wall)


class _Drawn(Board):
    """Ten marks on every image, as a session would hold them."""

    def __init__(self, wall: Wall) -> None:
        super().__init__(Session(Settings()), wall, Background(), wall)
        wall.refresh()

    def marks_on(self, canvas: Canvas) -> tuple[Mark, ...]:
        return _marks(canvas.hung.image.id) if canvas.hung is not None else ()


@cache
def _marks(image_id: str) -> tuple[Mark, ...]:
    """Two of the small kinds each, one of the others, an outline of 300 points among them."""
    circle = [(2900 + 400 * float(np.sin(t)), 900 + 300 * float(np.cos(t))) for t in np.linspace(0, 6.2, 300)]
    kinds: tuple[tuple[MarkKind, list[tuple[float, float]]], ...] = (
        (MarkKind.DISTANCE, [(900, 300), (1300, 1100)]),
        (MarkKind.DISTANCE, [(1900, 200), (2000, 900)]),
        (MarkKind.ANGLE, [(700, 300), (900, 700), (500, 900)]),
        (MarkKind.AREA, circle),
        (MarkKind.ELLIPSE, [(1500, 400), (1900, 900)]),
        (MarkKind.ELLIPSE, [(2200, 1200), (2300, 1300)]),
        (MarkKind.POLYGON, [(2500, 500), (2600, 900), (2900, 800), (2700, 400)]),
        (MarkKind.ARROW, [(1200, 1700), (1500, 1300)]),
        (MarkKind.ARROW, [(3300, 900), (3100, 700)]),
        (MarkKind.TEXT, [(3500, 500)]),
    )
    return tuple(
        Mark(f"{image_id}/mark {k}", image_id, kind, tuple(points), text="look again" if kind is MarkKind.TEXT else "")
        for k, (kind, points) in enumerate(kinds)
    )


def moving(
    app: QApplication, wall: Wall, tables: list[np.ndarray], window_step: Callable[[], None]
) -> dict[str, tuple[float, float]]:
    """Median seconds of a step of each kind, ours and bare."""
    number = count()

    def pan() -> None:
        step = next(number)
        wall.motion.pan(wall.panes[0], 9.0 if step % 20 < 10 else -9.0, 7.0 if step % 20 < 10 else -7.0)
        settle(app)

    def zoom() -> None:
        factor = 1.03 if next(number) % 20 < 10 else 1 / 1.03
        wall.motion.zoom(wall.panes[0], factor, *wall.panes[0].middle)
        settle(app)

    found = {}
    for name, ours in (("window", window_step), ("pan", pan), ("zoom", zoom)):
        for times, kind in ((1.0, name), (2.5, f"{name}, enlarged 2.5 times")):
            wall.fit()
            wall.motion.zoom(wall.panes[0], times, *wall.panes[0].middle)
            rest(app)
            times_of = per_step({"ours": ours, "bare": _bare_moving(wall, tables)})
            found[kind] = times_of["ours"], times_of["bare"]
    return found


def rest(app: QApplication) -> None:
    """Let the exact pictures come."""
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        settle(app)


def tell_motions(motions: dict[str, dict[str, tuple[float, float]]]) -> None:
    """Print what each step of the hand costs."""
    for title, bar in (("no overlays", 3.0), ("all overlays", 3.0)):
        print(f"\na step, {title}")
        for kind, (ours, bare) in motions[title].items():
            state = "met" if ours / bare <= bar else "MISSED"
            told = f"{ours * 1e3:6.1f} ms, bare {bare * 1e3:5.1f} ms, {ours / bare:5.2f}"
            print(f"  {kind:28} {told} (bar {bar:.1f}: {state})")


def report(results: dict[str, float]) -> None:
    """Print times and ratios with their bars."""
    threads = cv2.getNumThreads()
    print(f"window/level step, four {ROWS}×{COLUMNS} images, window {WINDOW[0]}×{WINDOW[1]}, {threads} threads")
    for name, seconds in results.items():
        print(f"  {name:28} {seconds * 1e3:7.1f} ms")
    plain = results["ours, no overlays"]
    for name, ratio, bar in (
        ("no overlays / pyqtgraph", plain / results["four pyqtgraph ImageItems"], 0.2),
        ("no overlays / bare", plain / results["bare warp and lookup"], 2.0),
    ):
        print(f"  {name:28} {ratio:7.2f}    (bar {bar:.1f}: {'met' if ratio <= bar else 'MISSED'})")


def per_step(steps: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Median seconds of each step."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(STEPS):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def settle(app: QApplication) -> None:
    """Let Qt paint what is due."""
    app.sendPostedEvents()
    app.processEvents()


def _drag(wall: Wall) -> Iterator[None]:
    for k in count():
        wall.set_adjustment(Adjustment(shift=0.002 * (k % 97), stretch=1.0 + 0.003 * (k % 89)))
        yield


def _bare(wall: Wall, tables: list[np.ndarray]) -> Callable[[], None]:
    number = count()
    jobs = []
    for pane in wall.panes:
        assert pane.image is not None
        to_device = pane.placement.to_device
        target = target_of(to_device, ROWS, COLUMNS, pane.device_size)
        k = level_for(to_device, len(pane.image.levels))
        jobs.append((pane.image.levels[k], to_device, target, 2.0**k, np.empty(target.size, np.uint8)))

    def step() -> None:
        table = tables[next(number) % STEPS]
        for level, to_device, target, stride, out in jobs:
            apply_table(np.asarray(warp(level, to_device, target, step=stride), np.uint16), table, out)

    return step


def _bare_moving(wall: Wall, tables: list[np.ndarray]) -> Callable[[], None]:
    """One warp and one lookup for where each image lies now."""
    number = count()

    def step() -> None:
        table = tables[next(number) % STEPS]
        for pane in wall.panes:
            assert pane.image is not None
            to_device = pane.placement.to_device
            target = target_of(to_device, ROWS, COLUMNS, pane.device_size)
            k = level_for(to_device, len(pane.image.levels))
            warped = warp(pane.image.levels[k], to_device, target, step=2.0**k)
            apply_table(np.asarray(warped, np.uint16), table, np.empty(target.size, np.uint8))

    return step


def _pixels(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.random((64, 52)).astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    rows, cols = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    breast = ((rows - ROWS / 2) / (ROWS * 0.45)) ** 2 + (cols / (COLUMNS * 0.9)) ** 2 < 1
    noise = rng.integers(0, 200, (ROWS, COLUMNS))
    return np.where(breast, 3000 + 9000 * coarse + noise, 0).clip(0, 16383).astype(np.uint16)


def _wall(pixels: list[np.ndarray]) -> Wall:
    gray = Grayscale(bits_stored=14, windows=(VoiWindow(8000, 12000),))
    slots, images = [], []
    for index, (side, view) in enumerate(_VIEWS):
        image = Mammogram(
            f"1.2.{index}",
            "",
            SourceKind.DICOM,
            ROWS,
            COLUMNS,
            gray,
            laterality=side,
            view=view,
            spacing_mm=(0.07, 0.07),
            technique=_TECHNIQUE,
        )
        is_right = side is Laterality.RIGHT
        orientation = Orientation(Dihedral(flip_columns=is_right), Side.RIGHT if is_right else Side.LEFT, is_top=False)
        slots.append(Slot(index // 2, index % 2, image.label, (Hung(image, orientation),)))
        images.append(image)
    wall = Wall()
    wall.resize(*WINDOW)
    wall.show_hanging(Hanging("1.2", "bench", 2, 2, tuple(slots)))
    wall.show()
    for image, values in zip(images, pixels, strict=True):
        levels, padding = build(StoredImage(values))
        wall.show_image(DisplayImage(image.id, levels, padding), Box(0, 0, ROWS, COLUMNS), gray.windows[0])
        wall.set_prepared(prepare(_result(image.id, values), len(levels)))
    return wall


def _result(image_id: str, values: np.ndarray) -> ImageResult:
    breast = values > 0
    pectoral = np.zeros_like(breast)
    pectoral[:1500, :900] = np.tri(1500, 900, 0, dtype=bool)[::-1]
    suppressed = np.zeros_like(breast)
    suppressed[100:400, 2800:3200] = True
    findings = tuple(
        Finding(
            f"{image_id}/{k}",
            LesionKind.MASS,
            Box(1000 + 600 * k, 800, 1300 + 600 * k, 1100),
            (1150 + 600 * k, 950),
            0.5,
            (0.1, 0.1, 0.1, 0.3, 0.4),
            contour=tuple((1150 + 600 * k + 140 * np.sin(t), 950 + 140 * np.cos(t)) for t in np.linspace(0, 6.2, 200)),
        )
        for k in range(3)
    )
    rows, cols = np.mgrid[0:36, 0:28]
    heat = np.exp(-((rows - 14) ** 2 + (cols - 9) ** 2) / 60)
    return ImageResult(
        image_id,
        Suppression(
            Mask.from_array(breast),
            (Artifact(Box(100, 2800, 400, 3200), ArtifactKind.LETTER, 120_000),),
            Mask.from_array(suppressed),
            Mask.from_array(pectoral),
        ),
        candidates=tuple(Candidate(f.box, 0.5, f.kind) for f in findings),
        findings=findings,
        p_malignant=0.5,
        saliency=ValueMap.from_array("gradcam", Box(0, 0, ROWS, COLUMNS), heat),
    )


def _pyqtgraph(pixels: list[np.ndarray]) -> list[pg.ImageItem]:
    pg.setConfigOptions(imageAxisOrder="row-major")
    window = pg.GraphicsLayoutWidget()
    window.resize(*WINDOW)
    items = []
    for index, values in enumerate(pixels):
        view = window.addViewBox(row=index // 2, col=index % 2, lockAspect=True, invertY=True)
        item = pg.ImageItem(values, levels=(0, 12000))
        view.addItem(item)
        items.append(item)
    window.show()
    items[0].bench_window = window
    return items


if __name__ == "__main__":
    main()
