"""The reading room: one reader, one case on the table, and the worklist that remembers every step.

Nothing of the AI leaves here before the protocol allows it: the result is opened after `Readings.reveal` let it go.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from mammoview.core.anatomy import LandmarkEdit
from mammoview.core.errors import ReadingError
from mammoview.core.findings import ExamResult
from mammoview.core.reading import ReaderDecision, ReaderRole, RevealProtocol, now
from mammoview.core.study import Study
from mammoview.report.breast_report import signing
from mammoview.report.breast_report.drafting import refreshed
from mammoview.report.breast_report.values import Amends, Draft, SignedReport
from mammoview.report.documents import DECISION, DRAFT, LANDMARKS, REPORT, from_json, to_json
from mammoview.session.reading.beginning import exam_of, first_draft, with_ai
from mammoview.session.reading.case import Case, require_changeable, require_undecided
from mammoview.session.worklist.audit import Head
from mammoview.session.worklist.documents import REPORT as REPORT_DOCUMENT
from mammoview.session.worklist.documents import Document
from mammoview.session.worklist.errors import BlindedError, WorklistError
from mammoview.session.worklist.protocol import CaseDecision
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.readings import Opened, Reading
from mammoview.session.worklist.worklist import Worklist

#: What the draft was when the first read was committed; and why a signed report is being amended.
FIRST_READ: Final = "first read"
AMENDMENT: Final = "amendment"
_ROLES: Final = (ReaderRole.FIRST, ReaderRole.SECOND, ReaderRole.ARBITER)
#: For the trial of a signature: shows what stands in its way before anything is stored.
_NO_HEAD: Final = "0" * 64


class ReadingRoom:
    """One reader at one case. Every method waits for the disk: none is for the GUI thread.

    Parameters
    ----------
    worklist
        Where everything is kept.
    seat
        Who reads.
    load_result
        Opens a result file of the AI.
    """

    def __init__(self, worklist: Worklist, seat: Seat, load_result: Callable[[Path], ExamResult]) -> None:
        self.worklist, self.seat = worklist, seat
        self._load_result = load_result
        self._lock = threading.RLock()
        self._case: Case | None = None
        self._study: Study | None = None
        self._begun_s = 0.0

    @property
    def case(self) -> Case | None:
        """The case on the table, as it is stored."""
        return self._case

    def open_case(self, row: int, study: Study) -> Case:
        """Put a case on the table; what was there before is given back.

        Parameters
        ----------
        row
            The worklist's number of the study.
        study
            As its headers describe it.

        Raises
        ------
        WorklistError
            When the worklist does not know it.
        LockedError
            When the seat is locked.
        """
        with self._lock:
            if self._case is not None and self._case.study != row:
                self.close_case()
            opened = self.worklist.readings.open(self.seat, row)
            self._study, self._begun_s = study, time.monotonic()
            self._case = self._made(row, study, opened)
            if opened.reading is not None and opened.reading.revealed_at is not None:
                # Seen before: it is no secret any more.
                return self.reveal()
            return self._case

    def _made(self, row: int, study: Study, opened: Opened) -> Case:
        priors = self.worklist.patients.priors(self.seat, row)
        documents = self.worklist.documents.visible(self.seat, row)
        own = [document for document in documents if document.author == self.seat.reader_id()]
        protocol = opened.reading.protocol.reveal if opened.reading else self.worklist.protocols.current().reveal
        # Another's report is shown to those who only look; a reader of the study, an arbiter too, begins anew.
        signed = _signed(own) if opened.reading is not None else _signed(documents)
        draft, amends = _draft(own), _amends(own, signed)
        if draft is None and signed is not None:
            content = signed.content
            draft = replace(
                first_draft(content.exam, self.seat.reader.name, protocol),
                ai=content.ai,
                breasts=content.breasts,
                density=content.density,
                quality=content.quality,
                findings=content.findings,
                links=content.links,
                sections=content.sections,
            )
        others = tuple(one for one in self.worklist.readings.visible(self.seat, row) if one.reader != self._reader_id)
        return Case(
            study=row,
            uid=study.uid,
            reading=opened.reading,
            holder=opened.holder,
            draft=refreshed(draft) if draft else first_draft(exam_of(study, priors), self.seat.reader.name, protocol),
            protocol=protocol,
            signed=signed,
            amends=amends,
            others=others,
            priors=priors,
            landmarks=_landmarks(own),
        )

    @property
    def _reader_id(self) -> str:
        return self.seat.reader.id

    def store(self, draft: Draft) -> Case:
        """Keep a changed draft. It is on the disk when this returns.

        Raises
        ------
        ReadingError
            When it changes what was committed, or the case can only be looked at.
        InUseError
            When another window has the study.
        OutputError
            When the disk is full; what was stored before is as it was.
        """
        with self._lock:
            case = self._changeable()
            require_undecided(case, draft)
            self.worklist.documents.save(
                self.seat, case.study, kind=REPORT_DOCUMENT, content=to_json(DRAFT, draft), schema=1
            )
            return self._put(replace(case, draft=draft))

    def keep_landmarks(self, edits: Sequence[LandmarkEdit]) -> Case:
        """Keep where the reader put nipple and wall on some images; those of other images stay.

        Raises
        ------
        ReadingError
            When the case can only be looked at.
        InUseError
            When another window has the study.
        OutputError
            When the disk is full.
        """
        with self._lock:
            case = self._changeable()
            landmarks = {**case.landmarks, **{edit.image_id: edit for edit in edits}}
            content = to_json(LANDMARKS, tuple(landmarks.values()))
            self.worklist.documents.save(self.seat, case.study, kind=LANDMARKS.name, content=content, schema=1)
            return self._put(replace(case, landmarks=landmarks))

    def commit(self) -> Case:
        """Commit the first read: its decisions never change any more, and the AI may be seen.

        Raises
        ------
        ReadingError
            When a breast is not decided.
        WorklistError
            When it was committed before.
        """
        with self._lock:
            case = self._changeable()
            decision = self._decision(case)
            self.worklist.documents.save(
                self.seat, case.study, kind=FIRST_READ, content=to_json(DRAFT, case.draft), schema=1
            )
            reading = self.worklist.readings.commit(self.seat, case.study, decision=_stored(decision))
            return self._put(replace(case, reading=reading))

    def reveal(self) -> Case:
        """Show what the AI said, where the protocol allows it; its findings are proposed in the draft.

        Raises
        ------
        BlindedError
            When the protocol hides it now.
        WorklistError
            When there is no result yet.
        DamagedDocumentError
            When the result's file cannot be read.
        """
        with self._lock:
            case, study = self._at_hand()
            if case.protocol is RevealProtocol.NEVER:
                raise BlindedError(
                    "This case is read without the AI.", "The protocol says so; its results stay hidden."
                )
            found = self.worklist.readings.reveal(self.seat, case.study)
            result, compared = self._load_result(Path(found.path)), self._compared(case)
            if case.reading is None or case.is_read_only:
                return self._put(replace(case, result=result, compared=compared))
            own = next(
                one for one in self.worklist.readings.visible(self.seat, case.study) if one.reader == self._reader_id
            )
            draft = with_ai(case.draft, result, study.images, revealed_at=own.revealed_at or now())
            self._put(replace(case, reading=own, result=result, compared=compared))
            return self.store(draft)

    def _compared(self, case: Case) -> frozenset[str]:
        """The newest earlier study, where what the AI said of it may be told too."""
        for prior in case.priors[:1]:
            with suppress(WorklistError):
                self.worklist.patients.reveal(self.seat, case.study, prior.study.id)
                return frozenset({prior.study.uid})
        return frozenset()

    def decide(self) -> Case:
        """Keep the decision as it is after the AI was seen; the one before stays beside it.

        Raises
        ------
        ReadingError
            When a breast is not decided.
        WorklistError
            When nothing was committed, or the AI was not seen.
        """
        with self._lock:
            case = self._changeable()
            reading = self.worklist.readings.decide(self.seat, case.study, decision=_stored(self._decision(case)))
            return self._put(replace(case, reading=reading))

    def sign(self) -> Case:
        """Sign the report, with the head of the audit log in it. The reading closes with it, in one transaction.

        Raises
        ------
        ReadingError
            When something stands in the way; nothing was stored.
        WorklistError
            When nothing was committed.
        """
        with self._lock:
            case = self._changeable()
            draft = case.draft
            if case.amends is not None:
                return self._sign_amendment(case, draft, case.amends)
            if not case.is_committed:
                raise WorklistError("There is no decision to sign.", "Commit the first read before.")
            self._signed(draft, Head(0, _NO_HEAD))
            if case.is_revealed:
                case = self.decide()
            reading, _ = self.worklist.sign(
                self.seat, case.study, make_report=lambda head: to_json(REPORT, self._signed(draft, head))
            )
            return self._put(self._after_signing(case, reading))

    def _sign_amendment(self, case: Case, draft: Draft, amends: Amends) -> Case:
        self._signed(draft, Head(0, _NO_HEAD), amends)
        self.worklist.documents.amend(
            self.seat, case.study, make_content=lambda head: to_json(REPORT, self._signed(draft, head, amends))
        )
        return self._put(self._after_signing(case, case.reading))

    def _after_signing(self, case: Case, reading: Reading | None) -> Case:
        documents = self.worklist.documents.visible(self.seat, case.study, kind=REPORT_DOCUMENT)
        signed = _signed([document for document in documents if document.author == self._reader_id])
        others = tuple(
            one for one in self.worklist.readings.visible(self.seat, case.study) if one.reader != self._reader_id
        )
        return replace(case, reading=reading, signed=signed, amends=None, others=others)

    def _signed(self, draft: Draft, head: Head, amends: Amends | None = None) -> SignedReport:
        return signing.sign(draft, signer=self.seat.reader.name, time=now(), chain_head=head.hash, amends=amends)

    def amend(self, reason: str) -> Case:
        """Begin the correction of the reader's signed report, which stays as it is.

        Raises
        ------
        ReadingError
            When no reason is given.
        WorklistError
            When the reader has signed none.
        """
        with self._lock:
            case, _ = self._at_hand()
            if case.signed is None or not case.is_signed or case.holder is not None:
                raise WorklistError("There is no signed report of yours to amend.", "Sign it first.")
            draft, amends = signing.amendment(case.signed, reader=self.seat.reader.name, reason=reason)
            note = json.dumps({"reason": reason, "original": case.signed.content_hash}, ensure_ascii=False)
            self.worklist.documents.save(self.seat, case.study, kind=AMENDMENT, content=note, schema=1)
            self._put(replace(case, amends=amends, draft=draft))
            return self.store(draft)

    def close_case(self) -> None:
        """Give the case back, so that another window may work on it."""
        with self._lock:
            case, self._case, self._study = self._case, None, None
            if case is not None:
                self.worklist.readings.close(case.study)

    def _at_hand(self) -> tuple[Case, Study]:
        if self._case is None or self._study is None:
            raise WorklistError("There is no case open.", "Open one from the worklist.")
        return self._case, self._study

    def _changeable(self) -> Case:
        case, _ = self._at_hand()
        self.seat.reader_id()
        require_changeable(case)
        return case

    def _put(self, case: Case) -> Case:
        self._case = case
        return case

    def _decision(self, case: Case) -> ReaderDecision:
        reading = case.reading
        assert reading is not None
        sides = case.draft.exam.sides
        undecided = [side for side in sides if (one := case.draft.breast(side)) is None or not one.is_complete]
        if undecided or not sides:
            told = " and ".join({"R": "right", "L": "left"}[side.value] for side in undecided)
            raise ReadingError(
                f"The {told} breast is not decided yet." if told else "No image says which breast it shows.",
                "Give each breast its category, then commit.",
            )
        return ReaderDecision(
            reader=self._reader_id,
            role=_ROLES[min(reading.place, len(_ROLES)) - 1],
            time=now(),
            breasts=case.draft.breasts,
            density=case.draft.density,
            quality=case.draft.quality,
            seconds=time.monotonic() - self._begun_s,
            has_seen_ai=case.is_revealed,
        )


def _stored(decision: ReaderDecision) -> CaseDecision:
    return CaseDecision.of(decision, to_json(DECISION, decision))


def _draft(documents: list[Document]) -> Draft | None:
    stored = next((one for one in documents if one.kind == REPORT_DOCUMENT and not one.is_signed), None)
    return None if stored is None else from_json(DRAFT, stored.content)


def _landmarks(documents: list[Document]) -> dict[str, LandmarkEdit]:
    stored = next((one for one in reversed(documents) if one.kind == LANDMARKS.name), None)
    return {} if stored is None else {edit.image_id: edit for edit in from_json(LANDMARKS, stored.content)}


def _signed(documents: tuple[Document, ...] | list[Document]) -> SignedReport | None:
    stored = [one for one in documents if one.kind == REPORT_DOCUMENT and one.is_signed]
    return from_json(REPORT, stored[-1].content) if stored else None


def _amends(documents: list[Document], signed: SignedReport | None) -> Amends | None:
    """The correction that was begun and not signed; a note on an older report is of one that was."""
    stored = next((one for one in reversed(documents) if one.kind == AMENDMENT), None)
    if stored is None or signed is None or _draft(documents) is None:
        return None
    note = json.loads(stored.content)
    return Amends(signed, signed.content_hash, note["reason"]) if note["original"] == signed.content_hash else None
