"""The pages up to the split, in a real child: what is told on the way, and the pages that are finished."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "training" / "tuning"))
from case_makers import write_site

from mammoview.session.jobs import Crew
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.project import Page, new_project
from mammoview.session.tuning.tuner import JobEnded, JobPart, Tuner, TunerEvent, tuning_crew
from mammoview.training.tuning.audit_messages import AuditReport, ImageLook, TableAudit
from mammoview.training.tuning.messages import CaseSource, CasesReport, SourceKind, TuneTask
from mammoview.training.tuning.splitting import SplitReport


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = tuning_crew()
    yield made
    made.close()


def ended(events: queue.Queue[TunerEvent], seen: list[TunerEvent]) -> JobEnded:
    while True:
        event = events.get(timeout=120)
        seen.append(event)
        if isinstance(event, JobEnded):
            assert event.problem is None, event.problem
            return event


def test_pages_up_to_the_split_are_done_in_the_child(tmp_path: Path, crew: Crew) -> None:
    events: queue.Queue[TunerEvent] = queue.Queue()
    opened, project = new_project("site", task=TuneTask.IMAGE)
    with opened:
        project = opened.finish(Page.TASK, project)
        tuner = Tuner(opened, project, crew, events.put)
        with pytest.raises(TuningError, match="source"):
            tuner.read_cases()
        table = write_site(tmp_path / "site", 12, views=("CC",))
        tuner.change(replace(project, source=CaseSource(SourceKind.TABLE, str(table)), seed=4))
        seen: list[TunerEvent] = []
        tuner.read_cases()
        report = ended(events, seen).result
        assert isinstance(report, CasesReport)
        assert report.images == 24
        with pytest.raises(TuningError, match="not audited"):
            tuner.split(is_sealed=True)
        tuner.audit()
        audited = ended(events, seen).result
        assert isinstance(audited, AuditReport)
        parts = [event.value for event in seen if isinstance(event, JobPart)]
        assert sum(isinstance(part, ImageLook) for part in parts) == 24
        assert any(isinstance(part, TableAudit) for part in parts)
        tuner.split(is_sealed=False)
        preview = ended(events, seen)
        assert (preview.kind, tuner.project.page) == ("split", Page.SPLIT)
        tuner.split(is_sealed=True)
        sealed = ended(events, seen).result
        assert isinstance(preview.result, SplitReport)
        assert isinstance(sealed, SplitReport)
        assert sealed.counts == preview.result.counts
        assert (sealed.seal is not None, preview.result.seal) == (True, None)
        assert opened.reached(tuner.project) is Page.PLAN
        assert opened.load() == tuner.project
