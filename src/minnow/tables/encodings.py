"""Encodings of text files: found from the bytes, or named by the user."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO

from minnow.tables.errors import FileError
from minnow.types import Notice

_BINARY = {
    b"PK\x03\x04": "a zip archive", b"PAR1": "Parquet", b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture", b"%PDF": "a PDF", b"BZh": "bzip2", b"SQLite": "an SQLite database",
    b"\x93NUMPY": "a NumPy array", b"\x28\xb5\x2f\xfd": "zstandard", b"\x1f\x8b": "gzip",
    b"\xd0\xcf\x11\xe0": "an Excel or Word file of an old version",
}  # fmt: skip
_BLOCK = 1 << 20
UTF8, WINDOWS = "utf-8-sig", "cp1252"
_VALID = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_UNDEFINED = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
_ASCII_LETTERS = bytes(range(65, 91)) + bytes(range(97, 123))
_LONG_RUN = re.compile(rb"([\x80-\xff])(?!\1)[\x80-\xff]{3}")
_SINGLE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])|(?<=[A-Za-z])[\xdf-\xff]{2}(?=[a-z])")
"""Bytes beyond ASCII that are no half of a letter of two bytes: alone, or a pair inside a word, as in Größe."""
_SIGN_IN_WORD = re.compile(
    rb"(?<=[A-Za-z\xc0-\xff])[\x80-\x84\x86-\x89\x8b\x93\x94\x98\x99\x9b\xa1-\xac\xae\xaf\xb1\xb3\xb5\xb6\xb8\xb9\xbb-\xbf]"
    rb"(?=[A-Za-z\xc0-\xff])"
)
"""Signs of Windows-1252 that do not stand between two letters, as letters of other encodings do."""
_RARE_LETTER = re.compile(rb"(?<=[A-Za-z])[\x83\x8a\x8c\x8e\x9a\x9e\x9f]|(?<=[a-z])[\xc0-\xde]")
_USUAL_LETTER = re.compile(rb"[\xdf-\xff]|(?<![a-z])[\xc0-\xde]")
_ODD_WORD = re.compile(rb"[\w\x80-\xff]*[\x80-\xff][\w\x80-\xff]*")
_MOST_VALID, _MOST_ODD, _MOST_SIGNS = 0.05, 0.35, 0.1
"""Largest shares in Windows-1252: of UTF-8 and of signs in words in the bytes beyond ASCII, and of these in letters."""


Open = Callable[[], IO[bytes]]
"""Opens the bytes of a file from their beginning."""


def open_text(path: Path, encoding: str | None = None) -> tuple[IO[str], str]:
    """Open a text file, plain or .gz. Returns the stream, which is read piece by piece, and its encoding.

    encoding: a codec's name; None finds UTF-8, UTF-16 or Windows-1252. Raises FileError.
    """
    opened = partial(_open, path)
    found = find_encoding(path.name, opened) if encoding is None else _codec(encoding)
    try:
        return io.TextIOWrapper(opened(), encoding=found, newline=""), found
    except OSError as error:
        raise FileError(f"{path}: {error}") from error


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def windows_notice(path: Path) -> Notice:
    """Say that a file is read as Windows-1252, with the first word that shows whether it is."""
    words = (match[0].decode(WINDOWS) for block in _blocks(partial(_open, path)) if (match := _ODD_WORD.search(block)))
    text = f"{path.name} is read as Windows-1252, since it is not UTF-8: {next(words)!r:.60}"
    return Notice("format", f"{text} (options.encoding names another encoding).")


def text_of(name: str, data: bytes, encoding: str | None = None) -> str:
    """Decode the bytes of one document. Raises FileError with its name."""
    found = find_encoding(name, lambda: io.BytesIO(data)) if encoding is None else _codec(encoding)
    try:
        return data.decode(found)
    except UnicodeError as error:
        raise FileError(f"{name}: {error}. Name its encoding under options.encoding.") from error


def _codec(encoding: str) -> str:
    """Codec of a named encoding, which skips a mark of UTF-8. Raises FileError for an unknown name."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)
    except LookupError as error:
        raise FileError(
            f"options.encoding: {encoding!r} is no encoding of text in Python. Examples: utf-8, cp1252, cp1251, shift_jis, "
            "gb18030."
        ) from error
    return UTF8 if name == "utf-8" else encoding


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
        broken = _first_broken(opened)
        if broken is None or _is_windows(opened):
            return UTF8 if broken is None else WINDOWS
    except (OSError, EOFError) as error:
        raise FileError(f"{name}: {error}") from error
    line, byte = broken
    raise FileError(
        f"{name}:{line}: text must be UTF-8, UTF-16 or Windows-1252, one of them in the whole file. Received byte {byte:#04x}. "
        "Name the encoding under options.encoding, such as cp1250, cp1251, mac_roman, shift_jis or gb18030, or save the file "
        "as UTF-8."
    )


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


def _first_broken(opened: Open) -> tuple[int, int] | None:
    """Line and value of the first byte that is not UTF-8; None where there is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for block in chain(_blocks(opened), [b""]):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            return line + error.object.count(b"\n", 0, error.start), error.object[error.start]
        line += text.count("\n")
    return None


def _is_windows(opened: Open) -> bool:
    """Whether text that is not UTF-8 is likely Windows-1252: letters beyond ASCII stand alone in words of ASCII letters."""
    odd = letters = valid = signs = rare = usual = single = 0
    for block in _blocks(opened):
        beyond = block.translate(None, bytes(range(128)))
        if not beyond:
            continue
        if _LONG_RUN.search(block) or any(byte in beyond for byte in _UNDEFINED):
            return False
        odd += len(beyond)
        letters += len(block) - len(block.translate(None, _ASCII_LETTERS))
        valid += len(_VALID.findall(block))
        signs += len(_SIGN_IN_WORD.findall(block))
        rare += len(_RARE_LETTER.findall(block))
        usual += len(_USUAL_LETTER.findall(block))
        single += len(_SINGLE.findall(block))
    few = valid <= _MOST_VALID * odd and usual + rare <= _MOST_ODD * (letters + usual + rare)
    return few and signs <= _MOST_SIGNS * odd and rare <= usual and single > 0
