"""Whether a saliency map can be believed: what it shows once the weights are random, and what it points at.

Cascading randomisation: Adebayo et al. 2018, arXiv 1810.03292. Pointing game: Zhang et al. 2018, doi
10.1007/s11263-017-1059-x. Energy: Wang et al. 2020 (Score-CAM), arXiv 1910.01279. Every number has its baseline: the
same network with random weights, and what is known without any network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from skimage.metrics import structural_similarity

from mammoview.core.geometry import Box, PixelTransform
from mammoview.models.networks import Classifier, PatchNet
from mammoview.models.saliency import attention_map, attention_weights, gradcam, guided_backprop, patch_map
from mammoview.training.cases.images import prepared_film
from mammoview.training.judging.metrics import clustered_bootstrap, midranks
from mammoview.training.judging.randomise import cascade, random_network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.models.preprocess import ImageSpec
    from mammoview.training.cases.data import Film
    from mammoview.training.judging.metrics import Estimate

#: A map for an input of shape (channels, rows, columns): shape (rows, columns), float32, in [0, 1].
Explain = Callable[[Classifier, "NDArray[np.float32]"], "NDArray[np.float32]"]

#: Half a position of a map at stride 32, input pixels: finer than this no maximum of such a map is known.
TOLERANCE_PX = 16
_HERE = PixelTransform.identity()
_BOOTSTRAP_SEED = 7


@dataclass(frozen=True, eq=False)
class Scene:
    """One image, as the network sees it, and what is known of it.

    Attributes
    ----------
    image
        Shape (channels, rows, columns), float32.
    lesions
        Their boxes, input pixels.
    breast
        Shape (rows, columns), bool: maps are compared in here.
    """

    image: NDArray[np.float32]
    lesions: tuple[Box, ...]
    breast: NDArray[np.bool_]
    patient: str

    def lesion_mask(self, *, grown_px: float = 0.0) -> NDArray[np.bool_]:
        """The lesions' boxes, each grown on all sides: shape (rows, columns), bool."""
        rows, columns = self.breast.shape
        mask = np.zeros((rows, columns), dtype=bool)
        for box in self.lesions:
            wide = Box(box.row0 - grown_px, box.col0 - grown_px, box.row1 + grown_px, box.col1 + grown_px)
            mask[wide.clipped(rows, columns).slices()] = True
        return mask


@dataclass(frozen=True, eq=False)
class Aim:
    """How maps fall on the lesions; row i of each array (shape (n,), float64) belongs to scene i.

    Attributes
    ----------
    hits
        Whether the maximum inside the breast lies in a lesion, or the chance that it does.
    energy
        Share of the map's sum inside the breast that lies in a lesion.
    inside
        Whether the maximum of the whole map lies in the breast.
    """

    hits: NDArray[np.float64]
    energy: NDArray[np.float64]
    inside: NDArray[np.float64]

    def __sub__(self, other: Aim) -> Aim:
        return Aim(self.hits - other.hits, self.energy - other.energy, self.inside - other.inside)

    def of(self, rows: NDArray[np.bool_]) -> Aim:
        """The scenes where ``rows`` (shape (n,), bool) is true."""
        return Aim(self.hits[rows], self.energy[rows], self.inside[rows])


@dataclass(frozen=True)
class Step:
    """How much maps resemble the trained network's, once a part of the network is random.

    Attributes
    ----------
    down_to, share
        As in `randomise.Randomised`.
    spearman, ssim
        Rank correlation, and structural similarity, inside the breast; means over scenes.
    empty
        Maps that are 0 everywhere; their rank correlation counts as 0.
    """

    down_to: str
    share: float
    spearman: Estimate
    ssim: Estimate
    empty: int


@dataclass(frozen=True, eq=False)
class Examination:
    """What came out for one method.

    Attributes
    ----------
    trained, random
        Where its maps point with the trained weights, and with random ones.
    steps
        Its maps under cascading randomisation, from the top layer alone to all weights.
    """

    trained: Aim
    random: Aim
    steps: tuple[Step, ...]


