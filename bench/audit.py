"""How long an audit takes and how much memory: ``python -m bench.audit [CASES] [--memory]``.

Four parts. A table of 2,000 cases with tiny DICOM files, table and headers alone, in a child on two cores: seconds,
seconds to the first result, peak memory. The same with the pixels of all images, every fortieth of real size: peak
memory again. Images of real size and their pixel checks, beside the bare decoding of the same files. And, where the
real images are, how well copies of an image are told from other women's.

All of it runs at the usual priority; in the program the audit's child gives way to reading (``nice`` 10).
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.image import StoredImage
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.dicom.pixels import decode
from mammoview.dicom.raster import Pictures
from mammoview.dicom.scan import read_header
from mammoview.training.tuning.audit import audit
from mammoview.training.tuning.audit_messages import AuditRequest, TableAudit
from mammoview.training.tuning.looks import Look, look_at
from mammoview.training.tuning.near import COARSE, FINE, Doubles

CASES = 2000
MOST_SECONDS, MOST_SHARE, MOST_MIB = 120.0, 1.3, 1024.0
REPEATS = 5
#: Transfer syntaxes that mammograms come in: native, JPEG Lossless, JPEG 2000.
SYNTAXES = {
    "native": "1.2.840.10008.1.2.1",
    "JPEG Lossless": "1.2.840.10008.1.2.4.70",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}
LARGE, TINY = (4096, 3328), (48, 36)
#: One of so many images of the whole audit is of real size: what is kept of an image does not depend on its size.
EVERY = 40


def main() -> int:
    """Print all four parts; exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=CASES)
    parser.add_argument("--memory", action="store_true", help="the second part alone")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as home:
        os.environ["MAMMOVIEW_HOME"] = home
        is_met = True if given.memory else _table(Path(home), given.cases)
        is_met &= _whole(Path(home), given.cases)
        if given.memory:
            return int(not is_met)
        is_met &= _pixels(Path(home))
    data = os.environ.get("MAMMOVIEW_DATA")
    if data:
        _likeness(Path(data))
    return int(not is_met)


