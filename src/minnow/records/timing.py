"""Timings: latency, throughput and memory of bundles, and the other values that differ from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minnow.records.files import read_json, readable, write_json

FORMAT = 2


@dataclass(frozen=True)
class Timing:
    """How fast a bundle answers.

    p50_us, p95_us: of one-row answers; rows_per_s: in one batch; peak_memory_bytes: beyond a process that has only
    imported the runtime; latency_us: (rounds, samples), empty where they were not kept.
    """

    p50_us: float
    p95_us: float
    rows_per_s: float
    peak_memory_bytes: int
    latency_us: tuple[tuple[float, ...], ...] = ()

    def numbers(self) -> dict[str, float | int]:
        """The figures, without the samples."""
        return {name: value for name, value in vars(self).items() if name != "latency_us"}


@dataclass(frozen=True)
class Timings:
    """Values that differ from run to run. variants: "cnn/int8" -> timing; training_s: by family; machine: cpu and platform."""

    variants: Mapping[str, Timing] = field(default_factory=dict[str, Timing])
    training_s: Mapping[str, float] = field(default_factory=dict[str, float])
    machine: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def write(self, path: Path) -> None:
        """Write them to a file."""
        variants = {name: timing.numbers() for name, timing in self.variants.items()}
        plain = {"training_s": dict(self.training_s), "machine": dict(self.machine)}
        write_json(path, {"format": FORMAT, "variants": variants} | plain)


def read_timings(path: Path) -> Timings:
    """Read timings, of format 1 or 2; none where there is no file. Raises RecordError."""
    if not path.exists():
        return Timings()
    value = read_json(path, "record of timings", (1, FORMAT))
    with readable(str(path), "record of timings"):
        variants = {name: Timing(**numbers) for name, numbers in value["variants"].items()}
        return Timings(variants, value["training_s"], value["machine"])
