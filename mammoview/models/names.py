"""Names that need no torch: the backends, and a graph's input and outputs."""

from __future__ import annotations

from enum import StrEnum

IMAGES, FEATURES, LOGITS, PROBABILITIES = "images", "features", "logits", "probabilities"


class Backend(StrEnum):
    """What computes the networks. ONNX Runtime in float32 is the default on the CPU: the same scores everywhere."""

    ONNX = "onnx"
    TORCH = "torch"
    TORCH_BF16 = "torch-bf16"
