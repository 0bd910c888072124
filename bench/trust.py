"""Whether the shipped packages' saliency maps can be believed: ``python -m bench.trust --data DIR [--out PAGE]``.

Cascading randomisation and the pointing game on films of patients that a package was not trained on, one film each.
Prints the page ``docs/results/trust.md``, and writes it where ``--out`` says. About four minutes on one core.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from bench.packages import families
from mammoview.core.findings import PatchClass
from mammoview.core.paths import site_folds
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Task
from mammoview.models.networks import PatchNet, WholeImageNet
from mammoview.models.networks.heads import AttentionHead
from mammoview.models.registry import PackageInfo
from mammoview.training.cases.data import Film, cbis_films, cbis_lesions
from mammoview.training.cases.folds import CBIS
from mammoview.training.cases.splits import Split, fold_split, read_folds
from mammoview.training.judging.metrics import Estimate
from mammoview.training.judging.trust import (
    TOLERANCE_PX,
    Aim,
    Examination,
    Explain,
    Scene,
    blind_aim,
    by_attention,
    by_edges,
    by_gradcam,
    by_guided_backprop,
    by_patch_map,
    central_aim,
    examine,
    film_scenes,
    mean_by_patient,
    rank_correlation,
)

DRAWS, COMPARED = 3, 20
ATTENTION, GRADCAM, GUIDED, PATCH_MAP = "attention", "Grad-CAM", "guided back-propagation", "patch map, masses"
MASSES = (PatchClass.BENIGN_MASS, PatchClass.MALIGNANT_MASS)
#: Grad-CAM's share of hits in a published study of 748 mammograms (Eur J Radiol 2024).
PUBLISHED_HITS = 0.41
#: Below this rank correlation less than a quarter of the variance of ranks is shared.
UNLIKE = 0.5

HEAD = """# Trust: what saliency maps show

`{command}` prints and writes this page. CBIS-DDSM films of patients that the package was not trained on, one film each;
the lesions are the boxes of their masses. 95 % intervals: 2,000 bootstrap samples of whole patients.

- **Pointing game.** Share of films whose map, inside the breast, has its maximum in a mass. Maps are read after a
  Gaussian of {tolerance} input pixels (half a position of a map at stride 32), and the maximum may miss the box by as
  much. An empty map misses. The last column says how often the maximum of the whole map lies in the breast at all.
- **Attention.** The weight of each place in the mean that the head takes: no estimate, the score is made so.
- **Energy.** Share of the map's sum inside the breast that lies in the boxes themselves.
- **Random weights.** The same architecture drawn anew, batch norms settled on a dozen of the images; mean of {draws}
  draws (see `docs/adr/0170-random-weights.md`). The gain over them is a paired difference.
- **Cascading randomisation** (Adebayo et al. 2018). Weights are drawn anew from the answer down, a part at a time; the
  map is compared with the trained one inside the breast, on the first {compared} films. A map that shows what the
  network learned must change; one that stays the same shows the image.
