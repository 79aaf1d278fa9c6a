"""Exporters: what writes a model to a file. A module's name is its registration."""

from minnow.contracts import Exporter
from minnow.registry import Registry

registry: Registry[Exporter] = Registry(__name__, noun="exporter")
names, get = registry.names, registry.get
