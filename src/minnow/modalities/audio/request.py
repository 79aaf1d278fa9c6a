"""Sounds of a request: WAV in base64, or the bytes of a WAV."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.audio.encoder import AudioEncoder
from minnow.modalities.audio.options import Options
from minnow.modalities.audio.waveform import decode, files, pad_or_trim, resampled
from minnow.tables.files import FileError, json_list
from minnow.types import Array, Columns

_MEDIA = ("audio/wav", "audio/x-wav")
_REQUEST: Mapping[str, Any] = {
    "description": "A PCM WAV in base64. The body may also be the WAV itself, with the content type audio/wav.",
    "type": "string",
    "contentEncoding": "base64",
}


def request(encoder: AudioEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input: a WAV in base64."""
    return _REQUEST


def example(encoder: AudioEncoder, rows: Columns) -> None:
    """Return None: a spectrogram cannot be turned back into a sound."""
    return


def parse(inputs: Sequence[Any], encoder: AudioEncoder) -> dict[str, Array]:
    """Check the sounds of one request: each a WAV in base64, or its bytes.

    Returns {"sound": (n, samples) float32} at the encoder's rate. Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one sound, received none.")
    return {"sound": np.stack([_sound(value, f"inputs[{i}]", encoder) for i, value in enumerate(inputs)])}


def _sound(value: Any, where: str, encoder: AudioEncoder) -> Array:
    needed = f"{where}: needed a WAV sound in PCM, as base64"
    if not isinstance(value, str | bytes):
        raise ValueError(f"{needed}, received {type(value).__name__} {value!r:.40}.")
    try:
        data = value if isinstance(value, bytes) else base64.b64decode(value.encode(), validate=True)
        samples, rate = decode(data)
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"{needed}, received {value[:30]!r}: {error}") from error
    return pad_or_trim(resampled(samples, rate, encoder.facts.rate), encoder.facts.length)


def media(encoder: AudioEncoder) -> tuple[str, ...]:
    """Content types of WAV."""
    return _MEDIA


def from_bytes(data: bytes, encoder: AudioEncoder) -> list[bytes]:
    """Return the body of one WAV as one input of parse. Raises ValueError for a body that is not a WAV."""
    decode(data)
    return [data]


def from_file(path: Path, options: Options, encoder: AudioEncoder) -> list[Any]:
    """Read inputs for a prediction: a WAV, a folder or zip of WAV, or a JSON list of base64. Raises FileError."""
    if path.suffix == ".json":
        return json_list(path)
    sounds = [base64.b64encode(data).decode() for _, data in files(path)]
    if not sounds:
        raise FileError(f"{path} must be a WAV sound, a folder or zip of them, or a JSON list.")
    return sounds
