"""Compression: what shrinks a model. A module's name is its registration."""

from minnow.contracts import Compression
from minnow.registry import Registry

registry: Registry[Compression] = Registry(__name__, noun="compression")
names, get = registry.names, registry.get
