"""The weighted average of several ONNX models in one graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minnow.graphs import add_powers
from minnow.types import Spec


def averaged(models: Sequence[Any], shares: Sequence[float], output: Spec, temperature: float | None) -> Any:
    """Join ONNX models of one output each to one that returns their weighted average. Inputs of one name are one input.

    temperature: of average probabilities, of which the power of 1 / temperature is taken; None leaves them. Raises ValueError
    where two models need different versions of one operator set.
    """
    from onnx import TensorProto, compose, helper, numpy_helper

    inputs: dict[str, Any] = {}
    nodes, tensors, parts = [], [], []
    for index, (model, share) in enumerate(zip(models, shares, strict=True)):
        own = compose.add_prefix(model, f"m{index}.", rename_inputs=False).graph
        inputs |= {value.name: value for value in own.input if value.name not in inputs}
        tensors += [*own.initializer, numpy_helper.from_array(np.array(share, np.float32), f"m{index}.share")]
        nodes += [*own.node, helper.make_node("Mul", [own.output[0].name, f"m{index}.share"], [f"m{index}.part"])]
        parts.append(f"m{index}.part")
    nodes.append(helper.make_node("Sum", parts, ["average"]))
    graph = helper.make_graph(nodes, "average", list(inputs.values()), [], tensors)
    name = "average" if temperature is None else add_powers(graph, "average", 1 / temperature)
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *output.shape]))
    versions = _versions(models)
    imports = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=max(model.ir_version for model in models))


def _versions(models: Sequence[Any]) -> dict[str, int]:
    """Operator set that nodes use -> version. Raises ValueError where two models differ."""
    versions: dict[str, int] = {}
    used = [(entry, {node.domain for node in model.graph.node}) for model in models for entry in model.opset_import]
    for entry in (entry for entry, domains in used if entry.domain in domains):
        if versions.setdefault(entry.domain, entry.version) != entry.version:
            raise ValueError(
                f"Models can be joined that use one version of each operator set. Received: '{entry.domain}' in version "
                f"{versions[entry.domain]} and {entry.version}."
            )
    return versions
