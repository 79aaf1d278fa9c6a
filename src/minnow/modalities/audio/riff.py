"""The length that the header of a WAV gives: missing where a program wrote into a pipe, too long where a file is cut short."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_UNKNOWN = 0x7FFF0000
"""Lengths from this on stand for an unknown one: programs write the largest number, or nearly so."""
_IN_DS64 = 0xFFFFFFFF
_LARGEST = 0xFFFFFFFE
_LARGE = (b"RF64", b"BW64")


@dataclass(frozen=True)
class DataChunk:
    """The chunk of a WAV that holds its samples.

    start: where they begin; given: their length by the header, None where it gives none; left: length of the file from start.
    All in bytes.
    """

    start: int
    given: int | None
    left: int

    @property
    def is_cut(self) -> bool:
        """Whether the file ends before its samples do."""
        return self.given is not None and self.given > self.left


def data_chunk(data: bytes) -> DataChunk | None:
    """Find the samples of a WAV; None for other data, and for a header that is cut short."""
    if data[:4] not in (b"RIFF", *_LARGE) or data[8:12] != b"WAVE":
        return None
    large = 0
    for name, start, length in _chunks(data, 12):
        if name == b"ds64" and len(data) >= start + 16:
            large = struct.unpack_from("<Q", data, start + 8)[0]
        if name == b"data":
            given, left = large if length == _IN_DS64 and data[:4] in _LARGE else length, len(data) - start
            is_unknown = _UNKNOWN <= given > left if given else _follows(data, start)
            return DataChunk(start, None if is_unknown else given, left)
    return None


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of each chunk from a position on, as their headers give them; a start may be past the end."""
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, length
        at += 8 + length + length % 2


def _follows(data: bytes, start: int) -> bool:
    """Whether samples follow an empty data chunk, not further chunks or nothing. start: where the chunk ends."""
    end = start
    for name, begin, length in _chunks(data, start):
        if not all(32 <= character < 127 for character in name):
            return True
        end = begin + length
    return not end <= len(data) <= end + 1


def repaired(data: bytes) -> bytes:
    """Write the length of the file into the header of a WAV without one, and turn BW64 into RF64, of which it is a kind.

    Other data are returned as they are.
    """
    chunk = data_chunk(data)
    if chunk is None or (chunk.given is not None and data[:4] != b"BW64"):
        return data
    if chunk.given is not None:
        return b"RF64" + data[4:]
    lengths = [struct.pack("<I", min(length, _LARGEST)) for length in (len(data) - 8, chunk.left)]
    return b"RIFF" + lengths[0] + data[8 : chunk.start - 4] + lengths[1] + data[chunk.start :]
