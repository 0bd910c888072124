from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from report_study import (
    BY_AI,
    CC_MASS,
    HEAD,
    MLO_MASS,
    REJECTED,
    TIME,
    UNSEEN,
    make_draft,
    make_exam,
    make_finding,
)

from mammoview.core.errors import DamagedDocumentError, NewerDocumentError, ReadingError
from mammoview.core.reading import FindingLink, RevealProtocol
from mammoview.core.study import Laterality
from mammoview.report import documents
from mammoview.report.breast_report.drafting import rewritten
from mammoview.report.breast_report.signing import amendment, sign
from mammoview.report.breast_report.values import AiPart, Amends, Draft, SectionName, SignedReport


def signed(draft: Draft | None = None, **changes: object) -> SignedReport:
    given = {"signer": "Dr. Grün", "time": TIME, "chain_head": HEAD, **changes}
    return sign(draft or make_draft(), **given)  # type: ignore[arg-type]


def test_a_signature_keeps_what_was_signed_by_whom_when_and_with_what() -> None:
    report = signed()
    assert (report.signer, report.signed_at, report.chain_head, report.version) == ("Dr. Grün", TIME, HEAD, 1)
    assert report.software.startswith("mammoview ")
    assert "Not a medical device" in report.banner
    assert report.content.ai.models[0].sha256 == "ab" * 32
    assert report.content.ai.intended_use
    assert len(report.content_hash) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"signer": "Dr. Rot"},
        {"signed_at": "2026-03-15T09:30:00+00:00"},
        {"chain_head": "aa" * 32},
        {"software": "mammoview 9"},
        {"banner": "Cleared."},
        {"content_hash": "00" * 32},
    ],
)
def test_no_part_of_a_signed_report_can_be_exchanged(change: dict[str, str]) -> None:
    with pytest.raises(ReadingError, match="changed after it was signed"):
        replace(signed(), **change)  # type: ignore[arg-type]


def test_its_content_cannot_be_changed_in_place_or_exchanged() -> None:
    report = signed()
    with pytest.raises(FrozenInstanceError):
        report.content.density = None  # type: ignore[misc]
    for part in (
        {"findings": ()},
        {"breasts": report.content.breasts[:1]},
        {"exam": replace(report.content.exam, patient_name="Other")},
        {"sections": (replace(report.content.sections[0], text="new"), *report.content.sections[1:])},
    ):
        with pytest.raises(ReadingError):
            replace(report, content=replace(report.content, **part))  # type: ignore[arg-type]


def test_drafting_takes_no_signed_report() -> None:
    with pytest.raises((AttributeError, TypeError)):
        rewritten(signed(), SectionName.RIGHT, "x")  # type: ignore[arg-type]
    with pytest.raises((AttributeError, TypeError)):
        sign(signed(), signer="x", time=TIME, chain_head=HEAD)  # type: ignore[arg-type]


def test_what_blocks_is_said_all_at_once() -> None:
    with pytest.raises(ReadingError, match=r"density is missing\. The left breast has no decision") as caught:
        signed(make_draft(density=None, breasts=make_draft().breasts[:1]))
    assert caught.value.hint


@pytest.mark.parametrize("wrong", [{"signer": " "}, {"time": "now"}, {"chain_head": ""}, {"chain_head": "xyz"}])
def test_signatures_that_cannot_be(wrong: dict[str, str]) -> None:
    with pytest.raises(ReadingError):
        signed(**wrong)


def test_what_the_reader_never_saw_is_not_in_the_report() -> None:
    pending = make_finding("p", origin=BY_AI)
    ai = replace(UNSEEN, protocol=RevealProtocol.NEVER, scores=((Laterality.RIGHT, 0.9),), score_meaning="x")
    draft = make_draft(ai=ai, findings=(CC_MASS, pending), links=(FindingLink("m1", "p"),))
    report = signed(replace(draft, links=()))
    assert report.content.findings == (CC_MASS,)
    assert report.content.ai.scores == ()
    assert report.content.ai.models == ai.models
    assert "0.9" not in documents.to_json(documents.REPORT, report)


def test_rejected_findings_stay_on_record_without_a_word_in_the_text() -> None:
    rejected = make_finding("r", "1.2.1", origin=BY_AI, verdict=REJECTED)
    report = signed(make_draft(findings=(CC_MASS, MLO_MASS, rejected)))
    assert rejected in report.content.findings
    assert not any("L1" in section.text for section in report.content.sections)


def test_an_amendment_holds_its_original_whole() -> None:
    first = signed()
    draft, amends = amendment(first, reader="Dr. Rot", reason="Wrong side in the comment.")
    changed = replace(draft, density=replace(draft.density, percent=40.0))  # type: ignore[type-var]
    second = signed(changed, signer="Dr. Rot", amends=amends)
    draft, amends = amendment(second, reader="Dr. Rot", reason="Once more.")
    third = signed(draft, signer="Dr. Rot", amends=amends)
    assert [report.version for report in (first, second, third)] == [1, 2, 3]
    assert third.history == (first, second)
    assert second.amends is not None
    assert second.amends.original_hash == first.content_hash
    assert first.content.density != second.content.density
    with pytest.raises(ReadingError):
        replace(second, amends=replace(second.amends, reason="Another reason."))
    with pytest.raises(ReadingError):
        replace(second, amends=None)


