"""Texts of a request or of a file of inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.text.encoder import TextEncoder
from minnow.modalities.text.options import Options
from minnow.modalities.text.rows import MAX_CHARACTERS, documents
from minnow.tables.files import SUFFIXES, json_list, plain_lines
from minnow.tables.frames import stream
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


def from_file(path: Path, options: Options, encoder: TextEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: a table with the column of texts, class folders of documents, a JSON list, or lines.

    Raises FileError, a ValueError, with the path of the file.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        yield from (text for _, text in documents(path, options.encoding))
    elif path.suffix == ".json":
        yield from json_list(path)
    elif path.name.lower().endswith(SUFFIXES) and not _is_plain(path, options):
        for frame in stream(path, options.form, names=(options.text,), target=options.label):
            yield from (cell or "" for cell in frame.cells(options.text, "text"))
    else:
        yield from (line for _, line in plain_lines(path, options.encoding))


def _is_plain(path: Path, options: Options) -> bool:
    """Whether a .txt holds one text per line: its first line does not name the column of texts."""
    if path.suffix.lower() != ".txt" or options.header is not None:
        return False
    _, first = next(plain_lines(path, options.encoding), (0, ""))
    return options.text not in first
