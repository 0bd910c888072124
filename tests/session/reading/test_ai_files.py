from __future__ import annotations

import dataclasses
import json
import stat
import typing
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from mammoview.core import findings
from mammoview.core.errors import (
    DamagedDocumentError,
    MammoViewError,
    NewerDocumentError,
    OutputError,
    Problem,
    UnreadableError,
)
from mammoview.core.findings import (
    Artifact,
    ArtifactKind,
    BreastResult,
    Candidate,
    ComparedExam,
    ExamResult,
    Finding,
    ImageResult,
    LayerPart,
    LayerSource,
    LesionKind,
    LesionLayer,
    LesionLayers,
    Link,
    MemberScore,
    ModelUse,
    PriorsScore,
    Provenance,
    ScoreMeaning,
    Suppression,
    Threshold,
    TruthComparison,
    ValueMap,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.paths import user_data
from mammoview.core.study import Laterality
from mammoview.session.reading import ai_files

RNG = np.random.default_rng(7)


def a_mask() -> Mask:
    return Mask.from_array(RNG.random((37, 29)) > 0.6)


def full_result(fingerprint: str = "f" * 64) -> ExamResult:
    """A result with something in every field, and numbers that no short decimal gives."""
    third = 1 / 3
    members = (MemberScore("one@1.0", third), MemberScore("two@2.0", 0.1 + 0.2))
    meaning = ScoreMeaning(
        "Malignant",
        0.51,
        (Threshold("high", third, 0.9, 0.8, "CBIS", 100), Threshold("low", third, None, None, "CBIS", 99)),
        2,
    )
    box = Box(0.1 + 0.2, 2.0, 30.5, 28.25)
    finding = Finding(
        "i1/1",
        LesionKind.MASS,
        box,
        (15.4, 15.125),
        third,
        (0.2, 0.2, 0.2, 0.2, 0.2),
        mask=a_mask(),
        contour=((1.1, 2.2), (3.3, 4.4)),
        area_mm2=25.2,
        uncertainty=1e-17,
        spread_over="4 flips × 2 models",
        members=members,
    )
    image = ImageResult(
        "i1",
        Suppression(a_mask(), (Artifact(box, ArtifactKind.LETTER, 12),), a_mask(), a_mask(), "found"),
        (Candidate(box, third, LesionKind.CALCIFICATION),),
        (finding, dataclasses.replace(finding, id="i1/2", mask=None, contour=())),
        third,
        members,
        0.01,
        "4 flips",
        (ValueMap.from_array("mass", box, RNG.random((9, 7))), ValueMap.from_array("calc", box, RNG.random((9, 7)))),
        ValueMap.from_array("attention", box, RNG.random((12, 10))),
        LesionLayers(
            a_mask(),
            a_mask(),
            (
                LayerPart("i1/1", box, third, LesionLayer.BENIGN, LayerSource.SEGMENTER),
                LayerPart("i1/2", box, None, None),
            ),
            0.25,
            True,
        ),
        TruthComparison(a_mask(), "truth.png", third, 0.2),
        ("No physical scale",),
        (("classify", 0.123),),
    )
    return ExamResult(
        "1.2.3",
        fingerprint,
        Provenance("mammoview 1", "cpu", "onnx", (ModelUse("one", "1.0", "ab", "patch"),), "2026-01-01T00:00:00Z", 0.1),
        (image, ImageResult("i2")),
        (BreastResult(Laterality.LEFT, third, ("i1",), True, members),),
        third,
        "maximum over breasts",
        meaning,
        meaning,
        members,
        (Link("i1/1", "i1/2", 0.75),),
        PriorsScore(third, meaning, "temporal@1", (ComparedExam("1.2.3", 0.0, ("i1",)),)),
        ("a warning",),
        (Problem("p.dcm", "decode", "No.", "Yes."),),
    )


def test_the_example_fills_every_class_and_field() -> None:
    """What the round trip below does not see, it cannot prove: new fields must be filled above."""
    seen: dict[type, set[str]] = {}

    def look(value: object) -> None:
        if isinstance(value, tuple):
            for part in value:
                look(part)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                content = getattr(value, field.name)
                if content not in (None, (), ""):
                    seen.setdefault(type(value), set()).add(field.name)
                look(content)

    look(full_result())
    classes = [kind for kind in vars(findings).values() if dataclasses.is_dataclass(kind)]
    assert classes
    missing = {
        f"{kind.__name__}.{field.name}"
        for kind in classes
        for field in dataclasses.fields(typing.cast(type, kind))
        if field.name not in seen.get(typing.cast(type, kind), set())
    }
    assert not missing


def test_round_trip_is_exact(tmp_path: Path) -> None:
    result = full_result()
    path = ai_files.save(tmp_path / "deep" / "er", result)
    again = ai_files.load(path)
    assert again == result
    np.testing.assert_array_equal(
        again.images[0].findings[0].mask.to_array(), result.images[0].findings[0].mask.to_array()
    )
    assert sorted(file.suffix for file in path.parent.iterdir()) == [".json", ".npz"]
    with np.load(next(path.parent.glob("*.npz")), allow_pickle=False) as stored:
        assert {stored[name].dtype for name in stored.files} == {np.dtype(np.uint8)}


def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    path = ai_files.save(tmp_path / "results", full_result())
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in path.parent.iterdir())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_same_request_is_replaced_and_others_are_kept(tmp_path: Path) -> None:
    first = ai_files.save(tmp_path, full_result())
    other = ai_files.save(tmp_path, full_result("other"))
    again = ai_files.save(tmp_path, full_result())
    assert first == again != other
    assert len(list(tmp_path.iterdir())) == 4
    assert ai_files.load(other).fingerprint == "other"
    assert ai_files.newest(tmp_path) == again
    assert ai_files.newest(tmp_path / "absent") is None


