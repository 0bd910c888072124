"""A run that is made to wait leaves the device, comes back to the same weights, and does not count the time as work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from toy_run import STEPS, net, plan, stages

from mammoview.training.learning import loop
from mammoview.training.learning.checkpoint import CHECKPOINT, load
from mammoview.training.learning.lent import LentDevice
from mammoview.training.learning.loop import Machine, train


def left_at(lent: LentDevice, steps: set[int], look: Callable[[], None] = lambda: None) -> Callable[[], bool]:
    """A gate that others walk through before some steps."""
    asked = iter(range(1000))

    def ask() -> bool:
        if next(asked) in steps:
            lent.leave()
            look()
            assert lent.come_back()
        return False

    return ask


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_run_that_leaves_its_device_learns_the_same(device: str, tmp_path: Path) -> None:
    """Before the first step, in the middle of an epoch, and at the edges of epoch and stage."""
    taken: list[int] = []
    states = []
    for name, steps in (("whole", set()), ("left", {0, 1, STEPS, 2 * STEPS, 2 * STEPS + 1})):
        lent, own = LentDevice(), net()

        def look(own: nn.Module = own) -> None:
            assert all(value.device.type == "cpu" for value in own.state_dict().values())
            assert all(parameter.grad is None for parameter in own.parameters())
            taken.append(torch.cuda.memory_allocated() if device == "cuda" else 0)

        given = plan(stages=stages(2, 2), lent=lent, machine=Machine(device))
        train(own, given, tmp_path / name, cancel=left_at(lent, steps, look))
        states.append(load(tmp_path / name / CHECKPOINT))
    assert len(taken) == 5
    # What is left are the loss of the step before and a scale.
    assert max(taken) < 10_000
    whole, left = states
    exact = {"rtol": 0.0, "atol": 0.0} if device == "cpu" else {"rtol": 1e-4, "atol": 1e-5}
    for key, value in whole["net"].items():
        torch.testing.assert_close(left["net"][key], value, msg=key, **exact)
    for key, state in whole["optimizer"]["state"].items():
        for part, value in state.items():
            torch.testing.assert_close(left["optimizer"]["state"][key][part], value, **exact)


def test_what_is_held_moves_and_stays_itself() -> None:
    own = net()
    optimizer = torch.optim.Adam(own.parameters())
    own(torch.ones(2, 2, 6, 5)).sum().backward()
    optimizer.step()
    lent = LentDevice()
    lent.hold(own, optimizer)
    parameters, before = list(own.parameters()), [one.detach() for one in own.parameters()]
    lent.leave()
    # What was on the device is nobody's any more.
    assert not {one.data_ptr() for one in before} & {one.data_ptr() for one in own.parameters()}
    lent.leave()
    assert lent.come_back()
    assert all(one is other for one, other in zip(own.parameters(), parameters, strict=True))
    assert all(torch.equal(one, old) for one, old in zip(own.parameters(), before, strict=True))


def test_a_net_that_leaves_in_the_middle_of_a_validation_goes_on_learning(tmp_path: Path) -> None:
    lent = LentDevice()

    def validate(_net: nn.Module, _limit: int | None) -> Mapping[str, float]:
        lent.leave()
        assert lent.come_back()
        return {}

    assert len(train(net(), plan(lent=lent, validate=validate), tmp_path)) == 4


def test_a_device_that_others_have_filled_is_come_back_to_later(monkeypatch: pytest.MonkeyPatch) -> None:
    own, lent = net(), LentDevice()
    lent.hold(own)
    lent.leave()
    real, calls = torch.Tensor.to, iter(range(100))

    def to(self: torch.Tensor, *args: object, **words: object) -> torch.Tensor:
        if next(calls) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, *args, **words)  # type: ignore[call-overload,no-any-return]

    before = {name: value.clone() for name, value in own.state_dict().items()}
    monkeypatch.setattr(torch.Tensor, "to", to)
    assert not lent.come_back()
    assert lent.come_back()
    for name, value in own.state_dict().items():
        assert torch.equal(value, before[name])


def test_waiting_is_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes a second by this clock, a pause before each of them an hour."""
    now = 0.0
    real = loop._Run._backward

    def backward(self: loop._Run, *given: object) -> torch.Tensor:
        nonlocal now
        now += 1.0
        return real(self, *given)  # type: ignore[arg-type]

    def pause() -> bool:
        nonlocal now
        now += 3600.0
        return False

    monkeypatch.setattr(loop._Run, "_backward", backward)
    monkeypatch.setattr(loop.time, "perf_counter", lambda: now)
    logs = train(net(), plan(), tmp_path, cancel=pause)
    assert [log.seconds for log in logs] == [STEPS] * 4
