"""Copies without the patient: what goes, what stays, and that no pixel changes."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from case_makers import breast, write_dicom
from PIL import Image, PngImagePlugin
from pydicom import Dataset, Sequence, dcmread

from mammoview.core.errors import InputError
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.training.tuning.deidentify import Copied, copy_dicom
from mammoview.training.tuning.messages import DateRule
from mammoview.training.tuning.pictures import copy_picture
from mammoview.training.tuning.pseudonyms import Pseudonyms, site_key

NAMES = Pseudonyms(b"k" * 32)
SECRETS = ("Doe^PAT1", "PAT1", "19600102", "ACC-PAT1-1", "Dr Strange", "Room 5", "SN-777", "Jane's scan", "secret")


def copy(source: Path, dates: DateRule = DateRule.SHIFT) -> tuple[Path, Copied]:
    target = source.with_name("copy.dcm")
    return target, copy_dicom(source, target, "PAT1", NAMES, dates)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    request = Dataset()
    request.RequestedProcedureDescription = "secret procedure"
    origin = Dataset()
    origin.ReferencedSOPClassUID, origin.ReferencedSOPInstanceUID = "1.2.3", "1.2.3.4"
    origin.PatientID = "secret inner"
    path = write_dicom(
        tmp_path / "Doe Jane.dcm",
        ReferringPhysicianName="Dr Strange",
        StationName="Room 5",
        DeviceSerialNumber="SN-777",
        ImageComments="Jane's scan",
        RequestAttributesSequence=Sequence([request]),
        SourceImageSequence=Sequence([origin]),
        PatientAge="064Y",
    )
    dataset = dcmread(path)
    dataset.private_block(0x0099, "ACME secret", create=True).add_new(1, "LO", "secret private")
    dataset.file_meta.SourceApplicationEntityTitle = "secret AE"
    dataset.preamble = b"secret preamble".ljust(128)
    dataset.save_as(path)
    return path


def test_no_secret_is_left_and_no_pixel_changes(full: Path) -> None:
    before = full.read_bytes()
    target, _ = copy(full)
    assert full.read_bytes() == before
    left = target.read_bytes()
    assert [word for word in SECRETS if word.encode() in left] == []
    old, new = read_header(full), read_header(target)
    assert dcmread(target).PixelData == dcmread(full).PixelData
    assert np.array_equal(decode(old).pixels, decode(new).pixels)
    for name in ("laterality", "view", "rows", "columns", "spacing_mm", "grayscale", "intent", "manufacturer"):
        assert getattr(new, name) == getattr(old, name), name
    assert new.patient_id == new.patient_name == NAMES.patient("PAT1")
    assert dcmread(target).PatientIdentityRemoved == "YES"


def test_what_was_done_is_listed_by_tag(full: Path) -> None:
    _, done = copy(full)
    listed = {(change.tag, change.action) for change in done.changes}
    assert {
        ("(0010,0010)", "new name"),
        ("(0010,0020)", "new name"),
        ("(0008,0018)", "new UID"),
        ("(0008,0050)", "emptied"),
        ("(0008,1010)", "removed"),
        ("(0018,1000)", "removed"),
        ("(0020,4000)", "removed"),
        ("(0040,0275)", "removed"),
        ("(0099,0010)", "removed"),
        ("(0099,1001)", "removed"),
        ("(0008,0020)", "date moved"),
    } <= listed
    # The list itself tells nothing.
    assert not any(secret in str(done.changes) for secret in SECRETS)


def test_uids_are_new_and_the_same_everywhere(tmp_path: Path) -> None:
    one = write_dicom(tmp_path / "1.dcm", seed=1)
    two = write_dicom(tmp_path / "2.dcm", seed=2, view="MLO")
    first, second = dcmread(copy(one)[0]), dcmread(copy(two)[0])
    assert first.StudyInstanceUID == second.StudyInstanceUID != dcmread(one).StudyInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert re.fullmatch(r"2\.25\.\d{1,39}", first.SOPInstanceUID)
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID


def test_dates_move_together_stay_or_go(tmp_path: Path) -> None:
    early = write_dicom(tmp_path / "a" / "1.dcm", date="20220110")
    late = write_dicom(tmp_path / "b" / "2.dcm", date="20240110")
    (_, one), (_, two) = copy(early), copy(late)
    assert one.study_date is not None
    assert two.study_date is not None
    assert (two.study_date - one.study_date).days == 730
    assert 1 <= (datetime.date(2022, 1, 10) - one.study_date).days <= 365
    target, kept = copy(early, DateRule.KEEP)
    assert (kept.study_date, dcmread(target).StudyDate) == (datetime.date(2022, 1, 10), "20220110")
    target, gone = copy(early, DateRule.REMOVE)
    assert (gone.study_date, dcmread(target).StudyDate) == (None, "")
    assert "20220110" not in target.read_bytes().decode("latin-1")


def test_damaged_file_leaves_no_copy(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "1.dcm")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError):
        copy(path)
    assert [file.name for file in tmp_path.iterdir()] == ["1.dcm"]


@pytest.mark.data
@pytest.mark.parametrize("name", ["ge_senographe_r_mlo_sigmoid_voilut.dcm", "hologic_bto_header_j2k.dcm"])
def test_real_files_keep_pixels_gray_and_geometry(name: str, data: Path, tmp_path: Path) -> None:
    source = data / "fixtures" / "dicom" / name
    copy_dicom(source, tmp_path / "copy.dcm", "X", NAMES, DateRule.REMOVE)
    assert dcmread(tmp_path / "copy.dcm").PixelData == dcmread(source).PixelData
    old, new = read_header(source), read_header(tmp_path / "copy.dcm")
    for field in ("laterality", "view", "grayscale", "spacing_mm", "patient_orientation", "volume", "modifiers"):
        assert getattr(new, field) == getattr(old, field), field


@pytest.mark.parametrize("suffix", ["png", "jpg", "pgm", "tif"])
def test_pictures_lose_their_words_and_no_pixel(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Jane_L_CC.{suffix}"
    image = Image.fromarray((breast(3) >> 4).astype(np.uint8))
    info = PngImagePlugin.PngInfo()
    info.add_text("Patient", "secret Jane")
    exif = Image.Exif()
    exif[0x010E] = "secret Jane"
    exif[0x0112] = 3  # upside down
    options = {
        "png": {"pnginfo": info, "exif": exif},
        "jpg": {"comment": b"secret Jane", "exif": exif, "quality": 90},
        "pgm": {},
        "tif": {"description": "secret Jane"},
    }[suffix]
    image.save(path, **options)
    if suffix == "pgm":
        plain = path.read_bytes()
        path.write_bytes(plain[:3] + b"# secret Jane\n" + plain[3:])
    assert b"secret" in path.read_bytes()
    copied = copy_picture(path, tmp_path / "copy")
    assert b"secret" not in copied.read_bytes()
    assert np.array_equal(decode(read_header(path)).pixels, decode(read_header(copied)).pixels)


def test_picture_of_sixteen_bits_stays_so(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "a.tif"), breast(4))
    copied = copy_picture(tmp_path / "a.tif", tmp_path / "copy")
    assert np.array_equal(decode(read_header(copied)).pixels, breast(4))


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xd8\xff\xe0\0", b"P5 1", b"II*\0junk", b""])
def test_damaged_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        copy_picture(tmp_path / "a.png", tmp_path / "copy")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_key_is_made_once_for_the_user_alone(home: Path) -> None:
    key = site_key()
    assert site_key() == key != site_key(home / "elsewhere")
    path = home / "tuning" / "site.key"
    assert path.stat().st_mode & 0o077 == 0
    assert [file.name for file in path.parent.iterdir()] == ["site.key"]
    path.write_text("no key")
    with pytest.raises(Exception, match="no key"):
        site_key()


def test_names_depend_on_the_key_and_the_patient() -> None:
    other = Pseudonyms(b"o" * 32)
    assert NAMES.patient("A") == NAMES.patient("A") != NAMES.patient("B")
    assert NAMES.patient("A") != other.patient("A")
    assert re.fullmatch(r"P[0-9A-F]{12}", NAMES.patient("A"))
