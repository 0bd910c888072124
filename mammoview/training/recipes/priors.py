"""Training the net that compares an exam with earlier ones: embed each image once, then learn what change looks like.

The body is a classifier's and stays as it is. What learns is small, so that a run takes minutes, most of them for
drawing the women. See Roy Chowdhury, El-Dosuky and Kamel for the idea, which they leave without sizes and result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mammoview.core.errors import UsageError
from mammoview.core.progress import stop_if_cancelled
from mammoview.imaging.phantom import GENERATION
from mammoview.models.loading import load
from mammoview.models.manifest import Calibration, Evaluation, Metric
from mammoview.models.networks import PatchNet, PriorsNet, build
from mammoview.models.networks.temporal import pack
from mammoview.models.preprocess import ImageSpec, prepare_image
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.phantom_masks import patient_of
from mammoview.training.cases.phantom_sequences import MAX_PRIORS, PhantomSequence, draw_sequence
from mammoview.training.cases.splits import Split, split_by_patient
from mammoview.training.judging import measured
from mammoview.training.judging.metrics import auc_delong, auc_delong_paired
from mammoview.training.learning.loop import Batch
from mammoview.training.recipes.fitting import Run, fit
from mammoview.training.recipes.papers import PACKAGE
from mammoview.training.recipes.phantom_sources import priors_source
from mammoview.training.recipes.publish import publish, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mammoview.models.loading import LoadedPackage
    from mammoview.training.config import TrainingConfig

#: What ``data`` is called where the women are drawn on the spot.
PHANTOM = "phantom"
#: Views of a standard exam.
VIEWS = 4
#: How often a batch leaves out a prior, a view, or all priors of a woman.
_LEFT_OUT = {"prior": 0.2, "view": 0.1, "all": 0.15}

_PROTOCOL = (
    "Synthetic women that the net never saw. In half of them a mass grew; in the others it stayed as it was, and the "
    "newest exam has masses of the same sizes and shapes in both. “auc_with_priors” and “auc_newest_exam_alone” are "
    "the same net on the same women, those with a mass and at least one earlier exam; “auc_gain” is their difference, "
    "its p-value by DeLong's paired test. Intervals: DeLong. Synthetic images alone: nothing here says how the score "
    "does on real women."
)


@dataclass(frozen=True, eq=False)
class SequenceSet:
    """Women with their exams, every view already an embedding; row i of every array belongs to woman i.

    Attributes
    ----------
    embeddings
        Shape (n, exams, views, channels), float32; 0 where a view is missing.
    present
        Shape (n, exams, views), bool.
    months
        Shape (n, exams), float32: date of the exam on the woman's own clock, 0 for the newest.
    labels
        Shape (n,), int64: 1 where the mass grew.
    has_mass
        Shape (n,), bool: whether there is any.
    women
        Shape (n,), str.
    """

    embeddings: NDArray[np.float32]
    present: NDArray[np.bool_]
    months: NDArray[np.float32]
    labels: NDArray[np.int64]
    has_mass: NDArray[np.bool_]
    women: NDArray[np.str_]

    @property
    def priors(self) -> NDArray[np.int64]:
        """How many earlier exams each woman has, shape (n,)."""
        return np.asarray(self.present.any(axis=2).sum(axis=1) - 1, dtype=np.int64)

    def select(self, rows: NDArray[np.bool_]) -> SequenceSet:
        """The women where ``rows`` (shape (n,), bool) is true."""
        return SequenceSet(**{name: values[rows] for name, values in vars(self).items()})

    def newest_alone(self) -> SequenceSet:
        """The same women as if they had come for the first time."""
        present = self.present & (self.months == 0)[..., None]
        return SequenceSet(**{**vars(self), "present": present})

    def tensor(self) -> torch.Tensor:
        """As `PriorsNet` takes them."""
        return pack(*(torch.from_numpy(part) for part in (self.embeddings, self.present, self.months)))

    def save(self, path: Path) -> None:
        """Write an uncompressed ``.npz``."""
        np.savez(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> SequenceSet:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class SequenceBatches:
    """Batches of women, of whose priors and views some are left out; an epoch sees every woman once."""

    sequences: SequenceSet
    size: int

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last, smaller one is left out."""
        return max(1, len(self.sequences.labels) // self.size)

    def __call__(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch."""
        order = rng.permutation(len(self.sequences.labels))
        for step in range(self.steps):
            rows = order[step * self.size : (step + 1) * self.size]
            part = SequenceSet(**{name: values[rows] for name, values in vars(self.sequences).items()})
            shown = SequenceSet(**{**vars(part), "present": self._shown(part, rng)})
            yield Batch(shown.tensor(), torch.from_numpy(shown.labels))

    @staticmethod
    def _shown(part: SequenceSet, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Which views a batch shows; the newest exam always keeps one."""
        is_newest = part.months == 0
        is_alone = rng.random((len(part.labels), 1)) < _LEFT_OUT["all"]
        keeps_exam = is_newest | (~is_alone & (rng.random(part.months.shape) >= _LEFT_OUT["prior"]))
        views = part.present & (rng.random(part.present.shape) >= _LEFT_OUT["view"])
        # An exam whose views were all drawn out keeps all of them.
        views = np.where(views.any(axis=2, keepdims=True), views, part.present)
        return np.asarray(views & keeps_exam[..., None])


def train_priors(data: Path, run: Run, *, parent: Path) -> PackageInfo:
    """Train the net for priors on synthetic women and publish it, marked experimental.

    Parameters
    ----------
    data
        The word ``phantom``: the women are drawn on the spot, and their embeddings kept in the run's folder.
    run
        Config and place; ``config.phantoms`` says how many women.
    parent
        Package folder of the patch classifier that gives body and dense layer; its images' preprocessing is taken as
        well.

    Raises
    ------
    UsageError
        For other data, or a parent that takes no whole images.
    """
    if str(data) != PHANTOM:
        raise UsageError(
            f"Priors cannot be learned from {data}.", f"Say “--data {PHANTOM}”: synthetic women are all there is yet."
        )
    info = read_info(parent)
    package = load(info)
    net, spec = priors_net(package, run.config)
    sequences = _embedded(net, spec, run, info)
    split = split_by_patient(
        dict(zip(sequences.women.tolist(), sequences.labels.tolist(), strict=True)),
        run.config.split.validation_share,
        seed=run.config.split.seed,
    )
    fit_priors(net, sequences, split, run)
    settle(net)
    evaluation = measure_priors(net, sequences, split, run.config)
    preprocess = run.config.preprocess.model_copy(update={"image": spec})
    return publish(
        run.out / PACKAGE,
        net,
        run.config.model_copy(update={"preprocess": preprocess}),
        source=priors_source(package.manifest, float(sequences.labels.mean()), women=len(sequences.labels)),
        calibration=Calibration(),
        evaluation=evaluation,
        parent_sha256=info.sha256,
    )


def priors_net(package: LoadedPackage, config: TrainingConfig) -> tuple[PriorsNet, ImageSpec]:
    """A new head on a copy of a patch classifier, and how that classifier takes whole images.

    Raises
    ------
    UsageError
        When the package is no patch classifier, or takes no whole images.
    """
    parent = package.network()
    spec = package.preprocess.image
    if not isinstance(parent, PatchNet) or spec is None:
        raise UsageError(
            f"{package.info.key} cannot embed whole images.",
            "Name the package of a patch classifier that draws patch maps with --parent.",
        )
    body = {"body_architecture": parent.architecture, "body": parent.sizes.model_dump(mode="json")}
    torch.manual_seed(config.seed)
    net = build(config.network.architecture, {**config.network.sizes, **body})
    if not isinstance(net, PriorsNet):
        raise UsageError("The config of a net for priors names another architecture.", "Correct [network].")
    net.take_over(parent)
    return net, spec


def embed_sequences(
    net: PriorsNet, spec: ImageSpec, women: Sequence[int], *, draw: Callable[[int], PhantomSequence], run: Run
) -> SequenceSet:
    """Draw women and embed their images.

    Parameters
    ----------
    net
        Its body is used, in eval mode.
    spec
        How images become input.
    women
        Seeds.
    draw
        From a seed to the exams.
    run
        Told how far it is, asked whether to stop.
    """
    net.eval()
    channels = net.head.mean.numel()
    shape = (len(women), MAX_PRIORS + 1, VIEWS)
    embeddings, present = np.zeros((*shape, channels), np.float32), np.zeros(shape, bool)
    months = np.zeros(shape[:2], np.float32)
    # The images themselves are dropped: those of a few hundred women would fill the memory.
    labels, has_mass = np.zeros(len(women), np.int64), np.zeros(len(women), bool)
    for row, seed in enumerate(women):
        stop_if_cancelled(run.cancel)
        run.progress(row / len(women), f"Drawing woman {row + 1} of {len(women)}")
        sequence = draw(seed)
        labels[row], has_mass[row] = sequence.is_growing, sequence.has_mass
        for column, exam in enumerate(sequence.exams):
            inputs = [prepare_image(view.pixels, spec, breast=view.breast)[0] for view in exam.views]
            with torch.inference_mode():
                found = net.embed(torch.from_numpy(np.stack(inputs))).numpy()
            embeddings[row, column, : len(found)] = found
            present[row, column, : len(found)] = True
            months[row, column] = exam.months
    return SequenceSet(
        embeddings=embeddings,
        present=present,
        # Padding must not pass for the newest exam.
        months=np.where(present.any(axis=2), months, np.float32(-1e6)),
        labels=labels,
        has_mass=has_mass,
        women=np.array([patient_of(seed) for seed in women]),
    )


def fit_priors(net: PriorsNet, sequences: SequenceSet, split: Split, run: Run) -> None:
    """Train the head on the training side of the split."""
    part = sequences.select(np.isin(sequences.women, list(split.training)))
    net.head.standardise(torch.from_numpy(part.embeddings[part.present]))
    fit(net, SequenceBatches(part, run.config.batch_size), split, run)


def measure_priors(net: PriorsNet, sequences: SequenceSet, split: Split, config: TrainingConfig) -> Evaluation:
    """Judge a net on the women held out: with their earlier exams, and with the newest exam alone.

    Parameters
    ----------
    net
        As it will be stored.
    sequences
        All women; those of the training side are left out.
    split, config
        Of the run that trained the net.
    """
    net.eval()
    held = sequences.select(np.isin(sequences.women, list(split.validation)))
    told, alone = _scores(net, held), _scores(net, held.newest_alone())
    core = held.has_mass & (held.priors > 0)
    found = [*_compared(held, told, alone, core)]
    for count in range(1, MAX_PRIORS + 1):
        group = f"{count} earlier exam{'s' if count > 1 else ''}"
        found += _area("auc_with_priors", held, told, core & (held.priors == count), group=group)
    found += _area("auc_with_priors", held, told, held.priors > 0, group="with women without a mass")
    return Evaluation(metrics=tuple(found), protocol=_PROTOCOL, split_sha256=split.sha256, seed=config.seed)


def _scores(net: PriorsNet, sequences: SequenceSet) -> NDArray[np.float64]:
    with torch.inference_mode():
        logits = net(sequences.tensor())
    return np.asarray(torch.softmax(logits, dim=1)[:, 1].numpy(), dtype=np.float64)


def _compared(
    held: SequenceSet, told: NDArray[np.float64], alone: NDArray[np.float64], rows: NDArray[np.bool_]
) -> tuple[Metric, ...]:
    if not _can_be_told(held.labels[rows]):
        return ()
    gain = auc_delong_paired(held.labels[rows], told[rows], alone[rows])
    images, women = _counts(held, rows)
    return (
        *_area("auc_with_priors", held, told, rows),
        *_area("auc_newest_exam_alone", held, alone, rows),
        *measured.metric("auc_gain", gain.difference, images=images, patients=women),
        Metric(name="p_value_of_gain", value=gain.p_value, n_images=images, n_patients=women),
    )


def _area(
    name: str, held: SequenceSet, scores: NDArray[np.float64], rows: NDArray[np.bool_], *, group: str = ""
) -> tuple[Metric, ...]:
    if not _can_be_told(held.labels[rows]):
        return ()
    images, women = _counts(held, rows)
    return measured.metric(
        name, auc_delong(held.labels[rows], scores[rows]), images=images, patients=women, group=group
    )


def _can_be_told(labels: NDArray[np.int64]) -> bool:
    """DeLong's variance needs two women of each kind."""
    return min(int(labels.sum()), int((1 - labels).sum())) > 1


def _counts(held: SequenceSet, rows: NDArray[np.bool_]) -> tuple[int, int]:
    """Images and women."""
    return int(held.present[rows].sum()), int(rows.sum())


def _embedded(net: PriorsNet, spec: ImageSpec, run: Run, parent: PackageInfo) -> SequenceSet:
    """The women of a run, from its folder where they were drawn before."""
    config = run.config
    # The sizes say what of a map becomes an embedding; folders of earlier versions hold averages and maxima.
    embedded = f"odds {net.sizes.model_dump_json()} {parent.sha256} {spec.model_dump_json()}"
    what = f"{embedded} {config.split.seed} {config.phantoms} {GENERATION}"
    cache = run.out / f"women-{hashlib.sha256(what.encode()).hexdigest()[:8]}.npz"
    run.out.mkdir(parents=True, exist_ok=True)
    if not cache.exists():
        first = config.split.seed * 100_000
        embed_sequences(net, spec, range(first, first + config.phantoms), draw=draw_sequence, run=run).save(cache)
    return SequenceSet.load(cache)
