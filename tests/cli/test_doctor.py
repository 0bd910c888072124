"""``mammoview doctor``: it names each problem and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mammoview.cli.doctor import display_check
from mammoview.pipeline.diagnosis import Check, DeviceFacts, State, device_checks, model_checks, version_checks

Run = Callable[..., tuple[int, str, str]]

PLAIN = DeviceFacts(
    torch_version="2.13.0+cpu", torch_cuda=None, cuda_devices=(), has_mps=False, has_nvidia_driver=False, cores=2
)


def problems(checks: tuple[Check, ...]) -> list[Check]:
    return [check for check in checks if check.state is State.PROBLEM]


def test_a_machine_without_a_gpu_has_no_problem() -> None:
    assert not problems(device_checks(PLAIN))


def test_a_cpu_only_torch_beside_a_gpu_is_recognised() -> None:
    (problem,) = problems(device_checks(replace(PLAIN, has_nvidia_driver=True)))
    assert "CPU-only" in problem.text
    assert "CUDA build" in problem.advice


def test_a_driver_that_torch_cannot_use_is_another_problem() -> None:
    (problem,) = problems(device_checks(replace(PLAIN, has_nvidia_driver=True, torch_cuda="13.0")))
    assert "CPU-only" not in problem.text
    assert "nvidia-smi" in problem.advice


def test_gpus_are_named() -> None:
    facts = replace(PLAIN, has_nvidia_driver=True, torch_cuda="13.0", cuda_devices=("H200", "H200"))
    checks = device_checks(facts)
    assert not problems(checks)
    assert [check.name for check in checks] == ["cpu", "cuda:0", "cuda:1"]


def test_a_missing_distribution_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammoview.pipeline.diagnosis._DISTRIBUTIONS", ("no-such-distribution",))
    (problem,) = problems(version_checks())
    assert problem.advice == "pip install no-such-distribution"


def test_a_damaged_package_is_told_with_its_reason(toy_models: Path) -> None:
    assert not problems(model_checks())
    (toy_models / "patch" / "manifest.json").write_text("{}")
    assert any("licence" in problem.text for problem in problems(model_checks()))


def test_display_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    assert display_check().state is State.OK
    monkeypatch.delenv("DISPLAY")
    assert display_check().state is State.NOTE


def test_the_report_covers_everything(mammoview: Run, toy_models: Path) -> None:
    code, out, _ = mammoview("doctor")
    assert code == 0
    for word in ("torch", "cpu", "JPEG 2000", "toy-whole-image@1.0", "window"):
        assert word in out
