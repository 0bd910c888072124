"""Inference on the CPU: every network through our `Runner` against the bare best backend, and its saliency maps.

``python -m bench.networks [--threads N]``. One shipped package of each kind at its own input size, and the published
nets at full size with random weights: time does not depend on what they have learnt. Bare is an ONNX Runtime session on
the same graph with as many threads, or torch in float32 where that is faster. Ours and bare take turns of a few runs on
the same input. The ratio of the best turns is what counts: other programs hardly disturb the best of many. On a busy
machine the medians tell how threads that wait for each other fare there.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import PixelTransform
from mammoview.models.export import write_package
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Score, Task
from mammoview.models.names import FEATURES, IMAGES, LOGITS, PROBABILITIES
from mammoview.models.networks import WholeImageNet, build
from mammoview.models.preprocess import Preprocess
from mammoview.models.registry import Origin, packages
from mammoview.models.runtime import Backend, open_runner
from mammoview.models.saliency import gradcam, guided_backprop

MOST_RATIO = 1.1
# A run of a millisecond alone says little, and a turn that outlasts a slice of the scheduler is never undisturbed.
TURN_S = 0.004
# Threads that still look for work after a turn would take the cores from the next one.
PAUSE_S = 0.02
LEAST_TURNS, MOST_TURNS = 3, 120
# Guided back-propagation keeps every activation; above this many numbers in an input it takes too much memory and time.
GUIDED_PX = 1152 * 896


@dataclass(frozen=True)
class Case:
    """A published network at full size, and the input that it is measured on."""

    name: str
    task: Task
    architecture: str
    channels: int
    rows: int
    columns: int
    labels: tuple[str, ...]


WHOLE = ("benign", "malignant")
CASES = (
    Case("ResNet-50 whole image", Task.WHOLE_IMAGE, "resnet-whole-image", 3, 1152, 896, WHOLE),
    Case("VGG16 whole image (vgg-vgg)", Task.WHOLE_IMAGE, "vgg-whole-image", 3, 1152, 896, WHOLE),
    Case("ResNet-50 patch", Task.PATCH, "resnet-patch", 3, 224, 224, tuple(PatchClass)),
    Case("B-Cir U-Net", Task.SEGMENTATION, "bcir-unet", 1, 1024, 1024, ("lesion",)),
)


@dataclass(frozen=True, eq=False)
class Measured:
    """A package and one input for it, shape (1, channels, rows, columns), float32."""

    name: str
    package: LoadedPackage
    image: np.ndarray


def full_size(case: Case, folder: Path) -> LoadedPackage:
    """The case as a package with random weights, its batch norms settled on noise so that nothing overflows."""
    torch.manual_seed(0)
    network = build(case.architecture, {}).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.randn(2, case.channels, 128, 128))
    info = write_package(
        folder / case.architecture,
        network,
        identity=Identity(
            id="bench",
            version="1",
            name=case.name,
            task=case.task,
            labels=case.labels,
            score=None if case.task is Task.SEGMENTATION else Score(meaning="None.", training_prevalence=0.5),
            licence="none",
            training_data="none",
        ),
        preprocess=Preprocess(),
        calibration=Calibration(),
        evaluation=Evaluation(),
        card="",
        precision="fp16",
    )
    return load(info)


def everything(folder: Path, wanted: str) -> Iterator[Measured]:
    """One shipped package of each kind, then the published nets, whose names hold ``wanted``.

    One at a time, to spare memory.
    """
    seen: set[str] = set()
    for info in packages():
        if info.origin is not Origin.SHIPPED or wanted not in info.key:
            continue
        package = load(info)
        size = input_size(package)
        kind = f"{package.manifest.architecture} {package.manifest.hyper_parameters} {size}"
        if size is None or kind in seen:
            continue
        seen.add(kind)
        yield Measured(info.key, package, noise(package.network().sizes.in_channels, *size))
    for case in CASES:
        if wanted in case.name:
            yield Measured(case.name, full_size(case, folder), noise(case.channels, case.rows, case.columns))


def input_size(package: LoadedPackage) -> tuple[int, int] | None:
    """Rows and columns of what a package looks at; None for one that reads sequences of exams."""
    image, patch = package.preprocess.image, package.preprocess.patch
    if package.manifest.task is Task.WHOLE_IMAGE and image is not None:
        return image.rows, image.columns
    if package.manifest.task in (Task.PATCH, Task.SEGMENTATION) and patch is not None:
        return patch.size_px, patch.size_px
    return None


def noise(channels: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, channels, rows, columns)).astype(np.float32)


def bare_session(package: LoadedPackage, threads: int) -> onnxruntime.InferenceSession:
    """ONNX Runtime with nothing set but the threads."""
    assert package.graph is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    arrays = [tensor.numpy() for tensor in package.state.values()]
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in arrays]
    options.add_external_initializers(list(package.state), values)
    return onnxruntime.InferenceSession(package.graph, options, providers=["CPUExecutionProvider"])


def in_turns(spent_s: float, works: Mapping[str, Callable[[], object]], *, least: int = 1) -> dict[str, np.ndarray]:
    """Seconds a run in each turn, shape (turns,); turns alternate, so that a busy minute hits all of them.

    Parameters
    ----------
    spent_s
        About how long each work is measured.
    works
        What is measured.
    least
        Turns at least, however long they take.
    """
    longest = max(_seconds(work, 1) for work in works.values() for _ in range(2))
    quickest = min(_seconds(work, 1) for work in works.values())
    runs = max(1, math.ceil(TURN_S / quickest))
    turns = min(MOST_TURNS, max(least, int(spent_s / max(longest, TURN_S))))
    told: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            time.sleep(PAUSE_S)
            told[name].append(_seconds(work, runs))
    return {name: np.array(seconds) for name, seconds in told.items()}


def _seconds(work: Callable[[], object], runs: int) -> float:
    start = time.perf_counter()
    for _ in range(runs):
        work()
    return (time.perf_counter() - start) / runs


def answer(outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    if PROBABILITIES in outputs:
        return outputs[PROBABILITIES]
    return torch.softmax(torch.from_numpy(outputs[LOGITS]), dim=1).numpy()


def inference(one: Measured, threads: int) -> None:
    """A line of the first table."""
    told, exact = by_onnx(one, threads)
    ours, bare = float(told["ours"].min()), float(told["bare"].min())
    slow, apart = {}, {}
    for name in (Backend.TORCH, Backend.TORCH_BF16):
        # One at a time: each holds the weights once more.
        runner = open_runner(one.package, backend=name, threads=threads)
        slow[name] = float(in_turns(0.3, {"": lambda runner=runner: runner.run(one.image)})[""].min())  # type: ignore[misc]
        apart[name] = float(np.abs(answer(runner.run(one.image)) - exact).max())
    size = "×".join(str(side) for side in one.image.shape[2:])
    times = (ours, bare, slow[Backend.TORCH], slow[Backend.TORCH_BF16])
    ratios = (ours / min(bare, slow[Backend.TORCH]), float(np.median(told["ours"]) / np.median(told["bare"])))
    cells = [f"{one.name}, {size}", *(f"{1000 * value:.2f}" for value in times), *(f"{value:.2f}" for value in ratios)]
    print("| " + " | ".join([*cells, *(f"{value:.0e}" for value in apart.values())]) + " |", flush=True)


def by_onnx(one: Measured, threads: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Seconds a run of our runner and of the bare session, turn by turn, and the answer."""
    runner = open_runner(one.package, backend=Backend.ONNX, threads=threads)
    session = bare_session(one.package, threads)
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: runner.run(one.image),
        "bare": lambda: session.run(None, {IMAGES: one.image}),
    }
    return in_turns(2.0, works, least=LEAST_TURNS), answer(runner.run(one.image))


