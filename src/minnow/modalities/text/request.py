"""Texts of a request, or of a file of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minnow.contracts import Located
from minnow.modalities.text.encoder import TextEncoder
from minnow.modalities.text.file_texts import FileText
from minnow.modalities.text.rows import MAX_CHARACTERS
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

    Texts that from_file read from documents come with "file", their names (n,) str. Raises ValueError with the input (or file
    and line) and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one text, received none.")
    for i, value in enumerate(inputs):
        if problem := _problem(value):
            where = value.where if isinstance(value, Located) else f"inputs[{i}]"
            raise ValueError(f"{where}: needed a text of 1 to {MAX_CHARACTERS:,} characters, received {problem}.")
    names = [value.where for value in inputs if isinstance(value, FileText) and value.is_document]
    texts = {"text": np.array([str(value) for value in inputs], dtype=object)}
    return texts | {"file": np.array(names)} if len(names) == len(inputs) else texts


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


def about(columns: Columns, encoder: TextEncoder) -> Mapping[str, Sequence[str]]:
    """State the file that each text is, where texts are files."""
    return {"file": columns["file"].tolist()} if "file" in columns else {}
