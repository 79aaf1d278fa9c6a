"""Audio: short sounds, each with a label. Reads files in a folder or a zip; the label is in the folder's or file's name."""

from __future__ import annotations

from minnow.modalities.audio.capabilities import CAPABILITIES
from minnow.modalities.audio.encoder import fit_encoder, load_encoder
from minnow.modalities.audio.options import Options, target, time_column
from minnow.modalities.audio.request import example, from_file, parse, request
from minnow.modalities.audio.rows import describe, examples, expectations, read

__all__ = [
    "CAPABILITIES",
    "Options",
    "describe",
    "example",
    "examples",
    "expectations",
    "fit_encoder",
    "from_file",
    "load_encoder",
    "parse",
    "read",
    "request",
    "target",
    "time_column",
]
