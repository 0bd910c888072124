"""Which model packages there are, and which is active for each task. No torch here, and no weights are opened.

The user's model folder is searched first, then the packages that came with the program. Activating and going back are
the same act: the names of the chosen packages are written down, nothing is copied or overwritten. Several packages of
one task are an ensemble.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mammoview.core import paths
from mammoview.core.errors import InputError, ModelPackageError, OutputError, Problem
from mammoview.core.findings import ModelUse
from mammoview.core.small_files import write_whole
from mammoview.models.defaults import Defaults, read_defaults
from mammoview.models.manifest import (
    CALIBRATION,
    EVALUATION,
    MANIFEST,
    Calibration,
    Evaluation,
    Manifest,
    Task,
    read_manifest,
    read_words,
    verify,
)

PACKAGE_SUFFIX = ".mvmodel"
_ACTIVE = "active.json"
_MAX_PACKAGE_BYTES = 2 << 30
_MAX_PACKAGE_FILES = 500
_DRAFT, _MOST_INSTALLING_S = ".install-", 3600.0


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

    @property
    def size_bytes(self) -> int:
        """Of all its files together."""
        return sum((self.folder / name).stat().st_size for name in (MANIFEST, *self.manifest.files))

    def calibration(self) -> Calibration:
        """Its temperature and operating points; raises ModelPackageError as `read_words`."""
        return read_words(self.folder, self.manifest, CALIBRATION, Calibration)

    def evaluation(self) -> Evaluation:
        """How good it was, on what; raises ModelPackageError as `read_words`."""
        return read_words(self.folder, self.manifest, EVALUATION, Evaluation)

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
        if Path(problem.path).name.startswith(name.replace("@", "-")):
            raise ModelPackageError(problem.message, problem.hint)
    names = ", ".join(info.key for info in known.packages) or "none"
    raise ModelPackageError(f"There is no model called {name}.", f"Installed models: {names}.")


def active(task: Task | str, *, among: Iterable[PackageInfo] | None = None) -> tuple[PackageInfo, ...]:
    """The packages in use for a task, several where they form an ensemble; empty where there is none.

    Those that the user chose; without a choice those that the program ships as its defaults; without any the first in
    search order. An experimental package is in use only when it was chosen.

    Parameters
    ----------
    among
        `packages`, where they are known already.
    """
    known = packages() if among is None else among
    of_task = [info for info in known if info.task == task]
    chosen = [info for key in _chosen().get(str(task), ()) for info in of_task if info.key == key]
    return tuple(chosen) or defaults(task, among=known)


def defaults(task: Task | str, *, among: Iterable[PackageInfo]) -> tuple[PackageInfo, ...]:
    """The packages in use for a task where the user chose none; see `active`."""
    steady = [info for info in among if info.task == task and not info.manifest.experimental]
    shipped = [info for info in steady if info.origin is Origin.SHIPPED]
    names = _defaults().packages(str(task))
    default = [found for name in names if (found := next((i for i in shipped if name in (i.id, i.key)), None))]
    return tuple(default) or tuple(steady[:1])


def chosen(task: Task) -> tuple[str, ...]:
    """``id@version`` of the packages that the user chose for a task; empty where the defaults are in use."""
    return _chosen().get(task.value, ())


def missing_choices() -> tuple[str, ...]:
    """``id@version`` of packages that the user chose and that are there no longer; others take their place."""
    there = {info.key for info in packages()}
    return tuple(key for keys in _chosen().values() for key in keys if key not in there)


def activate(*infos: PackageInfo) -> None:
    """Use these packages from now on, for each of their tasks instead of what was in use; several are an ensemble.

    Raises
    ------
    OutputError
        When the choice cannot be written.
    """
    fresh: dict[str, tuple[str, ...]] = {}
    for info in infos:
        fresh[info.task.value] = (*fresh.get(info.task.value, ()), info.key)
    _choose({**_chosen(), **{task: tuple(dict.fromkeys(keys)) for task, keys in fresh.items()}})


def use_defaults(*tasks: Task) -> None:
    """Forget the user's choice for some tasks, or for all where none is named.

    Raises
    ------
    OutputError
        When that cannot be written.
    """
    forgotten = {task.value for task in tasks or Task}
    _choose({task: keys for task, keys in _chosen().items() if task not in forgotten})


def calibration_of(infos: tuple[PackageInfo, ...]) -> Calibration:
    """Operating points of the score that packages give together: a package's own, or those of a shipped ensemble.

    Points were fitted for one package's score or for one ensemble's mean; any other mean has none.

    Raises
    ------
    ModelPackageError
        When the package's own cannot be read.
    """
    if len(infos) == 1:
        return infos[0].calibration()
    task = infos[0].task.value if infos else ""
    default = _defaults()
    names = default.packages(task)
    is_default = len(names) == len(infos) and all(
        info.origin is Origin.SHIPPED and any(name in (info.id, info.key) for name in names) for info in infos
    )
    return default.calibration(task) if is_default else Calibration()


def _choose(chosen: Mapping[str, tuple[str, ...]]) -> None:
    write_whole(paths.user_models() / _ACTIVE, json.dumps(chosen, indent=1), "The choice of models")


def install(source: Path, *, check: Callable[[PackageInfo], object] | None = None) -> PackageInfo:
    """Put a package, zipped (``*.mvmodel``) or a folder, into the user's model folder after checking all of it.

    Parameters
    ----------
    check
        Asked before anything is kept, beyond hashes and words; what it raises leaves the model folder as it was.

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
        _drop_old_drafts(target)
        with tempfile.TemporaryDirectory(dir=target, prefix=_DRAFT) as draft:
            content = Path(draft) / source.stem
            _unpack(source, content)
            info = read_info(content)
            verify(content, info.manifest)
            if check is not None:
                check(info)
            final = target / f"{info.id}-{info.version}"
            if final.exists():
                raise ModelPackageError(
                    f"The model {info.key} is installed already.", "Remove it first, or give the new one a new version."
                )
            content.rename(final)
    except OSError as error:
        raise OutputError(
            f"The model package {source.name} could not be installed: {error.strerror or 'it cannot be copied'}.",
            "Check the permissions and the free space of the model folder.",
        ) from error
    return read_info(final)