def test_amendments_that_cannot_be() -> None:
    first = signed()
    with pytest.raises(ReadingError, match="reason"):
        amendment(first, reader="x", reason="  ")
    with pytest.raises(ReadingError, match="another report"):
        Amends(first, "00" * 32, "why")
    _, amends = amendment(first, reader="x", reason="why")
    with pytest.raises(ReadingError, match="another exam"):
        signed(make_draft(exam=make_exam(study_uid="9.9")), amends=amends)


def test_an_amendment_keeps_words_of_the_reader() -> None:
    first = signed(rewritten(make_draft(), SectionName.LEFT, "Nothing to see."))
    draft, _ = amendment(first, reader="x", reason="why")
    section = draft.section(SectionName.LEFT)
    assert section is not None
    assert section.text == "Nothing to see."
    assert section.is_edited


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": ()},
        {"intended_use": " "},
        {"revealed_at": "now"},
        {"revealed_at": TIME, "protocol": RevealProtocol.NEVER},
        {"revealed_at": TIME, "models": (), "reason": "For Processing"},
        {"scores": ((Laterality.LEFT, float("nan")),)},
    ],
)
def test_parts_of_the_ai_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ReadingError):
        replace(UNSEEN, **wrong)  # type: ignore[arg-type]
    assert not AiPart(reason="The images are For Processing.").is_revealed


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"spacing_mm": (0.1, float("nan"))}, {"spacing_mm": (0.0, 0.1)}])
def test_images_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ReadingError, match="RCC"):
        replace(make_exam().images[0], **wrong)  # type: ignore[arg-type]


def test_everything_comes_back_from_its_file() -> None:
    draft = rewritten(make_draft(), SectionName.LEFT, "Ünïcode “quotes”\nand \x7f lines 山田")
    first = signed(draft)
    _, amends = amendment(first, reader="x", reason="why")
    second = signed(draft, amends=amends)
    assert documents.from_json(documents.DRAFT, documents.to_json(documents.DRAFT, draft)) == draft
    assert documents.from_json(documents.REPORT, documents.to_json(documents.REPORT, second)) == second
    for kind, value in ((documents.FINDINGS, draft.findings), (documents.LINKS, draft.links)):
        assert documents.from_json(kind, documents.to_json(kind, value)) == value  # type: ignore[arg-type]


def test_whole_numbers_seal_alike_as_int_and_float() -> None:
    draft = make_draft(findings=(replace(CC_MASS, size_mm=13), replace(MLO_MASS, contour=((400, 300), (410, 320)))))
    report = signed(draft)
    assert documents.from_json(documents.REPORT, documents.to_json(documents.REPORT, report)) == report


def test_a_changed_file_is_refused() -> None:
    text = documents.to_json(documents.REPORT, signed())
    for old, new in (("Müller", "Miller"), ('"5"', '"2"'), ("core biopsy", "fine biopsy"), (HEAD, "1f" * 32)):
        assert old in text
        with pytest.raises(DamagedDocumentError):
            documents.from_json(documents.REPORT, text.replace(old, new))


def envelope(**changes: object) -> str:
    return json.dumps({**json.loads(documents.to_json(documents.FINDINGS, (CC_MASS,))), **changes})


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "null", "1", '{"schema": 1}', "[" * 100000),
        *(envelope(schema=wrong) for wrong in ("1", 0, True)),
        *(envelope(kind="draft"), envelope(content=None), envelope(content=[{}])),
    ],
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(DamagedDocumentError, match="The list of findings cannot be read"):
        documents.from_json(documents.FINDINGS, text)


def test_a_newer_document_is_refused_and_says_so() -> None:
    with pytest.raises(NewerDocumentError, match="newer MammoView"):
        documents.from_json(documents.FINDINGS, envelope(schema=documents.SCHEMA + 1))


def test_an_older_document_may_lack_what_came_later_and_hold_what_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = json.loads(envelope())["content"]
    del entry["comment"], entry["location"], entry["size_mm"]
    entry["colour"] = "red"
    with pytest.raises(DamagedDocumentError, match="colour"):
        documents.from_json(documents.FINDINGS, envelope(content=[entry]))
    old = envelope(content=[entry])
    monkeypatch.setattr(documents, "SCHEMA", documents.SCHEMA + 1)
    (found,) = documents.from_json(documents.FINDINGS, old)
    assert found.id == "m1"
    assert (found.comment, found.size_mm) == ("", None)


def test_a_value_that_cannot_be_is_refused_when_read() -> None:
    (entry,) = json.loads(envelope())["content"]
    entry["kind"] = "asymmetry"
    with pytest.raises(DamagedDocumentError, match="does not belong"):
        documents.from_json(documents.FINDINGS, envelope(content=[entry]))
