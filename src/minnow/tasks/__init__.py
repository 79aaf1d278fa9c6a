"""Tasks: what an answer means. A module's name is its registration."""

from minnow.contracts import Task
from minnow.registry import Registry

registry: Registry[Task] = Registry(__name__, noun="task")
names, get = registry.names, registry.get
