"""Wheel and sdist install into an empty environment and run from another folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: One resource of each kind that the program reads.
RESOURCES = (
    "schema/result-1.json",
    "config/hanging.toml",
    "config/file_names.toml",
    "report/display-check.html",
    "models",
)
MIB = 2**20

SMOKE = """
import sys
from pathlib import Path
import mammoview
from mammoview.core.paths import resource
assert Path(mammoview.__file__).is_relative_to(sys.prefix), mammoview.__file__
for name in sys.argv[1:]:
    assert resource(name).is_relative_to(sys.prefix), resource(name)
from mammoview.models.registry import packages
assert {package.manifest.task for package in packages()} >= {"patch", "segmentation"}, packages()
"""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    # --no-isolation: hatchling is among the pinned packages, so the build asks no registry for another.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    return out


def test_the_wheel_holds_the_package_its_resources_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mammoview"}
    for name in RESOURCES:
        assert any(entry.startswith(f"mammoview/resources/{name}") for entry in names), name
    assert any(entry.startswith("mammoview/trainers/") for entry in names)
    assert "mammoview/splits/site.csv" in names
    assert wheel.stat().st_size < 64 * MIB


def test_the_sdist_holds_the_licence_and_the_tests(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "Makefile", "constraints.txt", "tests/conftest.py"} <= names


@pytest.mark.slow
def test_both_install_into_an_empty_environment_and_run_elsewhere(built: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--constraint", ROOT / "constraints.txt", "torch==2.13.0", wheel)
    check_installed(python, elsewhere)
    run(*pip, "--force-reinstall", "--no-deps", sdist)
    check_installed(python, elsewhere)


def check_installed(python: Path, elsewhere: Path) -> None:
    run(python, "-c", SMOKE, *RESOURCES, cwd=elsewhere)
    command = python.parent / "mammoview"
    assert "analyze" in run(command, "--help", cwd=elsewhere)
    assert "torch" in run(command, "doctor", cwd=elsewhere)
