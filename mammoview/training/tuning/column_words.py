"""The words that sites use: names of columns, sides, views and labels, as data."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.raster import SIDES, VIEWS
from mammoview.training.cases.cells import read_date, read_density, read_label

#: Names of columns for each field, simplified; the first field that knows a name gets it.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "path": ("path", "file", "filename", "filepath", "image", "imagefile", "imagepath", "datei", "dateiname", "bild",
             "fichier", "archivo", "pfad", "dicom", "dicomfile"),
    "patient": ("patient", "patientid", "pid", "patid", "patientnr", "patientennr", "patientennummer", "mrn", "subject",
                "subjectid", "caseid", "client", "clientid", "numeropatient", "paciente", "anonid", "pseudonym"),
    "laterality": ("laterality", "side", "breast", "seite", "brust", "cote", "lado", "leftorrightbreast",
                   "imagelaterality", "lat", "breastside"),
    "view": ("view", "viewposition", "projection", "imageview", "ansicht", "projektion", "incidence", "proyeccion",
             "ebene"),
    "label": ("label", "pathology", "malignant", "ismalignant", "cancer", "diagnosis", "outcome", "class", "result",
              "birads", "breastbirads", "assessment", "befund", "diagnose", "histologie", "histology", "malignitat",
              "biradskategorie", "diagnostic", "resultado", "target", "groundtruth"),
    "boxes": ("boxes", "box", "bbox", "boundingbox", "boundingboxes", "roi", "rois"),
    "mask": ("mask", "maskfile", "maskpath", "segmentation", "maske", "masque", "contourfile"),
    "study_date": ("studydate", "date", "examdate", "datum", "untersuchungsdatum", "acquisitiondate", "dateexamen",
                   "fecha", "studiendatum"),
    "density": ("density", "breastdensity", "acr", "acrdensity", "dichte", "brustdichte", "densite", "densidad",
                "composition"),
    "true_size": ("truesize",),
    "image_uid": ("imageuid", "sopinstanceuid", "sopuid", "instanceuid", "imageid"),
    "study_uid": ("studyuid", "studyinstanceuid", "studyid"),
    "accession": ("accession", "accessionnumber", "accessionno", "auftragsnummer", "anforderungsnummer", "examid",
                  "examnumber"),
}  # fmt: skip
#: Fields that find an image which the table does not name as a file.
KEYS: Final = ("image_uid", "study_uid", "accession", "patient")

_SIDES: Final[dict[str, Laterality]] = {
    **SIDES,
    **dict.fromkeys(("LINKS", "LI", "GAUCHE", "IZQUIERDA", "SINISTRA", "LEFT BREAST"), Laterality.LEFT),
    **dict.fromkeys(("RECHTS", "RE", "DROITE", "DROIT", "DERECHA", "DESTRA", "RIGHT BREAST"), Laterality.RIGHT),
}
_VIEW_WORDS: Final[dict[str, ViewPosition]] = {
    **VIEWS,
    **dict.fromkeys(("CRANIOCAUDAL", "CRANIO-CAUDAL", "KK"), ViewPosition.CC),
    **dict.fromkeys(("MEDIOLATERAL OBLIQUE", "MEDIO-LATERAL OBLIQUE", "OBLIQUE", "OBL"), ViewPosition.MLO),
}
#: Three numbers, and perhaps a time behind them: 31.5.2024, 05/31/2024 10:15.
_DAY: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_TIME: Final = re.compile(r"[T\s]\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AP]M)?$", re.IGNORECASE)
_BOTH: Final = re.compile(r"([LR])[\s_-]*([A-Z]+)")
#: Words of other languages, and codes of biopsies (B1 to B5 of the European guidelines).
_LABELS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("bosartig", "maligne", "maligno", "karzinom", "krebs", "carcinoma", "invasive", "dcis", "idc",
                     "ilc", "positiv", "b5", "b5a", "b5b", "c50"), True),
    **dict.fromkeys(("gutartig", "benigne", "benigno", "normal", "unauffallig", "negativ", "no cancer", "b1", "b2"),
                    False),
    **dict.fromkeys(("b3", "b4", "unklar", "pending", "-"), None),
}  # fmt: skip


def simple(text: str) -> str:
    """A word without case, accents, and whatever is neither letter nor digit."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


