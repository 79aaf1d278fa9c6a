"""Modalities: what the rows of a use case are. A package is registered by its name."""

from __future__ import annotations

from minnow.contracts import Modality
from minnow.registry import Registry

registry: Registry[Modality] = Registry(__name__, noun="modality")
names, get = registry.names, registry.get
