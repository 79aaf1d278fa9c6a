"""Sounds are decoded alike whatever wrote them; samples of PCM keep the bytes that they always had."""

import io
import wave

import numpy as np
import pytest
from recordings import STREAMED, chunk, header, packed, riff, tone, wav, written

from minnow.modalities.audio import decode as module
from minnow.modalities.audio.decode import BEYOND, CUT, NO_LENGTH, SoundError, decode

RNG = np.random.default_rng(0)


def _by_formula(data):
    """Samples of a PCM WAV as they were always computed; keys of rows are hashes of these bytes."""
    with wave.open(io.BytesIO(data)) as file:
        channels, width, raw = file.getnchannels(), file.getsampwidth(), file.readframes(file.getnframes())
    if width == 1:
        samples = (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    elif width == 3:
        of = np.frombuffer(raw, np.uint8).reshape(-1, 3).astype(np.int32)
        samples = ((of[:, 0] << 8 | of[:, 1] << 16 | of[:, 2] << 24) >> 8).astype(np.float32) / 2**23
    else:
        samples = np.frombuffer(raw, f"<i{width}").astype(np.float32) / 2 ** (8 * width - 1)
    return samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)


@pytest.mark.parametrize("channels", [1, 2, 3, 9])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_samples_of_pcm_have_the_same_bytes_as_ever(width, channels, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 64)
    for count in (1, 63, 64, 65, 1001):
        frames = RNG.bytes(count * width * channels)
        data = wav(frames, width=width, channels=channels)
        assert decode(data).samples.tobytes() == _by_formula(data).tobytes(), (width, channels, count)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_wav_of_any_width_holds_the_same_sound(width):
    sound = decode(wav(packed(tone(440), width), width=width))
    assert (sound.rate, sound.seconds, sound.remarks) == (8000, 0.5, ())
    np.testing.assert_allclose(sound.samples, tone(440), atol=0.02 if width == 1 else 1e-3)


def test_channels_are_averaged():
    both = np.stack([tone(440), -tone(440)], axis=1).ravel()
    assert np.abs(decode(wav(packed(both, 2), channels=2)).samples).max() < 1e-3


@pytest.mark.parametrize("width", [2, 3, 4])
def test_extensible_pcm_is_the_same_sound_as_plain_pcm(width):
    frames = packed(tone(440), width)
    extensible = riff(header(1, width, extensible=True), chunk(b"fact", b"\0" * 4), chunk(b"data", frames))
    assert decode(extensible).samples.tobytes() == decode(wav(frames, width=width)).samples.tobytes()


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("width", [4, 8])
def test_samples_of_floats_are_kept_as_they_are(width, extensible):
    samples = 1.5 * tone(440, loud=1.0)
    data = riff(header(3, width, extensible=extensible), chunk(b"data", samples.astype(f"<f{width}").tobytes()))
    sound = decode(data)
    np.testing.assert_array_equal(sound.samples, samples)
    assert sound.remarks == (BEYOND,)


@pytest.mark.parametrize("kind", ["FLAC", "AIFF", "AU", "CAF", "W64", "RF64", "NIST", "WAVEX"])
def test_other_kinds_without_loss_hold_the_samples_of_the_wav(kind):
    whole = (tone(440) * 32767).astype("<i2")
    data = written(whole, kind, "PCM_16")
    assert decode(data).samples.tobytes() == decode(wav(whole.tobytes())).samples.tobytes()


@pytest.mark.parametrize(
    ("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None), ("WAV", "ULAW"), ("WAV", "MS_ADPCM")]
)
def test_kinds_with_loss_hold_nearly_the_same_sound(kind, subtype):
    sound = decode(written(tone(440), kind, subtype))
    heard = sound.samples[500:3500]
    assert sound.rate == 8000
    assert abs(sound.seconds - 0.5) < 0.05
    assert np.corrcoef(heard, tone(440)[500:3500])[0, 1] > 0.99


@pytest.mark.parametrize("length", [STREAMED, 0, 0x7FFFFFFF - 36, 0x7FFFF000, 0x80000000])
@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("kind", "width"), [(1, 1), (1, 2), (1, 3), (3, 4)])
def test_a_wav_from_a_pipe_is_read_to_the_end_of_the_file(kind, width, extensible, length):
    frames = tone(440).astype("<f4").tobytes() if kind == 3 else packed(tone(440), width)
    about = (header(kind, width, extensible=extensible), chunk(b"LIST", b"INFOodd"))
    data = riff(*about, chunk(b"data", frames, length), length=length)
    sound = decode(data)
    assert (sound.seconds, sound.remarks) == (0.5, (NO_LENGTH,))
    whole = riff(*about, chunk(b"data", frames))
    assert sound.samples.tobytes() == decode(whole).samples.tobytes()


