"""The synthetic demo study: written as DICOM with its ground truth beside it, once for each user.

Nothing heavy is imported before something is written.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammoview.core.errors import OutputError
from mammoview.core.paths import demo_study
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mammoview.dicom.create import NewMammogram
    from mammoview.imaging.phantom_truth import PhantomTruth, PhantomView
    from mammoview.session.demo_volume import VolumePlan

DEMO_SEED = 9
DEMO_PRIORS = 1
#: A folder with this file in it holds ground truth; a scan passes it over.
TRUTH_MARKER = ".mammoview-truth"
TRUTH_SCHEMA = "mammoview.phantom-truth/1"
_STAMP = ".mammoview-demo"
_BITS = 12
_PATIENT_NAME = "SYNTHETIC^PHANTOM"


def ensure_demo_study(progress: Progress = no_progress, cancel: Cancel = never_cancel) -> Path:
    """Write the demo study unless this version of it lies there already.

    Returns
    -------
    Path
        The folder to open.

    Raises
    ------
    OutputError
        When it cannot be written.
    CancelledError
        When ``cancel`` says so; nothing half-made is left.
    """
    from mammoview.imaging.phantom import GENERATION

    folder = demo_study()
    stamp = f"generation {GENERATION}, seed {DEMO_SEED}, priors {DEMO_PRIORS}\n"
    if _read(folder / _STAMP) == stamp:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".demo-", dir=folder.parent))
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        write_phantom(making, seed=DEMO_SEED, is_film=False, priors=DEMO_PRIORS, progress=progress, cancel=cancel)
        (making / _STAMP).write_text(stamp)
        _put_in_place(making, folder)
    except OSError as error:
        raise _refused(folder, error) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def write_phantom(
    out: Path,
    *,
    seed: int,
    is_film: bool = False,
    priors: int = 0,
    rows: int | None = None,
    columns: int | None = None,
    volumes: VolumePlan | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> list[Path]:
    """Write a synthetic woman's exams: ``out/<study>/RCC.dcm`` and so on, the truth in ``out/<study>/truth``.

    Parameters
    ----------
    out
        Made where it does not exist. The same seed and mode write the same files again.
    seed, is_film, priors
        As in `imaging.phantom.make_exam`.
    rows, columns
        Size of the images; None for a full-size detector.
    volumes
        What the tomosynthesis volumes beside the images are like (``RCC_tomo.dcm``); None for none.

    Returns
    -------
    list of Path
        The DICOM files, current exam first.

    Raises
    ------
    OutputError
        When the disk refuses.
    CancelledError
        When ``cancel`` says so.
    """
    from mammoview.imaging.phantom import COLUMNS, ROWS, STANDARD_VIEWS, exam_views
    from mammoview.session.demo_volume import write_volume_of

    written: list[Path] = []
    total = len(STANDARD_VIEWS) * (priors + 1)
    for years_ago in range(priors + 1):
        day = _study_day(seed, years_ago)
        folder = out / f"phantom-{seed:04d}{'-film' if is_film else ''}-{day.isoformat()}"
        truths: list[dict[str, Any]] = []
        views = exam_views(seed, is_film=is_film, years_ago=years_ago, rows=rows or ROWS, columns=columns or COLUMNS)
        for number in range(1, len(STANDARD_VIEWS) + 1):
            stop_if_cancelled(cancel)
            progress(len(written) / total, f"Drawing view {len(written) + 1} of {total}")
            view = next(views)
            try:
                truths.append(_write_view(folder, view, seed=seed, day=day, number=number))
            except OSError as error:
                raise _refused(folder, error) from error
            written.append(folder / truths[-1]["file"])
            if volumes is not None and not years_ago:
                done = len(truths) - 1

                def told(fraction: float, text: str, done: int = done) -> None:
                    progress((done + fraction) / total, text)

                path = folder / f"{view.label}_tomo.dcm"
                header = _header(view, seed=seed, day=day, number=number)
                truths[-1]["volume"] = write_volume_of(
                    path, (view.laterality, view.view), header, volumes, seed=seed, progress=told, cancel=cancel
                )
                written.append(path)
        _write_truth(folder / "truth", truths, seed=seed, day=day)
    progress(1.0, f"{total} views written")
    return written


def _write_view(folder: Path, view: PhantomView, *, seed: int, day: date, number: int) -> dict[str, Any]:
    """Write one image and its masks; returns its entry in truth.json."""
    import numpy as np

    from mammoview.dicom.create import write_mammogram

    truth_folder = folder / "truth"
    truth_folder.mkdir(parents=True, exist_ok=True)
    (truth_folder / TRUTH_MARKER).touch()
    stored = np.rint(view.pixels * np.float32((2**_BITS - 1) / 65_535)).astype(np.uint16)
    if not view.is_film:
        # 0 means air (Pixel Padding Value): tissue never reaches it.
        stored = np.where(view.truth.breast, np.maximum(stored, 1), 0).astype(np.uint16)
    write_mammogram(folder / f"{view.label}.dcm", stored, _header(view, seed=seed, day=day, number=number))
    return _describe(view, truth_folder)


def _header(view: PhantomView, *, seed: int, day: date, number: int) -> NewMammogram:
    from mammoview.core.study import VoiFunction, VoiWindow
    from mammoview.dicom.create import NewMammogram, Technique, make_uid

    what = ("phantom", seed, "film" if view.is_film else "digital", view.pixels.shape[0], day.isoformat())
    birth = date(1958, 1, 1) + timedelta(days=seed * 997 % 7300)
    age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    top = float(2**_BITS)
    windows = ((top / 2, top, "NORMAL"), (0.47 * top, 0.72 * top, "HARDER"), (0.55 * top, 1.25 * top, "SOFTER"))
    return NewMammogram(
        sop_uid=make_uid(*what, view.label),
        series_uid=make_uid(*what, "series"),
        study_uid=make_uid(*what, "study"),
        view=view.view,
        laterality=view.laterality,
        spacing_mm=(view.spacing_mm, view.spacing_mm),
        patient_id=f"PHANTOM-{seed:04d}",
        patient_name=_PATIENT_NAME,
        birth_date=f"{birth:%Y%m%d}",
        age_years=age,
        study_date=f"{day:%Y%m%d}",
        study_time=f"10{15 + number:02d}00",
        windows=tuple(VoiWindow(center, width, VoiFunction.LINEAR, name) for center, width, name in windows),
        instance_number=number,
        accession=f"P{seed:04d}-{day:%y%m}",
        study_description="SYNTHETIC PHANTOM, NO PATIENT",
        bits_stored=_BITS,
        padding=None if view.is_film else 0,
        is_film=view.is_film,
        technique=Technique(thickness_mm=50.0 + seed % 12),
    )


def _describe(view: PhantomView, folder: Path) -> dict[str, Any]:
    """Write the masks of one view and return what truth.json says of it."""
    truth, name = view.truth, view.label
    masks = {"breast": f"{name}_breast.png", "lesions": f"{name}_lesions.png", "artifacts": f"{name}_artifacts.png"}
    _write_png(folder / masks["breast"], truth.breast.astype("uint8") * 255)
    if truth.pectoral is not None:
        masks["pectoral"] = f"{name}_pectoral.png"
        _write_png(folder / masks["pectoral"], truth.pectoral.astype("uint8") * 255)
    for kind, regions in (("lesions", truth.lesions), ("artifacts", truth.artifacts)):
        _write_png(folder / masks[kind], _numbered(truth, [found.region for found in regions]))
    return {
        "file": f"{name}.dcm",
        "laterality": view.laterality.value,
        "view": view.view.value,
        "rows": view.pixels.shape[0],
        "columns": view.pixels.shape[1],
        "spacing_mm": view.spacing_mm,
        "density": view.density,
        "is_film": view.is_film,
        "nipple": [round(part, 2) for part in truth.nipple],
        "masks": masks,
        "lesions": [
            {
                "value": value,
                "id": lesion.id,
                "kind": lesion.kind.value,
                "shape": lesion.shape.value,
                "is_malignant": lesion.is_malignant,
                "bbox": lesion.box.as_list(),
                "centre": [round(part, 2) for part in lesion.centre],
                "nipple_distance_mm": round(lesion.nipple_distance_mm, 3),
                "diameter_mm": round(lesion.diameter_mm, 3),
            }
            for value, lesion in enumerate(truth.lesions, start=1)
        ],
        "artifacts": [
            {"value": value, "kind": found.kind.value, "bbox": found.box.as_list(), "area_px": found.region.area_px}
            for value, found in enumerate(truth.artifacts, start=1)
        ],
    }


def _numbered(truth: PhantomTruth, regions: list[Any]) -> NDArray[np.uint8]:
    """Each region with its number, 0 elsewhere; shape of the image, uint8."""
    import numpy as np

    image = np.zeros(truth.breast.shape, dtype=np.uint8)
    for value, region in enumerate(regions, start=1):
        image[region.box.slices()][region.inside] = value
    return image


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    import cv2

    is_encoded, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert is_encoded
    path.write_bytes(data.tobytes())


def _write_truth(folder: Path, views: list[dict[str, Any]], *, seed: int, day: date) -> None:
    from mammoview.imaging.phantom import GENERATION

    content = {
        "schema": TRUTH_SCHEMA,
        "generation": GENERATION,
        "note": "Synthetic images, no patient. In lesion and artifact masks each pixel holds the entry's value.",
        "seed": seed,
        "study_date": day.isoformat(),
        "views": views,
    }
    (folder / "truth.json").write_text(json.dumps(content, indent=1) + "\n")


def _study_day(seed: int, years_ago: int) -> date:
    """A weekday of 2025 for the current exam; each prior about a year earlier."""
    day = date(2025, 1, 6) + timedelta(days=seed * 37 % 330) - timedelta(days=years_ago * 371)
    return day - timedelta(days=max(0, day.weekday() - 4))


def _put_in_place(making: Path, folder: Path) -> None:
    """Swap the finished folder for the old one; where another process was faster, its copy stays."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=folder.parent))
        folder.replace(old / "demo")
        making.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        making.replace(folder)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _refused(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The synthetic study cannot be written to {folder}: {error.strerror or error}.",
        "Free some space, or choose another folder (MAMMOVIEW_HOME for the demo).",
    )
