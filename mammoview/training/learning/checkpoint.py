"""What a run leaves on disk after each epoch, whole or not at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mammoview.core.errors import MammoViewError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

CHECKPOINT = "checkpoint.pt"
BEST = "best.pt"


class TrainingError(MammoViewError):
    """Training cannot go on: the loss is no longer a number, or a checkpoint belongs to another run."""

    code = "training"


def save(state: dict[str, Any], path: Path) -> None:
    """Write tensors and plain values to ``path``.

    Raises
    ------
    OutputError
        When there is no room or no permission; what lay there before is still there.
    """
    _replace(path, lambda file: _save(state, file))


def save_bytes(content: bytes, path: Path) -> None:
    """Write ``content`` to ``path``; errors as in `save`."""
    _replace(path, lambda file: file.write(content))


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote, on the CPU.

    Raises
    ------
    TrainingError
        When the file is no checkpoint of this program.
    """
    try:
        stored: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise TrainingError(
            f"The checkpoint {path} cannot be read.", "Remove it; training then starts from the beginning."
        ) from error
    return stored


def _save(state: dict[str, Any], file: BinaryIO) -> None:
    try:
        torch.save(state, file)
    except RuntimeError as error:
        # Torch ends its archive after a full disk, too, and tells of that instead.
        if isinstance(error.__context__, OSError):
            raise error.__context__ from error
        raise


def _replace(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write beside the old file and rename, so that a kill or a full disk leaves the old one whole."""
    draft = path.with_name(path.name + ".part")
    try:
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. What was saved before is kept.",
            "Make room, or name another folder; the same command goes on from there.",
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut, where the system offers that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