def _write(path: Path, number: int, pixels: NDArray[np.uint16], syntax: str = SYNTAXES["native"]) -> None:
    side, view = (Laterality.LEFT, Laterality.RIGHT)[number % 2], (ViewPosition.CC, ViewPosition.MLO)[number // 2 % 2]
    patient = f"P{number // 4:05d}"
    header = NewMammogram(
        make_uid("bench", number, syntax),
        make_uid("series", patient),
        make_uid("study", patient),
        view,
        side,
        (0.07, 0.07),
        patient,
        f"Doe^{patient}",
        "19600102",
        64,
        f"20{10 + number // 4 % 14}0315",
        "101500",
        (VoiWindow(2048.0, 4096.0),),
        manufacturer=f"Vendor {number // 4 % 3}",
        transfer_syntax=syntax,
    )
    write_mammogram(path, pixels, header)


def breast(shape: tuple[int, int], seed: int) -> NDArray[np.uint16]:
    """A half disc on the left with a texture of its own, 12 bits."""
    rows, columns = np.indices(shape)
    inside = ((rows - shape[0] / 2) / (0.42 * shape[0])) ** 2 + (columns / (0.7 * shape[1])) ** 2 < 1
    chance = np.random.default_rng(seed)
    coarse = chance.normal(size=(shape[0] // 10 + 1, shape[1] // 10 + 1)).astype(np.float32)
    texture = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    grain = chance.normal(scale=8.0, size=shape)
    return np.where(inside, np.clip(1800 + 400 * texture + grain, 300, 4000), 0).astype(np.uint16)


def _manifest(folder: Path, count: int, *, has_large: bool = False) -> Path:
    """A project's table and its images; where wished, one of `EVERY` of real size, of every transfer syntax in turn."""
    folder.mkdir()
    lines = ["path,patient,laterality,view,label"]
    syntaxes = list(SYNTAXES.values())
    for number in range(count):
        name = f"{number:05d}.dcm"
        large = number // EVERY if has_large and number % EVERY == 0 else None
        syntax = syntaxes[0 if large is None else large % len(syntaxes)]
        _write(folder / name, number, breast(TINY if large is None else LARGE, number if has_large else 0), syntax)
        label = "malignant" if number // 4 % 3 == 0 else "benign"
        lines.append(f"{name},P{number // 4:05d},{'LR'[number % 2]},{('CC', 'MLO')[number // 2 % 2]},{label}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return folder


def _table(home: Path, count: int) -> bool:
    seconds, first, images, mib = _audited(_manifest(home / "table", count), reads_pixels=False)
    print(
        f"{count} cases, table and headers: {seconds:.1f} s (bar {MOST_SECONDS:g}), first result after {first:.2f} s,"
    )
    print(f"  {images:.0f} images read, peak {mib:.0f} MiB (bar {MOST_MIB:g})")
    return seconds <= MOST_SECONDS and mib <= MOST_MIB and images == count


def _whole(home: Path, count: int) -> bool:
    """Peak memory of a whole audit."""
    seconds, _, images, mib = _audited(_manifest(home / "whole", count, has_large=True), reads_pixels=True)
    print(
        f"{images:.0f} of {count} cases with their pixels, {-(-count // EVERY)} of {LARGE[0]} × {LARGE[1]} in "
        f"{', '.join(SYNTAXES)}: peak {mib:.0f} MiB (bar {MOST_MIB:g}), {seconds:.0f} s"
    )
    return mib <= MOST_MIB and images == count


def _audited(folder: Path, *, reads_pixels: bool) -> tuple[float, ...]:
    """Seconds, seconds to the first result, images and peak MiB of an audit in a child."""
    code = f"from bench.audit import child; child({str(folder)!r}, reads_pixels={reads_pixels})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return tuple(float(word) for word in done.stdout.split())


def child(folder: str, *, reads_pixels: bool) -> None:
    """Audit in a process of its own and print what it took."""
    began = time.perf_counter()
    first: list[float] = []

    def told(value: object) -> None:
        if isinstance(value, TableAudit) and not first:
            first.append(time.perf_counter() - began)

    report = audit(AuditRequest(folder, reads_pixels=reads_pixels), no_progress, never_cancel, told)
    seconds = time.perf_counter() - began
    mib = _peak_mib()
    looked_at = report.looked_at if reads_pixels else report.table.headers_read
    print(seconds, first[0], looked_at, mib)


def _peak_mib() -> float:
    """The most memory that this program had; ``ru_maxrss`` would count what its parent had before it began."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def _pixels(home: Path) -> bool:
    """Wall time of decoding alone and of decoding with the checks beside it, in turns, on the same files."""
    folder = home / "pixels"
    folder.mkdir()
    files = []
    for name, syntax in SYNTAXES.items():
        for number in range(4):
            path = folder / f"{name}-{number}.dcm"
            _write(path, number, breast(LARGE, number), syntax)
            files.append((name, path))
    is_met = True
    for name in SYNTAXES:
        images = [read_header(path) for kind, path in files if kind == name]
        bare, checked = [], []
        for _ in range(REPEATS):
            bare.append(_timed(lambda images=images: [decode(image) for image in images]))  # type: ignore[misc]
            checked.append(_timed(lambda images=images: _with_checks(images)))  # type: ignore[misc]
        (wall, work), (wall_checked, work_checked) = (
            [statistics.median(times) / len(images) * 1e3 for times in zip(*taken, strict=True)]
            for taken in (bare, checked)
        )
        is_met &= wall_checked <= MOST_SHARE * wall
        print(
            f"{LARGE[0]} × {LARGE[1]}, {name}: decoding {wall:.0f} ms an image, with the checks beside it "
            f"{wall_checked:.0f} ms: {wall_checked / wall:.2f} × (bar {MOST_SHARE:g}); processor time {work:.0f} and "
            f"{work_checked:.0f} ms, {work_checked / work:.2f} ×"
        )
    return is_met


def _with_checks(images: list) -> None:  # type: ignore[type-arg]
    from concurrent.futures import ThreadPoolExecutor

    doubles, before = Doubles(len(images)), None
    with ThreadPoolExecutor(1) as beside:
        for place, image in enumerate(images):
            stored = decode(image)
            if before is not None:
                doubles.take(place - 1, before.result())
            before = beside.submit(look_at, image, stored)
        if before is not None:
            doubles.take(len(images) - 1, before.result())


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time in all threads."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - spent


def _likeness(data: Path) -> None:
    """Likeness of different women's images, and of an image and its own copies."""
    paths = sorted((data / "cbis_ddsm" / "mammograms").glob("*.jpg"))
    paths += sorted((data / "cdd_cesm" / "images").glob("*.jpg"))
    pictures, doubles = Pictures(), Doubles(len(paths))
    false, own, kept = 0, 0, []
    for place, path in enumerate(paths):
        look = _look(path, pictures)
        for double in doubles.take(place, look):
            same = path.name.split("_")[0] == paths[double.other].name.split("_")[0]
            own, false = own + same, false + (not same)
        if place % 12 == 0:
            kept.append((path, look))
    print(f"{len(paths)} real images: {false} pairs of different women called alike, {own} pairs of one woman's")
    found: dict[str, list[bool]] = {}
    for path, look in kept:
        for name, pixels in _copies(decode(read_header(path, pictures=pictures)).pixels.astype(np.uint8)):
            other = _look(path, pictures, pixels, is_inverse=name == "inverted")
            likeness = doubles._likeness(look.fine, other.fine)
            found.setdefault(name, []).append(float(look.coarse @ other.coarse) >= COARSE and likeness >= FINE)
    for name, hits in found.items():
        print(f"  {name}: {np.mean(hits):.0%} of {len(hits)} copies found")


def _look(path: Path, pictures: Pictures, pixels: NDArray[np.uint8] | None = None, *, is_inverse: bool = False) -> Look:
    image = read_header(path, pictures=pictures)
    if pixels is None:
        return look_at(image, decode(image))
    gray = replace(image.grayscale, is_inverse=is_inverse)
    image = replace(image, rows=pixels.shape[0], columns=pixels.shape[1], grayscale=gray)
    return look_at(image, StoredImage(np.ascontiguousarray(pixels).astype(np.uint16), 0, None))


def _copies(pixels: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    rows, columns = pixels.shape
    share = pixels / 255.0
    yield "JPEG of quality 30", cv2.imdecode(cv2.imencode(".jpg", pixels, [1, 30])[1], cv2.IMREAD_GRAYSCALE)
    yield "half the size", cv2.resize(pixels, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA)
    yield "mirrored", pixels[:, ::-1]
    yield "inverted", 255 - pixels
    yield "gamma 0.6", (255 * share**0.6).astype(np.uint8)
    yield "narrow window", (255 * np.clip((share - 0.1) / 0.6, 0, 1)).astype(np.uint8)
    letters = pixels.copy()
    cv2.putText(letters, "DOE JANE", (columns // 3, rows // 12), 0, rows / 800, 255, max(1, rows // 300))
    yield "with letters", letters
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), 1.0, 1.0)
    yield "turned by 1 degree", cv2.warpAffine(pixels, turn, (columns, rows))
    yield "5 % cut off each edge", pixels[rows // 20 : -rows // 20, columns // 20 : -columns // 20]
    yield "10 % border added", np.pad(pixels, ((rows // 10, rows // 10), (columns // 10, columns // 10)))


if __name__ == "__main__":
    sys.exit(main())
