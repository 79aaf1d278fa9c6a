"""ONNX graphs in one form: the same weights give the same bytes, whatever wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PRODUCER = "minnow"
LEAST_SHARE = 1e-4
"""The smallest probability of which a power is taken in a graph: far above the rounding of a sum of shares in float32."""


def write_canonical(model: Any, path: Path, names: Mapping[str, str] | None = None) -> None:
    """Write an ONNX model in canonical form. The model itself is changed.

    Nodes are sorted by what they compute, and nodes and values are named in that order. Initialisers of equal content are
    stored once, sorted by their new names. Documentation, metadata and shapes of inner values are left out.
    names: new names of inputs and outputs. Raises onnx.checker.ValidationError, and ValueError for a graph with a cycle.
    """
    import onnx

    graph = model.graph
    _order(graph)
    _rename(graph, _names(graph, names or {}))
    del graph.value_info[:], graph.metadata_props[:], model.metadata_props[:]
    graph.name, graph.doc_string, model.doc_string = "model", "", ""
    model.producer_name, model.producer_version, model.domain, model.model_version = PRODUCER, "", "", 0
    _used_domains(model)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def add_powers(graph: Any, name: str, power: float) -> str:
    """Add nodes that take powers of probabilities (n, k) and divide them by their sum. Returns the name of the result."""
    import numpy as np
    from onnx import helper, numpy_helper

    tensors = {"least_share": LEAST_SHARE, "power": power}
    graph.initializer.extend(numpy_helper.from_array(np.array(v, np.float32), key) for key, v in tensors.items())
    graph.node.extend(
        [
            helper.make_node("Max", [name, "least_share"], ["shares"]),
            helper.make_node("Pow", ["shares", "power"], ["powers"]),
            helper.make_node("LpNormalization", ["powers"], ["tempered"], axis=1, p=1),
        ]
    )
    return "tempered"


def _rename(graph: Any, renamed: Mapping[str, str]) -> None:
    """Give values their new names and nodes names by their order; initialisers without a new name are left out."""
    for value in (*graph.input, *graph.output):
        value.name = renamed[value.name]
        value.doc_string = ""
        _free_batch(value)
    for number, node in enumerate(graph.node):
        node.name, node.doc_string = f"n{number}", ""
        del node.metadata_props[:]
        for ends in (node.input, node.output):
            ends[:] = [renamed.get(name, name) for name in ends]
        for body in _bodies(node):
            _rename_body(body, renamed, f"{node.name}.")
    kept = {renamed[t.name]: t for t in graph.initializer if t.name in renamed}
    tensors = [_renamed(tensor, name) for name, tensor in sorted(kept.items())]
    del graph.initializer[:]
    graph.initializer.extend(tensors)


def _order(graph: Any, outer: Mapping[str, str] | None = None) -> None:
    """Sort nodes by what they compute, each after what it needs, those in the bodies of loops too. Repetitions are dropped.

    Converters order independent nodes by inner names, which count what the process has converted before. outer: meanings of
    the names that a body takes from the graph around it.
    """
    meaning = _meanings(graph, outer)
    waiting, ordered = list(graph.node), []
    by_meaning: dict[str, Any] = {}
    same: dict[str, str] = {}
    while waiting:
        ready = [node for node in waiting if all(name in meaning for name in _needs(node))]
        if not ready:
            raise ValueError(
                "A graph must not run in a circle, and every input of a node must be the output of another."
            )
        # nodes that compute the same differ by which of the graph's outputs they make, if any
        digest, _, index = min((_meaning(node, meaning), _output(node, graph), i) for i, node in enumerate(ready))
        first = ready[index]
        meaning |= {name: f"{digest}.{position}" for position, name in enumerate(first.output) if name}
        waiting.remove(first)
        if digest in by_meaning and _output(first, graph) == len(graph.output):  # it was computed before
            same |= dict(zip(first.output, by_meaning[digest].output, strict=True))
            continue
        _read_instead(first, same)
        by_meaning.setdefault(digest, first)
        ordered.append(first)
    del graph.node[:]
    graph.node.extend(ordered)


def _meanings(graph: Any, outer: Mapping[str, str] | None) -> dict[str, str]:
    """What the names stand for that are known before any node: inputs by name, or position in a body; tensors by content."""
    meaning = {**(outer or {}), "": ""} | {value.name: f"input {index}" for index, value in enumerate(graph.input)}
    if outer is None:
        meaning |= {value.name: value.name for value in graph.input}
    return meaning | {tensor.name: _content(tensor) for tensor in graph.initializer}


def _without_copies(body: Any) -> None:
    """Let nodes read a value itself instead of a copy of it; of equal outputs, all but the first stay copies.

    Which of two equal outputs a converter makes the copy is random.
    """
    from onnx import helper

    same: dict[str, str] = {}
    for node in [node for node in body.node if node.op_type == "Identity"]:
        same[node.output[0]] = node.input[0]
        body.node.remove(node)
    for name in same:
        while same[name] in same:
            same[name] = same[same[name]]
    for node in body.node:
        _read_instead(node, same)
    outputs: set[str] = set()
    for index, value in enumerate(body.output):
        name = str(same.get(value.name, value.name))
        if name in outputs:
            copy = f"copy {index} of {name}"
            body.node.append(helper.make_node("Identity", [name], [copy]))
            name = copy
        value.name = name
        outputs.add(name)


def _read_instead(node: Any, same: Mapping[str, str]) -> None:
    """Let a node, and the nodes in its bodies, read values by other names."""
    node.input[:] = [same.get(name, name) for name in node.input]
    for body in _bodies(node):
        for inside in body.node:
            _read_instead(inside, same)
        for value in body.output:
            value.name = same.get(value.name, value.name)


def _output(node: Any, graph: Any) -> int:
    """Index of the first of a graph's outputs that a node makes, one past the last for none."""
    names = [value.name for value in graph.output]
    return min((names.index(name) for name in node.output if name in names), default=len(names))


