"""Small DICOM mammograms and tables that name them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from mammoview.core.study import Laterality, ViewPosition, VoiWindow
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram

SIDES = {"L": Laterality.LEFT, "R": Laterality.RIGHT}


def breast(seed: int, side: str = "L", shape: tuple[int, int] = (240, 180)) -> NDArray[np.uint16]:
    """A half disc on the chest wall of its side, with a texture of its own, 12 bits."""
    rows, columns = np.indices(shape)
    inside = ((rows - shape[0] / 2) / (0.42 * shape[0])) ** 2 + (columns / (0.7 * shape[1])) ** 2 < 1
    noise = np.random.default_rng(seed).normal(size=(shape[0] // 10, shape[1] // 10)).astype(np.float32)
    texture = cv2.resize(noise, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    pixels = np.where(inside, np.clip(1800 + 500 * texture, 300, 4000), 0).astype(np.uint16)
    return pixels if side == "L" else np.ascontiguousarray(pixels[:, ::-1])


def write_dicom(
    path: Path,
    *,
    patient: str = "PAT1",
    side: str = "L",
    view: str = "CC",
    seed: int = 0,
    study: str = "1",
    date: str = "20240315",
    pixels: NDArray[np.uint16] | None = None,
    **changed: object,
) -> Path:
    """One image; ``changed`` sets further attributes by keyword."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = NewMammogram(
        make_uid("test", str(path), seed),
        make_uid("series", patient, study),
        make_uid("study", patient, study),
        ViewPosition(view),
        SIDES[side],
        (0.1, 0.1),
        patient,
        f"Doe^{patient}",
        "19600102",
        64,
        date,
        "101500",
        (VoiWindow(2048.0, 4096.0),),
        accession=f"ACC-{patient}-{study}",
        manufacturer="ACME",
    )
    write_mammogram(path, breast(seed, side) if pixels is None else pixels, header)
    if changed:
        dataset = dcmread(path)
        for keyword, value in changed.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return path


def write_site(folder: Path, patients: int = 4, *, views: tuple[str, ...] = ("CC", "MLO")) -> Path:
    """A folder with two sides and the given views of each patient, and a table; odd patients have a malignant left."""
    lines = ["path,patient,laterality,view,label"]
    seed = 0
    for patient in range(patients):
        for side in "LR":
            for view in views:
                seed += 1
                name = f"images/{patient}-{side}-{view}.dcm"
                write_dicom(folder / name, patient=f"PAT{patient}", side=side, view=view, seed=seed)
                label = "malignant" if patient % 2 and side == "L" else "benign"
                lines.append(f"{name},PAT{patient},{side},{view},{label}")
    table = folder / "site.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table
