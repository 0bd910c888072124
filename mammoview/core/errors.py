"""Errors that a user can read: what happened, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class MammoViewError(Exception):
    """Base of every error that is told to a user.

    Parameters
    ----------
    user_message
        One sentence in the user's words: what happened, to which file.
    hint
        One sentence: what the user can do about it.
    """

    code: ClassVar[str] = "error"

    def __init__(self, user_message: str, hint: str = "") -> None:
        super().__init__(user_message, hint)
        self.user_message = user_message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.user_message} {self.hint}".strip()


class UsageError(MammoViewError):
    """The command or its arguments make no sense; nothing was done."""

    code = "usage"


class InputError(MammoViewError):
    """A file or folder cannot be used: absent, empty, truncated, unreadable, or not what it claims."""

    code = "input"


class EmptyFolderError(InputError):
    """A folder holds no file that could be an image."""

    code = "empty_folder"


class UnreadableError(InputError):
    """The operating system refuses to give the file's bytes."""

    code = "unreadable"


class NotAnImageError(InputError):
    """The file is neither DICOM nor an image format that is read."""

    code = "not_an_image"


class TruncatedError(InputError):
    """The file ends before its content does, or claims a size that it cannot hold."""

    code = "truncated"


class NoPixelsError(InputError):
    """A DICOM object without pixel data."""

    code = "no_pixels"


class NotShownError(InputError):
    """A well-formed object that belongs to a reading but is no image: a report, a presentation state."""

    code = "not_shown"


class NotABreastError(InputError):
    """An image of something other than a breast."""

    code = "not_a_breast"


class UnsupportedError(InputError):
    """A well-formed image of a kind that is not shown yet (colour, tomosynthesis)."""

    code = "unsupported"


class OtherTomosynthesisError(UnsupportedError):
    """A tomosynthesis volume in another form than that of its own DICOM class."""

    code = "other_tomosynthesis"


class MissingDecoderError(InputError):
    """The transfer syntax needs a decoder that is not installed."""

    code = "missing_decoder"


class DecodeError(InputError):
    """A decoder refused the pixel data."""

    code = "decode"


class MixedPatientsError(MammoViewError):
    """Images of two patients met where they never may."""

    code = "mixed_patients"


class ModelPackageError(MammoViewError):
    """A model package was refused: unknown architecture, hash mismatch, missing licence, newer schema."""

    code = "model_package"


class DeviceError(MammoViewError):
    """The asked-for device does not exist or ran out of memory."""

    code = "device"


class ReadingError(MammoViewError):
    """Something that a reader said cannot be: no such hour, a decision for no breast, a finding without a place."""

    code = "reading"


class DescriptorError(ReadingError):
    """Words that do not belong to the finding's type."""

    code = "descriptor"


class QuestionError(MammoViewError):
    """The models have no answer: no border there, a place outside the breast, an image that they do not know."""

    code = "question"


class NewerDocumentError(MammoViewError):
    """A stored document comes from a newer version of the program."""

    code = "newer_document"


class DamagedDocumentError(MammoViewError):
    """A stored document is not what it claims to be."""

    code = "damaged_document"


class OutputError(MammoViewError):
    """A result cannot be written: exists already, disk full, no permission."""

    code = "output"


class WorkerDiedError(MammoViewError):
    """A child process ended in the middle of a job, twice."""

    code = "worker_died"


class CancelledError(MammoViewError):
    """The user cancelled the job."""

    code = "cancelled"


@dataclass(frozen=True)
class Problem:
    """One entry of the message panel and of ``errors[]`` in a result file.

    Attributes
    ----------
    path
        The file or folder concerned, as the user gave it; empty where none is.
    code
        The error's short name, see the classes of this module.
    message, hint
        What happened, and what to do about it.
    """

    path: str
    code: str
    message: str
    hint: str = ""

    @classmethod
    def from_error(cls, error: MammoViewError, path: str = "") -> Problem:
        """Make the entry that tells of ``error`` at ``path``."""
        return cls(path, error.code, error.user_message, error.hint)
