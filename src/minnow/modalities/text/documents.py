"""Texts that are files: class folders of documents, as folders or zips."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from minnow.folders import Found, RowFile, Skipped, find_files
from minnow.modalities.text.options import Options
from minnow.tables.encodings import WINDOWS, find_encoding, text_of
from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, TEXT, find, has_rows, is_prose
from minnow.tables.frames import stream
from minnow.types import Notice

DOCUMENTS = (".txt",)
_WITHOUT_ENDING = ("",)
BROKEN = "documents that cannot be read"
_PROSE = "files for people, by their names"
_ZIP = ".zip"


@dataclass(frozen=True)
class Document:
    """A file that was read. text: without marks of its encoding; windows: whether it was read as Windows-1252."""

    name: str
    text: str
    windows: bool


def find_documents(place: Path, class_folder: int | None = None) -> Found:
    """Find the documents in a folder, its subfolders and zips, or in one zip.

    They are .txt; where there is none, files without an ending, if most files are such. README.txt and its like beside class
    folders are left out. Raises FolderError for a zip that cannot be read.
    """
    found = _without_prose(find_files(place, DOCUMENTS, (), class_folder))
    if found.files:
        return found
    plain = _without_prose(find_files(place, _WITHOUT_ENDING, (), class_folder))
    return plain if len(plain.files) > len(plain.skipped) else found


def _without_prose(found: Found) -> Found:
    prose = [file.name for file in found.files if is_prose(Path(file.name)) and not found.label(file.name)]
    left_out = tuple(Skipped(name, _PROSE) for name in prose)
    files = tuple(file for file in found.files if file.name not in prose)
    return replace(found, files=files, skipped=found.skipped + left_out)


def is_documents(place: Path, options: Options | None = None) -> bool:
    """Whether a folder or zip holds class folders of documents, and no table of texts beside them.

    options: those of a use case, which name the columns of such a table; None takes every table for one.
    """
    if place.is_file() or (options and options.file is not None):
        return place.suffix.lower() == _ZIP
    found = find_documents(place, options.class_folder if options else None)
    classes = {found.label(file.name) for file in found.files} - {""}
    if not classes or not has_rows(place):
        return bool(classes)
    tables = find(place, None, SUFFIXES)
    if options is None:
        return len(classes) > 1 and all(_is_text(path) for path in tables)
    return not any(_holds_texts(path, options) for path in tables)


def _is_text(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".txt")


def _holds_texts(path: Path, options: Options) -> bool:
    """Whether a file is a table with the columns of texts and labels; one that cannot be read may be."""
    try:
        columns = next(stream(path, options.form, names=(options.text, options.label), rows=1)).columns
    except FileError:
        return not _is_text(path)
    return {options.text, options.label} <= set(columns)


def in_classes(place: Path, options: Options) -> Found:
    """Find the documents of all classes. Raises FileError where there is none."""
    found = find_documents(place, options.class_folder)
    if not found.files:
        skipped = " ".join(notice.text for notice in found.notices)
        raise FileError(
            f"{place} must hold class folders of documents ({', '.join(DOCUMENTS)}), or a file of {', '.join(TEXT)}, .jsonl or "
            f".parquet that is not in a zip. It holds none. {skipped}".rstrip()
        )
    kept = found.in_classes()
    if not kept.files:
        raise FileError(f"{found.files[0].name}: a document must be in a folder that is named after its class.")
    return kept


def decoded(found: Found, encoding: str | None) -> Iterator[Document | tuple[str, str]]:
    """Read documents one by one, in the order of their names; for one that cannot be read its name and what is wrong."""
    for file in found.files:
        try:
            yield decode(file, encoding)
        except (FileError, OSError) as error:
            yield file.name, str(error).removeprefix(file.name).lstrip(": ")


def decode(file: RowFile, encoding: str | None) -> Document:
    """Read one document. Raises FileError and OSError."""
    data = file.read()
    known = encoding or find_encoding(file.name, lambda: io.BytesIO(data))
    return Document(file.name, text_of(file.name, data, known), encoding is None and known == WINDOWS)


def windows_notice(documents: list[Document]) -> list[Notice]:
    """Say which documents are read as Windows-1252."""
    names = [document.name for document in documents if document.windows]
    if not names:
        return []
    shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    text = f"{len(names):,} documents are read as Windows-1252, since they are not UTF-8: {shown}"
    return [Notice("format", f"{text} (options.encoding names another encoding).", len(names))]
