"""An exam compared with the same woman's earlier ones: an experimental score that takes part in no other.

Only where a package for it is in use. The views of the newest exam are embedded as they pass through the analysis; the
earlier exams are read at the end, one image at a time, and nothing but the embeddings is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError
from mammoview.core.findings import ComparedExam, PriorsScore
from mammoview.core.progress import Cancel, stop_if_cancelled
from mammoview.core.study import Laterality, Mammogram, Study, ViewPosition
from mammoview.models.calibration import probabilities
from mammoview.models.names import FEATURES
from mammoview.models.networks import PriorsNet
from mammoview.models.networks.temporal import pack
from mammoview.models.preprocess import prepare_image
from mammoview.models.runtime import Runner
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.stages import PreparedImage, prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DAYS_A_MONTH = 365.25 / 12
#: Views of an exam: one of each side and position.
_Slot = tuple[Laterality | None, ViewPosition | None]
#: Told what is being done.
Tell = Callable[[str], None]


@dataclass
class _Exam:
    study_uid: str
    months: float
    views: dict[_Slot, NDArray[np.float32]] = field(default_factory=dict)
    image_ids: list[str] = field(default_factory=list)


class Comparison:
    """One study on its way through the analysis, to be compared with earlier ones.

    Parameters
    ----------
    runner
        Of a package for priors.
    priors
        Earlier exams, in any order; those without a date, or not before the study's, are left out.
    images
        The study's own; the latest of their dates counts.
    """

    def __init__(self, runner: Runner, priors: Sequence[Study], images: Sequence[Mammogram]) -> None:
        self._runner = runner
        self.warnings: list[str] = []
        now = max((at for image in images if (at := months_of(image.study_date)) is not None), default=None)
        self._now = _Exam(images[0].study_uid if images else "", now or 0.0)
        dated = {} if now is None else {at: study for study in priors if (at := months_of(study.date)) is not None}
        # One exam a date: two studies of one day are one visit, and the net takes no equal dates.
        self._earlier = {at: study for at, study in sorted(dated.items()) if now is not None and at < now}

    def see(self, prepared: PreparedImage) -> None:
        """Embed an image of the newest exam; without earlier exams nothing is done."""
        if self._earlier:
            self._add(self._now, prepared)

    def finish(self, tell: Tell, cancel: Cancel) -> PriorsScore | None:
        """Read the earlier exams and compare.

        Parameters
        ----------
        tell
            Told which exam is read.
        cancel
            Asked before each image.

        Returns
        -------
        PriorsScore or None
            None where there is no earlier exam, or no view of the newest that the net takes.

        Raises
        ------
        CancelledError
            When ``cancel`` says so.
        """
        if not self._now.views:
            return None
        exams = [exam for exam in self._read(tell, cancel) if exam.views]
        if not exams:
            return None
        exams.append(self._now)
        package = self._runner.package
        assert package.manifest.score is not None
        return PriorsScore(
            score=self._score(exams),
            meaning=package.manifest.score.as_value(),
            model=package.info.key,
            exams=tuple(
                ComparedExam(exam.study_uid, round(self._now.months - exam.months, 1), tuple(exam.image_ids))
                for exam in reversed(exams)
            ),
        )

    def _read(self, tell: Tell, cancel: Cancel) -> list[_Exam]:
        found = []
        for months, study in self._earlier.items():
            exam = _Exam(study.uid, months)
            tell(f"Comparing with the exam of {study.date}")
            for image in study.images:
                stop_if_cancelled(cancel)
                if self._slot_is_taken(exam, image):
                    continue
                try:
                    self._add(exam, prepare(image, is_scored=False))
                except InputError as error:
                    self.warnings.append(f"{image.relative_path or image.path}: {error.user_message}")
            found.append(exam)
        return found

    def _slot_is_taken(self, exam: _Exam, image: Mammogram) -> bool:
        """Whether an image is not to be read: not a standard view, or one that is there already."""
        is_taken = (image.laterality, image.view) in exam.views
        return is_taken or bool(why_not_scored(image, self._runner.package.manifest.input))

    def _add(self, exam: _Exam, prepared: PreparedImage) -> None:
        import torch

        image, spec = prepared.image, self._runner.package.preprocess.image
        if self._slot_is_taken(exam, image) or not prepared.has_breast or prepared.suppression is None:
            return
        assert spec is not None
        values, _ = prepare_image(prepared.cleaned, spec, breast=prepared.suppression.breast.to_array())
        features = self._runner.run(values[None])[FEATURES]
        with torch.inference_mode():
            embedding = self._network.embedding(torch.from_numpy(features))[0].numpy()
        exam.views[image.laterality, image.view] = embedding
        exam.image_ids.append(image.id)

    @cached_property
    def _network(self) -> PriorsNet:
        network = self._runner.package.network()
        assert isinstance(network, PriorsNet)
        return network

    def _score(self, exams: Sequence[_Exam]) -> float:
        import torch

        most = max(len(exam.views) for exam in exams)
        channels = len(next(iter(self._now.views.values())))
        embeddings = torch.zeros(1, len(exams), most, channels)
        present = torch.zeros(1, len(exams), most, dtype=torch.bool)
        for row, exam in enumerate(exams):
            for column, values in enumerate(exam.views.values()):
                embeddings[0, row, column] = torch.from_numpy(values)
                present[0, row, column] = True
        # Dates in double precision lose nothing when the first is taken away; in single they would.
        months = torch.tensor([[exam.months - self._now.months for exam in exams]], dtype=torch.float32)
        with torch.inference_mode():
            logits = self._network(pack(embeddings, present, months)).numpy()
        return float(probabilities(logits, temperature=self._runner.package.calibration.temperature)[0, -1])


def months_of(day: str) -> float | None:
    """A DICOM date in months on a common clock; None where it is none."""
    try:
        return date(int(day[:4]), int(day[4:6]), int(day[6:8])).toordinal() / _DAYS_A_MONTH
    except ValueError:
        return None
