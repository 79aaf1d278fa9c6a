"""Exporters: write a model to a file. A module is registered by its name."""

from minnow.contracts import Exporter
from minnow.registry import Registry

registry: Registry[Exporter] = Registry(__name__, noun="exporter")
names, get = registry.names, registry.get
