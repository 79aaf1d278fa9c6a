"""Eight bits in a .tflite file, by litert-quantizer: what the rows go in and come out as stays float32.

Static: layers with weights, and what lies between them, compute in eight bits. A layer whose outputs are the answers
themselves, rather than the inputs of a softmax or the like, keeps them in floating point and has its weights alone in eight
bits: numbers of 256 levels could be neither ranked nor compared. Weights alone: each layer computes as LiteRT does with weights
of eight bits and inputs in floating point (dynamic range), which runtimes of microcontrollers do not support.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from minnow.compression import _calibration
from minnow.contracts import CompressionSource, UnsupportedModel

_LAYERS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "TRANSPOSE_CONV": 1, "FULLY_CONNECTED": 1}
"""Operators with weights -> which of their inputs these are."""
_TABLES = {"GATHER": 0, "EMBEDDING_LOOKUP": 1}
"""Operators that look rows up in a table -> which of their inputs the table is."""
_BETWEEN = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "RELU", "RESHAPE")
"""Operators between layers that compute in eight bits too."""
_BOUNDED = {"SOFTMAX", "LOGISTIC", "TANH"}
"""What follows a layer whose outputs 256 levels are enough for."""
_NAMES = {"TRANSPOSE_CONV": "CONV_2D_TRANSPOSE"}
"""The operators that litert-quantizer calls otherwise."""


def write(source: CompressionSource, out: Path, rows: int, *, weights_only: bool) -> None:
    """Write the file in eight bits. rows: number of rows of train that determine the ranges.

    Raises UnsupportedModel for a file without layers that have weights, and for ranges of loops.
    """
    graph = _Graph.read(source.path)
    if not graph.layers and not graph.tables:
        raise UnsupportedModel("int8 needs layers or tables with weights. The .tflite file has none.")
    if graph.loops and not weights_only:
        raise UnsupportedModel(
            "int8 finds no ranges inside of loops, such as those of recurrent layers. What suits this .tflite file is weights "
            "alone in eight bits, int8: {weights_only: true}."
        )
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        out.write_bytes(_quantized(source, graph, rows, weights_only))


def _quantized(source: CompressionSource, graph: _Graph, rows: int, weights_only: bool) -> bytes:
    from litert_quantizer import Quantizer

    quantizer: Any = Quantizer(source.path.read_bytes(), _recipe(graph, weights_only))
    calibrated = None
    if quantizer.need_calibration:
        taken = _calibration.batches(source.train.inputs, graph.inputs, rows)
        calibrated = quantizer.calibrate({graph.signature: taken}, num_threads=1)
    made = quantizer.quantize(calibrated, enable_progress_report=False, enable_progress_bar=False)
    return _bare(bytes(made.quantized_model))


def _bare(content: bytes) -> bytes:
    """Return a file without what no runtime reads: names and observed ranges of tensors, and notes of the converter.

    In a small file these are a fifth of the bytes. Arrays are known by the names of the signature, which stay.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    model.description = model.metadata = model.metadataBuffer = None
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    for tensor in tensors:
        tensor.name = None
        if (found := tensor.quantization) is not None:
            found.min = found.max = None
            tensor.quantization = found if found.scale is not None and len(found.scale) else None
    used = sorted({0, *(tensor.buffer for tensor in tensors)})  # the first buffer is the empty one
    model.buffers = [model.buffers[place] for place in used]
    for tensor in tensors:
        tensor.buffer = used.index(tensor.buffer)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _recipe(graph: _Graph, weights_only: bool) -> Any:
    """Say how each operator is quantized; a later rule replaces an earlier one. Other operators stay as they are."""
    from litert_quantizer.qtyping import TFLOperationName as Name
    from litert_quantizer.recipe_manager import RecipeManager

    made = RecipeManager()

    def static(names: Iterable[str], scope: str = ".*") -> None:
        for name in names:
            made.add_static_config(scope, Name(_NAMES.get(name, name)), activation_num_bits=8, weight_num_bits=8)

    def weights(names: Iterable[str], scope: str = ".*") -> None:
        for name in names:
            add = made.add_weight_only_config if explicit(name) else made.add_dynamic_config
            add(scope, Name(_NAMES.get(name, name)), num_bits=8)

    def explicit(name: str) -> bool:
        return (
            not weights_only or name == "TRANSPOSE_CONV"
        )  # with weights alone in eight bits, it takes ten times as long

    for name in {operator.name for operator in graph.tables}:
        own = _scope(operator for operator in graph.tables if operator.name == name)
        static([name], own) if name == "GATHER" else weights([name], own)
    if weights_only:
        weights(_LAYERS)
        return made.get_quantization_recipe()
    inner = _scope(one for one in graph.operators if one not in graph.last)
    static((*_LAYERS, *_BETWEEN), inner)
    heads = [operator for operator in graph.last if operator in graph.layers]
    static(_LAYERS, _scope(heads)) if graph.bounded else weights(_LAYERS, _scope(heads))
    return made.get_quantization_recipe()


