"""Tasks: what is predicted, and how it is scored. A module is registered by its name."""

from minnow.contracts import Task
from minnow.registry import Registry

registry: Registry[Task] = Registry(__name__, noun="task")
names, get = registry.names, registry.get
