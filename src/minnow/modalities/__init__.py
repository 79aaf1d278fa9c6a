"""Modalities: what rows mean. A module's name is its registration."""

from minnow.registry import Registry

registry = Registry(__name__, noun="modality")
names, get = registry.names, registry.get
