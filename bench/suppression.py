"""Measure artifact suppression: breast and pectoral masks, artifacts on film and on the phantom, time.

    python -m bench.suppression [cbis] [hand] [phantom] [tissue] [time]

prints every bar of the section, or of the parts named. ``tissue`` is for evaluation only: never tune on it.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.findings import Artifact, ArtifactKind, Suppression
from mammoview.core.geometry import Box
from mammoview.core.study import ViewPosition
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import clean, find_all, suppress
from mammoview.imaging.workcopy import reduce

MARKS = Path(__file__).parent / "data" / "cbis_artifacts.csv"
DATA = Path(os.environ.get("MAMMOVIEW_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
# A hand-drawn box is good to about this many pixels of 800.
HAND_PX = 4.0


def read_gray(path: Path) -> NDArray[np.uint16]:
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert stored is not None, path
    gray = stored if stored.ndim == 2 else stored[..., 0]
    return gray.astype(np.uint16) * 257 if gray.dtype == np.uint8 else gray.astype(np.uint16)


def view_of(path: Path) -> ViewPosition:
    return ViewPosition.MLO if "MLO" in path.stem else ViewPosition.CC


def run(path: Path) -> Suppression:
    return suppress(read_gray(path), view=view_of(path), laterality=None)


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    total = int(one.sum()) + int(other.sum())
    return 2.0 * int((one & other).sum()) / total if total else 1.0


def bar(name: str, value: float, bound: float, *, at_most: bool = False) -> None:
    is_met = value <= bound if at_most else value >= bound
    sign = "<=" if at_most else ">="
    print(f"{name:<62} {value:8.4f}  {sign} {bound:<6} {'met' if is_met else 'NOT met'} by {abs(value - bound):.4f}")


def mass_boxes() -> dict[str, list[Box]]:
    described = json.loads((DATA / "cbis_ddsm" / "mass_boxes.coco.json").read_text())
    names = {image["id"]: image["file_name"] for image in described["images"]}
    boxes: dict[str, list[Box]] = defaultdict(list)
    for mark in described["annotations"]:
        left, top, width, height = mark["bbox"]
        boxes[names[mark["image_id"]]].append(Box(top, left, top + height, left + width))
    return boxes


def bench_cbis(step: int = 1) -> None:
    """Mass boxes inside the mask, size of the mask, artifacts inside mass boxes."""
    inside = total = 0.0
    shares, hit, files = [], 0, 0
    for name, boxes in list(mass_boxes().items())[::step]:
        path = DATA / "cbis_ddsm" / "mammograms" / name
        if not path.exists():
            continue
        found = run(path)
        mask = found.breast.to_array()
        shares.append(float(mask.mean()))
        files += 1
        for box in boxes:
            part = mask[box.clipped(*mask.shape).slices()]
            inside += float(part.sum())
            total += part.size
        hit += any(_is_inside(artifact, box) for artifact in found.artifacts for box in boxes)
    print(f"{files} CBIS mammograms")
    bar("share of mass-box area inside the mask", inside / total, 0.99)
    bar("median share of the frame in the mask", float(np.median(shares)), 0.55, at_most=True)
    bar("share of images with an artifact inside a mass box", hit / files, 0.01, at_most=True)


def _is_inside(artifact: Artifact, box: Box) -> bool:
    """Whether most of the artifact's box, or its centre, lies in the mass box."""
    common = artifact.box.intersection(box).area_px
    return box.contains(*artifact.box.centre) or common > 0.5 * artifact.box.area_px


def bench_hand() -> None:
    """Recall of the hand-marked artifacts."""
    marks: dict[str, list[tuple[str, Box]]] = defaultdict(list)
    for row in csv.DictReader(MARKS.open()):
        corners = Box(*(float(row[key]) for key in ("row0", "col0", "row1", "col1")))
        marks[row["file"]] += [(row["kind"], corners)] if row["kind"] != "none" else []
    hits: dict[str, list[bool]] = defaultdict(list)
    same_kind, listed = 0, 0
    for name, marked in marks.items():
        found = run(DATA / "cbis_ddsm" / "mammograms" / name)
        listed += len(found.artifacts)
        for kind, box in marked:
            matching = [artifact for artifact in found.artifacts if _covers([artifact], box)]
            is_hit = _covers(list(found.artifacts), box)
            hits[kind].append(is_hit)
            same_kind += any(artifact.kind.value == kind for artifact in matching)
            if not is_hit:
                print(f"  missed {name} {kind} {box.as_list()}")
    for kind, answers in sorted(hits.items()):
        print(f"  {kind:<12} {sum(answers):3d} of {len(answers)}")
    every = [answer for answers in hits.values() for answer in answers]
    print(f"{len(marks)} CBIS mammograms, {len(every)} marks, {listed} artifacts listed, {same_kind} of the same kind")
    bar("recall of hand-marked artifacts", float(np.mean(every)), 0.90)


