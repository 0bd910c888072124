"""Inference on the CPU: every network through our `Runner` against the bare best backend, and its saliency maps.

``python -m bench.networks [--threads N]``. The shipped packages at their own input size, and the published nets at
full size with random weights: time does not depend on what they have learnt. Bare is an ONNX Runtime session on the
same graph with as many threads, or torch in float32 where that is faster. Both take turns; the best of five counts.
"""

from __future__ import annotations

import argparse
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

RUNS = 5
MOST_RATIO = 1.1
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
    Case("VGG16 whole image", Task.WHOLE_IMAGE, "vgg-whole-image", 3, 1152, 896, WHOLE),
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
    """The shipped packages, then the published nets, whose names hold ``wanted``; one at a time to spare memory."""
    for info in packages():
        if info.origin is not Origin.SHIPPED or wanted not in info.key:
            continue
        package = load(info)
        size = input_size(package)
        if size is not None:
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


def best_of(runs: int, works: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of the fastest run of each; they take turns, so that a busy minute hits all of them."""
    best = dict.fromkeys(works, float("inf"))
    for work in works.values():
        work()
    for _ in range(runs):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def answer(outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    if PROBABILITIES in outputs:
        return outputs[PROBABILITIES]
    return torch.softmax(torch.from_numpy(outputs[LOGITS]), dim=1).numpy()


def inference(one: Measured, threads: int) -> None:
    """A line of the first table."""
    seconds, exact = by_onnx(one, threads)
    slow, apart = {}, {}
    for name in (Backend.TORCH, Backend.TORCH_BF16):
        # One at a time: each holds the weights once more.
        runner = open_runner(one.package, backend=name, threads=threads)
        slow[name] = best_of(2, {"": lambda runner=runner: runner.run(one.image)})[""]  # type: ignore[misc]
        apart[name] = float(np.abs(answer(runner.run(one.image)) - exact).max())
    ratio = seconds["ours"] / min(seconds["bare"], slow[Backend.TORCH])
    size = "×".join(str(side) for side in one.image.shape[2:])
    times = (seconds["ours"], seconds["bare"], slow[Backend.TORCH], ratio, slow[Backend.TORCH_BF16])
    cells = [f"{one.name}, {size}", *(f"{value:.3f}" for value in times), *(f"{value:.0e}" for value in apart.values())]
    print("| " + " | ".join(cells) + " |", flush=True)


def by_onnx(one: Measured, threads: int) -> tuple[dict[str, float], np.ndarray]:
    """Seconds of our runner and of the bare session, and the answer."""
    runner = open_runner(one.package, backend=Backend.ONNX, threads=threads)
    session = bare_session(one.package, threads)
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: runner.run(one.image),
        "bare": lambda: session.run(None, {IMAGES: one.image}),
    }
    return best_of(RUNS, works), answer(runner.run(one.image))


def saliency(one: Measured, threads: int) -> None:
    """Lines of the second table, where the net is a whole-image classifier."""
    network = one.package.network()
    if not isinstance(network, WholeImageNet):
        return
    features = open_runner(one.package, threads=threads).run(one.image)[FEATURES][0]
    here = PixelTransform.identity()
    works: dict[str, Callable[[], object]] = {
        "Grad-CAM (head only)": lambda: gradcam(network, features, target=1, transform=here)
    }
    # Without batch norms a plain body is wide where the image is still large.
    if one.image[0, 0].size <= GUIDED_PX and not one.package.manifest.architecture.startswith("vgg"):
        works["guided back-propagation"] = lambda: guided_backprop(network, one.image[0], target=1, transform=here)
    for name, seconds in best_of(2, works).items():
        print(f"| {one.name} | {name} | {seconds:.2f} |", flush=True)


def table(measure: Callable[[Measured, int], None], head: str, given: argparse.Namespace) -> None:
    print(f"\n{head}\n" + "|---" * (head.count("|") - 1) + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for one in everything(Path(folder), given.only):
            measure(one, given.threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="those whose name holds this")
    given = parser.parse_args()
    print(
        f"{given.threads} threads, ONNX Runtime {onnxruntime.__version__}, torch {torch.__version__}; seconds, "
        f"best of {RUNS} (torch: of 2); bar: ours / bare ≤ {MOST_RATIO}"
    )
    columns = "network, input | ours (onnx) | bare ONNX Runtime | torch | ours / bare best | torch-bf16"
    table(inference, f"| {columns} | difference in probability, torch | torch-bf16 |", given)
    table(saliency, "| network | map | seconds |", given)


if __name__ == "__main__":
    main()
