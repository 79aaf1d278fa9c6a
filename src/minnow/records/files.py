"""Writes JSON and arrays with the same bytes on every run, and hashes files and folders."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np

from minnow.types import Array


class RecordError(ValueError):
    """A record that is missing, broken, or of a format that this version does not know."""


def sha256(folder: Path, names: Iterable[str] | None = None) -> str:
    """Hash the names and bytes of a folder's files, or of the named ones alone. Returns 64 hex digits."""
    folder, digest = Path(folder), hashlib.sha256()
    paths = (p for p in folder.rglob("*") if p.is_file()) if names is None else (folder / name for name in names)
    for path in sorted(paths):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Hash each file of a folder by itself: relative path -> sha256."""
    paths = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in paths}


def file_sha256(path: Path) -> str:
    """Hash one file, 64 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_json(path: Path, noun: str, formats: Iterable[int]) -> dict[str, Any]:
    """Read a record of a known format. noun: what it is, for messages. A file without `format` is of format 1.

    Raises RecordError when the file is missing or no JSON object, or when its format is not known here.
    """
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} must be a readable {noun}: {error}") from error
    if not isinstance(value, dict):
        raise RecordError(f"{path} must be a {noun}, a JSON object. Received: {type(value).__name__}.")
    record = cast("dict[str, Any]", value)
    known_format(record, noun, formats, str(path))
    return record


@contextmanager
def readable(where: str, noun: str) -> Generator[None]:
    """Raise RecordError where a record of a known format lacks a field, or has one of another kind."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{where} must be a complete {noun}. Received other fields: {error}.") from error


def known_format(value: Mapping[str, Any], noun: str, formats: Iterable[int], where: str) -> int:
    """Return the format of a record. Raises RecordError for one that this version does not know."""
    known = sorted(formats)
    number = value.get("format", 1)
    if type(number) is not int or number not in known:
        raise RecordError(
            f"{where}: this version reads a {noun} of format {' or '.join(map(str, known))}. Received: format {number!r}. "
            "Read it with the version of Minnow that wrote it, or a newer one."
        )
    return number


def write_json(path: Path, value: Any) -> None:
    """Write JSON with the same bytes on every run: sorted keys, indented by two spaces, with a newline at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_npz(path: Path) -> dict[str, Array]:
    """Read all arrays of an .npz. Raises what NumPy raises for a file of another kind, or a truncated one."""
    with path.open("rb") as stream, np.load(stream) as file:  # np.load leaves a truncated file open
        return {name: file[name] for name in file.files}


def write_npz(path: Path, arrays: Mapping[str, Array], *, packed: bool = False) -> None:
    """Write an .npz with the same bytes on every run: sorted, without time stamps. packed: compress, where size counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method, compresslevel=9 if packed else None) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, buffer.getvalue(), method)
