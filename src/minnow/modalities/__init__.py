"""Modalities: what rows mean. A package's name is its registration."""

from __future__ import annotations

from minnow.contracts import Modality
from minnow.registry import Registry

registry: Registry[Modality] = Registry(__name__, noun="modality")
names, get = registry.names, registry.get
