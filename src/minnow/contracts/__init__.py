"""Protocols of tasks, modalities, families, compressions, exporters, runtimes and runners.

A module implements a protocol: `families/cnn.py` defines every name of `Family`. Pyright checks each registered module against
its protocol (in `_checked.py` of each package), and a contract test fails for public names that the protocol does not define.
Optional abilities are declared in `CAPABILITIES`, with defaults for modules that lack them.
"""

from __future__ import annotations

from minnow.contracts.artifacts import (
    Compression,
    CompressionSource,
    Exporter,
    FileCompression,
    ModelCompression,
    ModelSource,
    Remade,
    Runtime,
    Session,
    UnsupportedModel,
)
from minnow.contracts.durations import Duration
from minnow.contracts.families import Family, FamilyCapabilities, Model, Taught
from minnow.contracts.modalities import Encoder, FileLimits, Located, Modality, ModalityCapabilities
from minnow.contracts.parameters import Parameters, RowOptions
from minnow.contracts.runners import JobKilled, Runner
from minnow.contracts.tasks import AnswerChange, FeatureExtraction, Task, TaskCapabilities

__all__ = [
    "AnswerChange",
    "Compression",
    "CompressionSource",
    "Duration",
    "Encoder",
    "Exporter",
    "Family",
    "FamilyCapabilities",
    "FeatureExtraction",
    "FileCompression",
    "FileLimits",
    "JobKilled",
    "Located",
    "Modality",
    "ModalityCapabilities",
    "Model",
    "ModelCompression",
    "ModelSource",
    "Parameters",
    "Remade",
    "RowOptions",
    "Runner",
    "Runtime",
    "Session",
    "Task",
    "TaskCapabilities",
    "Taught",
    "UnsupportedModel",
]
