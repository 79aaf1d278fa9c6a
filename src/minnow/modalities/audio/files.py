"""Files of sounds in class folders and zips: which are read, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from minnow.folders import Found, RowFile, find_files
from minnow.modalities.audio.decode import NEEDED, Sound, SoundError, decode
from minnow.modalities.audio.waveform import check_rate
from minnow.tables.files import FileError
from minnow.types import Notice

SUFFIXES = (
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au",
    ".snd", ".caf", ".sph",
)  # fmt: skip
"""Endings of the files of sounds that are read, in lower case."""
UNREADABLE = (
    ".m4a", ".m4b", ".aac", ".mp4", ".3gp", ".wma", ".asf", ".amr", ".webm", ".weba", ".mka", ".mov", ".ac3", ".dts", ".ape",
    ".wv", ".ra", ".mpc", ".tta", ".spx", ".dsf",
)  # fmt: skip
"""Endings of files of sounds, or of films with sound, that libsndfile does not read."""
MEDIA = (
    "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/flac", "audio/x-flac", "audio/ogg", "audio/opus",
    "application/ogg", "audio/mpeg", "audio/mp3", "audio/aiff", "audio/x-aiff", "audio/basic", "audio/x-caf",
)  # fmt: skip
"""Content types of the files that are read."""
UNDECODED = "sounds that cannot be decoded"
_CONVERT = "sounds of these kinds are read once they are converted, for example with ffmpeg -i IN out.flac"
_SHOWN = 3


def find_sounds(place: Path, class_folder: int | None = None) -> Found:
    """Find the sounds in a folder, its subfolders and zips, or in one zip, or one sound. Raises FolderError."""
    return find_files(place, SUFFIXES, UNREADABLE, class_folder)


def sound_of(file: RowFile, rate: int) -> Sound | str:
    """Read and decode a file that is to be resampled to a rate, in Hz. Returns the sound, or what is wrong with the file."""
    try:
        sound = decode(file.read())
        check_rate(sound.rate, rate)
    except SoundError as error:
        return error.reason
    except (OSError, ValueError) as error:
        return str(error)
    return sound


def notices_of(found: Found, remarks: Mapping[str, Sequence[str]]) -> tuple[Notice, ...]:
    """List what is not read, and remarks about what is. remarks: as in Sound -> names of the files."""
    unread = [item.name for item in found.skipped if PurePosixPath(item.name).suffix.lower() in UNREADABLE]
    said = [Notice("format", _sentence(why, names), len(names)) for why, names in sorted(remarks.items())]
    if unread:
        said.append(Notice("skipped", _sentence(_CONVERT, unread), len(unread)))
    return (*found.notices, *said)


def _sentence(text: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{text[0].upper()}{text[1:]} ({len(names):,}): {', '.join(names[:_SHOWN])}{more}."


def none_found(place: Path, found: Found) -> FileError:
    """Return the error about a place without sounds, with what it holds instead."""
    instead = "".join(f" {notice.text}" for notice in notices_of(found, {}))
    return FileError(f"{place} must hold {NEEDED}, in folders or in a zip. It holds none.{instead}")