def _scope(operators: Iterable[_Operator]) -> str:
    """A pattern of the names of operators, which are those of their outputs; one that nothing has where there is none."""
    names = [re.escape("".join(f"{name};" for name in operator.names)) for operator in operators]
    return f"^(?:{'|'.join(names)})$" if names else "(?!)"


@dataclass(frozen=True)
class _Operator:
    """An operator of a file. names: of its outputs; constants: places of the inputs that are constants."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    names: tuple[str, ...]
    constants: tuple[int, ...]

    def has_constant(self, places: dict[str, int]) -> bool:
        """Whether it is one of these operators, with a constant at its place."""
        return places.get(self.name) in self.constants


@dataclass(frozen=True)
class _Graph:
    """The operators of a file in their order. inputs: names of its arrays; outputs: its results; loops: it has loops."""

    signature: str
    inputs: tuple[str, ...]
    outputs: tuple[int, ...]
    operators: tuple[_Operator, ...]
    loops: bool

    @classmethod
    def read(cls, path: Path) -> _Graph:
        """Read a .tflite file with one signature."""
        from ai_edge_litert import schema_py_generated as schema

        model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
        codes = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        names = [codes[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
        graph, (signature,) = model.subgraphs[0], model.signatureDefs
        filled = [buffer.data is not None and len(buffer.data) > 0 for buffer in model.buffers]

        def operator(one: Any) -> _Operator:
            inputs, outputs = ([int(i) for i in places] for places in (one.inputs, one.outputs))
            constants = [place for place, i in enumerate(inputs) if i >= 0 and filled[graph.tensors[i].buffer]]
            called = [graph.tensors[i].name.decode() for i in outputs]
            return _Operator(names[one.opcodeIndex], tuple(inputs), tuple(outputs), tuple(called), tuple(constants))

        return cls(
            signature.signatureKey.decode(),
            tuple(one.name.decode() for one in signature.inputs),
            tuple(int(i) for i in graph.outputs),
            tuple(map(operator, graph.operators)),
            len(model.subgraphs) > 1,
        )

    @cached_property
    def layers(self) -> Sequence[_Operator]:
        """Operators with weights."""
        return [one for one in self.operators if one.has_constant(_LAYERS)]

    @cached_property
    def tables(self) -> Sequence[_Operator]:
        """Operators that look up rows of a table."""
        return [one for one in self.operators if one.has_constant(_TABLES)]

    @cached_property
    def last(self) -> Sequence[_Operator]:
        """Layers whose outputs become answers without another layer, and the operators behind them."""
        makers = {output: one for one in self.operators for output in one.outputs}
        waiting, found = list(self.outputs), list[_Operator]()
        while waiting:
            one = makers.get(waiting.pop())
            if one is None or one in found:
                continue
            found.append(one)
            if one not in self.layers:
                waiting += one.inputs
        return found

    @property
    def bounded(self) -> bool:
        """Whether answers are made by a function with bounds, such as the probabilities of a softmax."""
        return any(one.name in _BOUNDED for one in self.last)
