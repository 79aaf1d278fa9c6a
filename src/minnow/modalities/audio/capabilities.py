"""Capabilities of audio: a request's body may be the file of a sound, and answers to files name them."""

from __future__ import annotations

from minnow.contracts import ModalityCapabilities
from minnow.modalities.audio.request import about, check_files, file_of, from_bytes, media

CAPABILITIES = ModalityCapabilities(
    media=media, from_bytes=from_bytes, file_of=file_of, check_files=check_files, about=about
)
