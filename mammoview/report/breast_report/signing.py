"""From a draft to a signed report, and from a signed report to its amendment."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mammoview import __version__
from mammoview.core.errors import ReadingError
from mammoview.core.reading import check_time
from mammoview.report.breast_report.checks import Rules, remarks
from mammoview.report.breast_report.drafting import refreshed
from mammoview.report.breast_report.sealing import seal
from mammoview.report.breast_report.values import BANNER, AiPart, Amends, Content, Draft, SignedReport

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class _Unsealed:
    """A report before its hash is known."""

    content: Content
    signer: str
    signed_at: str
    chain_head: str
    software: str
    banner: str
    amends: Amends | None


def sign(
    draft: Draft, *, signer: str, time: str, chain_head: str, rules: Rules | None = None, amends: Amends | None = None
) -> SignedReport:
    """Lock a draft.

    Parameters
    ----------
    draft
        What the signer saw: its text is signed as it stands, nothing is written anew.
    signer
        Who signs.
    time
        ISO 8601 with the time zone; `mammoview.core.reading.now`.
    chain_head
        Head of the audit log's chain, 64 hexadecimal digits.
    rules
        What stands in the way of a signature; None for the default.
    amends
        From `amendment`, for a report that replaces another.

    Returns
    -------
    SignedReport
        With what the AI found and the reader never saw left out.

    Raises
    ------
    ReadingError
        When something stands in the way; the message names all of it.
    """
    check_time(time)
    if not signer.strip():
        raise ReadingError("A report needs its signer.", "Say who reads, in the settings.")
    if _HASH.fullmatch(chain_head) is None:
        raise ReadingError("The head of the audit log is missing.", "Check the audit log, then sign again.")
    blockers = [remark for remark in remarks(draft, rules) if remark.blocks]
    if blockers:
        told = " ".join(remark.message for remark in blockers)
        raise ReadingError(f"The report cannot be signed. {told}", blockers[0].hint)
    if amends is not None and amends.original.content.exam.study_uid != draft.exam.study_uid:
        raise ReadingError("The amendment is of another exam than its original.", "Open the report of this exam.")
    unsealed = _Unsealed(_content(draft), signer, time, chain_head, f"mammoview {__version__}", BANNER, amends)
    return SignedReport(
        content=unsealed.content,
        signer=signer,
        signed_at=time,
        chain_head=chain_head,
        software=unsealed.software,
        banner=BANNER,
        content_hash=seal(unsealed),
        amends=amends,
    )


def amendment(original: SignedReport, *, reader: str, reason: str) -> tuple[Draft, Amends]:
    """Begin the correction of a signed report.

    Parameters
    ----------
    original
        Stays as it is, whole, inside the new one.
    reader
        Who corrects.
    reason
        Why; printed on the new report.

    Returns
    -------
    draft : Draft
        The signed content, to be changed.
    amends : Amends
        For `sign`.

    Raises
    ------
    ReadingError
        When no reason is given.
    """
    content = original.content
    draft = Draft(
        content.exam,
        reader,
        content.ai,
        content.breasts,
        content.density,
        content.quality,
        content.findings,
        content.links,
        content.sections,
    )
    return refreshed(draft), Amends(original, original.content_hash, reason)


def _content(draft: Draft) -> Content:
    seen = tuple(finding for finding in draft.findings if draft.ai.is_revealed or not finding.origin.is_from_ai)
    kept = {finding.id for finding in seen}
    links = tuple(link for link in draft.links if {link.first, link.second} <= kept)
    return Content(
        draft.exam,
        _seen(draft.ai),
        draft.breasts,
        draft.density,
        draft.quality,
        seen,
        links,
        tuple(section for section in draft.sections if section.text.strip()),
    )


def _seen(ai: AiPart) -> AiPart:
    """The AI's part without scores that the reader was not shown."""
    return ai if ai.is_revealed else replace(ai, scores=(), score_meaning="")
