"""Texts and their labels from tables, from files of lines and from class folders of documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from minnow.folders import Found
from minnow.modalities.text import documents
from minnow.modalities.text.documents import Document
from minnow.modalities.text.options import Options
from minnow.registry import unknown
from minnow.tables.divisions import divide
from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, find, plain_lines
from minnow.tables.frames import Frame, read_place
from minnow.tables.options import TableOptions
from minnow.tables.typed import Columnwise
from minnow.types import Notice, Reading


@dataclass(frozen=True)
class TextRows:
    """Texts and labels, "" where missing. row_id: origin of each; split: of each, "" where nothing fixes it."""

    texts: Sequence[str]
    labels: Sequence[str]
    row_id: Sequence[str]
    split: Sequence[str]
    reading: Reading = field(default_factory=Reading)
    notices: tuple[Notice, ...] = ()


def table_rows(folder: Path, options: Options) -> TextRows:
    """Read tables with columns of texts and labels."""
    frame = read_place(folder, options, target=options.label)
    texts, _ = (_column(frame, name, role) for name, role in ((options.text, "text"), (options.label, "label")))
    if frame.form.separator == "\t" and "quote" not in options.model_fields_set:
        _refuse_swallowed(texts, frame.row_id)
    as_table = TableOptions.model_validate(
        {
            "target": options.label,
            "missing": options.missing,
            "not_missing": options.not_missing,
            "label_as": options.label_as,
        }
    )
    label = Columnwise(frame, as_table).labels(options.label)
    division = divide(frame.file)
    notices = (*frame.notices, *division.notices, *label.notices, *_unread_documents(folder))
    splits = [division.splits[name] for name in frame.file]
    return TextRows(texts, label.values.tolist(), frame.row_id, splits, Reading(frame.form), notices)


def _column(frame: Frame, name: str, role: str) -> list[str]:
    """Cells of a column. Raises FileError where it is not there."""
    if name not in frame.columns:
        header = "" if frame.form.header else " If the first line is a row, name the columns under options.header."
        raise FileError(f"options.{role}: {unknown('column', name, frame.columns)}{header}")
    return [cell or "" for cell in frame.cells(name, role)]


def _refuse_swallowed(texts: Sequence[str], row_id: Sequence[str]) -> None:
    """Raise FileError for a text that holds whole rows, since a quotation mark is part of the text and not of the format."""
    for text, row in zip(texts, row_id, strict=True):
        if "\t" in text.partition("\n")[2]:
            raise FileError(
                f"{row}: the text holds a line break and tabs after it, as if it held the next rows too: {text[:60]!r}. If "
                'quotation marks are part of the texts, set options.quote to a sign that they do not hold, such as "\\x01"; '
                "if they stand around cells, set options.quote: '\"'."
            )


def _unread_documents(folder: Path) -> list[Notice]:
    """Say that documents in class folders beside a table are not read."""
    found = documents.find_documents(folder) if folder.is_dir() else Found()
    count = sum(bool(found.label(file.name)) for file in found.files)
    text = f"{count:,} documents in folders are not read, since a table of texts lies beside them."
    return [Notice("skipped", text, count)] if count else []


def line_rows(folder: Path, lines: dict[str, str], encoding: str | None) -> TextRows:
    """Read plain text with one document per line. lines: file -> label of its lines."""
    texts, labels, row_id, files = [], [], [], []
    for path in find(folder, list(lines), SUFFIXES):
        if path.name not in lines:
            raise FileError(f"options.lines must name {path.name}. It names {', '.join(lines)}.")
        for line, text in plain_lines(path, encoding):
            texts.append(text)
            labels.append(lines[path.name])
            row_id.append(f"{path.name}:{line}")
            files.append(path.name)
    division = divide(files)
    splits = [division.splits[name] for name in files]
    return TextRows(texts, labels, row_id, splits, notices=division.notices)


def document_rows(place: Path, options: Options) -> TextRows:
    """Read class folders of documents."""
    found, read, broken = documents.in_classes(place, options), list[Document](), dict[str, str]()
    for result in documents.decoded(found, options.encoding):
        if isinstance(result, Document):
            read.append(result)
        else:
            broken |= dict([result])
    found = found.without(broken, documents.BROKEN) if broken else found
    found.check_losses(options.max_lost)
    names, missing = [document.name for document in read], {text.lower() for text in options.missing}
    folders = Counter(found.label(name) for name in names)
    label_of = {name: "" if name.lower() in missing else options.label_as.get(name, name) for name in folders}
    return TextRows(
        [document.text for document in read],
        [label_of[found.label(name)] for name in names],
        names,
        [found.split(name) for name in names],
        Reading(documents=True),
        (*found.notices, *found.class_notices, *documents.windows_notice(read), *_missing_folders(folders, label_of)),
    )


def _missing_folders(folders: Counter[str], label_of: dict[str, str]) -> list[Notice]:
    """Say which folders are no classes, since options.missing names them."""
    return [
        Notice("missing", f"The {count:,} documents in '{name}' have no label (options.missing).", count, name)
        for name, count in folders.items()
        if not label_of[name]
    ]