def side_of(word: str) -> Laterality | None:
    """The side that a cell names, alone or before a view (``R``, ``rechts``, ``RMLO``); None where it names none."""
    upper = word.strip().upper()
    both = _BOTH.fullmatch(upper)
    if both is not None and both[2] in VIEWS:
        return SIDES[both[1]]
    return _SIDES.get(upper)


def view_of(word: str) -> ViewPosition | None:
    """The view that a cell names, alone or behind a side; None where it names none."""
    upper = word.strip().upper()
    both = _BOTH.fullmatch(upper)
    if both is not None and both[2] in VIEWS and upper not in VIEWS:
        return VIEWS[both[2]]
    return _VIEW_WORDS.get(upper)


def label_of(word: str, *, is_birads: bool = False) -> bool | None:
    """Whether a cell says malignant; None for unknown.

    Parameters
    ----------
    word
        As `read_label` takes it, in more languages.
    is_birads
        Whether the column holds BI-RADS categories without saying so in each cell.

    Raises
    ------
    ValueError
        When it says nothing that is understood.
    """
    text = word.strip()
    if is_birads and text:
        text = text if simple(text).startswith("birads") else f"BI-RADS {text}"
    try:
        return read_label(text)
    except ValueError:
        known = simple(text)
        for said, label in _LABELS.items():
            if simple(said) == known:
                return label
        raise


@dataclass(frozen=True)
class Dialect:
    """What a table means by words that have two meanings.

    Attributes
    ----------
    is_birads
        Whether its labels are bare BI-RADS categories: 1 is negative there, and malignant elsewhere.
    day_first
        Whether 3/4/2025 is in April; None where no date of the table tells, or they contradict each other.
    """

    is_birads: bool
    day_first: bool | None


def dialect_of(label_column: str, labels: Sequence[str], dates: Sequence[str]) -> Dialect:
    """The dialect of a table, from the name of its label column, its labels and its dates; empty where it has none."""
    name = simple(label_column)
    bare = {cell[:1] for cell in labels if len(cell) <= 2 and cell[:1].isdigit()}
    is_birads = "birads" in name or "assessment" in name or bool(bare & set("23456"))
    parts = [match for word in dates if (match := _DAY.match(word.strip())) and match[2] != "."]
    told = {int(match[1]) > 12 for match in parts if int(match[1]) > 12 or int(match[3]) > 12}
    return Dialect(is_birads, told.pop() if len(told) == 1 else None)


def date_of(word: str, *, day_first: bool | None = None) -> datetime.date:
    """The day that a cell names.

    Parameters
    ----------
    word
        As `read_date` takes it, or day, month and year as people write them; a time behind it is passed over.
    day_first
        How slashes and hyphens are meant, see `Dialect`; points are always behind the day first.

    Raises
    ------
    ValueError
        When it names none, or could name two.
    """
    text = _TIME.sub("", word.strip())
    match = _DAY.fullmatch(text)
    if match is None:
        return read_date(text)
    first, last = int(match[1]), int(match[3])
    if match[2] == "." or first == last:
        day_first = True
    if day_first is None:
        raise ValueError(word)
    day, month = (first, last) if day_first else (last, first)
    return datetime.date(int(match[4]), month, day)


def fits(field: str, word: str) -> bool:
    """Whether a cell could stand in a field; fields without rules fit nothing."""
    if field == "laterality":
        return side_of(word) is not None
    if field == "view":
        return view_of(word) is not None
    read = _READERS.get(field)
    if read is None:
        return False
    try:
        read(word)
    except ValueError:
        return False
    return True


_READERS: Final[dict[str, Callable[[str], object]]] = {
    "label": label_of,
    "study_date": partial(date_of, day_first=True),
    "density": read_density,
}
