from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mammoview.cli.app import main

sys.path.insert(0, str(Path(__file__).parent.parent / "report" / "breast_report"))
from report_study import HEAD, TIME, make_draft

from mammoview.report.breast_report.signing import sign
from mammoview.report.breast_report.writing import write_report


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    report = sign(make_draft(), signer="Dr. Grün", time=TIME, chain_head=HEAD)
    return write_report(tmp_path / "stored", report, forms=())


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((), {"report.json", "report.html", "report.pdf"}),
        (("--pdf",), {"report.json", "report.pdf"}),
        (("--html",), {"report.json", "report.html"}),
        (("--pdf", "--html", "--paper", "letter"), {"report.json", "report.html", "report.pdf"}),
    ],
)
def test_a_stored_report_is_printed_again(
    stored: Path, tmp_path: Path, asked: tuple[str, ...], expected: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("report", stored, "--out", out, *asked) == 0
    assert {path.name for path in out.iterdir()} == expected
    assert (out / "report.json").read_bytes() == stored.read_bytes()
    assert "Signed by Dr. Grün, unchanged" in capsys.readouterr().out
    assert run("report", stored, "--out", out) == 2
    assert run("report", stored.parent, "--out", out, "--overwrite") == 0


def test_a_draft_is_called_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_report(tmp_path / "stored", make_draft(), forms=())
    assert run("report", path, "--out", tmp_path / "out", "--html") == 0
    assert "A draft, not signed." in capsys.readouterr().out


def test_a_changed_report_is_not_printed(stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored.write_text(stored.read_text(encoding="utf-8").replace("Müller", "Miller"), encoding="utf-8")
    assert run("report", stored, "--out", tmp_path / "out") == 3
    assert "changed after it was signed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
