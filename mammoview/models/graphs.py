"""The ONNX graph of a network, without its weights.

Our networks are made of a dozen kinds of layer, so the graph is written layer by layer from the module tree
(`torch.fx`): at once, the same bytes each time, the weights under their names in the state dict, any height and width.
Only whoever publishes a package needs ``onnx``; see ``docs/adr/0042-graph-writer.md``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from mammoview.models.names import FEATURES, IMAGES, LOGITS, PROBABILITIES
from mammoview.models.networks import BCirUNet, Classifier, Network, PriorsNet

_OPSET, _IR_VERSION = 18, 9
_FAR = int(np.iinfo(np.int64).max)


class ClassifierGraph(nn.Module):
    """What a classifier's graph computes: (features, logits)."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images (n, channels, h, w) to the body's map and the logits."""
        features = self.network.body(images)
        return features, self.network.head(features)


class EmbedderGraph(nn.Module):
    """What the graph of a net for priors computes: features. Its head is tiny and reads sequences: torch runs it."""

    def __init__(self, network: PriorsNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Images (n, channels, h, w) to the body's map."""
        return (self.network.body(images),)


class SegmenterGraph(nn.Module):
    """What a segmenter's graph computes: probabilities."""

    def __init__(self, network: BCirUNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Images (n, channels, h, w) to probabilities (n, outputs, h, w)."""
        return (self.network.probabilities(self.network(images)),)


def export_graph(network: Network) -> bytes:
    """The ONNX graph of a network in evaluation mode, with its weights named but left out.

    Returns
    -------
    bytes
        A serialised model: input ``images`` (n, channels, h, w); outputs ``features`` and ``logits`` of a classifier,
        ``probabilities`` of a segmenter, ``features`` of a net for priors.

    Raises
    ------
    TypeError
        For a layer that this writer does not know.
    """
    whole: nn.Module
    outputs: tuple[str, ...]
    if isinstance(network, BCirUNet):
        whole, outputs = SegmenterGraph(network), (PROBABILITIES,)
    elif isinstance(network, PriorsNet):
        whole, outputs = EmbedderGraph(network), (FEATURES,)
    else:
        whole, outputs = ClassifierGraph(network), (FEATURES, LOGITS)
    return _Writer(fx.symbolic_trace(whole)).write(outputs, channels=network.sizes.in_channels)


class _Writer:
    """Walks a traced network and notes one ONNX node for each of its layers."""

    def __init__(self, traced: fx.GraphModule) -> None:
        self._traced = traced
        self._nodes: list[Any] = []
        self._initializers: dict[str, Any] = {}
        # What a traced value is called in the graph; layers that do nothing in evaluation pass their input's name on.
        self._names: dict[fx.Node, str] = {}

    def write(self, outputs: tuple[str, ...], *, channels: int) -> bytes:
        import onnx
        from onnx import TensorProto, helper

        for node in self._traced.graph.nodes:
            if node.op == "placeholder":
                self._names[node] = IMAGES
            elif node.op == "call_module":
                self._names[node] = self._layer(node)
            elif node.op == "call_function":
                self._names[node] = self._function(node)
            elif node.op == "output":
                for value, name in zip(node.args[0], outputs, strict=True):
                    self._nodes.append(helper.make_node("Identity", [self._names[value]], [name]))
        size = (None, channels, None, None)
        graph = helper.make_graph(
            self._nodes,
            "mammoview",
            [helper.make_tensor_value_info(IMAGES, TensorProto.FLOAT, size)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            list(self._initializers.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="mammoview",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        assert isinstance(model, onnx.ModelProto)
        return bytes(model.SerializeToString(deterministic=True))

    def _layer(self, node: fx.Node) -> str:
        path = str(node.target)
        layer = self._traced.get_submodule(path)
        source = self._names[_node(node.args[0])]
        if isinstance(layer, (nn.Dropout, nn.Identity)):
            return source
        for kind, describe in _LAYERS.items():
            if isinstance(layer, kind):
                operation, weights, attributes = describe(layer)
                # The tracer's root is the wrapper; the state dict's is the network.
                names = [
                    self._weight(f"{path}.{name}".removeprefix("network."), getattr(layer, name)) for name in weights
                ]
                return self._add(node, operation, [source, *names], attributes)
        raise TypeError(f"no ONNX node is known for a layer {type(layer).__name__}")

    def _function(self, node: fx.Node) -> str:
        if node.target is operator.getitem:
            return self._cut(node)
        values = node.args[0] if node.target is torch.cat else [arg for arg in node.args if isinstance(arg, fx.Node)]
        assert isinstance(values, (list, tuple))
        inputs = [self._names[_node(value)] for value in values]
        if node.target in _ELEMENTWISE:
            return self._add(node, _ELEMENTWISE[node.target], inputs)
        if node.target is torch.flatten and node.args[1] == 2:
            return self._add(node, "Reshape", [*inputs, self._integers([0, 0, -1])])
        axis: Any = node.kwargs.get("dim")
        if node.target is torch.cat:
            return self._add(node, "Concat", inputs, {"axis": axis})
        if node.target is torch.softmax:
            return self._add(node, "Softmax", inputs, {"axis": axis})
        if node.target is torch.sum:
            return self._add(node, "ReduceSum", [*inputs, self._integers([axis])], {"keepdims": 0})
        raise TypeError(f"no ONNX node is known for the function {node.target}")

    def _cut(self, node: fx.Node) -> str:
        index = node.args[1]
        assert isinstance(index, tuple)
        assert index[0] is Ellipsis
        cuts: list[Any] = list(index[1:])
        starts = [cut.start or 0 for cut in cuts]
        stops = [_FAR if cut.stop is None else cut.stop for cut in cuts]
        # Images have four axes, and a cut is always at the end of them.
        axes = list(range(4 - len(cuts), 4))
        inputs = [self._names[_node(node.args[0])], *(self._integers(values) for values in (starts, stops, axes))]
        return self._add(node, "Slice", inputs)

    def _add(
        self, node: fx.Node, operation: str, inputs: list[str], attributes: Mapping[str, object] | None = None
    ) -> str:
        from onnx import helper

        self._nodes.append(
            helper.make_node(operation, inputs, [node.name], node.name, **dict[str, Any](attributes or {}))
        )
        return node.name

    def _weight(self, name: str, value: Tensor) -> str:
        from onnx import TensorProto

        proto = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=value.shape)
        proto.data_location = TensorProto.EXTERNAL
        # The format asks for a file name; the values are handed over in memory and no file is ever opened.
        proto.external_data.add(key="location", value="weights.safetensors")
        self._initializers[name] = proto
        return name

    def _integers(self, values: list[int]) -> str:
        from onnx import numpy_helper

        name = "integers_" + "_".join(str(value) for value in values)
        self._initializers[name] = numpy_helper.from_array(np.array(values, np.int64), name)
        return name


def _node(value: object) -> fx.Node:
    assert isinstance(value, fx.Node)
    return value


_Description = tuple[str, tuple[str, ...], dict[str, object]]


def _pair(value: int | tuple[int, ...] | str) -> list[int]:
    assert not isinstance(value, str)
    return [value, value] if isinstance(value, int) else list(value)


def _weights(layer: nn.Module) -> tuple[str, ...]:
    return ("weight",) if getattr(layer, "bias", None) is None else ("weight", "bias")


def _window(layer: Any) -> dict[str, object]:
    # ONNX wants the paddings of all axes' beginnings, then of their ends.
    return {
        "kernel_shape": _pair(layer.kernel_size),
        "strides": _pair(layer.stride),
        "pads": 2 * _pair(layer.padding),
    }


def _maximum(layer: Any) -> _Description:
    return "MaxPool", (), {**_window(layer), "ceil_mode": int(layer.ceil_mode)}


def _convolution(layer: Any) -> _Description:
    operation = "ConvTranspose" if isinstance(layer, nn.ConvTranspose2d) else "Conv"
    return operation, _weights(layer), {**_window(layer), "group": layer.groups}


def _norm(layer: Any) -> _Description:
    return "BatchNormalization", ("weight", "bias", "running_mean", "running_var"), {"epsilon": layer.eps}


_LAYERS: Mapping[type[nn.Module], Callable[[Any], _Description]] = {
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.ReLU: lambda _: ("Relu", (), {}),
    nn.MaxPool2d: _maximum,
    nn.AvgPool2d: lambda layer: ("AveragePool", (), _window(layer)),
    nn.AdaptiveAvgPool2d: lambda _: ("GlobalAveragePool", (), {}),
    nn.Flatten: lambda _: ("Flatten", (), {"axis": 1}),
    nn.Linear: lambda layer: ("Gemm", _weights(layer), {"transB": 1}),
}

_ELEMENTWISE: Mapping[object, str] = {operator.add: "Add", operator.mul: "Mul", torch.sigmoid: "Sigmoid"}
