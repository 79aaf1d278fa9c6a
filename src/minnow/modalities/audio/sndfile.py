"""libsndfile, as decode needs it; a module of its own, so that nothing else loads the library."""

from __future__ import annotations

import io
from os import SEEK_SET

import soundfile

SndfileError = soundfile.SoundFileError


class ForwardFile(soundfile.SoundFile):
    """A sound that is read from its beginning to its end.

    Seeking fails in FLAC whose header gives no length, as programs write it into a pipe.
    """

    def seekable(self) -> bool:
        """Return False, so that read does not seek."""
        return False


class _Bytes(io.BytesIO):
    """Bytes in which a broken header that points before the beginning leads nowhere."""

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def open_forward(data: bytes) -> ForwardFile:
    """Open a sound of any format that libsndfile knows. Raises SndfileError."""
    return ForwardFile(_Bytes(data))


def reason_of(error: soundfile.SoundFileError) -> str:
    """What libsndfile says of a sound that it cannot read."""
    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return text.strip().rstrip(".")
