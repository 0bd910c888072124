"""What every test shares: where the real images lie, an isolated home, Qt without a screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parent.parent


def data_root() -> Path | None:
    """The folder of real images: MAMMOVIEW_DATA, else ../shared/data beside the checkout, else None."""
    named = os.environ.get("MAMMOVIEW_DATA")
    if named:
        return Path(named)
    beside = ROOT.parent / "shared" / "data"
    return beside if beside.is_dir() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need real images where there are none, and say how many."""
    if data_root() is not None:
        return
    needing = [item for item in items if item.get_closest_marker("data")]
    if needing:
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if not item.get_closest_marker("data")]
        print(f"{len(needing)} tests need the real images (MAMMOVIEW_DATA) and were left out.")


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, models and logs of a test go to a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("MAMMOVIEW_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real images; a test that asks for it carries the ``data`` marker."""
    root = data_root()
    assert root is not None
    assert root.is_dir(), f"MAMMOVIEW_DATA names {root}, which is not a folder"
    return root
