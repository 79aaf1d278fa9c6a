"""Text: short documents, each with a label. Reads delimited files, JSONL, and plain text with one file per label."""

from __future__ import annotations

from minnow.modalities.text.capabilities import CAPABILITIES
from minnow.modalities.text.encoder import fit_encoder, load_encoder
from minnow.modalities.text.file_texts import from_file
from minnow.modalities.text.options import Options, target, time_column
from minnow.modalities.text.request import example, parse, request
from minnow.modalities.text.rows import describe, examples, expectations, read

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
