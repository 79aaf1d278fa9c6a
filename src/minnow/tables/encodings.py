"""Encodings of text files: found from the bytes, or named by the user."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from minnow.tables.errors import FileError

_BINARY = {
    b"PK\x03\x04": "a zip archive", b"PAR1": "Parquet", b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture", b"%PDF": "a PDF", b"BZh": "bzip2", b"SQLite": "an SQLite database",
    b"\x93NUMPY": "a NumPy array", b"\x28\xb5\x2f\xfd": "zstandard", b"\x1f\x8b": "gzip",
    b"\xd0\xcf\x11\xe0": "an Excel or Word file of an old version",
}  # fmt: skip
_BLOCK = 1 << 20
UTF8, WINDOWS = "utf-8-sig", "cp1252"
_ESCAPE = 0xDC00
"""Python's surrogateescape puts a byte that is not UTF-8 at this code point plus its value."""
_ESCAPED = re.compile("[\udc80-\udcff]+")
_BEYOND = re.compile("[^\x00-\x7f\udc80-\udcff]")
_LETTERS = re.compile("[A-Za-z]")
_LONG_RUN, _MOST_ODD = 4, 0.35
"""Windows-1252 is no longer the likely encoding where so many bytes beyond ASCII follow each other, or so many letters are."""


Open = Callable[[], IO[bytes]]
"""Opens the bytes of a file from their beginning."""


def open_text(path: Path, encoding: str | None = None) -> tuple[IO[str], str]:
    """Open a text file, plain or .gz. Returns the stream, which is read piece by piece, and its encoding.

    encoding: a codec's name; None finds UTF-8, UTF-16 or Windows-1252. Raises FileError.
    """

    def opened() -> IO[bytes]:
        return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]

    found = encoding or find_encoding(path.name, opened)
    try:
        return io.TextIOWrapper(opened(), encoding=found, newline=""), found
    except (OSError, LookupError) as error:
        raise FileError(f"{path}: {error}") from error


def text_of(name: str, data: bytes, encoding: str | None = None) -> str:
    """Decode the bytes of one document. Raises FileError with its name."""
    found = encoding or find_encoding(name, lambda: io.BytesIO(data))
    try:
        return data.decode(found)
    except (UnicodeError, LookupError) as error:
        raise FileError(f"{name}: {error}. Name its encoding under options.encoding.") from error


def find_encoding(name: str, opened: Open) -> str:
    """Find the encoding of a whole file. Raises FileError with the line for text that is in no known encoding."""
    try:
        with opened() as file:
            start = file.read(4096)
        _refuse_binary(name, start)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if wide := _utf16_without_mark(start):
            return wide
        if b"\0" in start:
            raise FileError(
                f"{name} must hold text. Received: binary data. Rename the file to the ending of its format."
            )
        return _text_or_windows(name, opened)
    except (OSError, EOFError) as error:
        raise FileError(f"{name}: {error}") from error


def _refuse_binary(name: str, start: bytes) -> None:
    """Raise FileError for a file that is not text, with its format where that is known."""
    kind = next((kind for sign, kind in _BINARY.items() if start.startswith(sign)), None)
    if kind:
        raise FileError(f"{name} must hold text. Received: {kind}. Rename the file to the ending of its format.")


def _utf16_without_mark(start: bytes) -> str | None:
    """Tell UTF-16 of mostly ASCII by its zeros, which are every other byte."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    most = 0.4 * len(start) / 2
    if odd > most and not even:
        return "utf-16-le"
    return "utf-16-be" if even > most and not odd else None


def _blocks(opened: Open) -> Iterator[bytes]:
    with opened() as file:
        while block := file.read(_BLOCK):
            yield block


def _text_or_windows(name: str, opened: Open) -> str:
    """Return UTF-8, or Windows-1252 where the bytes beyond ASCII are few and not UTF-8. Raises FileError with the line."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    line, valid, letters, odd = 1, 0, 0, bytearray()
    first: tuple[int, int] | None = None
    longest = 0
    for block in chain(_blocks(opened), [b""]):
        text = decoder.decode(block, final=not block)
        escaped = _ESCAPED.findall(text)
        if escaped and first is None:
            place = text.index(escaped[0])
            first = (line + text.count("\n", 0, place), ord(escaped[0][0]) - _ESCAPE)
        odd += "".join(escaped).encode("utf-8", "surrogateescape")
        longest = max([longest, *map(len, escaped)])
        valid += len(_BEYOND.findall(text))
        letters += len(_LETTERS.findall(text))
        line += text.count("\n")
    if first is None:
        return UTF8
    if valid >= len(odd) or longest >= _LONG_RUN or len(odd) > _MOST_ODD * (letters + len(odd)) or not _is_windows(odd):
        raise FileError(
            f"{name}:{first[0]}: text must be UTF-8, UTF-16 or Windows-1252, one of them in the whole file. Received "
            f"byte {first[1]:#04x}. Name the encoding under options.encoding, such as cp1251, shift_jis or gb18030, or save "
            "the file as UTF-8."
        )
    return WINDOWS


def _is_windows(odd: bytes | bytearray) -> bool:
    try:
        odd.decode(WINDOWS)
    except UnicodeDecodeError:
        return False
    return True
