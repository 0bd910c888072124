"""From a trained net to a package: what it is, what it was trained on, how good it was, and what it is not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.study import ViewPosition
from mammoview.models.export import stored_state, write_package
from mammoview.models.manifest import Calibration, Evaluation, Identity, InputContract, Metric, Score, Task
from mammoview.models.networks import Network
from mammoview.models.registry import PackageInfo
from mammoview.training.config import TrainingConfig

SHEN = (
    "Shen L, Margolies LR, Rothstein JH, Fluder E, McBride R, Sieh W. Deep learning to improve breast cancer "
    "detection on screening mammography. Sci Rep 2019;9:12495. doi 10.1038/s41598-019-48995-4"
)
CHOWDHURY = (
    "Roy Chowdhury, El-Dosuky, Kamel. Breast cancer detection using deep learning on biomedical mammogram images"
)
BCIR = "Roychowdhury et al. B-Cir U-Net: a deep learning approach to detect, classify and localize breast cancer"
CBIS = (
    "Lee RS, Gimenez F, Hoogi A, Miyake KK, Gorovoy M, Rubin DL. A curated mammography data set for use in "
    "computer-aided detection and diagnosis research. Sci Data 2017;4:170177. doi 10.1038/sdata.2017.177; "
    "TCIA doi 10.7937/K9/TCIA.2016.7O02S9CY"
)
CESM = (
    "Khaled R, Helal M, Alfarghaly O, et al. Categorized contrast enhanced mammography dataset for diagnostic and "
    "artificial intelligence research. Sci Data 2022;9:122. doi 10.1038/s41597-022-01238-0; "
    "TCIA doi 10.7937/29kw-ae92"
)


@dataclass(frozen=True)
class Source:
    """The data behind a package.

    Attributes
    ----------
    task, labels
        What the net answers.
    prevalence
        Share of malignant samples in training, None where there are no such labels.
    description
        What was trained on, a few sentences.
    limits
        What a reader of the card must know.
    is_experimental
        Whether the package is in use only when a user names it.
    kinds
        The findings that a segmenter outlines.
    held_out
        How patients were held out, where it was not as the config says.
    """

    task: Task
    labels: tuple[str, ...]
    prevalence: float | None
    licence: str
    description: str
    limits: tuple[str, ...]
    citations: tuple[str, ...]
    is_experimental: bool = False
    kinds: tuple[LesionKind, ...] = tuple(LesionKind)
    held_out: str = ""


RESEARCH_ONLY = "Research software. Not a medical device; no clinical decision may rest on it."
_GENERAL_LIMITS = (
    RESEARCH_ONLY,
    "A small net, trained from random weights on a processor without a graphics card.",
)
_FILM_LIMITS = (
    "Trained on digitised film of the 1990s alone. Digital mammograms look different, and no digital image with known "
    "pathology was available to measure how much is lost there; expect less than the numbers above.",
    "Every training case has a lesion, no exam is normal: the score tells malignant from benign lesions. It is no "
    "probability of cancer in a screened woman, and no screening performance follows from it.",
)


_LESION_SQUARES = (
    "CBIS-DDSM training set. Masses and background are cut from whole mammograms (800 × 800, aspect restored "
    "from the crops' sizes); calcifications come from the native crops, area-averaged to the mammograms' grid "
    "of 6.7 × 3.8 native pixels a cell and re-encoded as JPEG, since sharpness alone would tell a crop from a "
    "mammogram. The input is a square of twice the lesion's long side, its centre jittered. The crops end "
    "16 px beyond the lesion, so calcification squares are continued by reflection, or lie wholly inside a "
    "large crop; as many mass and half as many background squares are cut short and reflected the same way. "
    "Half of the background places are regions that the proposer of the program took for masses; places that "
    "touch a mass and films with calcifications are left out. While learning, the net also had to say what the "
    "readers wrote of shape, margins, type, distribution, assessment, density and subtlety."
)
_SETS = {
    "s1": ("S1", "one patch at the middle of each lesion and one"),
    "s10": ("S10", "ten patches around each lesion and ten"),
}
_SAMPLED = (
    "CBIS-DDSM training set, sampled as {0} of Shen et al.: {1} of background in each image, squares of one size from "
    "mammograms stretched to one size. The calcifications of this copy have no place on a mammogram: they come from "
    "native crops, area-averaged to the mammograms' grid and re-encoded as JPEG, since sharpness alone would tell a "
    "crop from a mammogram, and brought to the same scale. The crops end 16 px beyond the lesion and are continued by "
    "reflection; about half of the mass and background squares are cut short and reflected the same way. No background "
    "comes from films with calcifications."
)


def patch_source(prevalence: float, sampling: Literal["lesion", "s1", "s10"] = "lesion") -> Source:
    """What stands behind a five-class patch classifier.

    Parameters
    ----------
    prevalence
        Malignant share of its lesions.
    sampling
        Which patches it learned from; see `config.TrainingConfig`.
    """
    scale_limits: tuple[str, ...] = (
        "Training detail ends near 0.25 mm a pixel: single microcalcifications are blurred away, and the "
        "calcification classes rest on coarse texture.",
    )
    if sampling != "lesion":
        scale_limits += (
            "Learned from squares of one size, whatever the lesion's. In use the square around a region grows with it: "
            "one much smaller or larger than usual lies in its square as no lesion did in training. The patch map has "
            "the scale of training.",
        )
    return Source(
        task=Task.PATCH,
        labels=tuple(name.value for name in PatchClass),
        prevalence=prevalence,
        licence="CC-BY-3.0",
        description=_LESION_SQUARES if sampling == "lesion" else _SAMPLED.format(*_SETS[sampling]),
        limits=(*_GENERAL_LIMITS, *_FILM_LIMITS, *scale_limits),
        citations=(CBIS, SHEN, CHOWDHURY),
    )


def whole_image_source(prevalence: float, *, is_placed: bool = False) -> Source:
    """What stands behind a whole-image classifier.

    Parameters
    ----------
    prevalence
        Malignant share of its images.
    is_placed
        Whether its attention was told where the masses lie.
    """
    places = " While it learned, its attention was told where the boxes of the masses lie." if is_placed else ""
    return Source(
        task=Task.WHOLE_IMAGE,
        labels=("benign", "malignant"),
        prevalence=prevalence,
        licence="CC-BY-3.0",
        description=(
            "CBIS-DDSM training set, 1,206 mammograms with a mass, artifacts suppressed, cropped to the breast. An "
            "image is malignant when any abnormality of that view is, mass or calcification, by both case tables. The "
            f"body is that of the patch classifier, which saw the same training patients and no others.{places}"
        ),
        limits=(*_GENERAL_LIMITS, *_FILM_LIMITS),
        citations=(CBIS, SHEN, CHOWDHURY),
    )


def segmenter_source() -> Source:
    """What stands behind a segmenter of lesion crops."""
    return Source(
        task=Task.SEGMENTATION,
        labels=("lesion",),
        prevalence=None,
        licence="CC-BY-4.0",
        description=(
            "CDD-CESM, 270 low-energy images (512 × 512) with expert masks. Every connected component of a mask with a "
            "long side of 10 to 256 px that fills a fifth of its box is one lesion (thin arcs of thickened skin drop "
            "out). The input is a square of twice the long side, its centre jittered, histogram-equalised."
        ),
        limits=(
            *_GENERAL_LIMITS,
            "Knows lesion crops only: it outlines what lies in the middle of the square, and does not say whether a "
            "lesion is there. Images of 0.5 mm a pixel teach no fine margins.",
            "The masks outline all findings, non-mass enhancement and asymmetry included; their edges are rough.",
        ),
        citations=(CESM, BCIR),
    )


def settle(net: Network) -> Network:
    """Round the weights to what a package stores, so that what is judged is what is shipped."""
    net.load_state_dict(stored_state(net, "fp16"), strict=False)
    return net.eval()


def publish(
    folder: Path,
    net: Network,
    config: TrainingConfig,
    *,
    source: Source,
    calibration: Calibration,
    evaluation: Evaluation,
    parent_sha256: str | None = None,
) -> PackageInfo:
    """Write the package of a settled net to ``folder``, which must not exist.

    Parameters
    ----------
    folder
        Of the new package.
    net
        After `settle`.
    config
        Of the run.
    source
        Data, licence and limits.
    calibration, evaluation
        Measured on the settled net.
    parent_sha256
        Package that gave the body, if any.
    """
    score = None
    if source.prevalence is not None:
        score = Score(meaning=config.package.score_meaning, training_prevalence=round(source.prevalence, 4))
    identity = Identity(
        id=config.package.id,
        version=config.package.version,
        name=config.package.title,
        task=source.task,
        labels=source.labels,
        input=InputContract(views=(ViewPosition.CC, ViewPosition.MLO)),
        score=score,
        licence=source.licence,
        training_data=source.description,
        citations=source.citations,
        parent_sha256=parent_sha256,
        experimental=source.is_experimental,
        kinds=source.kinds,
    )
    return write_package(
        folder,
        net,
        identity=identity,
        preprocess=config.preprocess,
        calibration=calibration,
        evaluation=evaluation,
        training=config,
        card=card(config, source, calibration, evaluation, parameters=sum(p.numel() for p in net.parameters())),
        precision="fp16",
    )


def card(
    config: TrainingConfig, source: Source, calibration: Calibration, evaluation: Evaluation, *, parameters: int
) -> str:
    """``MODEL_CARD.md``; ``parameters`` counts what was trained."""
    meaning = "Outlines a lesion." if source.prevalence is None else f"{config.package.score_meaning}."
    mark = "experimental · " if source.is_experimental else ""
    what = "Growing" if source.task is Task.PRIORS else "Malignant"
    share = "" if source.prevalence is None else f" {what} share in training: {source.prevalence:.3f}."
    lines = [
        f"# {config.package.title}",
        "",
        f"`{config.package.id}` {config.package.version} · {mark}licence of the weights: {source.licence}",
        "",
        f"What the output says: {meaning}{share}",
        "",
        f"Architecture: `{config.network.architecture}`, {parameters:,} trained parameters. Compact variants share the "
        "code of the full-size networks.",
        "",
        "## Trained on",
        "",
        source.description,
        "",
        f"Split by patient: {source.held_out or config.split.rule}; table SHA-256 "
        f"`{evaluation.split_sha256[:16]}`. Fixed schedule: no epoch was chosen by the held-out patients.",
        "",
        "## Measured",
        "",
        evaluation.protocol,
        "",
        *metrics_table(evaluation.metrics),
        "",
        f"Temperature {calibration.temperature:g}, fitted on {calibration.fitted_on}."
        if calibration.fitted_on
        else "Not calibrated.",
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in source.limits),
        "",
        "## Cite",
        "",
        *(f"- {citation}" for citation in source.citations),
        "",
    ]
    return "\n".join(lines)


def metrics_table(found: tuple[Metric, ...]) -> list[str]:
    """Lines of a Markdown table."""
    lines = ["| metric | group | value | 95 % interval | images | patients |", "|---|---|---|---|---|---|"]
    for metric in found:
        interval = "" if metric.low is None or metric.high is None else f"{metric.low:.3f} to {metric.high:.3f}"
        lines.append(
            f"| {metric.name} | {metric.group} | {metric.value:.3f} | {interval} | {metric.n_images} | "
            f"{metric.n_patients} |"
        )
    return lines
