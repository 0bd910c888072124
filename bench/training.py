"""Training throughput: the real loop on real tiles against the same step on one batch that lies in memory.

``python -m bench.training [--threads N] [--data DIR]``. The recipe of ``trainers/configs/patch.toml``; tiles of the
first films of CBIS-DDSM, or made-up ones where the data folder is absent. Both take turns; the best round counts.

Where other programs hold the cores both rates say little, as OpenMP's threads spin while they wait for each other. With
``OMP_WAIT_POLICY=passive`` they sleep, and then the samples a second of processor time tell what drawing and the loop
cost beside the step, whoever else computes: where no core idles the two ratios are the same.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bench.packages import CONFIGS
from mammoview.core.findings import PatchClass
from mammoview.models.networks import build
from mammoview.training.cases.data import cbis_films, cbis_lesions
from mammoview.training.cases.samples import TileBatches
from mammoview.training.cases.tiles import TILE_PX, TileSet, patch_tiles
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.judging.measure import patch_spec
from mammoview.training.learning.loop import Batch, Machine, Plan, Validate, train
from mammoview.training.learning.losses import balanced_cross_entropy
from mammoview.training.learning.schedule import Stage

STEPS, ROUNDS, FILMS = 24, 3, 40
LEAST_RATIO = 0.9
DATA = Path(os.environ.get("MAMMOVIEW_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def tiles_at(data: Path, config: TrainingConfig) -> tuple[TileSet, str]:
    """Tiles to draw from, and what they are."""
    if not (data / "cbis_ddsm").is_dir():
        return made_up_tiles(256), "made-up tiles"
    lesions = cbis_lesions(data)
    films = cbis_films(data, lesions)[:FILMS]
    shown = {film.key.patient for film in films}
    own = [lesion for lesion in lesions if lesion.key.patient in shown]
    found = patch_tiles(own, films, seed=config.seed, background_per_film=config.background_per_film)
    return found, f"tiles of {len(films)} CBIS-DDSM films"


def made_up_tiles(count: int) -> TileSet:
    rng = np.random.default_rng(0)
    side = TILE_PX / 3
    return TileSet(
        pixels=rng.integers(1, 256, (count, TILE_PX, TILE_PX), dtype=np.uint8),
        masks=np.zeros(0, dtype=np.uint8),
        boxes=np.tile(np.array([side, side, 2 * side, 2 * side], dtype=np.float32), (count, 1)),
        labels=np.arange(count, dtype=np.int64) % len(PatchClass),
        patients=np.array([f"made-up {index}" for index in range(count)]),
    )


@dataclass(frozen=True)
class Rates:
    """Samples a second: of wall clock, and of processor time."""

    wall: float
    processor: float


def real_rates(config: TrainingConfig, tiles: TileSet, machine: Machine, steps: int) -> Rates:
    """What the loop reports for an epoch of ``steps`` steps."""
    drawn = TileBatches(tiles, patch_spec(config), config.batch_size, config.augment)

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        done = 0
        while done < steps:
            for batch in drawn(rng):
                yield batch
                done += 1
                if done == steps:
                    return

    began, ended = [0.0], [0.0]

    def begin(rng: np.random.Generator) -> Iterator[Batch]:
        began[0] = time.process_time()
        return batches(rng)

    def end(net: torch.nn.Module, limit: int | None) -> dict[str, float]:
        del net, limit
        ended[0] = time.process_time()
        return {}

    wall = rate_of(config, begin, machine, steps=steps, validate=end)
    return Rates(wall, steps * config.batch_size / (ended[0] - began[0]))


def rate_of(
    config: TrainingConfig,
    batches: object,
    machine: Machine,
    *,
    epochs: int = 1,
    steps: int = STEPS,
    validate: Validate | None = None,
) -> float:
    """Samples a second of the last epoch of a run of the real loop."""
    torch.manual_seed(0)
    plan = Plan(
        stages=(Stage(name="all", epochs=epochs, learning_rate=1e-3),),
        batches=batches,  # type: ignore[arg-type]
        steps_per_epoch=steps,
        loss=balanced_cross_entropy,
        seed=0,
        fingerprint="bench",
        arithmetic=config.arithmetic,
        machine=machine,
        validate=validate,
    )
    with tempfile.TemporaryDirectory() as folder:
        net = build(config.network.architecture, config.network.sizes)
        return train(net, plan, Path(folder))[-1].samples_per_second


def synthetic_rates(config: TrainingConfig, steps: int) -> Rates:
    """Of the bare step, again and again on one batch in memory."""
    torch.manual_seed(0)
    net = build(config.network.architecture, config.network.sizes).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    side = patch_spec(config).size_px
    images = torch.randn(config.batch_size, config.preprocess.patch.channels, side, side)  # type: ignore[union-attr]
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(config.batch_size) % len(PatchClass)
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.arithmetic == "bf16"):
            told = net(images)
        loss = balanced_cross_entropy(told.float(), labels)
        loss.backward()
        optimizer.step()
        # The loop looks at every loss, too.
        assert torch.isfinite(loss)
    count = steps * config.batch_size
    return Rates(count / (time.perf_counter() - wall), count / (time.process_time() - processor))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the training images")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    config = read_config(CONFIGS / "patch.toml")
    tiles, what = tiles_at(given.data, config)
    real, synthetic = [], []
    for _ in range(given.rounds):
        real.append(real_rates(config, tiles, Machine(), given.steps))
        synthetic.append(synthetic_rates(config, given.steps))
    size = patch_spec(config).size_px
    print(
        f"{config.network.architecture}, {size} px, batches of {config.batch_size}, {config.arithmetic}, "
        f"{given.threads} threads; {what}; {given.steps} steps, best of {given.rounds}"
    )
    report("", [rates.wall for rates in real], [rates.wall for rates in synthetic], f"    (at least {LEAST_RATIO})")
    report(" of processor time", [rates.processor for rates in real], [rates.processor for rates in synthetic], "")


def report(of: str, real: list[float], synthetic: list[float], bar: str) -> None:
    """Three lines: the best rates and their ratio, and the median of the rounds' ratios."""
    ratios = np.array(real) / np.array(synthetic)
    print(f"real loop, real tiles         {max(real):8.1f} patches/s{of}")
    print(f"bare step, one batch          {max(synthetic):8.1f} patches/s{of}")
    print(f"real / bare                   {max(real) / max(synthetic):8.2f}, by rounds {np.median(ratios):.2f}{bar}")


if __name__ == "__main__":
    main()
