"""The average of several models, of which those that are networks are compressed, each by itself; trees stay as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from minnow import exporters
from minnow.contracts import CompressionSource, Model
from minnow.types import Spec

_MIXED = "mixed"
"""Framework of averages of models that are not all networks."""


def is_supported(model: Model) -> bool:
    """Whether a model is a network, or an average with a network or linear model among its members."""
    members = [member for member, _ in model.native.parts] if model.framework == _MIXED else [model]
    return any(member.network is not None for member in members)


def compress(source: CompressionSource, out: Path, shrink: Callable[[CompressionSource, Path], None]) -> None:
    """Write a network, or an average with its networks, compressed. shrink: writes the file of a source that is a network.

    A member whose file would not be smaller is left as it is. Raises what shrink raises.
    """
    if source.model.framework != _MIXED:
        shrink(source, out)
        return
    average, onnx = source.model.native, exporters.get("onnx")

    def compressed(member: Model, folder: Path) -> Any:
        if member.network is None:
            return member
        large, small = folder / "large.onnx", folder / "small.onnx"
        # as an average of its own, so that its operators are of the version that all members share
        alone = replace(average, members=(member,), shares=(1.0,), temperature=None)
        onnx.write(alone, large)
        shrink(replace(source, path=large, model=member), small)
        return _File.read(small, member) if small.stat().st_size < large.stat().st_size else member

    with tempfile.TemporaryDirectory() as folder:
        members = tuple(compressed(member, Path(folder)) for member, _ in average.parts)
        onnx.write(replace(average, members=members), out)


@dataclass(frozen=True)
class _File:
    """A member whose ONNX file is there already. graph: the ONNX model; inputs, outputs: as those of the member."""

    graph: Any
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    framework: str = "onnx"

    @property
    def native(self) -> _File:
        """The member itself."""
        return self

    def to_onnx(self) -> Any:
        """Return the ONNX model."""
        return self.graph

    @classmethod
    def read(cls, path: Path, member: Model) -> _File:
        """Read the file of a member."""
        import onnx

        return cls(onnx.load(path), member.inputs, member.outputs)
