"""Files of sounds as programs and recorders write them, made byte by byte or with soundfile."""

import io
import struct
import wave

import numpy as np
import soundfile

STREAMED = 0xFFFFFFFF
_GUID = bytes.fromhex("000000001000800000aa00389b71")


def tone(hertz, rate=8000, seconds=0.5, loud=0.5):
    return (loud * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def packed(samples, width):
    """Whole numbers of so many bytes each; one byte has no sign."""
    if width == 1:
        return (samples * 127 + 128).astype(np.uint8).tobytes()
    whole = (samples.astype(np.float64) * (2 ** (8 * width - 1) - 1)).astype("<i8")
    return whole.view(np.uint8).reshape(-1, 8)[:, :width].tobytes()


def wav(frames, rate=8000, width=2, channels=1):
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return data.getvalue()


def chunk(name, content, length=None):
    return name + struct.pack("<I", len(content) if length is None else length) + content + b"\0" * (len(content) % 2)


def header(kind, width, rate=8000, channels=1, extensible=False):
    """The chunk of a WAV that says how its samples are written. kind: 1 for whole numbers, 3 for floats; width: in bytes."""
    tag = 0xFFFE if extensible else kind
    plain = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * width, channels * width, 8 * width)
    more = struct.pack("<HHIH", 22, 8 * width, 0, kind) + _GUID
    return chunk(b"fmt ", plain + more if extensible else plain)


def riff(*chunks, length=None, magic=b"RIFF"):
    content = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(content) if length is None else length) + content


def written(samples, kind="WAV", subtype=None, rate=8000):
    data = io.BytesIO()
    soundfile.write(data, samples, rate, format=kind, subtype=subtype)
    return data.getvalue()


def saved(folder, sounds):
    """Write files, name -> bytes."""
    for name, data in sounds.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
