"""What hangs now, and what else could: the protocols in force, the stage, images mirrored by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from mammoview.core.errors import OutputError, Problem
from mammoview.core.study import Mammogram, Study
from mammoview.session import hanging_file, mirrored
from mammoview.session.hanging import Hanging, Hung, priors
from mammoview.session.messages import Messages
from mammoview.session.orientation import Exceptions, Orientation, Side, has_direction
from mammoview.session.protocols import Protocol, Stage
from mammoview.session.settings import Settings
from mammoview.session.stacks import in_order, without_twins
from mammoview.session.stages import Laying, hang


class Hangings:
    """Hangs the studies of one session.

    Parameters
    ----------
    messages
        Told what could not be read or written.
    studies, settings, chest_walls
        Asked for what is so now.
    on_change
        Called when what hangs should be shown anew; never while the lock is held.
    """

    def __init__(
        self,
        messages: Messages,
        *,
        studies: Callable[[], Sequence[Study]],
        settings: Callable[[], Settings],
        chest_walls: Callable[[], Mapping[str, Side]],
        on_change: Callable[[], None],
    ) -> None:
        self._messages = messages
        self._studies, self._settings, self._chest_walls = studies, settings, chest_walls
        self._on_change = on_change
        self._lock = threading.RLock()
        self._study = ""
        self._stage = 0
        self._without = 0
        self._preview: Stage | None = None
        self._has_projections = False
        self._protocols, problem = hanging_file.load()
        self._mirrored, other = mirrored.load()
        for told in (problem, other):
            if told is not None:
                messages.tell(told)

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols in force."""
        with self._lock:
            return self._protocols

    def begin(self, study_uid: str) -> None:
        """Make a study the current one, at its first stage."""
        with self._lock:
            if study_uid != self._study:
                self._study, self._stage, self._without = study_uid, 0, 0

    def of(self, study: Study) -> Hanging:
        """How a study hangs: the current one at its stage, any other at its first.

        Raises
        ------
        MixedPatientsError
            Never, unless this program has a fault.
        """
        with self._lock:
            is_current = study.uid == self._study
            return self._at(study, self._stage if is_current else 0, self._preview if is_current else None)

    def _at(self, study: Study, stage: int, only: Stage | None = None) -> Hanging:
        return hang(
            study,
            self._settings().hanging,
            priors=priors(study, self._studies()),
            protocols=self._protocols,
            laying=self._laying(),
            stage=stage,
            only=only,
        )

    @property
    def current(self) -> Hanging | None:
        """What hangs now."""
        study = next((one for one in self._studies() if one.uid == self._study), None)
        return None if study is None else self.of(study)

    def _laying(self) -> Laying:
        settings = self._settings()
        exceptions = Exceptions.of(settings.as_stored, has_special=not settings.turn_specimens)
        return Laying(self._chest_walls(), exceptions, self._mirrored, self._has_projections)

    @property
    def has_projections(self) -> bool:
        """Whether the projections behind tomosynthesis volumes hang (MG-I06)."""
        return self._has_projections

    def set_projections(self, *, is_on: bool) -> None:
        """Hang the projections of the open studies as well, or not."""
        self._has_projections = is_on
        self._on_change()

    def step(self, by: int) -> bool:
        """Go to another stage; whether there was one."""
        now = self.current
        return now is not None and self._go(now.stage + by)

    def _go(self, stage: int) -> bool:
        now = self.current
        if now is None or not 0 <= stage < len(now.stages) or stage == now.stage:
            return False
        with self._lock:
            if not now.has_priors[now.stage]:
                self._without = now.stage
            self._stage, self._preview = stage, None
        self._on_change()
        return True

    def toggle_priors(self) -> bool:
        """From a stage without priors to the first one with them, and back; whether there was one."""
        now = self.current
        if now is None:
            return False
        if now.has_priors[now.stage]:
            without = [index for index, has_prior in enumerate(now.has_priors) if not has_prior]
            back = self._without if self._without in without else next(iter(without), -1)
            return self._go(back)
        return self._go(next((index for index, has_prior in enumerate(now.has_priors) if has_prior), -1))

    def counterpart(self, image: Mammogram) -> Hung | None:
        """The same side, view and kind in the newest prior that has it, for comparison in the same place."""
        study = next((one for one in self._studies() if any(own.id == image.id for own in one.images)), None)
        if study is None or image.laterality is None or image.view is None:
            return None
        for when, prior in enumerate(priors(study, self._studies()), start=1):
            shown, _ = without_twins([one for one in prior.images if one.patient_id == image.patient_id])
            alike = [one for one in shown if one.laterality is image.laterality and one.view is image.view]
            same = [one for one in alike if (one.modifiers, one.energy) == (image.modifiers, image.energy)]
            for candidate in in_order(same) or in_order(alike):
                return self._laying().hung(candidate, when)
        return None

    def orientation(self, image: Mammogram) -> Orientation:
        """How an image lies now, wherever it hangs."""
        return self._laying().hung(image, 0).orientation

    def laid(self, item: Hung) -> Hung:
        """The same image as it lies now."""
        return self._laying().hung(item.image, item.when)

    def mirror(self, image: Mammogram) -> bool:
        """Mirror an image whose orientation no tag gives, now and whenever it is opened again (MG-K03).

        Returns
        -------
        bool
            False where the header decides: such an image is not turned for good.
        """
        with self._lock:
            if has_direction(image) or self._laying().exceptions.cover(image):
                return False
            self._mirrored ^= {image.id}
        try:
            mirrored.save(self._mirrored)
        except OutputError as error:
            self._messages.tell(Problem.from_error(error))
        self._on_change()
        return True

    def preview(self, stage: Stage | None) -> None:
        """Show a stage that is being made, with its empty places; None shows what hangs again."""
        with self._lock:
            if stage == self._preview:
                return
            self._preview = stage
        self._on_change()

    def change(self, protocols: Sequence[Protocol]) -> None:
        """Put other protocols in force and keep them on disk.

        Raises
        ------
        InputError
            When they cannot hang.
        OutputError
            When they cannot be written; they are not in force then.
        """
        hanging_file.save(protocols)
        self._use(tuple(protocols))

    def reset(self) -> None:
        """Go back to the protocols that came with the program."""
        hanging_file.reset()
        self._use(hanging_file.shipped())

    def _use(self, protocols: tuple[Protocol, ...]) -> None:
        with self._lock:
            self._protocols, self._preview, self._stage = protocols, None, 0
        self._on_change()
