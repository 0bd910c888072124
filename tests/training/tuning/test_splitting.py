"""The job that draws a split to look at, and seals it when it is told to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from case_makers import write_site

from mammoview.core.errors import UsageError
from mammoview.core.progress import never_cancel, no_progress
from mammoview.training.tuning.splitting import SplitReport, SplitRequest, split


def ask(folder: Path, seed: int = 1, *, is_sealed: bool = False) -> SplitReport:
    request = SplitRequest(str(folder), seed, 0.3, 0.2, is_sealed=is_sealed)
    return split(request, no_progress, never_cancel, lambda _: None)


def test_nothing_is_written_until_it_is_sealed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copyfile(write_site(folder, 8, views=("CC",)), folder / "cases.csv")
    drawn = ask(folder)
    assert drawn.seal is None
    assert sum(count.patients for count in drawn.counts) == 8
    assert not (folder / "split.csv").exists()
    sealed = ask(folder, is_sealed=True)
    assert sealed.seal is not None
    assert sealed.counts == drawn.counts
    assert (folder / "split.csv").is_file()
    assert ask(folder, is_sealed=True).seal == sealed.seal
    with pytest.raises(UsageError, match="sealed"):
        ask(folder, seed=2, is_sealed=True)
