"""Headers of WAV are repaired only where they give no length, whatever bytes are met."""

import struct

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recordings import STREAMED, chunk, header, packed, riff, tone, wav

from minnow.modalities.audio.decode import SoundError, decode
from minnow.modalities.audio.riff import data_chunk, repaired

SOUND = wav(packed(tone(440, seconds=0.01), 2))
LENGTHS = st.sampled_from([0, 1, 3, 79, 80, 81, 0x7FFFFFFF, STREAMED - 1, STREAMED])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"RIFF\0\0\0\0WAVE")
@example(b"RIFF\0\0\0\0WAVEdata\0\0\0")
@example(b"RF64\0\0\0\0WAVEds64\x08\0\0\0")
def test_bytes_that_are_no_sound_are_refused_or_read_never_more(data):
    assert len(repaired(data)) == len(data)
    try:
        samples = decode(data).samples
    except SoundError:
        return
    assert np.isfinite(samples).all()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SOUND)), st.integers(0, 60), st.integers(0, 255), LENGTHS, LENGTHS)
def test_a_wav_that_is_cut_or_changed_is_read_or_refused(cut, place, value, outer, inner):
    data = bytearray(SOUND)
    data[4:8], data[40:44] = struct.pack("<I", outer), struct.pack("<I", inner)
    data[place] = value
    data = bytes(data[:cut])
    fixed = repaired(data)
    assert len(fixed) == len(data)
    assert repaired(fixed) == fixed
    try:
        samples = decode(data).samples
    except SoundError:
        return
    assert 0 < len(samples) <= len(data)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 90), st.sampled_from([0, STREAMED]), st.binary(max_size=9))
def test_every_whole_sample_of_a_pipe_is_read(count, length, extra):
    """Whatever lies between: a list of odd length, and part of a sample at the end."""
    frames = packed(tone(440)[:count] + np.float32(0.3), 2) + b"\x7f" * (len(extra) % 2)
    data = riff(header(1, 2), chunk(b"LIST", extra), chunk(b"data", frames, length)[: 8 + len(frames)], length=length)
    assert len(decode(data).samples) == count


@given(st.binary(min_size=2, max_size=60))
def test_a_header_that_gives_a_length_is_left_as_it_is(frames):
    data = riff(header(1, 2), chunk(b"data", frames))
    assert repaired(data) is data
    found = data_chunk(data)
    assert found is not None
    assert found.given == len(frames)
    assert not found.is_cut