def test_the_folder_does_not_name_the_study() -> None:
    folder = ai_files.folder_of("1.2.3.DOE^JANE")
    assert folder.parent == user_data() / "ai-results"
    assert "DOE" not in folder.name
    assert folder == ai_files.folder_of("1.2.3.DOE^JANE") != ai_files.folder_of("1.2.4")


def test_whatever_is_damaged_is_refused_in_words(tmp_path: Path) -> None:
    path = ai_files.save(tmp_path, full_result())
    beside = next(tmp_path.glob("*.npz"))
    for file in (path, beside):
        whole = file.read_bytes()
        for length in (0, 1, len(whole) // 2, len(whole) - 3):
            file.write_bytes(whole[:length])
            with pytest.raises(DamagedDocumentError) as told:
                ai_files.load(path)
            assert told.value.user_message
            assert told.value.hint
        for place in RNG.integers(0, len(whole), 40):
            spoiled = bytearray(whole)
            spoiled[place] ^= 0x55
            file.write_bytes(spoiled)
            if file == beside:
                with pytest.raises(DamagedDocumentError):
                    ai_files.load(path)
            else:
                # A changed digit of a number is a number; anything else must be told in words.
                with suppress(MammoViewError):
                    ai_files.load(path)
        file.write_bytes(whole)
    assert ai_files.load(path).fingerprint == "f" * 64


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"schema": 2}, NewerDocumentError),
        ({"schema": True}, DamagedDocumentError),
        ({"schema": "1"}, DamagedDocumentError),
        ({"kind": "draft"}, DamagedDocumentError),
        ({"arrays": 7}, DamagedDocumentError),
        ({"arrays": "absent.npz"}, DamagedDocumentError),
        ({"arrays": "../outside.npz"}, DamagedDocumentError),
        ({"content": None}, DamagedDocumentError),
        ({"content": {"study_uid": "1"}}, DamagedDocumentError),
    ],
)
def test_another_envelope_is_refused(tmp_path: Path, change: dict[str, object], error: type[MammoViewError]) -> None:
    path = ai_files.save(tmp_path / "in", full_result())
    (tmp_path / "outside.npz").write_bytes(next((tmp_path / "in").glob("*.npz")).read_bytes())
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(error):
        ai_files.load(path)


def test_words_in_place_of_numbers_are_refused(tmp_path: Path) -> None:
    path = ai_files.save(tmp_path, full_result())
    values = json.loads(path.read_text())
    values["content"]["p_malignant"] = "0.5"
    path.write_text(json.dumps(values))
    with pytest.raises(DamagedDocumentError, match="p_malignant"):
        ai_files.load(path)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ai_files.save(tmp_path, full_result())
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError) as told:
        ai_files.save(tmp_path, dataclasses.replace(full_result(), p_malignant=0.9))
    assert told.value.hint
    assert path.read_bytes() == before
    assert ai_files.load(path).p_malignant == 1 / 3
    assert not list(tmp_path.glob("*.tmp"))


def test_what_the_disk_does_not_give_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "x.json"
    folder.mkdir()
    with pytest.raises(UnreadableError):
        ai_files.load(folder)
