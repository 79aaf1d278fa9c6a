"""Runtimes: open model files and run predictions. A module is registered by its name."""

from __future__ import annotations

from pathlib import Path

from minnow.contracts import Runtime, Session
from minnow.registry import Registry

registry: Registry[Runtime] = Registry(__name__, noun="runtime")
names, get = registry.names, registry.get


def open_model(path: Path, threads: int = 1, device: str = "cpu") -> Session:
    """Open a model file with the runtime of its suffix.

    threads: per prediction; one is fastest for small models and leaves the other cores to other requests.
    device: "cpu" or "gpu". Raises ValueError where no runtime reads the suffix, or the device is not available.
    """
    path = Path(path)
    if device not in ("cpu", "gpu"):
        raise ValueError(f"A model runs on 'cpu' or 'gpu'. Received: device={device!r}.")
    suffixes = {get(name).SUFFIX: name for name in names()}
    if path.suffix not in suffixes:
        known = ", ".join(sorted(suffixes))
        raise ValueError(f"A model file ends in one of {known}. Received: {path.name}.")
    return get(suffixes[path.suffix]).open_model(path, threads=threads, device=device)