def _covers(artifacts: list[Artifact], box: Box) -> bool:
    """Whether at least half of a marked box lies in boxes of artifacts, huge ones left out."""
    canvas = np.zeros((800, 800), dtype=bool)
    for artifact in artifacts:
        at = artifact.box
        if at.area_px <= 5 * box.area_px + 2000:
            grown = Box(at.row0 - HAND_PX, at.col0 - HAND_PX, at.row1 + HAND_PX, at.col1 + HAND_PX)
            canvas[grown.clipped(800, 800).slices()] = True
    return bool(canvas[box.slices()].mean() >= 0.5)


def bench_phantom(seeds: int = 100) -> None:
    """Artifact area found and breast pixels altered on synthetic film."""
    area: dict[ArtifactKind, int] = defaultdict(int)
    reached: dict[ArtifactKind, int] = defaultdict(int)
    named: dict[ArtifactKind, int] = defaultdict(int)
    altered = breast = 0
    worst = 0.0
    breasts, muscles = [], []
    for seed in range(seeds):
        view = ViewPosition.MLO if seed % 2 else ViewPosition.CC
        image = make_view(1000 + seed, view=view, is_film=True)
        copy = reduce(image.pixels)
        found = find_all(copy, view=view)
        listed = np.zeros(image.pixels.shape, dtype=bool)
        of_kind = {kind: np.zeros(image.pixels.shape, dtype=bool) for kind in ArtifactKind}
        for piece in found.artifacts:
            native = copy.enlarge(piece.mask)
            listed |= native
            of_kind[piece.kind] |= native
        for artifact in image.truth.artifacts:
            area[artifact.kind] += artifact.region.area_px
            reached[artifact.kind] += int((listed & artifact.mask).sum())
            named[artifact.kind] += int((of_kind[artifact.kind] & artifact.mask).sum())
        result = suppress(image.pixels, view=view, laterality=image.laterality)
        changed = (clean(image.pixels, result) != image.pixels) & image.truth.breast
        altered, breast = altered + int(changed.sum()), breast + int(image.truth.breast.sum())
        worst = max(worst, float(changed.sum() / image.truth.breast.sum()))
        breasts.append(dice(result.breast.to_array(), image.truth.breast))
        if image.truth.pectoral is not None:
            muscles.append(dice(result.pectoral.to_array(), image.truth.pectoral) if result.pectoral else 0.0)
    print(f"{seeds} film phantoms")
    for kind in ArtifactKind:
        bar(f"area of {kind.value} found", reached[kind] / max(1, area[kind]), 0.95)
        print(f"{'':10}listed under its own kind: {named[kind] / max(1, area[kind]):.3f}")
    bar("share of breast pixels altered", altered / breast, 0.01, at_most=True)
    print(f"{'':10}worst image {worst:.4f}")
    print(f"breast Dice median {np.median(breasts):.4f}, worst {min(breasts):.4f}")
    print(f"pectoral Dice median {np.median(muscles):.4f}, worst {min(muscles):.4f} (0 where none was marked)")


def bench_tissue() -> None:
    """Breast and pectoral Dice on the 20 labelled film images."""
    folder = DATA / "fixtures" / "tissue_labels"
    breasts, muscles = [], []
    for path in sorted((folder / "images").iterdir()):
        label = cv2.imread(str(next((folder / "labels").glob(f"{path.stem}*"))), cv2.IMREAD_GRAYSCALE)
        assert label is not None
        found = suppress(read_gray(path), view=ViewPosition.MLO, laterality=None)
        breasts.append(dice(found.breast.to_array(), label >= 128))
        muscle = found.pectoral.to_array() if found.pectoral else np.zeros(label.shape, dtype=bool)
        muscles.append(dice(muscle, label == 255))
    print(f"{len(breasts)} labelled film images (evaluation only)")
    bar("breast Dice, median", float(np.median(breasts)), 0.975)
    bar("breast Dice, worst", min(breasts), 0.95)
    bar("pectoral Dice, median", float(np.median(muscles)), 0.90)
    print(f"{'':10}worst {min(muscles):.4f}, not marked on {int(np.sum(np.equal(muscles, 0)))}")


def bench_time(times: int = 5) -> None:
    """Seconds for one 4096 × 3328 image."""
    image = make_view(7, view=ViewPosition.MLO, rows=4096, columns=3328, is_film=True).pixels
    seconds, busy = [], []
    for _ in range(times):
        start, start_busy = time.perf_counter(), time.process_time()
        suppress(image, view=ViewPosition.MLO, laterality=None)
        seconds.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_busy)
    bar("seconds for an image of 4096 x 3328, median", float(np.median(seconds)), 0.6, at_most=True)
    print(f"{'':10}of which {np.median(busy):.3f} s on the processor; the rest is other programs' time")


PARTS: dict[str, Callable[[], None]] = {
    "cbis": bench_cbis,
    "hand": bench_hand,
    "phantom": bench_phantom,
    "tissue": bench_tissue,
    "time": bench_time,
}


def parts(names: list[str]) -> Iterator[Callable[[], None]]:
    yield from (PARTS[name] for name in names or PARTS)


if __name__ == "__main__":
    for part in parts(sys.argv[1:]):
        part()
        print()