def _meaning(node: Any, meaning: Mapping[str, str]) -> str:
    """Hash a node by operator, attributes and the meaning of its inputs."""
    if _bodies(node):
        node = _plain(node, meaning)
    attributes = sorted(attribute.SerializeToString(deterministic=True) for attribute in node.attribute)
    digest = hashlib.sha256(f"{node.domain} {node.op_type} ".encode())
    for part in (*attributes, *(meaning[name].encode() for name in node.input)):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def _bodies(node: Any) -> list[Any]:
    """Graphs that a node holds: the body of a loop, the branches of a condition."""
    return [attribute.g for attribute in node.attribute if attribute.HasField("g")]


def _needs(node: Any) -> list[str]:
    """Names that a node reads: its inputs, and what its bodies take from outside."""
    names = list(node.input)
    for body in _bodies(node):
        inside = {value.name for value in (*body.input, *body.initializer)}
        inside |= {name for inner in body.node for name in inner.output}
        used = [name for inner in body.node for name in _needs(inner)] + [value.name for value in body.output]
        names += [name for name in dict.fromkeys(used) if name not in inside and name]
    return names


def _plain(node: Any, meaning: Mapping[str, str]) -> Any:
    """Copy a node, with bodies whose names follow from what they compute. The bodies of the node itself are put in order."""
    for body in _bodies(node):
        _without_copies(body)
        _order(body, meaning)
    copy = type(node)()
    copy.CopyFrom(node)
    for body in _bodies(copy):
        _rename_body(body, meaning, "")
    for name in ("input", "output"):
        copy.ClearField(name)
    copy.input.extend(node.input)
    return copy


def _rename_body(body: Any, outer: Mapping[str, str], prefix: str) -> None:
    """Name what a body makes by its position, and what it takes from outside as outer does."""
    inner = {value.name: f"{prefix}{index}" for index, value in enumerate(body.input)}
    constants = {tensor.name: tensor for tensor in body.initializer}
    alike: dict[str, str] = {}
    ends = [value.name for value in body.output if value.name in constants]
    used = [name for node in body.node for name in _needs(node) if name in constants] + ends
    for name in used:
        inner[name] = alike.setdefault(_content(constants[name]), f"{prefix}c{len(alike)}")
    for name in (name for node in body.node for name in node.output if name):
        inner.setdefault(name, f"{prefix}{len(inner)}")
    names = {**outer, **inner, "": ""}
    for value in (*body.input, *body.output):
        value.name, value.doc_string = names[value.name], ""
        for size in value.type.tensor_type.shape.dim:
            size.ClearField("dim_param")  # a name that counts what the process has converted before
    tensors = {names[name]: _renamed(constants[name], names[name]) for name in used}
    del body.initializer[:]
    body.initializer.extend(tensors.values())
    for number, node in enumerate(body.node):
        node.name, node.doc_string = f"{prefix}n{number}", ""
        del node.metadata_props[:]
        for ends in (node.input, node.output):
            ends[:] = [names[name] for name in ends]
        for inside in _bodies(node):
            _rename_body(inside, names, f"{node.name}.")
    body.name, body.doc_string = f"{prefix}body", ""
    del body.value_info[:], body.metadata_props[:]


def _names(graph: Any, ends: Mapping[str, str]) -> dict[str, str]:
    """Choose a short name for every value: i... for initialisers by first use, v... for what nodes make.

    ends: names of inputs and outputs; the others keep theirs. Initialisers of equal content share one name, so they are
    stored once.
    """
    renamed: dict[str, str] = {}
    for value in (*graph.input, *graph.output):
        renamed[value.name] = ends.get(value.name, value.name)
    content: dict[str, str] = {tensor.name: _content(tensor) for tensor in graph.initializer}
    by_content: dict[str, str] = {}
    for node in graph.node:
        for name in _needs(node):
            if name in content and name not in renamed:
                renamed[name] = by_content.setdefault(content[name], f"i{len(by_content)}")
        for name in node.output:
            if name and name not in renamed:
                renamed[name] = f"v{len(renamed)}"
    return renamed


def _content(tensor: Any) -> str:
    """Describe a tensor by type, shape and a hash of its numbers."""
    from onnx import numpy_helper

    array = numpy_helper.to_array(tensor)
    return f"{tensor.data_type} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"


def _renamed(tensor: Any, name: str) -> Any:
    """Store a tensor's numbers as raw bytes under a new name."""
    from onnx import numpy_helper

    return numpy_helper.from_array(numpy_helper.to_array(tensor), name)


def _free_batch(value: Any) -> None:
    """Name the first axis "batch" and leave it free."""
    shape = value.type.tensor_type.shape
    if len(shape.dim):
        shape.dim[0].ClearField("dim_value")
        shape.dim[0].dim_param = "batch"


def _used_domains(model: Any) -> None:
    """Keep the operator sets that the nodes use."""
    from onnx import helper

    used = {node.domain for node in model.graph.node} | {""}
    versions = {entry.domain: entry.version for entry in model.opset_import if entry.domain in used}
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in sorted(versions.items()))
