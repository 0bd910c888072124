"""Networks at full size on the CPU: time of each backend and of the saliency maps, and how far the backends differ.

``python -m bench.models [--threads N]``. Weights are random: time and parity do not depend on what they have learnt.
Processor seconds divided by the threads tell the time on an idle machine; wall seconds tell what it was here.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import PixelTransform
from mammoview.models.export import write_package
from mammoview.models.graphs import export_graph
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Score, Task
from mammoview.models.names import FEATURES, LOGITS, PROBABILITIES
from mammoview.models.networks import PatchNet, WholeImageNet, build
from mammoview.models.preprocess import Preprocess
from mammoview.models.runtime import Backend, open_runner
from mammoview.models.saliency import gradcam, guided_backprop, patch_map

RUNS = 3
PATCH_PX = 224


@dataclass(frozen=True)
class Case:
    """A network and the input that it is measured on."""

    task: Task
    architecture: str
    shape: tuple[int, int, int, int]
    labels: tuple[str, ...]


CASES = (
    Case(Task.WHOLE_IMAGE, "resnet-whole-image", (1, 3, 1152, 896), ("benign", "malignant")),
    Case(Task.PATCH, "resnet-patch", (1, 3, PATCH_PX, PATCH_PX), tuple(PatchClass)),
    Case(Task.SEGMENTATION, "bcir-unet", (1, 1, 1024, 1024), ("lesion",)),
)


def package_of(case: Case, folder: Path) -> LoadedPackage:
    torch.manual_seed(0)
    start = time.perf_counter()
    network = build(case.architecture, {}).train()
    with torch.no_grad():
        # Batch norms that have seen nothing let random weights overflow.
        for _ in range(3):
            network(torch.randn(2, case.shape[1], 128, 128))
    graph_start = time.perf_counter()
    graph = export_graph(network.eval())
    print(f"{case.architecture}: built in {graph_start - start:.1f} s, "
          f"graph of {len(graph) / 1024:.0f} KiB in {time.perf_counter() - graph_start:.2f} s")  # fmt: skip
    info = write_package(
        folder / case.task.value,
        network,
        identity=Identity(
            id="bench",
            version="1",
            name="Bench",
            task=case.task,
            labels=case.labels,
            score=Score(meaning="None.", training_prevalence=0.5),
            licence="none",
            training_data="none",
        ),
        preprocess=Preprocess(),
        calibration=Calibration(),
        evaluation=Evaluation(),
        card="",
        precision="fp32",
    )
    return load(info)


def timed(name: str, threads: int, work: Callable[[], object]) -> None:
    work()
    walls, processors = [], []
    for _ in range(RUNS):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append((time.process_time() - processor) / threads)
    print(f"| {name} | {median(walls):.2f} | {median(processors):.2f} |", flush=True)


def answer(outputs: dict[str, np.ndarray]) -> np.ndarray:
    if PROBABILITIES in outputs:
        return outputs[PROBABILITIES]
    return torch.softmax(torch.from_numpy(outputs[LOGITS]), dim=1).numpy()


def measure(case: Case, package: LoadedPackage, threads: int) -> None:
    image = np.random.default_rng(0).standard_normal(case.shape).astype(np.float32)
    size = f"{case.architecture}, {case.shape[2]}×{case.shape[3]}"
    answers = {}
    for backend in Backend:
        runner = open_runner(package, backend=backend, threads=threads)
        answers[backend] = runner.run(image)
        timed(f"{size}: {backend.value}", threads, lambda runner=runner: runner.run(image))  # type: ignore[misc]
    network = package.network()
    here = PixelTransform.identity()
    if isinstance(network, WholeImageNet):
        features = answers[Backend.ONNX][FEATURES][0]
        timed(f"{size}: Grad-CAM", threads, lambda: gradcam(network, features, target=1, transform=here))
        timed(f"{size}: guided", threads, lambda: guided_backprop(network, image[0], target=1, transform=here))
    if isinstance(network, PatchNet):
        features = np.random.default_rng(0).random((2048, 36, 28), np.float32)
        timed(
            "patch map of 36×28 positions, from features",
            threads,
            lambda: patch_map(network, features, labels=case.labels, patch_px=PATCH_PX, transform=here),
        )
    exact = answer(answers[Backend.ONNX])
    for backend in (Backend.TORCH, Backend.TORCH_BF16):
        apart = np.abs(answer(answers[backend]) - exact).max()
        print(f"| {size}: largest difference in probability, {backend.value} against onnx | {apart:.1e} | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    threads = parser.parse_args().threads
    print(f"{threads} threads, torch {torch.__version__}, median of {RUNS}")
    with tempfile.TemporaryDirectory() as folder:
        packages = [package_of(case, Path(folder)) for case in CASES]
        print("\n| what | wall s | processor s a thread |\n|---|---|---|")
        for case, package in zip(CASES, packages, strict=True):
            measure(case, package, threads)


if __name__ == "__main__":
    main()
