"""What is imported when: the window lists packages without torch, and torchvision never comes in."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = ("manifest", "registry", "architectures", "preprocess", "calibration", "fusion", "names")
HEAVY = ("devices", "engines", "export", "graphs", "loading", "networks", "runtime", "saliency", "tiling")


def imported(*modules: str) -> set[str]:
    names = ", ".join(f"mammoview.models.{name}" for name in modules)
    code = f"import sys, {names}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_light_modules_need_no_torch() -> None:
    loaded = imported(*LIGHT)
    assert not loaded & {"torch", "onnxruntime", "safetensors", "scipy", "skimage", "pydicom"}


@pytest.mark.slow
def test_torchvision_is_never_imported() -> None:
    loaded = imported(*LIGHT, *HEAVY)
    assert "torch" in loaded
    assert not loaded & {"torchvision", "timm", "onnx", "captum", "monai"}
