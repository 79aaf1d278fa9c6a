"""Compression: makes model files smaller. A module is registered by its name."""

from minnow.contracts import Compression
from minnow.registry import Registry

registry: Registry[Compression] = Registry(__name__, noun="compression")
names, get = registry.names, registry.get
