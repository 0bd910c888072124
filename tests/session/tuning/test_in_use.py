"""A model is put to use and taken back, with a record; one that was not judged only with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.core.errors import ModelPackageError, UsageError
from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.session.tuning.in_use import activate, export, in_use, needs_reason, take_back


def test_a_model_is_put_to_use_and_taken_back(home: Path) -> None:
    before = [info.key for info in registry.active(Task.SEGMENTATION)]
    other = next(info.key for info in registry.packages() if info.task is Task.SEGMENTATION and info.key not in before)
    assert needs_reason(None)
    with pytest.raises(UsageError, match="without a reason"):
        activate(other, None)
    assert list(in_use(other).keys) == before
    used = activate(other, None, reason="To see")
    assert used.keys == (other,)
    assert used.can_roll_back
    assert used.record[0].reason == "To see"
    back = take_back(used.task)
    assert list(back.keys) == before
    assert not back.can_roll_back
    assert [entry.act for entry in back.record] == ["rolled back", "activated"]


def test_a_model_is_exported_as_one_file(home: Path, tmp_path: Path) -> None:
    name = registry.active(Task.SEGMENTATION)[0].key
    out = export(name, tmp_path / "model.mvmodel")
    assert out.stat().st_size > 1000
    with pytest.raises(ModelPackageError):
        export("none@1", tmp_path / "none.mvmodel")
