"""A report's folder on disk."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from report_study import HEAD, TIME, make_draft

from mammoview.core.errors import DamagedDocumentError, InputError, NewerDocumentError, OutputError, UsageError
from mammoview.core.paths import resource
from mammoview.report.breast_report.key_images import KeyImage, Shown, key_images
from mammoview.report.breast_report.report_file import json_schema
from mammoview.report.breast_report.signing import amendment, sign
from mammoview.report.breast_report.values import SignedReport
from mammoview.report.breast_report.writing import Form, read_report, write_report

REPORT: SignedReport = sign(make_draft(), signer="Dr. Grün", time=TIME, chain_head=HEAD)


@pytest.fixture(scope="module")
def pictures() -> tuple[KeyImage, ...]:
    gray = Shown(np.full((1200, 900), 90, np.uint8))
    return key_images(REPORT.content, {(image.id, 0): gray for image in REPORT.content.exam.images})


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_schema_in_resources_is_current() -> None:
    """Written with ``python -m mammoview.report.breast_report.report_file > resources/schema/report-1.json``."""
    assert json.loads(resource("schema/report-1.json").read_text(encoding="utf-8")) == json_schema()
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_everything_is_written_and_comes_back(tmp_path: Path, pictures: tuple[KeyImage, ...]) -> None:
    draft, amends = amendment(REPORT, reader="x", reason="why")
    second = sign(draft, signer="Dr. Rot", time=TIME, chain_head=HEAD, amends=amends)
    for name, written in (("draft", make_draft()), ("signed", REPORT), ("amended", second)):
        path = write_report(tmp_path / name, written, pictures)
        assert names(tmp_path / name) == {
            "report.json",
            "report.html",
            "report.pdf",
            "report_files/key01.png",
            "report_files/key02.png",
        }
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), json_schema())
        for place in (path, path.parent):
            stored = read_report(place)
            assert stored.written == written
            assert [picture.png for picture in stored.pictures] == [picture.png for picture in pictures]


def test_no_file_is_named_after_the_patient(tmp_path: Path, pictures: tuple[KeyImage, ...]) -> None:
    write_report(tmp_path, REPORT, pictures)
    assert not [name for name in names(tmp_path) if "ller" in name or "P-17" in name]


def test_codes_stand_beside_the_words(tmp_path: Path) -> None:
    content = json.loads(write_report(tmp_path, REPORT, forms=()).read_text(encoding="utf-8"))
    coded = {(entry["of"], entry["word"]): (entry["value"], entry["scheme"]) for entry in content["codes"]}
    # PS3.16 CID 6006, 6027, 6018.
    assert coded["MassMargin", "spiculated"] == ("129742005", "SCT")
    assert coded["Assessment", "5"] == ("II.AC.b.5", "BI")
    assert coded["clock", "10 o'clock"] == ("129781005", "SCT")


def test_an_earlier_report_is_replaced_only_when_asked(tmp_path: Path, pictures: tuple[KeyImage, ...]) -> None:
    write_report(tmp_path, REPORT, pictures)
    (tmp_path / "other.txt").write_text("mine", encoding="utf-8")
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    with pytest.raises(UsageError, match="already"):
        write_report(tmp_path, make_draft())
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before
    write_report(tmp_path, make_draft(), forms=(Form.HTML,), overwrite=True)
    # The pages and pictures of the one before would be those of another report.
    assert names(tmp_path) == {"report.json", "report.html", "other.txt"}
    with pytest.raises(UsageError, match="is a file"):
        write_report(tmp_path / "other.txt", REPORT)


@pytest.mark.parametrize("fails_at", range(1, 6))
def test_a_full_disk_leaves_what_was_there_and_says_that_the_draft_is_kept(
    tmp_path: Path, pictures: tuple[KeyImage, ...], monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    write_report(tmp_path / "old", make_draft())
    before = {name: (tmp_path / "old" / name).read_bytes() for name in names(tmp_path / "old")}
    written, real = 0, Path.write_bytes

    def full(path: Path, data: Any) -> int:
        nonlocal written
        written += 1
        if written == fails_at:
            real(path, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        write_report(tmp_path / "old", REPORT, pictures, overwrite=True)
    assert "draft" in caught.value.hint
    assert {name: (tmp_path / "old" / name).read_bytes() for name in names(tmp_path / "old")} == before
    written = 0
    with pytest.raises(OutputError):
        write_report(tmp_path / "new" / "deep", REPORT, pictures)
    assert not (tmp_path / "new").exists()


def changed(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, **changes}), encoding="utf-8")


def test_a_changed_report_is_refused(tmp_path: Path, pictures: tuple[KeyImage, ...]) -> None:
    path = write_report(tmp_path, REPORT, pictures, forms=())
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("spiculated", "circumscribed"), encoding="utf-8")
    with pytest.raises(DamagedDocumentError, match="changed after it was signed"):
        read_report(path)
    path.write_text(whole, encoding="utf-8")
    key = tmp_path / "report_files" / "key01.png"
    key.write_bytes(key.read_bytes() + b"x")
    with pytest.raises(DamagedDocumentError, match="key01"):
        read_report(path)
    key.unlink()
    with pytest.raises(InputError, match="key01"):
        read_report(path)


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    path = write_report(tmp_path, REPORT, forms=())
    whole = path.read_text(encoding="utf-8")
    for changes, kind in (
        ({"schema": "mammoview.report/2"}, NewerDocumentError),
        ({"schema": "mammoview.result/1"}, DamagedDocumentError),
        ({"report": None}, DamagedDocumentError),
        ({"extra": 1}, DamagedDocumentError),
    ):
        path.write_text(whole, encoding="utf-8")
        changed(path, **changes)
        with pytest.raises(kind):
            read_report(path)
    outside = [{**dict.fromkeys(("sha256", "image_id", "label", "caption"), "x"), "file": "../../secret.png"}]
    outside[0] |= {"names": [], "width_px": 1, "height_px": 1}  # type: ignore[dict-item]
    path.write_text(whole, encoding="utf-8")
    changed(path, key_images=outside)
    with pytest.raises(DamagedDocumentError, match="outside"):
        read_report(path)
    for text in ("", "{", "[]", "null"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DamagedDocumentError):
            read_report(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DamagedDocumentError):
        read_report(path)
    with pytest.raises(InputError):
        read_report(tmp_path / "gone.json")


def test_a_report_signed_by_the_first_version_still_has_its_seal() -> None:
    """`signed-1.json` was written once and never again: what breaks its seal breaks every stored report."""
    written = read_report(Path(__file__).with_name("signed-1.json")).written
    assert isinstance(written, SignedReport)
    assert written.version == 2
    assert written.history[0].signer == "Dr. Grün"
