"""The case on the table: what a reader may know of one study at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mammoview.core.anatomy import LandmarkEdit
from mammoview.core.errors import ReadingError
from mammoview.core.findings import ExamResult
from mammoview.core.reading import RevealProtocol
from mammoview.imaging.location import ViewFrame
from mammoview.report.breast_report.values import Amends, Draft, SignedReport
from mammoview.session.worklist.leases import Holder
from mammoview.session.worklist.priors import Prior
from mammoview.session.worklist.readings import Reading


@dataclass(frozen=True)
class Case:
    """One study as one reader has it.

    Attributes
    ----------
    study, uid
        The worklist's row, and the Study Instance UID.
    reading
        The reader's own; None for somebody who only looks.
    holder
        The other window that works on the study.
    draft
        The report as it stands, findings and decisions included.
    protocol
        When the reader may see the AI.
    result
        What the AI said; None until it was revealed to this reader.
    compared
        UIDs of earlier studies whose AI results may be told beside this one's.
    signed
        The reader's last signed report.
    amends
        The signed report that the draft will replace, and why; None while nothing is amended.
    others
        Readings by others that this reader may see.
    priors
        Earlier studies of the patient, newest first, with what is not sure about them.
    landmarks
        By image id: nipple and wall as the reader put them.
    frames
        By image id: landmarks and directions of each view, as far as they were found by now.
    """

    study: int
    uid: str
    reading: Reading | None
    holder: Holder | None
    draft: Draft
    protocol: RevealProtocol
    result: ExamResult | None = None
    compared: frozenset[str] = frozenset()
    signed: SignedReport | None = None
    amends: Amends | None = None
    others: tuple[Reading, ...] = ()
    priors: tuple[Prior, ...] = ()
    landmarks: Mapping[str, LandmarkEdit] = field(default_factory=dict)
    frames: Mapping[str, ViewFrame] = field(default_factory=dict, compare=False)

    @property
    def is_committed(self) -> bool:
        """Whether the first read was committed."""
        return self.reading is not None and self.reading.committed_at is not None

    @property
    def is_revealed(self) -> bool:
        """Whether the reader sees what the AI said."""
        return self.result is not None

    @property
    def is_signed(self) -> bool:
        """Whether the reader's reading is signed."""
        return self.reading is not None and self.reading.signed_at is not None

    @property
    def is_amending(self) -> bool:
        """Whether the draft is a correction of the signed report."""
        return self.amends is not None

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be changed from here."""
        if self.reading is None or self.holder is not None:
            return True
        return self.is_signed and not self.is_amending

    @property
    def is_decided(self) -> bool:
        """Whether the breasts' decisions stay as they are: committed, and the AI not seen yet."""
        return self.is_committed and not self.is_revealed and not self.is_amending


def require_changeable(case: Case) -> None:
    """Refuse to change a case that can only be looked at.

    Raises
    ------
    ReadingError
        With the reason, and what to do.
    """
    if case.holder is not None:
        raise ReadingError("Another window works on this case.", "Close it there, then open it here again.")
    if case.is_read_only:
        hint = "Amend the signed report instead." if case.is_signed else "It is read by others; you may look at it."
        raise ReadingError("This case can only be looked at.", hint)


def require_undecided(case: Case, draft: Draft) -> None:
    """Refuse a draft that decides otherwise than was committed, before the AI was seen.

    Raises
    ------
    ReadingError
        When it does.
    """
    if case.is_decided and draft.breasts != case.draft.breasts:
        raise ReadingError("The first read is committed and stays as it is.", "See the AI; then you may decide again.")
