"""The comparison with earlier exams on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.cli.analyze import Outcome, Truths, _summarise
from mammoview.core.findings import ComparedExam, ExamResult, PriorsScore, Provenance, ScoreMeaning
from mammoview.core.study import ScanResult

PRIORS = PriorsScore(
    0.68,
    ScoreMeaning("growth of a drawn mass", 0.5),
    "toy@1",
    (ComparedExam("1.2", 0.0, ()), ComparedExam("1.1", 14.0, ())),
)


@pytest.mark.parametrize("priors", [PRIORS, None])
def test_summary_marks_the_comparison(priors: PriorsScore | None, capsys: pytest.CaptureFixture[str]) -> None:
    exam = ExamResult("1.2", "f", Provenance("test", "cpu", "onnx", (), "", 1.0), (), p_malignant=0.54, priors=priors)
    _summarise(Outcome(Path("result.json"), (exam,), ScanResult(()), Truths()))
    told = capsys.readouterr().out
    assert "exam   0.540" in told
    assert ("priors 0.680     experimental: compared with 1 earlier exam, 14 months before" in told) is (
        priors is not None
    )
    assert ("experimental" in told) is (priors is not None)
