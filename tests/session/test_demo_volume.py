"""The volumes of a synthetic study lie beside its images, valid, and with their own truth."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mammoview.core.errors import CancelledError
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header, scan
from mammoview.session.demo import write_phantom
from mammoview.session.demo_volume import COMPRESSIONS, VolumePlan

SMALL = VolumePlan(frames=6, rows=160, columns=130)


@pytest.mark.parametrize("compression", list(COMPRESSIONS))
def test_a_study_with_volumes(tmp_path: Path, compression: str) -> None:
    plan = VolumePlan(frames=6, rows=160, columns=130, compression=compression, is_reversed=True, has_own_windows=True)
    files = write_phantom(tmp_path, seed=3, rows=256, columns=208, volumes=plan)
    assert [file.name for file in files[:2]] == ["RCC.dcm", "RCC_tomo.dcm"]
    (study,) = scan([tmp_path]).studies
    assert sorted((image.label, image.is_tomosynthesis) for image in study.images) == [
        (label, is_volume) for label in ("LCC", "LMLO", "RCC", "RMLO") for is_volume in (False, True)
    ]
    truth = json.loads((files[0].parent / "truth" / "truth.json").read_text())
    for entry in truth["views"]:
        path = files[0].parent / entry["volume"]["file"]
        image = read_header(path)
        assert image.volume is not None
        assert image.volume.stored == tuple(range(5, -1, -1))
        assert image.spacing_mm == pytest.approx((entry["volume"]["spacing_mm"],) * 2)
        for lesion in entry["volume"]["lesions"]:
            shown, stored = lesion["shown"] - 1, lesion["stored"] - 1
            assert image.volume.stored[shown] == stored
            assert image.volume.depth_at(shown) == pytest.approx(lesion["height_mm"], abs=1e-3)
        assert len(image.volume.grays) > 1
        decoded = decode(image, 0)
        assert decoded.pixels.shape == (160, 130)
        assert decoded.padding is not None
        report = subprocess.run(
            ["dciodvfy", "-profile", "IHEDBT", str(path)], capture_output=True, text=True, check=False
        )
        assert "Error" not in report.stderr + report.stdout


def test_writing_can_be_cancelled(tmp_path: Path) -> None:
    asked = iter(range(100))
    with pytest.raises(CancelledError):
        write_phantom(tmp_path, seed=3, rows=256, columns=208, volumes=SMALL, cancel=lambda: next(asked) > 3)
    assert not list(tmp_path.rglob("*_tomo.dcm"))
