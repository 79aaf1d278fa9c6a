"""Zips: the files in them, by name."""

from __future__ import annotations

import lzma
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from minnow.folders.errors import FolderError

_ENCRYPTED = 0x1
_UTF_8 = 0x800
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error, lzma.LZMAError)


def zipped(path: Path) -> dict[str, Callable[[], bytes]]:
    """Files of a zip, path inside -> read, in its order. The zip stays open as long as one of them is kept."""
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise FolderError(f"{path} is not readable as a zip: {error}. Download or make it anew.") from error
    items = [item for item in archive.infolist() if not item.is_dir()]
    if any(item.flag_bits & _ENCRYPTED for item in items):
        raise FolderError(f"{path} is protected with a password. Make a zip without one, or a folder.")
    return {_name_of(item): partial(_unzipped, archive, item) for item in items}


def _unzipped(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(item)
    except _ZIP_ERRORS as error:
        raise OSError(f"it cannot be taken out of the zip: {error}") from error


def _name_of(item: zipfile.ZipInfo) -> str:
    """Path of a file inside its zip. The Finder writes UTF-8 without the mark of it, which zipfile reads as code page 437."""
    name = item.filename.replace("\\", "/")
    if not item.flag_bits & _UTF_8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            return name
    return unicodedata.normalize("NFC", name)
