"""Tasks: what an answer means. A module's name is its registration."""

from minnow.registry import Registry

registry = Registry(__name__, noun="task")
names, get = registry.names, registry.get
