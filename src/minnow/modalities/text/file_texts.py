"""Texts of a file of inputs for a prediction, one by one, each with its file and line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from minnow.contracts import Located
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
from minnow.tables.dialects import NO_SEPARATOR
from minnow.tables.errors import FileError
from minnow.tables.files import JSON, JSONL, SUFFIXES, has_rows, json_list, plain_lines
from minnow.tables.frames import Frame, read_place, stream
from minnow.tables.json_lines import holds_rows
from minnow.tables.plain import is_plain, is_single
from minnow.types import FileFormat

_ZIP = ".zip"
_LOG = logging.getLogger(__name__)


class FileText(str, Located):
    """A text of a file. is_document: whether the file holds nothing else, so that where is its name alone."""

    is_document: bool

    def __new__(cls, text: str, where: str, *, is_document: bool = False) -> FileText:
        """where: such as "rows.csv:17"."""
        made = super().__new__(cls, text)
        made.where, made.is_document = where, is_document
        return made


def from_file(path: Path, options: Options, encoder: TextEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: tables with the column of texts, documents, a JSON list, or lines.

    A folder is read as one of the training data: tables, files of lines, or documents in the order of their names; documents
    that cannot be read are left out and named in a warning. A file with another ending than that of a table is one text where
    the training data were documents, and else holds a text per line. Raises FileError or FolderError, ValueErrors with the
    path.
    """
    form = replace(options.form, separator=options.separator or encoder.separator)
    if path.is_dir() or path.suffix.lower() == _ZIP:
        yield from _place(path, options, encoder)
    elif holds_rows(path, options.text):
        yield from _of_table(path, options, form)
    elif path.name.lower().endswith(JSON):
        yield from json_list(path)
    elif _is_table(path, options, form):
        yield from _of_table(path, options, form)
    elif encoder.documents:
        yield _of_document(decode(RowFile(path.name, path.read_bytes), options.encoding))
    else:
        yield from _lines(path, options)


def _cells(frame: Frame, options: Options) -> Iterator[FileText]:
    cells = frame.cells(options.text, "text")
    yield from (FileText(cell or "", where) for cell, where in zip(cells, frame.row_id, strict=True))


def _lines(path: Path, options: Options) -> Iterator[FileText]:
    yield from (FileText(text, f"{path.name}:{line}") for line, text in plain_lines(path, options.encoding))


def _of_document(document: Document) -> FileText:
    return FileText(document.text, document.name, is_document=True)


def _is_table(path: Path, options: Options, form: FileFormat) -> bool:
    if not path.name.lower().endswith(SUFFIXES) or path.name in (options.lines or ()):
        return False
    return not is_plain(path, form, options.text)


def _of_table(path: Path, options: Options, form: FileFormat) -> Iterator[FileText]:
    """Texts of a table; one column of texts alone needs no separator."""
    if not path.name.lower().endswith((*JSONL, *JSON, ".parquet")) and is_single(path, form, options.text):
        header = None if form.header is None else (options.text,)
        form = replace(form, separator=NO_SEPARATOR, header=header)
    for frame in stream(path, form, names=(options.text,), target=options.label):
        yield from _cells(frame, options)


def _place(path: Path, options: Options, encoder: TextEncoder) -> Iterator[Any]:
    """Read a folder or a zip."""
    if options.lines and all((path / name).is_file() for name in options.lines):
        for name in options.lines:
            yield from _lines(path / name, options)
    elif encoder.documents or is_documents(path, options) or not has_rows(path):
        yield from _documents(path, options)
    else:
        named = [options.file] if isinstance(options.file, str) else options.file or []
        file = options.file if all((path / name).is_file() for name in named) else None
        frame = read_place(path, options.model_copy(update={"file": file}), target=options.label)
        yield from _cells(frame, options)


def _documents(path: Path, options: Options) -> Iterator[FileText]:
    """Read the documents of class folders, or all of them where there are none."""
    found = find_documents(path, options.class_folder)
    kept = found.in_classes()
    found, broken = kept if kept.files else found, dict[str, str]()
    for result in decoded(found, options.encoding):
        if isinstance(result, Document):
            yield _of_document(result)
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