def film_scenes(films: Iterable[Film], spec: ImageSpec) -> list[Scene]:
    """Films of CBIS-DDSM with the boxes of their masses, prepared for a network.

    Parameters
    ----------
    films
        From `data.cbis_films`.
    spec
        What the network takes.
    """
    scenes = []
    for film in films:
        image, breast, transform = prepared_film(film, spec)
        lesions = tuple(transform.apply_box(mass.box) for mass in film.masses)
        scenes.append(Scene(image, lesions, breast, film.key.patient))
    return scenes


def by_attention(network: Classifier, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights of a head with attention, as a map of the input's size."""
    weights = attention_weights(network, _features(network, image))
    assert weights is not None, "the head has attention"
    return _fitted(attention_map(weights, transform=_HERE).to_array(), image)


def by_gradcam(target: int) -> Explain:
    """Grad-CAM of a class, as a map of the input's size."""

    def explain(network: Classifier, image: NDArray[np.float32]) -> NDArray[np.float32]:
        return _fitted(gradcam(network, _features(network, image), target=target, transform=_HERE).to_array(), image)

    return explain


def by_guided_backprop(target: int) -> Explain:
    """Guided back-propagation of a class."""

    def explain(network: Classifier, image: NDArray[np.float32]) -> NDArray[np.float32]:
        return guided_backprop(network, image, target=target, transform=_HERE).to_array()

    return explain


def by_patch_map(labels: Sequence[str], shown: Sequence[str], *, patch_px: int) -> Explain:
    """The patch map of some classes together, as a map of the input's size.

    Parameters
    ----------
    labels
        Names of all classes, in the network's order.
    shown
        Those that are added up.
    patch_px
        As for `models.saliency.patch_map`.
    """

    def explain(network: Classifier, image: NDArray[np.float32]) -> NDArray[np.float32]:
        assert isinstance(network, PatchNet)
        features = _features(network, image)
        maps = patch_map(network, features, labels=labels, patch_px=patch_px, transform=_HERE)
        return _fitted(np.sum([one.to_array() for one in maps if one.name in shown], axis=0), image)

    return explain


def by_edges(network: Classifier, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """No explanation at all: the steepness of the image, whatever the network. A baseline for sharp maps."""
    del network
    down, across = (cv2.Sobel(image[0], cv2.CV_32F, *order) for order in ((0, 1), (1, 0)))
    steep = np.hypot(down, across)
    return np.asarray(steep / max(float(steep.max()), 1e-12), dtype=np.float32)


def examine(
    network: Classifier,
    scenes: Sequence[Scene],
    explain: Explain,
    *,
    draws: int = 3,
    compared: int = 20,
    steps: int = 8,
) -> Examination:
    """Put one method of explaining one network to both tests.

    Parameters
    ----------
    network
        The trained network.
    scenes
        Images of patients that it has not learned from.
    explain
        The method.
    draws
        Networks with random weights that its `aim` is compared with.
    compared
        Scenes, from the first on, whose maps are compared under randomisation.
    steps
        As for `randomise.cascade`.
    """
    return Examination(
        aim(network, scenes, explain),
        random_aim(network, scenes, explain, draws=draws),
        randomisation(network, scenes[:compared], explain, steps=steps),
    )


def randomisation(
    network: Classifier, scenes: Sequence[Scene], explain: Explain, *, steps: int = 8, seed: int = 0
) -> tuple[Step, ...]:
    """Compare a method's maps of a network with those after ever more of its weights are random.

    Parameters
    ----------
    network, scenes, explain
        What is explained, where, and how.
    steps, seed
        As for `randomise.cascade`.
    """
    patients = [scene.patient for scene in scenes]
    before = [explain(network, scene.image) for scene in scenes]
    found = []
    for randomised in cascade(network, _images(scenes), steps=steps, seed=seed):
        spearman, ssim, empty = [], [], 0
        for scene, trained in zip(scenes, before, strict=True):
            after = explain(randomised.network, scene.image)
            empty += not after.any()
            # Every other row and column: the neighbours in between say the same at a quarter of the cost.
            coarse = scene.breast[::2, ::2]
            spearman.append(rank_correlation(trained[::2, ::2][coarse], after[::2, ::2][coarse]))
            ssim.append(_ssim(trained, after, scene.breast))
        alike, similar = (mean_by_patient(np.array(values), patients) for values in (spearman, ssim))
        found.append(Step(randomised.down_to, randomised.share, alike, similar, empty))
    return tuple(found)


def rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two arrays of shape (n,); 0 where one of them is the same everywhere."""
    ranks = [midranks(values.astype(np.float64)) for values in (one, other)]
    first, second = (rank - rank.mean() for rank in ranks)
    spread = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / spread if spread > 0 else 0.0


def aim(network: Classifier, scenes: Sequence[Scene], explain: Explain) -> Aim:
    """Play the pointing game, and see how much of each map lies on the lesions.

    The maximum is read inside the breast from the map after a Gaussian of `TOLERANCE_PX`, and hits when it lies in a
    lesion's box grown by as much on all sides: all methods are read at the resolution of the coarsest. A map that is
    empty in the breast misses.

    Parameters
    ----------
    network, scenes, explain
        What is explained, where, and how.
    """
    rows = []
    for scene in scenes:
        values = explain(network, scene.image)
        smooth = cv2.GaussianBlur(values, (0, 0), TOLERANCE_PX, borderType=cv2.BORDER_CONSTANT)
        inside = scene.breast.flat[smooth.argmax()]
        values, smooth = values * scene.breast, smooth * scene.breast
        total = float(values.sum())
        if total <= 0:
            rows.append((0.0, 0.0, 0.0))
            continue
        hit = scene.lesion_mask(grown_px=TOLERANCE_PX).flat[smooth.argmax()]
        rows.append((float(hit), float(values[scene.lesion_mask()].sum()) / total, float(inside)))
    return Aim(*np.array(rows).T)


def random_aim(network: Classifier, scenes: Sequence[Scene], explain: Explain, *, draws: int = 3, seed: int = 1) -> Aim:
    """The mean `aim` of ``draws`` networks of the same architecture with random weights."""
    drawn = [aim(random_network(network, _images(scenes), seed=seed + draw), scenes, explain) for draw in range(draws)]
    return Aim(*(np.mean([vars(one)[name] for one in drawn], axis=0) for name in Aim.__dataclass_fields__))


def blind_aim(scenes: Sequence[Scene]) -> Aim:
    """A place drawn at random in the breast: the share of it that the lesions cover, grown for the hits."""
    rows = [
        (*(float(scene.lesion_mask(grown_px=grown)[scene.breast].mean()) for grown in (TOLERANCE_PX, 0.0)), 1.0)
        for scene in scenes
    ]
    return Aim(*np.array(rows).T)


def central_aim(scenes: Sequence[Scene]) -> Aim:
    """The centroid of the breast; its energy is that of a map which is 1 there and 0 elsewhere."""
    rows = []
    for scene in scenes:
        row, col = (int(places.mean()) for places in np.nonzero(scene.breast))
        masks = (scene.lesion_mask(grown_px=TOLERANCE_PX), scene.lesion_mask(), scene.breast)
        rows.append(tuple(float(mask[row, col]) for mask in masks))
    return Aim(*np.array(rows).T)


def mean_by_patient(values: NDArray[np.float64], patients: Sequence[str]) -> Estimate:
    """The mean of values of shape (n,), with the 95 % interval from whole patients drawn with replacement."""
    return clustered_bootstrap(lambda rows: float(values[rows].mean()), patients, seed=_BOOTSTRAP_SEED)


def _images(scenes: Sequence[Scene]) -> list[NDArray[np.float32]]:
    """What batch norms get their statistics from where weights are random."""
    return [scene.image for scene in scenes[:12]]


def _features(network: Classifier, image: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(network.body(torch.from_numpy(image)[None])[0].numpy())


def _fitted(values: NDArray[np.float32], image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, image.shape[:0:-1], interpolation=cv2.INTER_LINEAR))


def _ssim(one: NDArray[np.float32], other: NDArray[np.float32], breast: NDArray[np.bool_]) -> float:
    """Mean structural similarity (Wang et al. 2004) of two maps in [0, 1] over the pixels of the breast."""
    _, local = structural_similarity(  # type: ignore[no-untyped-call]
        one, other, data_range=1.0, full=True
    )
    return float(np.asarray(local)[breast].mean())
