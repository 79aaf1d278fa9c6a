"""Interactions: which user took which item, when, and with what rating. A row is one interaction.

For ranking, an example is one user; for ratings (`target: rating`), an example is one interaction.
"""

from __future__ import annotations

from minnow.modalities.interactions.capabilities import CAPABILITIES
from minnow.modalities.interactions.encoder import fit_encoder, load_encoder
from minnow.modalities.interactions.file_ids import from_file
from minnow.modalities.interactions.options import Options, target, time_column
from minnow.modalities.interactions.request import example, parse, request
from minnow.modalities.interactions.rows import describe, examples, expectations, read

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
