"""The pictures of the manual, of the real window: ``make pictures``."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from bench.screens import DEMO, SMALL, Screen, take
from bench.tuning_walk import walk as walk_tuning
from bench.walk import walk
from mammoview.core.marks import Mark, MarkKind
from mammoview.session.demo import write_phantom
from mammoview.session.demo_volume import VolumePlan
from mammoview.ui.mainwindow import MainWindow

OUT = Path(__file__).resolve().parent.parent / "docs" / "manual" / "images"
SEED, SLICES = 9, 20
#: What of a reader's way is pictured; of the wizard's everything is.
READING = frozenset(
    f"reading-{name}"
    for name in (
        "sign-in",
        "list",
        "protocol",
        "decided",
        "revealed",
        "scores",
        "reject",
        "drawn",
        "changed",
        "report",
        "signed",
    )
)


def draw(window: MainWindow) -> None:
    """Put one mark of each kind on the active image."""
    wall, marks = window.desk.wall, window.desk.session.marks
    hung = wall.panes[0].hung
    assert hung is not None
    image = hung.image
    rows, columns = image.rows, image.columns
    drawn = {
        MarkKind.DISTANCE: ((0.42, 0.74), (0.46, 0.90)),
        MarkKind.ELLIPSE: ((0.52, 0.70), (0.62, 0.84)),
        MarkKind.ANGLE: ((0.30, 0.88), (0.36, 0.78), (0.28, 0.74)),
        MarkKind.POLYGON: tuple(
            (0.72 + 0.04 * math.sin(turn), 0.84 + 0.05 * math.cos(turn)) for turn in (0.2, 1.4, 2.6, 3.9, 5.2)
        ),
        MarkKind.ARROW: ((0.20, 0.70), (0.26, 0.80)),
    }
    for kind, points in drawn.items():
        native = tuple((row * rows, column * columns) for row, column in points)
        marks.add(
            image.study_uid,
            Mark(kind.value, image.id, kind, native, text="seen before" if kind is MarkKind.ARROW else ""),
        )


def picture(name: str, part: QWidget) -> None:
    """Save a picture that the manual shows."""
    if name in READING or name.startswith("tuning-"):
        part.grab().save(str(OUT / f"{name}.jpg"), quality=88)
        print(OUT / f"{name}.jpg")


def main() -> int:
    """Write the pictures; prints their names."""
    OUT.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    with tempfile.TemporaryDirectory(prefix="mammoview-manual-") as home:
        os.environ["MAMMOVIEW_HOME"] = home
        volumes = Path(home) / "volumes"
        write_phantom(volumes, seed=SEED, volumes=VolumePlan(frames=SLICES))
        for screen in (
            Screen("four-up", SMALL, DEMO),
            Screen("prior", SMALL, DEMO, ("priors",)),
            Screen("marks", SMALL, DEMO, ("single",), prepare=draw),
            Screen("roam", SMALL, DEMO, ("coverage", "roam_next", "roam_next", "roam_next")),
            Screen("volume", SMALL, str(volumes), ("swap_volume", "single")),
            Screen("conformance", SMALL, "fixtures/dicom/ge_senographe_r_mlo_sigmoid_voilut.dcm", ("conformance",)),
        ):
            print(take(app, screen, OUT / f"{screen.name}.jpg"))
    walk(app, picture)
    walk_tuning(app, picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
