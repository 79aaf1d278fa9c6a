"""Runtimes: what answers from a file. A module's name is its registration."""

from minnow.registry import Registry

registry = Registry(__name__, noun="runtime")
names, get = registry.names, registry.get
