from __future__ import annotations

from dataclasses import replace

import pytest

from mammoview.core.study import (
    Grayscale,
    Inferred,
    Laterality,
    Mammogram,
    ScanResult,
    SourceKind,
    Study,
    ViewPosition,
)
from mammoview.session.answers import SOURCE, Answer, Answers, answers_path, lacks, load, save
from mammoview.session.messages import Messages

UNKNOWN = Mammogram("sha256:1", "/1.png", SourceKind.RASTER, 4, 3, Grayscale(8))
KNOWN = replace(UNKNOWN, id="1.2", laterality=Laterality.RIGHT, view=ViewPosition.CC)


def scan(*images: Mammogram) -> ScanResult:
    return ScanResult((Study("1", "P", "", "", images),))


def test_answers_come_back() -> None:
    assert load() == ({}, None)
    said = {"sha256:1": Answer(Laterality.LEFT, ViewPosition.MLO), "1.2": Answer(None, ViewPosition.XCCL)}
    save(said)
    assert load() == (said, None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 2, "said": {}}', '{"schema": 1, "said": {"1": {"view": "UP"}}}']
)
def test_a_damaged_list_is_kept_and_told(text: str) -> None:
    answers_path().parent.mkdir(parents=True, exist_ok=True)
    answers_path().write_text(text)
    said, problem = load()
    assert said == {}
    assert problem is not None
    assert Answers(Messages()).applied(scan(UNKNOWN)).studies[0].images == (UNKNOWN,)
    assert answers_path().with_name("said.json.kept").read_text() == text


@pytest.mark.meets("MG-A07")
def test_an_answer_fills_in_what_is_missing_and_is_marked() -> None:
    Answers(Messages()).say("sha256:1", Answer(Laterality.LEFT, ViewPosition.MLO))
    (image,) = Answers(Messages()).applied(scan(UNKNOWN)).studies[0].images
    assert image.label == "LMLO"
    assert set(image.inferred) == {Inferred("laterality", "L", SOURCE), Inferred("view", "MLO", SOURCE)}


@pytest.mark.meets("MG-A07")
def test_what_a_file_says_is_never_overruled() -> None:
    answers = Answers(Messages())
    answers.say("1.2", Answer(Laterality.LEFT, ViewPosition.MLO))
    (image,) = answers.applied(scan(KNOWN)).studies[0].images
    assert image == KNOWN
    assert lacks(KNOWN) is None


@pytest.mark.meets("MG-A07")
def test_an_answer_can_be_changed_and_taken_back() -> None:
    answers = Answers(Messages())
    answers.say("sha256:1", Answer(Laterality.LEFT, ViewPosition.MLO))
    first = answers.applied(scan(UNKNOWN))
    assert lacks(first.studies[0].images[0]) == Answer()
    answers.say("sha256:1", Answer(Laterality.RIGHT, None))
    (image,) = answers.applied(first).studies[0].images
    assert (image.laterality, image.view) == (Laterality.RIGHT, None)
    answers.say("sha256:1", Answer())
    assert answers.applied(first).studies[0].images == (UNKNOWN,)
    assert load() == ({}, None)
