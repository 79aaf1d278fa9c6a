"""Compression: what shrinks a model. A module's name is its registration."""

from minnow.registry import Registry

registry = Registry(__name__, noun="compression")
names, get = registry.names, registry.get
