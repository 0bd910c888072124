"""Which model packages there are, and which is active for each task. No torch here, and no weights are opened.

The user's model folder is searched first, then the packages that came with the program. Activating and going back are
the same act: the name of the chosen package is written down, nothing is copied or overwritten.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mammoview.core import paths
from mammoview.core.errors import InputError, ModelPackageError, OutputError, Problem
from mammoview.core.findings import ModelUse
from mammoview.models.manifest import MANIFEST, Manifest, Task, read_manifest, verify

PACKAGE_SUFFIX = ".mvmodel"
_ACTIVE = "active.json"
_MAX_PACKAGE_BYTES = 2 << 30
_MAX_PACKAGE_FILES = 500


class Origin(StrEnum):
    """Where a package lies."""

    USER = "user"
    SHIPPED = "shipped"


@dataclass(frozen=True)
class PackageInfo:
    """A package that may be used.

    Attributes
    ----------
    sha256
        Of its manifest, which names the hash of every other file.
    """

    folder: Path
    manifest: Manifest
    sha256: str
    origin: Origin

    @property
    def id(self) -> str:
        """The package's name."""
        return self.manifest.id

    @property
    def version(self) -> str:
        """The package's version."""
        return self.manifest.version

    @property
    def task(self) -> Task:
        """What it is for."""
        return self.manifest.task

    @property
    def key(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"

    def as_use(self) -> ModelUse:
        """As the provenance of a result names it."""
        return ModelUse(self.id, self.version, self.sha256, self.task.value)


@dataclass(frozen=True)
class Listing:
    """What lies in the model folders: ``packages`` in search order, and what was refused with the reasons."""

    packages: tuple[PackageInfo, ...]
    refused: tuple[Problem, ...]


def listing() -> Listing:
    """Look through the user's and the shipped model folders; within one, newer versions come first."""
    found: list[PackageInfo] = []
    refused: list[Problem] = []
    for folder, origin in _roots():
        here: list[PackageInfo] = []
        for package in sorted(entry for entry in folder.iterdir() if (entry / MANIFEST).is_file()):
            try:
                here.append(read_info(package, origin))
            except ModelPackageError as error:
                refused.append(Problem.from_error(error, str(package)))
        found += sorted(here, key=lambda info: (info.id, _version_order(info)), reverse=True)
    return Listing(tuple(found), tuple(refused))


def packages() -> tuple[PackageInfo, ...]:
    """The packages that may be used, in search order."""
    return listing().packages


def read_info(folder: Path, origin: Origin = Origin.USER) -> PackageInfo:
    """Read one package folder.

    Raises
    ------
    ModelPackageError
        When it is refused, with the reason.
    """
    manifest, sha256 = read_manifest(folder)
    return PackageInfo(folder, manifest, sha256, origin)


def find(name: str) -> PackageInfo:
    """The package called ``id`` or ``id@version``: the first in search order, the newest version first.

    Raises
    ------
    ModelPackageError
        When there is none; if one of that name was refused, with that reason.
    """
    known = listing()
    for info in known.packages:
        if name in (info.id, info.key):
            return info
    for problem in known.refused:
        if Path(problem.path).name.startswith(name):
            raise ModelPackageError(problem.message, problem.hint)
    names = ", ".join(info.key for info in known.packages) or "none"
    raise ModelPackageError(f"There is no model called {name}.", f"Installed models: {names}.")


def active(task: Task | str) -> PackageInfo | None:
    """The package in use for a task: the chosen one, else the first in search order; None where there is none."""
    wanted = _chosen().get(str(task))
    of_task = [info for info in packages() if info.task == task]
    return next((info for info in of_task if info.key == wanted), of_task[0] if of_task else None)


def activate(info: PackageInfo) -> None:
    """Use ``info`` for its task from now on.

    Raises
    ------
    OutputError
        When the choice cannot be written.
    """
    chosen = {**_chosen(), info.task.value: info.key}
    target = paths.user_models() / _ACTIVE
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".tmp")
        draft.write_text(json.dumps(chosen, indent=1), encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        raise OutputError(
            f"The choice of {info.key} could not be written to {target}: {error.strerror}.",
            "Check the permissions and the free space there.",
        ) from error


def install(source: Path) -> PackageInfo:
    """Put a package, zipped (``*.mvmodel``) or a folder, into the user's model folder after checking all of it.

    Raises
    ------
    ModelPackageError
        When it is refused, or this version is installed already.
    OutputError
        When it cannot be written.
    """
    target = paths.user_models()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".install-") as draft:
            content = Path(draft) / source.stem
            _unpack(source, content)
            info = read_info(content)
            verify(content, info.manifest)
            final = target / f"{info.id}-{info.version}"
            if final.exists():
                raise ModelPackageError(
                    f"The model {info.key} is installed already.", "Remove it first, or give the new one a new version."
                )
            content.rename(final)
    except OSError as error:
        raise OutputError(
            f"The model package {source.name} could not be installed: {error.strerror}.",
            "Check the permissions and the free space of the model folder.",
        ) from error
    return read_info(final)


def pack(info: PackageInfo, out: Path) -> Path:
    """Zip a package for another machine; ``out`` takes the suffix ``.mvmodel``."""
    target = out.with_suffix(PACKAGE_SUFFIX)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in (MANIFEST, *sorted(info.manifest.files)):
            archive.write(info.folder / name, name)
    return target


def _unpack(source: Path, content: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, content)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            # Names are checked, not cleaned: a package is flat, and one with folders or dots in front is not ours.
            is_flat = all(entry.filename == Path(entry.filename).name and not entry.is_dir() for entry in entries)
            if not is_flat or len(entries) > _MAX_PACKAGE_FILES:
                raise ModelPackageError(
                    f"The model package {source.name} was refused: it is not a flat folder of files.",
                    "Ask its maker for a corrected one.",
                )
            if sum(entry.file_size for entry in entries) > _MAX_PACKAGE_BYTES:
                raise ModelPackageError(
                    f"The model package {source.name} was refused: it claims more than 2 GiB.",
                    "Ask its maker for a corrected one.",
                )
            archive.extractall(content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelPackageError(
            f"The model package {source.name} was refused: it is not a readable zip file.", "Download it again."
        ) from error


def _roots() -> list[tuple[Path, Origin]]:
    roots = [(paths.user_models(), Origin.USER)]
    # A checkout without trained packages still starts; the tasks then have no active model, which is told.
    with contextlib.suppress(InputError):
        roots.append((paths.shipped_models(), Origin.SHIPPED))
    return [(folder, origin) for folder, origin in roots if folder.is_dir()]


def _chosen() -> dict[str, str]:
    try:
        words = json.loads((paths.user_models() / _ACTIVE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(task): str(key) for task, key in words.items()} if isinstance(words, dict) else {}


def _version_order(info: PackageInfo) -> tuple[int, ...]:
    return tuple(int(part) for part in info.version.split("."))
