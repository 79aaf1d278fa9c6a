"""What a task, a modality, a family, a compression, an exporter and a runtime must have.

A module is an implementation: `families/cnn.py` has every name of `Family`. Pyright reads each registered module against its
Protocol (the file `_checked.py` of each room), and a contract test refuses a public name that the Protocol does not know. What
is optional is declared in `CAPABILITIES`, with a default for modules that do not have it; nothing is probed for.
"""

from __future__ import annotations

from minnow.contracts.artifacts import Compression, CompressionSource, Exporter, Runtime, Session
from minnow.contracts.families import Family, FamilyCapabilities, Model
from minnow.contracts.modalities import Encoder, Modality, ModalityCapabilities
from minnow.contracts.parameters import Parameters, RowOptions
from minnow.contracts.runners import Runner
from minnow.contracts.tasks import FeatureExtraction, Task, TaskCapabilities

__all__ = [
    "Compression",
    "CompressionSource",
    "Encoder",
    "Exporter",
    "Family",
    "FamilyCapabilities",
    "FeatureExtraction",
    "Modality",
    "ModalityCapabilities",
    "Model",
    "Parameters",
    "RowOptions",
    "Runner",
    "Runtime",
    "Session",
    "Task",
    "TaskCapabilities",
]