"""


@dataclass(frozen=True, eq=False)
class Subject:
    """A package, and films that it has not learned from."""

    package: LoadedPackage
    films: Sequence[Film]
    scenes: Sequence[Scene]

    @property
    def patients(self) -> list[str]:
        """Patient of each film."""
        return [scene.patient for scene in self.scenes]


def subjects(data: Path, count: int) -> Iterator[Subject | str]:
    """The first classifier of each cross-validation, with its held-out films; a line where one cannot be judged."""
    folds = read_folds(site_folds())[CBIS]
    # By their hash: a package says which patients it was not trained on.
    splits = {split.sha256: split for split in (fold_split(folds, number) for number in set(folds.values()))}
    films = cbis_films(data, cbis_lesions(data))
    prepared: dict[str, tuple[list[Film], list[Scene]]] = {}
    for info in (members[min(members)] for members in families().values()):
        if info.task not in (Task.WHOLE_IMAGE, Task.PATCH):
            continue
        package = load(info)
        split, spec = splits.get(package.evaluation.split_sha256 or ""), package.preprocess.image
        if split is None or spec is None:
            what = "looks at no whole images" if spec is None else "names none of the folds"
            yield f"`{info.key}` {what}: not judged."
            continue
        chosen = held_out(films, split, count)
        key = spec.model_dump_json() + chosen[0].path.name
        if key not in prepared:
            prepared[key] = (chosen, film_scenes(chosen, spec))
        yield Subject(package, *prepared[key])


def held_out(films: Sequence[Film], split: Split, count: int) -> list[Film]:
    """One film, with a mass, of each held-out patient; at most ``count``."""
    first: dict[str, Film] = {}
    for index in np.random.default_rng(0).permutation(len(films)):
        film = films[int(index)]
        if film.key.patient in split.validation and film.masses:
            first.setdefault(film.key.patient, film)
    return list(first.values())[:count]


def methods_of(package: LoadedPackage) -> dict[str, Explain]:
    labels = package.manifest.labels
    if package.manifest.task is Task.WHOLE_IMAGE:
        target = labels.index("malignant")
        found: dict[str, Explain] = {GRADCAM: by_gradcam(target), GUIDED: by_guided_backprop(target)}
        has_attention = isinstance(package.network().head, AttentionHead)
        return {ATTENTION: by_attention, **found} if has_attention else found
    assert package.preprocess.patch is not None
    return {PATCH_MAP: by_patch_map(labels, MASSES, patch_px=package.preprocess.patch.size_px)}


def section(subject: Subject) -> Iterator[str]:
    """The lines of one package."""
    info: PackageInfo = subject.package.info
    network = subject.package.network()
    assert isinstance(network, WholeImageNet | PatchNet)
    malignant = np.array([film.is_malignant for film in subject.films])
    yield f"\n## `{info.id}` {info.version}\n"
    yield f"{len(subject.scenes)} films of as many patients, {malignant.sum()} malignant."
    found = {
        name: examine(network, subject.scenes, explain, draws=DRAWS, compared=COMPARED)
        for name, explain in methods_of(subject.package).items()
    }
    yield from pointing_table(subject, found, malignant)
    yield from cascade_table(found)
    yield "\nWhat came out:\n"
    for name, one in found.items():
        yield from verdicts(name, one, subject)
    if GUIDED in found:
        yield f"- {GUIDED} and the steepness of the image itself: rank correlation {edge_likeness(subject):.2f}."


def pointing_table(subject: Subject, found: dict[str, Examination], malignant: np.ndarray) -> Iterator[str]:
    yield "\n| map | weights | maximum in a mass | of malignant films | energy in a mass | maximum in the breast |"
    yield "|---|---|---|---|---|---|"

    def row(name: str, weights: str, one: Aim) -> str:
        bad = mean_by_patient(
            one.of(malignant).hits, [p for p, keep in zip(subject.patients, malignant, strict=True) if keep]
        )
        all_films = [mean_by_patient(values, subject.patients) for values in (one.hits, one.energy, one.inside)]
        cells = (name, weights, told(all_films[0]), told(bad), told(all_films[1], 3), f"{all_films[2].value:.2f}")
        return "| " + " | ".join(cells) + " |"

    for name, one in found.items():
        yield row(name, "trained", one.trained)
        yield row("", "random", one.random)
        yield row("", "gain", one.trained - one.random)
    yield row("no network: any place in the breast", "", blind_aim(subject.scenes))
    yield row("no network: centroid of the breast", "", central_aim(subject.scenes))


def cascade_table(found: dict[str, Examination]) -> Iterator[str]:
    names = list(found)
    yield "\n| random down to | parameters | " + " | ".join(f"{name}: Spearman | SSIM | empty" for name in names) + " |"
    yield "|---|---|" + "---|---|---|" * len(names)
    for steps in zip(*(found[name].steps for name in names), strict=True):
        cells = [f"{told(step.spearman)} | {step.ssim.value:.2f} | {step.empty}" for step in steps]
        yield f"| `{steps[0].down_to}` | {steps[0].share:.1%} | " + " | ".join(cells) + " |"


def verdicts(name: str, found: Examination, subject: Subject) -> Iterator[str]:
    hits, gain = (
        mean_by_patient(values, subject.patients)
        for values in (found.trained.hits, (found.trained - found.random).hits)
    )
    is_beyond = gain.low > 0
    is_met = is_beyond and hits.value >= PUBLISHED_HITS
    yield (
        f"- {name}, pointing: {told(hits)}, {told(gain)} above random weights: "
        f"{'more than' if is_beyond else '**not more than**'} the architecture alone gives. "
        f"Bar {PUBLISHED_HITS} and above random: {'met' if is_met else '**not met**'}."
    )
    # The step that leaves about half of the parameters as they were trained.
    half, last = min(found.steps, key=lambda step: abs(step.share - 0.5)), found.steps[-1]
    is_passed = half.spearman.high < UNLIKE and last.spearman.high < UNLIKE
    yield (
        f"- {name}, randomisation: rank correlation {half.spearman.value:.2f} with everything down to `{half.down_to}` "
        f"({half.share:.0%} of the parameters) random, {last.spearman.value:.2f} with all: "
        + (
            "it shows what was learned; passed."
            if is_passed
            else "**it stays similar while the network forgets; failed**, as published."
            if name == GUIDED
            else "**it stays similar while the network forgets; failed.**"
        )
    )


def edge_likeness(subject: Subject) -> float:
    network = subject.package.network()
    assert isinstance(network, WholeImageNet)
    explain = methods_of(subject.package)[GUIDED]
    return float(
        np.mean(
            [
                rank_correlation(*(one(network, scene.image)[scene.breast] for one in (explain, by_edges)))
                for scene in subject.scenes[:COMPARED]
            ]
        )
    )


def told(value: Estimate, digits: int = 2) -> str:
    return f"{value.value:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--films", type=int, default=100, help="films of each package, at most")
    parser.add_argument("--out", type=Path, help="write the page here as well")
    given = parser.parse_args()
    command = f"python -m bench.trust --data ../shared/data --films {given.films} --out docs/results/trust.md"
    lines = [HEAD.format(command=command, tolerance=TOLERANCE_PX, draws=DRAWS, compared=COMPARED).rstrip()]
    print(lines[0])
    for subject in subjects(given.data, given.films):
        for line in [f"\n{subject}"] if isinstance(subject, str) else section(subject):
            print(line, flush=True)
            lines.append(line)
    if given.out is not None:
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