def _drop_old_drafts(folder: Path) -> None:
    """Remove what killed installations left: no other takes hours."""
    for draft in folder.glob(f"{_DRAFT}*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _MOST_INSTALLING_S:
                shutil.rmtree(draft)


def pack(info: PackageInfo, out: Path, *, overwrite: bool = False) -> Path:
    """Zip a package for another machine, all or nothing; ``out`` takes the suffix ``.mvmodel`` where it lacks it.

    Raises
    ------
    ModelPackageError
        When a file of the package is not what its manifest says.
    OutputError
        When the file exists and ``overwrite`` is off, or it cannot be written.
    """
    target = out if out.suffix == PACKAGE_SUFFIX else out.with_name(out.name + PACKAGE_SUFFIX)
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already.", "Name another file, or allow overwriting (--overwrite).")
    verify(info.folder, info.manifest)
    draft = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for name in (MANIFEST, *sorted(info.manifest.files)):
                archive.write(info.folder / name, name)
        draft.replace(target)
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written: {error.strerror}.", "Check the permissions and the free space there."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
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


def _chosen() -> dict[str, tuple[str, ...]]:
    """Keys of the chosen packages by task; a file of an earlier version names one instead of a list."""
    try:
        words = json.loads((paths.user_models() / _ACTIVE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(words, dict):
        return {}
    lists = {str(task): [value] if isinstance(value, str) else value for task, value in words.items()}
    return {task: tuple(map(str, keys)) for task, keys in lists.items() if isinstance(keys, list) and keys}


def _defaults() -> Defaults:
    try:
        return read_defaults(paths.shipped_models())
    except InputError:
        return Defaults({})


def _version_order(info: PackageInfo) -> tuple[int, ...]:
    return tuple(int(part) for part in info.version.split("."))
