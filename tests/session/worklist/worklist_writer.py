"""A child that works on a worklist as fast as it can, and says on standard output what it was told is stored."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

from worklist_makers import NORMAL, RECALL, header

from mammoview.session.worklist.errors import WorklistError
from mammoview.session.worklist.listing import Query
from mammoview.session.worklist.worklist import open_worklist


def say(*words: object) -> None:
    # One write each: the parent may kill this process between any two.
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def main(path: str, first: int, reader: str) -> None:
    worklist, problems = open_worklist(Path(path))
    assert problems == (), problems
    with suppress(WorklistError):
        worklist.readers.add(reader, reader)
    seat = worklist.readers.sign_in(reader)
    number = first
    while True:
        worklist.ingest.add([header(number)])
        say("study", number)
        (study,) = worklist.listing.order(seat, Query(text=f"P{number:05d}"))
        worklist.readings.open(seat, study)
        for version in range(4):
            content = json.dumps({"study": number, "version": version, "text": "é" * 500})
            worklist.documents.save(seat, study, kind="draft", content=content)
            say("draft", number, version)
        worklist.readings.commit(seat, study, decision=NORMAL)
        say("commit", number)
        worklist.ai.put(study, "print", path="x", score=0.5)
        worklist.readings.reveal(seat, study)
        say("reveal", number)
        worklist.readings.decide(seat, study, decision=RECALL)
        say("decide", number)
        worklist.sign(seat, study, make_report=lambda head: json.dumps({"head": str(head)}))
        say("sign", number)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
