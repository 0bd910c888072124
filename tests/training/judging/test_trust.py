"""Saliency on a small trained net: random weights change Grad-CAM, and trained ones make it point at what matters."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mammoview.core.geometry import Box
from mammoview.models.architectures import ResNetAttentionSizes, ResNetImageSizes, ResNetPatchSizes, VggPatchSizes
from mammoview.models.networks import Classifier, PatchNet, WholeImageNet
from mammoview.training.judging.metrics import clustered_bootstrap
from mammoview.training.judging.randomise import cascade, parts_from_the_top, random_network
from mammoview.training.judging.trust import (
    Aim,
    Examination,
    Scene,
    aim,
    blind_aim,
    by_attention,
    by_edges,
    by_gradcam,
    by_guided_backprop,
    by_patch_map,
    central_aim,
    examine,
    mean_by_patient,
    rank_correlation,
)

ROWS, COLUMNS = 160, 128
SMALL = {"depths": (1, 1, 1, 1), "width": 8, "in_channels": 1}
CORNERS = np.array([[40, 40], [40, 88], [120, 40], [120, 88]])
BLOB_PX = 28


def picture(rng: np.random.Generator, *, is_bright: bool) -> tuple[np.ndarray, Box]:
    """Smooth noise, a dark blob, and a second one whose brightness is the class: contrast alone points at either."""
    image = 2 * cv2.GaussianBlur(rng.standard_normal((ROWS, COLUMNS)).astype(np.float32), (0, 0), 2)
    places = rng.permutation(CORNERS)[:2] + rng.integers(-12, 13, (2, 2))
    down, across = np.mgrid[:ROWS, :COLUMNS]
    for (row, col), sign in zip(places, (1 if is_bright else -1, -1), strict=True):
        image = image + 3 * sign * np.exp(-((down - row) ** 2 + (across - col) ** 2) / (2 * 9**2))
    return image.astype(np.float32)[None], Box.square(*(float(value) for value in places[0]), BLOB_PX)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Bright blobs; two pictures of each patient."""
    rng = np.random.default_rng(99)
    drawn = [picture(rng, is_bright=True) for _ in range(24)]
    everywhere = np.ones((ROWS, COLUMNS), dtype=bool)
    return [Scene(image, (box,), everywhere, f"P{k // 2}") for k, (image, box) in enumerate(drawn)]


