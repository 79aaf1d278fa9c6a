"""Tables: numbers, categories, booleans and dates, with one column to be predicted. Reads delimited text and Parquet."""

from minnow.modalities.tabular.capabilities import CAPABILITIES
from minnow.modalities.tabular.encoder import fit_encoder, load_encoder
from minnow.modalities.tabular.file_rows import from_file
from minnow.modalities.tabular.options import Options, target, time_column
from minnow.modalities.tabular.request import example, parse, request
from minnow.modalities.tabular.rows import describe, examples, expectations, read

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
