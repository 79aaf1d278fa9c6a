"""Series: sensor readings in order of time. An example has the rows up to a moment and a target then or later."""

from minnow.modalities.timeseries.capabilities import CAPABILITIES
from minnow.modalities.timeseries.encoder import fit_encoder, load_encoder
from minnow.modalities.timeseries.file_rows import from_file
from minnow.modalities.timeseries.options import Options, target, time_column
from minnow.modalities.timeseries.request import example, parse, request
from minnow.modalities.timeseries.rows import describe, examples, expectations, read

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
