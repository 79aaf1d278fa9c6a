"""Texts of a request or of a file of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.text.encoder import TextEncoder
from minnow.modalities.text.options import Options
from minnow.modalities.text.rows import JSONL, MAX_CHARACTERS, SUFFIXES
from minnow.tables.files import FileError, json_lines, json_list, records
from minnow.types import Array, Columns

_REQUEST: Mapping[str, Any] = {
    "description": "A text.",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_CHARACTERS,
}


def request(encoder: TextEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input: a text."""
    return _REQUEST


def example(encoder: TextEncoder, rows: Columns) -> str:
    """Return a valid text, for the documentation of the service."""
    return "example"


def parse(inputs: Sequence[Any], encoder: TextEncoder) -> dict[str, Array]:
    """Check the texts of one request. Returns {"text": (n,) object of str}.

    Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one text, received none.")
    for i, value in enumerate(inputs):
        if problem := _problem(value):
            raise ValueError(f"inputs[{i}]: needed a text of 1 to {MAX_CHARACTERS:,} characters, received {problem}.")
    return {"text": np.array(inputs, dtype=object)}


def _problem(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"{type(value).__name__} {value!r:.40}"
    if not value.strip():
        return "an empty text"
    if len(value) > MAX_CHARACTERS:
        return f"{len(value):,} characters"
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return "half of a surrogate pair, which is not a character"
    return None


def from_file(path: Path, options: Options, encoder: TextEncoder) -> list[str]:
    """Read inputs for a prediction: delimited text or JSONL with the column of texts, a JSON list, or plain text by lines.

    Raises FileError, a ValueError, with the path of the file.
    """
    if path.name.endswith(JSONL):
        return [cells[0] for _, cells in json_lines(path, (options.text,))]
    if path.name.endswith(SUFFIXES):
        return [cells[0] for _, cells in records(path, options.separator, (options.text,))]
    if path.suffix == ".json":
        return json_list(path)
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}") from error
