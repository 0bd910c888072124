"""Takes out of a text who a patient is, while the reader hides identities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.study import Study

HIDDEN: Final = "•••"
HIDDEN_PATH: Final = "a file (name hidden)"
#: Shorter parts of names are parts of ordinary words, too.
_SHORTEST: Final = 3
#: What looks like a path of this or another system: a file's name is often a patient's.
_NAME: Final = r"[^\\/\n:*?\"<>|]"
_PATH: Final = re.compile(
    rf"(?<!\w)(?:[A-Za-z]:)?[\\/](?:{_NAME}+[\\/])*{_NAME}*?\.\w{{2,5}}\b|(?<!\w)(?:[\\/][^\s\\/]+)+"
)


def hidden_text(text: str, studies: Sequence[Study], paths: Iterable[str] = ()) -> str:
    """The text without the names, numbers and files of the open studies, and without anything like a path.

    Parameters
    ----------
    paths
        Further files that the text may name.
    """
    for path in sorted(filter(None, paths), key=len, reverse=True):
        text = text.replace(path, HIDDEN_PATH)
    text = _PATH.sub(HIDDEN_PATH, text)
    words = sorted({word for study in studies for word in _words(study)}, key=len, reverse=True)
    if not words:
        return text
    return re.sub("|".join(map(re.escape, words)), HIDDEN, text, flags=re.IGNORECASE)


def hidden_problem(problem: Problem, studies: Sequence[Study]) -> Problem:
    """A message without identities."""
    paths = (problem.path,)
    return Problem(
        HIDDEN_PATH if problem.path else "",
        problem.code,
        hidden_text(problem.message, studies, paths),
        hidden_text(problem.hint, studies, paths),
    )


def _words(study: Study) -> Iterable[str]:
    for image in study.images:
        for part in (*re.split(r"[\^=\s]+", image.patient_name), image.patient_id):
            if len(part) >= _SHORTEST or (part and not part.isascii()):
                yield part
        for fact in image.technique:
            if fact.is_identifying and fact.keyword not in {"PatientAge", "PatientSex"} and len(fact.text) >= _SHORTEST:
                yield fact.text
