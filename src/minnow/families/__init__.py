"""Families: what learns. A module's name is its registration."""

from minnow.registry import Registry

registry = Registry(__name__, noun="family")
names, get = registry.names, registry.get
