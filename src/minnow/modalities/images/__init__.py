"""Images: pictures of one size, to be classified or generated. Reads folders and zips of pictures, .npz and idx files."""

from __future__ import annotations

from minnow.modalities.images.capabilities import CAPABILITIES
from minnow.modalities.images.encoder import fit_encoder, load_encoder
from minnow.modalities.images.options import Options, target, time_column
from minnow.modalities.images.request import example, from_file, parse, request
from minnow.modalities.images.rows import describe, examples, expectations, read

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