def saliency(one: Measured, threads: int) -> list[str]:
    """Lines of the second table, where the net is a whole-image classifier."""
    network = one.package.network()
    if not isinstance(network, WholeImageNet):
        return []
    features = open_runner(one.package, threads=threads).run(one.image)[FEATURES][0]
    here = PixelTransform.identity()
    works: dict[str, Callable[[], object]] = {
        "Grad-CAM (head only)": lambda: gradcam(network, features, target=1, transform=here)
    }
    # Without batch norms a plain body is wide where the image is still large.
    if one.image[0, 0].size <= GUIDED_PX and not one.package.manifest.architecture.startswith("vgg"):
        works["guided back-propagation"] = lambda: guided_backprop(network, one.image[0], target=1, transform=here)
    return [f"| {one.name} | {name} | {min(_seconds(work, 1) for _ in range(2)):.2f} |" for name, work in works.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="those whose name holds this")
    given = parser.parse_args()
    print(
        f"{given.threads} threads, ONNX Runtime {onnxruntime.__version__}, torch {torch.__version__}; milliseconds, "
        f"best of up to {MOST_TURNS} turns; bar: ours / bare best ≤ {MOST_RATIO}\n"
    )
    columns = "ours (onnx) | bare ONNX Runtime | torch | torch-bf16 | ours / bare best | medians, ours / bare (onnx)"
    print(
        f"| network, input | {columns} | difference in probability, torch | torch-bf16 |\n" + "|---" * 9 + "|",
        flush=True,
    )
    maps: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for one in everything(Path(folder), given.only):
            inference(one, given.threads)
            maps += saliency(one, given.threads)
    print("\n| network | map | seconds |\n|---|---|---|", *maps, sep="\n")


if __name__ == "__main__":
    main()
