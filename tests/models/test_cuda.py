"""Every architecture on a CUDA card, each test with its CPU twin: same scores, half precision near, layout kept."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from mammoview.models.networks import BCirUNet, Classifier, Network

from .compact import COMPACT, compact_net  # noqa: TID252 - tests are no package that could be named

DEVICES = ("cpu", pytest.param("cuda", marks=pytest.mark.gpu))
# fp16 is for cards; its twin is bf16 on the processor.
HALVES = (
    ("cpu", torch.bfloat16),
    pytest.param("cuda", torch.bfloat16, marks=pytest.mark.gpu),
    pytest.param("cuda", torch.float16, marks=pytest.mark.gpu),
)


@pytest.fixture(params=list(COMPACT))
def net(request: pytest.FixtureRequest) -> Network:
    return compact_net(request.param)


def images(*, seed: int = 1) -> Tensor:
    return torch.randn(2, 1, 192, 160, generator=torch.Generator().manual_seed(seed))


def shares(outputs: Tensor) -> Tensor:
    return torch.sigmoid(outputs) if outputs.shape[1] == 1 else torch.softmax(outputs.float(), dim=1)


def on(net: Network, device: str) -> Network:
    """A copy there, channels last, computing the same way each time and without shortened float32."""
    moved: Network = copy.deepcopy(net).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


@pytest.mark.parametrize("device", DEVICES)
def test_channels_last_gives_the_same_scores(net: Network, device: str) -> None:
    moved, batch = on(net, device), images()
    there = batch.to(device, memory_format=torch.channels_last)
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        expected, found = shares(net(batch)), shares(moved(there)).cpu()
        inner = moved.body(there) if isinstance(moved, Classifier) else moved.encoders[0](there)  # type: ignore[union-attr]
    assert (found - expected).abs().max() < 1e-4
    assert inner.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("device", "half"), HALVES, ids=str)
def test_autocast_stays_near_float32(net: Network, device: str, half: torch.dtype) -> None:
    """Weights stay float32; 8 and 11 bits of mantissa through some twenty layers move a probability by hundredths."""
    moved, batch = on(net, device), images()
    there = batch.to(device, memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast(device, dtype=half):
        outputs = moved(there)
    assert outputs.dtype in (half, torch.float32)
    with torch.inference_mode():
        expected = shares(net(batch))
    difference = (shares(outputs.float()).cpu() - expected).abs()
    assert torch.isfinite(outputs).all()
    assert difference.mean() < 0.02
    assert difference.max() < 0.2 if isinstance(net, BCirUNet) else difference.max() < 0.05
    assert all(parameter.dtype == torch.float32 for parameter in moved.parameters())


def loss_of(told: Tensor) -> Tensor:
    """As if everything belonged to the second class, or to the lesion."""
    if told.shape[1] == 1:
        return nn.functional.binary_cross_entropy_with_logits(told, torch.ones_like(told))
    return nn.functional.cross_entropy(told, torch.ones_like(told[:, 0], dtype=torch.long))


def stepped(net: Network, batch: Tensor, *, half: torch.dtype | None) -> dict[str, Tensor]:
    """The parameters after one step of SGD in train mode, dropout left out, on the CPU."""
    device = batch.device.type
    net.train()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with torch.autocast(device, dtype=half or torch.bfloat16, enabled=half is not None):
        told = net(batch)
    loss = loss_of(told if half is None else told.float())
    # Gradients of float16 vanish below 6e-8 unless the loss is made large.
    scaler = torch.amp.GradScaler(device, enabled=half is torch.float16, init_scale=2.0**8)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    return {name: parameter.detach().cpu() for name, parameter in net.named_parameters()}


@pytest.mark.parametrize("device", DEVICES)
def test_a_training_step_gives_the_same_weights(net: Network, device: str) -> None:
    """In float64: with fewer digits a ReLU may open here and stay shut there."""
    net.double()
    batch = images().double()
    expected = stepped(copy.deepcopy(net), batch, half=None)
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        found = stepped(on(net, device), batch.to(device, memory_format=torch.channels_last), half=None)
    changed = [name for name, before in net.named_parameters() if not torch.equal(expected[name], before)]
    assert len(changed) > 0.8 * len(expected)
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("device", "half"), HALVES, ids=str)
def test_a_training_step_in_half_precision_moves_float32_weights(net: Network, device: str, half: torch.dtype) -> None:
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    found = stepped(on(net, device), images().to(device, memory_format=torch.channels_last), half=half)
    assert all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in found.values())
    assert any(not torch.equal(found[name], before[name]) for name in before)