@pytest.fixture(scope="module")
def trained() -> Classifier:
    """A whole-image classifier that tells bright blobs from dark ones without a mistake."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = WholeImageNet(ResNetImageSizes(**SMALL, top=((16, 16, 32),), top_units=1, dropout=0.0))
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(40):
        labels = rng.integers(0, 2, 16)
        images = np.stack([picture(rng, is_bright=bool(label))[0] for label in labels])
        loss = nn.functional.cross_entropy(net(torch.from_numpy(images)), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


@pytest.fixture(scope="module")
def examined(trained: Classifier, scenes: list[Scene]) -> dict[str, Examination]:
    methods = {"gradcam": by_gradcam(1), "guided": by_guided_backprop(1)}
    return {name: examine(trained, scenes, explain, compared=10, draws=2, steps=4) for name, explain in methods.items()}


def test_the_net_has_learned(trained: Classifier, scenes: list[Scene]) -> None:
    dark = [picture(np.random.default_rng(seed), is_bright=False)[0] for seed in range(24)]
    with torch.no_grad():
        told = [
            trained(torch.from_numpy(np.stack(part))).argmax(1).numpy() for part in ([s.image for s in scenes], dark)
        ]
    assert told[0].mean() > 0.9
    assert told[1].mean() < 0.1


def test_random_weights_change_gradcam(examined: dict[str, Examination]) -> None:
    """0.5: less than a quarter of the variance of ranks is shared; a map of the image alone would keep nearly all."""
    steps = examined["gradcam"].steps
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    assert steps[-1].share == 1
    assert steps[-1].spearman.high < 0.5
    assert steps[-1].ssim.value < 0.5


def test_guided_backpropagation_forgets_less_than_gradcam(examined: dict[str, Examination]) -> None:
    """As published: with the layers near the answer random, it still shows what it showed before."""
    gradcam, guided = (examined[name].steps[1] for name in ("gradcam", "guided"))
    assert gradcam.share == guided.share > 0.3
    assert guided.spearman.low > gradcam.spearman.high


def test_gradcam_points_at_the_blob_and_random_weights_do_not(
    examined: dict[str, Examination], scenes: list[Scene]
) -> None:
    found = examined["gradcam"]
    patients = [scene.patient for scene in scenes]
    # The intervals are apart, which is stricter than their difference being above 0.
    assert mean_by_patient(found.trained.hits, patients).low > mean_by_patient(found.random.hits, patients).high + 0.2
    assert found.trained.energy.mean() > 2 * found.random.energy.mean()
    # A place drawn at random, by its area: 28 px grown by 16 on each side, some of it beyond the border.
    assert 0.5 * 60**2 / (ROWS * COLUMNS) < blind_aim(scenes).hits.mean() < 60**2 / (ROWS * COLUMNS)


def test_edges_are_the_same_whatever_the_weights(trained: Classifier, scenes: list[Scene]) -> None:
    """The harness catches a method that ignores the network: it must show a rank correlation of 1."""
    found = examine(trained, scenes[:4], by_edges, draws=1, steps=2)
    assert [step.spearman.value for step in found.steps] == pytest.approx([1, 1])
    assert [step.ssim.value for step in found.steps] == pytest.approx([1, 1])
    np.testing.assert_allclose(found.trained.energy, found.random.energy)


def test_a_map_that_is_known(scenes: list[Scene]) -> None:
    """Two lesions, and a map with its maximum in the first and a quarter of its sum in the second."""
    breast = np.zeros((ROWS, COLUMNS), dtype=bool)
    breast[:, :80] = True
    scene = Scene(scenes[0].image, (Box(40, 40, 60, 60), Box(100, 40, 110, 50)), breast, "P")
    values = np.zeros((ROWS, COLUMNS), np.float32)
    values[50, 50], values[105, 45] = 0.75, 0.25
    at = {name: values * part for name, part in (("both", 1.0), ("nothing", 0.0))}
    at["beside"] = np.roll(values, 40, axis=1)
    at["near"] = np.roll(values, 25, axis=1)
    found = {name: aim(None, [scene], lambda *_, one=one: one) for name, one in at.items()}  # type: ignore[arg-type, misc]
    told = {name: tuple(float(values[0]) for values in vars(one).values()) for name, one in found.items()}
    assert told == {"both": (1, 1, 1), "nothing": (0, 0, 0), "beside": (0, 0, 0), "near": (1, 0, 1)}
    blind, centre = blind_aim([scene]), central_aim([scene])
    assert blind.energy[0] == pytest.approx(500 / (ROWS * 80))
    # 16 px more on each side.
    assert blind.hits[0] == pytest.approx((52 * 52 + 42 * 42) / (ROWS * 80))
    assert (centre.hits[0], centre.energy[0], centre.inside[0]) == (0, 0, 1)


def test_aims_subtract_and_select() -> None:
    one = Aim(np.array([1.0, 0.0]), np.array([0.5, 0.2]), np.array([1.0, 1.0]))
    other = Aim(np.array([0.25, 0.5]), np.array([0.1, 0.1]), np.array([1.0, 0.0]))
    gain = (one - other).of(np.array([True, False]))
    assert [values.tolist() for values in vars(gain).values()] == [[0.75], [0.4], [0.0]]


def test_rank_correlation_by_hand() -> None:
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 40, 30])) == pytest.approx(0.8)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([5.0, 5, 5])) == 0
    # With one tie: ranks 1, 2.5, 2.5, 4 against 1 to 4 share 4.5 of a spread of √(4.5 · 5).
    assert rank_correlation(np.array([0.0, 7, 7, 9]), np.array([1.0, 2, 3, 4])) == pytest.approx(4.5 / np.sqrt(22.5))


def test_intervals_draw_patients() -> None:
    """Every image of a patient alike: twice the images, the same interval."""
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    patients = list("abcde")
    once = mean_by_patient(values, patients)
    assert once == mean_by_patient(np.repeat(values, 2), [name for name in patients for _ in range(2)])
    assert once == clustered_bootstrap(lambda rows: float(values[rows].mean()), patients, seed=7)


def test_parts_go_from_the_answer_to_the_image(trained: Classifier) -> None:
    assert parts_from_the_top(trained) == (
        "head.fc",
        "head.top.0.0",
        *(f"body.layer{k}.0" for k in (4, 3, 2, 1)),
        "body.bn1",
        "body.conv1",
    )
    vgg = PatchNet(VggPatchSizes(depths=(1, 1, 1, 1, 2), width=4, in_channels=1))
    parts = parts_from_the_top(vgg)
    assert parts[0] == "head.fc"
    assert len(parts) == 7
    covered = [name for name, _ in vgg.named_parameters() if name.rsplit(".", 1)[0] in parts]
    assert len(covered) == len(list(vgg.named_parameters()))


def test_cascade_changes_the_top_first_and_leaves_the_network_alone(trained: Classifier, scenes: list[Scene]) -> None:
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    images = [scene.image for scene in scenes[:8]]
    torch.manual_seed(5)
    steps = list(cascade(trained, images, steps=99))
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    assert [step.down_to for step in steps] == list(parts_from_the_top(trained))
    for index, step in enumerate(steps):
        parts = parts_from_the_top(trained)[index + 1 :]
        kept = {name for name in before if any(name.startswith(part + ".") for part in parts)}
        for name, value in step.network.state_dict().items():
            if name in kept:
                assert torch.equal(value, before[name]), (step.down_to, name)
            elif name.endswith("conv1.weight") or name == "head.fc.weight":
                assert not torch.equal(value, before[name]), (step.down_to, name)
        assert not any(module.training for module in step.network.modules())
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())


def test_random_network_has_settled_norms(trained: Classifier, scenes: list[Scene]) -> None:
    """Fresh running statistics would leave every unit's activations at another size."""
    images = [scene.image for scene in scenes[:8]]
    net = random_network(trained, images, seed=3)
    with torch.no_grad():
        y = net.body.bn1(net.body.conv1(torch.from_numpy(np.stack(images))))
    np.testing.assert_allclose(y.mean((0, 2, 3)).numpy(), 0, atol=0.02)
    np.testing.assert_allclose(y.std((0, 2, 3)).numpy(), 1, atol=0.05)
    again = random_network(trained, images, seed=3).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in net.state_dict().items())
    other = random_network(trained, images, seed=4)
    assert not torch.equal(other.body.conv1.weight, net.body.conv1.weight)


def test_patch_map_as_a_map_of_the_input() -> None:
    torch.manual_seed(0)
    net = PatchNet(ResNetPatchSizes(**SMALL, classes=3)).eval()
    image = np.random.default_rng(0).standard_normal((1, ROWS, COLUMNS)).astype(np.float32)
    labels = ("background", "one", "two")
    parts = [by_patch_map(labels, shown, patch_px=64)(net, image) for shown in (labels[1:], ("one",), ("two",), labels)]
    assert parts[0].shape == (ROWS, COLUMNS)
    np.testing.assert_allclose(parts[0], parts[1] + parts[2], atol=2e-3)
    np.testing.assert_allclose(parts[3], 1, atol=5e-3)


def test_random_attention_points_somewhere(scenes: list[Scene]) -> None:
    """Scores start at zero, and an even map would be no baseline."""
    torch.manual_seed(0)
    net = WholeImageNet(ResNetAttentionSizes(**SMALL, attention=8)).eval()
    images = [scene.image for scene in scenes[:4]]
    maps = [by_attention(random_network(net, images, seed=seed), images[0]) for seed in (0, 1)]
    assert all(one.max() - one.min() > 0.1 for one in maps)
    assert not np.allclose(*maps, atol=0.05)
