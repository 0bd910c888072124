"""What the reader will want next is fetched while the case on the table is read: pixels, and results of the AI.

The results stay under the session's veil; fetching them tells nobody anything.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterable, Sequence
from functools import partial

from mammoview.core.errors import MammoViewError
from mammoview.session.reading import ai_files
from mammoview.session.reading.files import CaseFiles, case_files
from mammoview.session.session import Session
from mammoview.session.worklist.order import to_prefetch
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist

_log = logging.getLogger(__name__)


class Prefetch:
    """Keeps the next two cases and the previous one at hand, with their priors, and lets others go.

    Databases and disks are asked on a thread of its own. The pixels share the memory of all images: what does not
    fit beside what hangs is not fetched.

    Parameters
    ----------
    worklist, seat
        Where the cases are found, and who reads.
    session
        Takes them.
    """

    def __init__(self, worklist: Worklist, seat: Seat, session: Session) -> None:
        self._worklist, self._seat, self._session = worklist, seat, session
        self._changed = threading.Condition()
        self._wanted: tuple[tuple[int, ...], int] | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="prefetch", daemon=True)
        self._thread.start()

    def at(self, order: Sequence[int], row: int) -> None:
        """The reader is at a case of the list; returns at once, and what was wished before is forgotten."""
        with self._changed:
            self._wanted = tuple(order), row
            self._changed.notify_all()

    def close(self) -> None:
        """Stop, and let go what was fetched for nothing. Returns at once."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._release(())

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted is not None or self._is_closing)
                wanted, self._wanted = self._wanted, None
                if self._is_closing or wanted is None:
                    return
            try:
                self._fetch(*wanted)
            except MammoViewError as error:
                # Locked, or the disk is away: who opens the case will be told.
                _log.info("nothing is fetched ahead: %s", error.code)

    @property
    def _is_over(self) -> bool:
        """Whether the reader went on meanwhile."""
        return self._wanted is not None or self._is_closing

    def _fetch(self, order: tuple[int, ...], row: int) -> None:
        cases: list[CaseFiles] = []
        for number in (row, *to_prefetch(order, row)):
            if self._is_over:
                return
            cases.append(case_files(self._worklist, self._seat, number))
        self._release(uid for case in cases for uid in case.uids)
        # The pixels of all first: the results are read while they are decoded.
        self._open(cases[1:])
        for case in cases:
            for uid in case.uids:
                if not self._is_over:
                    self._bring_result(uid)

    def _open(self, cases: Sequence[CaseFiles]) -> None:
        missing = {case.uid for case in cases if self._session.study(case.uid) is None}

        def fetch() -> None:
            # A later case must not take the memory that an earlier one needs: searches end in any order.
            ready = list(itertools.takewhile(lambda case: case.uid not in missing, cases))
            self._session.fetch_ahead(uid for case in ready for uid in case.uids)

        def found(case: CaseFiles) -> None:
            missing.discard(case.uid)
            fetch()

        for case in cases:
            if case.uid in missing and not self._is_over:
                self._session.open(case.all, select=False, then=partial(found, case))
        fetch()

    def _release(self, wanted: Iterable[str]) -> None:
        kept = {*wanted, *(study.uid for study in self._session.listed)}
        self._session.release([study.uid for study in self._session.studies if study.uid not in kept])

    def _bring_result(self, uid: str) -> None:
        path = None if self._session.has_result(uid) else ai_files.newest(ai_files.folder_of(uid))
        if path is None:
            return
        try:
            self._session.put_result(ai_files.load(path))
        except MammoViewError as error:
            _log.info("a kept result is not used: %s", error.code)
