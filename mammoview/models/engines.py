"""What computes a network: ONNX Runtime on the CPU, or torch on any device. `runtime` chooses and survives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Protocol

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from mammoview.core.errors import ModelPackageError
from mammoview.models.devices import CPU, Device, DeviceKind
from mammoview.models.loading import LoadedPackage
from mammoview.models.manifest import Task
from mammoview.models.names import FEATURES, IMAGES, LOGITS, PROBABILITIES
from mammoview.models.networks import BCirUNet, PriorsNet

# On Windows the variable set in `mammoview` does not stop all of it.
onnxruntime.disable_telemetry_events()

Outputs = dict[str, NDArray[np.float32]]

#: How long ONNX Runtime's threads look for work before they sleep: long enough to bridge the gap between two layers,
#: and too short to take the cores from the window, or from the image that is prepared meanwhile.
SPIN_US = 1000


class OutOfMemoryError(Exception):
    """An engine ran out of memory; `runtime.Runner` goes on with less at a time. Never leaves this package."""


class Engine(Protocol):
    """Computes one batch."""

    def run(self, images: NDArray[np.float32]) -> Outputs:
        """Images (n, channels, h, w), float32, to named outputs, float32; raises `OutOfMemoryError`."""

    def run_tile(self, images: NDArray[np.float32]) -> Outputs:
        """As `run`, but without logits: those of a part mean nothing, and some heads take one size alone."""

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """A classifier's logits from its body's map (n, channels, h, w)."""


class OnnxEngine:
    """ONNX Runtime on the CPU in float32: the default, so that scores do not depend on the machine.

    Parameters
    ----------
    package
        Its graph holds no weights; they are handed over from the checked file.
    threads
        CPU threads, or None for one a core.
    """

    def __init__(self, package: LoadedPackage, *, threads: int | None = None) -> None:
        if package.graph is None:
            raise ModelPackageError(
                f"The model {package.info.key} has no graph for ONNX Runtime.", "Choose the backend “torch” for it."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_US))
        # Errors are raised; warnings of the graph optimiser are nobody's business.
        options.log_severity_level = 3
        self._package = package
        # The head of a net for priors reads sequences, and is not in its graph.
        part = "body." if package.manifest.task is Task.PRIORS else ""
        state = {name: tensor for name, tensor in package.state.items() if name.startswith(part)}
        self._weights = [tensor.numpy() for tensor in state.values()]
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in self._weights]
        options.add_external_initializers(list(state), values)
        try:
            self._session = onnxruntime.InferenceSession(package.graph, options, providers=["CPUExecutionProvider"])
        except _ONNX_ERRORS as error:
            raise ModelPackageError(
                f"The graph of {package.info.key} cannot be used: {' '.join(str(error).split())[:300]}",
                "Install the package again, or choose the backend “torch”.",
            ) from error
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, images: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        try:
            values = self._session.run(self._names, {IMAGES: images})
        except MemoryError as error:
            raise OutOfMemoryError from error
        except _ONNX_ERRORS as error:
            if "allocate" not in str(error) and "bad_alloc" not in str(error):
                raise
            raise OutOfMemoryError from error
        return dict(zip(self._names, values, strict=True))

    def run_tile(self, images: NDArray[np.float32]) -> Outputs:
        """See `Engine.run_tile`; by torch on the CPU, as a graph computes the head whether it is asked for or not."""
        return self.run(images) if PROBABILITIES in self._names else self._torch.run_tile(images)

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.head`; by torch on the CPU, as a graph has no second entrance."""
        return self._torch.head(features)

    @cached_property
    def _torch(self) -> TorchEngine:
        return TorchEngine(self._package, CPU)


_ONNX_ERRORS = (
    onnxruntime.capi.onnxruntime_pybind11_state.Fail,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidGraph,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf,
    onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented,
    onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException,
)


class TorchEngine:
    """torch on any device, channels last.

    Parameters
    ----------
    package
        Its weights are copied to the device.
    is_bf16
        Whether convolutions are computed in bfloat16. Faster, and the scores differ in the third digit, so it is never
        chosen unasked and has its own operating points.
    """

    def __init__(self, package: LoadedPackage, device: Device, *, is_bf16: bool = False) -> None:
        self._device = device
        self._is_bf16 = is_bf16
        self._network = package.network()
        with _memory_errors():
            self._network = self._network.to(device.torch_name, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(self, images: NDArray[np.float32]) -> Outputs:
        """See `Engine.run`."""
        with _memory_errors(), torch.inference_mode(), self._arithmetic():
            batch = self._to_device(images)
            if isinstance(self._network, BCirUNet):
                return _arrays({PROBABILITIES: self._network.probabilities(self._network(batch))})
            features = self._network.body(batch)
            if isinstance(self._network, PriorsNet):
                return _arrays({FEATURES: features})
            return _arrays({FEATURES: features, LOGITS: self._network.head(features)})

    def run_tile(self, images: NDArray[np.float32]) -> Outputs:
        """See `Engine.run_tile`."""
        if isinstance(self._network, BCirUNet):
            return self.run(images)
        with _memory_errors(), torch.inference_mode(), self._arithmetic():
            return _arrays({FEATURES: self._network.body(self._to_device(images))})

    def head(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.head`."""
        assert not isinstance(self._network, BCirUNet)
        with _memory_errors(), torch.inference_mode(), self._arithmetic():
            return _arrays({LOGITS: self._network.head(self._to_device(features))})[LOGITS]

    def _to_device(self, images: NDArray[np.float32]) -> torch.Tensor:
        batch = torch.from_numpy(images)
        if self._device.kind is DeviceKind.CUDA:
            # Pinned pages are copied while the processor goes on.
            batch = batch.pin_memory()
        return batch.to(self._device.torch_name, memory_format=torch.channels_last, non_blocking=True)

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        # One algorithm, chosen without trying, and no shortened float32: two runs and two machines agree.
        with (
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
            torch.autocast(self._device.kind.value, dtype=torch.bfloat16, enabled=self._is_bf16),
        ):
            yield


def _arrays(outputs: Mapping[str, torch.Tensor]) -> Outputs:
    return {name: tensor.float().contiguous().cpu().numpy() for name, tensor in outputs.items()}


@contextmanager
def _memory_errors() -> Iterator[None]:
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemoryError from error
    except RuntimeError as error:
        # The CPU allocator and MPS have no class of their own for it.
        if "not enough memory" not in str(error) and "out of memory" not in str(error):
            raise
        raise OutOfMemoryError from error
