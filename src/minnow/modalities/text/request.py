"""Texts of a request or of a file of inputs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minnow.folders import RowFile
from minnow.modalities.text.documents import (
    BROKEN,
    DOCUMENTS,
    Document,
    decode,
    decoded,
    find_documents,
    is_documents,
)
from minnow.modalities.text.encoder import TextEncoder
from minnow.modalities.text.options import Options
from minnow.modalities.text.rows import MAX_CHARACTERS
from minnow.tables.errors import FileError
from minnow.tables.files import JSONL, SUFFIXES, has_rows, json_list, plain_lines
from minnow.tables.frames import read_place, stream
from minnow.tables.plain import NO_SEPARATOR, is_plain, is_single
from minnow.types import Array, Columns, FileFormat

_ZIP = ".zip"
_LOG = logging.getLogger(__name__)
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

    Texts that from_file read from documents come with "file", their names (n,) str.

    Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one text, received none.")
    for i, value in enumerate(inputs):
        if problem := _problem(value):
            raise ValueError(f"inputs[{i}]: needed a text of 1 to {MAX_CHARACTERS:,} characters, received {problem}.")
    names = [value.name for value in inputs if isinstance(value, FileText)]
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


class FileText(str):
    """A text that is a file. name: of the file."""

    name: str

    @classmethod
    def of(cls, document: Document) -> FileText:
        """Make one of a document."""
        text = cls(document.text)
        text.name = document.name
        return text


def from_file(path: Path, options: Options, encoder: TextEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: tables with the column of texts, documents, a JSON list, or lines.

    A folder is read as one of the training data: tables, files of lines, or documents in the order of their names; documents
    that cannot be read are left out and named in a warning. A file with another ending than that of a table is one text where
    the training data were documents, and else holds a text per line. Raises FileError or FolderError, ValueErrors with the
    path.
    """
    if path.is_dir() or path.suffix.lower() == _ZIP:
        yield from _place(path, options, encoder)
    elif path.suffix.lower() == ".json":
        yield from json_list(path)
    elif _is_table(path, options):
        for frame in stream(path, _form(path, options, encoder), names=(options.text,), target=options.label):
            yield from (cell or "" for cell in frame.cells(options.text, "text"))
    elif encoder.documents:
        yield FileText.of(decode(RowFile(path.name, path.read_bytes), options.encoding))
    else:
        yield from (line for _, line in plain_lines(path, options.encoding))


def _is_table(path: Path, options: Options) -> bool:
    if not path.name.lower().endswith(SUFFIXES) or path.name in (options.lines or ()):
        return False
    return not is_plain(path, options.form, options.text)


def _form(path: Path, options: Options, encoder: TextEncoder) -> FileFormat:
    """How a table is written, as far as it is known: one column of texts alone needs no separator."""
    form = replace(options.form, separator=options.separator or encoder.separator)
    is_text = not path.name.lower().endswith((*JSONL, ".parquet"))
    return replace(form, separator=NO_SEPARATOR) if is_text and is_single(path, form, options.text) else form


def _place(path: Path, options: Options, encoder: TextEncoder) -> Iterator[Any]:
    """Read a folder or a zip."""
    if options.lines and all((path / name).is_file() for name in options.lines):
        for name in options.lines:
            yield from (line for _, line in plain_lines(path / name, options.encoding))
    elif encoder.documents or is_documents(path, options) or not has_rows(path):
        yield from _documents(path, options)
    else:
        named = [options.file] if isinstance(options.file, str) else options.file or []
        file = options.file if all((path / name).is_file() for name in named) else None
        frame = read_place(path, options.model_copy(update={"file": file}), target=options.label)
        yield from (cell or "" for cell in frame.cells(options.text, "text"))


def _documents(path: Path, options: Options) -> Iterator[FileText]:
    """Read the documents of class folders, or all of them where there are none."""
    found = find_documents(path, options.class_folder)
    kept = found.in_classes()
    found, broken = kept if kept.files else found, dict[str, str]()
    for result in decoded(found, options.encoding):
        if isinstance(result, Document):
            yield FileText.of(result)
        else:
            broken |= dict([result])
    found = found.without(broken, BROKEN) if broken else found
    said = " ".join(notice.text for notice in found.notices)
    if not found.files:
        raise FileError(
            f"{path} must hold documents ({', '.join(DOCUMENTS)}) or a table of texts. It holds none. {said}"
        )
    if said:
        _LOG.warning("%s: %s", path, said)


def about(columns: Columns, encoder: TextEncoder) -> Mapping[str, Sequence[str]]:
    """State the file that each text is, where texts are files."""
    return {"file": columns["file"].tolist()} if "file" in columns else {}