def test_a_flac_from_a_pipe_is_read_to_its_end():
    whole = (tone(440, seconds=20) * 32767).astype("<i2")
    data = bytearray(written(whole, "FLAC", "PCM_16"))
    data[21] &= 0xF0
    data[22:42] = bytes(20)  # neither number of samples nor checksum
    sound = decode(bytes(data))
    np.testing.assert_array_equal(sound.samples, whole.astype(np.float32) / 2**15)
    assert sound.remarks == ()


def test_large_wav_is_read_with_and_without_its_length():
    frames = packed(tone(440), 2)
    for magic in (b"RF64", b"BW64"):
        for given, remarks in ((len(frames), ()), (0, (NO_LENGTH,))):
            sizes = np.array([0, given, 0], "<u8").tobytes() + b"\0" * 4
            data = riff(
                chunk(b"ds64", sizes), header(1, 2), chunk(b"data", frames, STREAMED), length=STREAMED, magic=magic
            )
            sound = decode(data)
            assert sound.samples.tobytes() == decode(wav(frames)).samples.tobytes()
            assert sound.remarks == remarks


def test_chunks_after_the_samples_are_no_samples():
    frames = packed(tone(440), 2)
    tail = chunk(b"LIST", b"INFOsome words")
    sound = decode(riff(header(1, 2), chunk(b"data", frames), tail))
    assert (len(sound.samples), sound.remarks) == (4000, ())
    with pytest.raises(SoundError, match="no sample"):
        decode(riff(header(1, 2), chunk(b"data", b""), tail))


def test_a_wav_that_is_cut_short_is_read_as_far_as_it_goes():
    data = wav(packed(tone(440), 2))
    sound = decode(data[:5001])
    assert (len(sound.samples), sound.remarks) == ((5001 - 44) // 2, (CUT,))


def test_a_flac_that_is_cut_between_its_frames_is_read_as_far_as_it_goes():
    data = written(RNG.integers(-9999, 9999, 9000).astype("<i2"), "FLAC", "PCM_16")
    sound = decode(data[: data.index(b"\xff\xf8", data.index(b"\xff\xf8") + 2)])
    assert (len(sound.samples), sound.remarks) == (4096, (CUT,))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "libsndfile|Format|File"),
        (b"RIFF", "Format not recognised"),
        (b"hello" * 20, "Format not recognised"),
        (wav(b""), "no sample"),
        (written(tone(440), "FLAC", "PCM_16")[:1000], "lost sync"),
        (written(tone(440), "VOC", "PCM_16"), "the format VOC"),
    ],
    ids=["empty", "cut", "text", "no sample", "flac that is cut", "another kind"],
)
def test_what_is_no_sound_is_refused(data, reason):
    with pytest.raises(SoundError, match=rf"needed a sound as WAV, .* received {len(data):,} bytes: .*({reason})"):
        decode(data)


def test_a_header_that_leads_before_the_beginning_is_refused_quietly():
    """pytest fails on what the library cannot raise."""
    data = written(tone(440), "AIFF", "PCM_16")
    for cut in range(40, 54):
        with pytest.raises(SoundError):
            decode(data[:cut])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_that_are_no_sound_pressure_are_refused(value, channels):
    samples = np.tile(tone(440)[:, None], channels).astype("<f4")
    samples[70] = value
    data = riff(header(3, 4, channels=channels), chunk(b"data", samples.tobytes()))
    with pytest.raises(SoundError, match=r"not a finite number|samples up to"):
        decode(data)


def test_integers_that_were_written_as_floats_are_refused():
    data = riff(header(3, 4), chunk(b"data", (tone(440) * 32767).astype("<f4").tobytes()))
    with pytest.raises(SoundError, match=r"samples up to 16,384 where 1 is full scale; divide integers"):
        decode(data)


def test_a_sound_of_over_ten_minutes_is_refused_though_its_file_is_small(monkeypatch):
    silence = written(np.zeros(601 * 1000, "<i2"), "FLAC", "PCM_16", rate=1000)
    assert len(silence) < 20_000
    with pytest.raises(SoundError, match="it lasts over 600 seconds"):
        decode(silence)
    monkeypatch.setattr(module, "_MOST_SAMPLES", 2**16)
    with pytest.raises(SoundError, match="it has over 65,536 samples"):
        decode(silence)
