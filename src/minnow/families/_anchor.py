"""Answers that are learned as a change: what a series showed last is added to what a model says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minnow.types import Array, Batch, Columns, Spec

ANCHOR = "anchor"
SPEC = Spec(ANCHOR, (), "float32")


def relative(batch: Batch) -> Batch:
    """The same rows with the change for a target, where there is something that it is a change of."""
    if ANCHOR not in batch.inputs:
        return batch
    inputs = {name: value for name, value in batch.inputs.items() if name != ANCHOR}
    return replace(batch, inputs=inputs, target=batch.target - batch.inputs[ANCHOR])


def back(change: Array, inputs: Columns) -> Array:
    """Answers of changes, (n,)."""
    return change + inputs[ANCHOR]


def anchored(network: Any, name: str) -> Any:
    """A Keras network that adds the anchor to the answers of another one."""
    import keras
    from keras import layers

    anchor = keras.Input((), name=ANCHOR)
    total = layers.Add(name=name)([network.outputs[0], anchor])
    return keras.Model([*network.inputs, anchor], total, name=network.name)
