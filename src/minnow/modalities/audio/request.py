"""Sounds of a request: files in base64, or the bytes of one."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from minnow.contracts import FileLimits, Located
from minnow.folders import Found
from minnow.modalities.audio.decode import NEEDED, SoundError, check_header, decode
from minnow.modalities.audio.encoder import AudioEncoder
from minnow.modalities.audio.files import MEDIA, UNDECODED, find_sounds, none_found, notices_of, sound_of
from minnow.modalities.audio.options import Options
from minnow.modalities.audio.waveform import fitted, samples_needed
from minnow.tables.files import json_list
from minnow.types import Array, Columns

_LOG = logging.getLogger(__name__)
_REQUEST: Mapping[str, Any] = {
    "description": f"{NEEDED[0].upper()}{NEEDED[1:]}, in base64. The body may also be the file itself, with its content type, "
    "such as audio/wav.",
    "type": "string",
    "contentEncoding": "base64",
}


class _NamedSound(str, Located):
    """A file of a sound in base64, as a request has it. where: name of the file."""

    def __new__(cls, data: bytes, where: str) -> Self:
        sound = super().__new__(cls, base64.b64encode(data).decode())
        sound.where = where
        return sound


def request(encoder: AudioEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input: a file of a sound in base64."""
    return _REQUEST


def example(encoder: AudioEncoder, rows: Columns) -> None:
    """Return None: a spectrogram cannot be turned back into a sound."""
    return


def parse(inputs: Sequence[Any], encoder: AudioEncoder) -> dict[str, Array]:
    """Check the sounds of one request: each a file of a sound in base64, or what from_bytes returned.

    Returns {"sound": (n, samples) float32} at the encoder's rate, and for sounds that from_file read "file", their names (n,)
    str. Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one sound, received none.")
    columns = {"sound": np.stack([_sound(value, f"inputs[{i}]", encoder) for i, value in enumerate(inputs)])}
    names = [value.where for value in inputs if isinstance(value, _NamedSound)]
    return {**columns, "file": np.array(names)} if len(names) == len(inputs) else columns


def about(columns: Columns, encoder: AudioEncoder) -> Mapping[str, Sequence[str]]:
    """State the file that each sound is from, where from_file read it."""
    return {"file": columns["file"].tolist()} if "file" in columns else {}


def _sound(value: Any, position: str, encoder: AudioEncoder) -> Array:
    where = value.where if isinstance(value, _NamedSound) else position
    if isinstance(value, np.ndarray):
        return value
    try:
        data = file_of(value)
    except ValueError as error:
        raise ValueError(f"{where}: needed base64, received {value[:30]!r}: {error}.") from error
    if data is None:
        raise ValueError(f"{where}: needed {NEEDED}, in base64, received {type(value).__name__} {value!r:.40}.")
    return _prepared(data, where, encoder)


def file_of(value: Any) -> bytes | None:
    """Return the file in an input of base64, with or without the head of a data URL. Raises ValueError for other text."""
    if not isinstance(value, str):
        return None
    content = value.partition(",")[2] if value.startswith("data:") else value
    return base64.b64decode(content.encode(), validate=True)


def check_files(files: Mapping[str, bytes], encoder: AudioEncoder, limits: FileLimits) -> None:
    """Check the headers of sounds. files: name of the input -> bytes. Raises ValueError with the name and the limit."""
    for where, data in files.items():
        try:
            check_header(data, encoder.facts.rate, limits.seconds)
        except SoundError as error:
            raise ValueError(f"{where}: {error}") from error


def _prepared(data: bytes, where: str, encoder: AudioEncoder) -> Array:
    """Decode as much of a sound as the encoder reads, (samples,) float32 at its rate. Raises ValueError."""
    rate, length = encoder.facts.rate, encoder.facts.length
    check_files({where: data}, encoder, FileLimits())
    try:
        sound = decode(data, partial(samples_needed, length, new_rate=rate))
    except SoundError as error:
        raise ValueError(f"{where}: {error}") from error
    return fitted(sound.samples, sound.rate, rate, length)


def media(encoder: AudioEncoder) -> tuple[str, ...]:
    """Content types of sounds."""
    return MEDIA


def from_bytes(data: bytes, encoder: AudioEncoder) -> list[Array]:
    """Decode the body of one sound to one input of parse. Raises ValueError for a body that is not a sound."""
    return [_prepared(data, "The body", encoder)]


def from_file(path: Path, options: Options, encoder: AudioEncoder) -> Iterable[Any]:
    """Read inputs for a prediction: one sound, a folder or zip of sounds in the order of their names, or a JSON list of base64.

    Files that cannot be read are left out, and logged as warnings. Raises FileError where none can be read.
    """
    if path.suffix.lower() == ".json":
        return json_list(path)
    found = find_sounds(path, options.class_folder)
    if not found.files:
        raise none_found(path, found)
    for notice in notices_of(found, {}):
        _LOG.warning(notice.text)
    return _inputs(path, found, encoder)


def _inputs(path: Path, found: Found, encoder: AudioEncoder) -> Iterator[_NamedSound]:
    """Read sounds one by one, each in base64. Raises FileError at the end where none could be decoded."""
    broken: dict[str, str] = {}
    for file in found.files:
        sound = sound_of(file, encoder.facts.rate)
        if isinstance(sound, str):
            broken[file.name] = sound
            _LOG.warning("%s is not read: %s.", file.name, sound)
        else:
            yield _NamedSound(file.read(), file.name)
    if len(broken) == len(found.files):
        raise none_found(path, found.without(broken, UNDECODED))
