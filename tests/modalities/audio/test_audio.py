"""Sounds: decoded whatever their width, told apart by their bands, refused by name."""

import io
import json
import wave

import numpy as np
import pytest

from minnow.modalities import audio
from minnow.modalities.audio import waveform
from minnow.tables.files import FileError
from minnow.types import Table


def wav(frames, rate=8000, width=2, channels=1):
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return data.getvalue()


def tone(hertz, rate=8000, seconds=0.5, loud=0.5):
    return (loud * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def packed(samples, width):
    """Write samples in so many bytes each."""
    if width == 1:
        return (samples * 127 + 128).astype(np.uint8).tobytes()
    whole = (samples.astype(np.float64) * (2 ** (8 * width - 1) - 1)).astype("<i8")
    return b"".join(int(sample).to_bytes(width, "little", signed=True) for sample in whole.tolist())


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_wav_of_any_width_holds_the_same_sound(width):
    samples, rate = waveform.decode(wav(packed(tone(440), width), width=width))
    assert rate == 8000
    np.testing.assert_allclose(samples, tone(440), atol=0.02 if width == 1 else 1e-3)


def test_channels_are_averaged():
    both = np.stack([tone(440), -tone(440)], axis=1).ravel()
    samples, _ = waveform.decode(wav(packed(both, 2), channels=2))
    assert np.abs(samples).max() < 1e-3


@pytest.mark.parametrize("data", [b"", b"RIFF", b"hello" * 20, wav(b"")], ids=["empty", "cut", "text", "no sample"])
def test_what_is_no_sound_is_refused(data):
    with pytest.raises(ValueError, match="Needed a WAV sound in PCM"):
        waveform.decode(data)


def test_a_tone_is_loudest_in_the_band_of_its_height():
    bands, rate = 40, 8000
    top = 2595 * np.log10(1 + rate / 2 / 700)
    for hertz in (300, 1000, 2500):
        band = waveform.log_mel(tone(hertz), rate, 200, 80, bands).mean(axis=0).argmax()
        expected = 2595 * np.log10(1 + hertz / 700) / top * (bands + 1) - 1
        assert abs(band - expected) <= 1


def test_another_rate_leaves_the_height_of_a_tone():
    at_16k = waveform.resampled(tone(500, rate=16_000), 16_000, 8000)
    np.testing.assert_allclose(at_16k[100:-100], tone(500)[100:-100], atol=0.06)


def sounds(folder, names):
    for place, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(packed(tone(200 + 50 * place), 2)))
    return folder


def test_labels_and_speakers_stand_in_names_and_a_pattern_makes_the_test_set(tmp_path):
    names = [f"{digit}_{who}_{i}.wav" for digit in "01" for who in ("ada", "bob") for i in range(4)]
    options = audio.Options(label_part=0, group_part=1, test="*_[0-1].wav")
    table = audio.read(sounds(tmp_path, names), options)
    assert table.columns["label"].tolist() == [name[0] for name in sorted(names)]
    assert len(np.unique(table.group)) == 2
    assert (table.split == "test").sum() == 8
    assert table.columns["sound"].shape == (16, 8000)


def test_a_sound_that_lies_in_no_folder_is_refused_by_name(tmp_path):
    with pytest.raises(FileError, match=r"stray.wav: a sound must be in a folder that is named after its class"):
        audio.read(sounds(tmp_path, ["stray.wav"]), audio.Options())


def test_a_file_that_is_no_sound_is_refused_by_name(tmp_path):
    sounds(tmp_path, ["a/1.wav"])
    (tmp_path / "a" / "2.wav").write_bytes(b"no sound")
    with pytest.raises(FileError, match=r"a/2.wav: Needed a WAV sound in PCM"):
        audio.read(tmp_path, audio.Options())


def test_a_wav_that_is_posted_is_read_as_the_file_was(tmp_path):
    options = audio.Options(min_rows=1)
    table = audio.read(sounds(tmp_path, ["a/1.wav", "b/2.wav"]), options)
    encoder = audio.fit_encoder(table, np.array(["a", "b"]), options)
    inputs = audio.CAPABILITIES.from_bytes((tmp_path / "a" / "1.wav").read_bytes(), encoder)
    np.testing.assert_array_equal(audio.parse(inputs, encoder)["sound"], table.columns["sound"][:1])


def test_a_sound_of_one_loudness_is_the_same_from_near_and_from_far():
    near = waveform.pad_or_trim(tone(440, loud=0.8), 8000)
    np.testing.assert_allclose(
        waveform.rms_normalized(near), waveform.rms_normalized(near * np.float32(0.1)), rtol=1e-5
    )
    heard = waveform.rms_normalized(near)[:4000]
    assert np.sqrt((heard**2).mean()) == pytest.approx(waveform.LOUDNESS, rel=1e-3)
    assert not waveform.rms_normalized(np.zeros(800, np.float32)).any(), "silence stays silence"


def test_an_encoder_of_one_loudness_comes_back_from_disk(tmp_path):
    sounds = np.stack([waveform.pad_or_trim(tone(hertz, seconds=0.2), 2000) for hertz in (300, 900, 1500)])
    table = Table({"sound": sounds}, np.array(["a", "b", "c"]), np.arange(3, dtype=np.uint64))
    encoder = audio.fit_encoder(table, np.empty(0), audio.Options(seconds=0.25, bands=8, same_loudness=True))
    encoder.save(tmp_path)
    again = audio.load_encoder(tmp_path)
    quieter = Table({"sound": sounds * 0.2}, table.row_id, table.key)
    np.testing.assert_allclose(
        encoder.encode(table.columns)["image"], again.encode(quieter.columns)["image"], atol=1e-3
    )


def test_below_a_range_neither_nearness_nor_the_noise_of_a_room_is_drawn(tmp_path):
    sounds = np.stack([waveform.pad_or_trim(tone(hertz, seconds=0.2), 2000) for hertz in (300, 900, 1500)])
    noise = np.random.default_rng(0).normal(0, 1e-3, sounds.shape).astype(np.float32)

    def table(columns):
        return Table({"sound": columns}, np.array(["a", "b", "c"]), np.arange(3, dtype=np.uint64))

    for top_db, same in ((20, True), (None, False)):
        options = audio.Options(seconds=0.25, bands=8, top_db=top_db)
        encoder = audio.fit_encoder(table(sounds), np.empty(0), options)
        encoder.save(tmp_path)
        near = encoder.encode(table(sounds).columns)["image"]
        far = audio.load_encoder(tmp_path).encode(table(0.3 * sounds + noise).columns)["image"]
        assert np.allclose(near, far, atol=0.1) == same


def test_an_encoder_of_an_older_bundle_is_read(tmp_path):
    """Until then top_db was called range_db, and before that there was none."""
    sounds = np.stack([waveform.pad_or_trim(tone(hertz, seconds=0.2), 2000) for hertz in (300, 900, 1500)])
    table = Table({"sound": sounds}, np.array(["a", "b", "c"]), np.arange(3, dtype=np.uint64))
    for top_db in (20, None):
        encoder = audio.fit_encoder(table, np.empty(0), audio.Options(seconds=0.25, bands=8, top_db=top_db))
        encoder.save(tmp_path)
        values = json.loads((tmp_path / "encoder.json").read_text())
        older = {name: value for name, value in values.items() if name != "top_db"}
        if top_db:
            older["range_db"] = values["top_db"]
        (tmp_path / "encoder.json").write_text(json.dumps(older))
        again = audio.load_encoder(tmp_path)
        np.testing.assert_array_equal(again.encode(table.columns)["image"], encoder.encode(table.columns)["image"])
    assert audio.Options.read({"range_db": 20.0}).top_db == 20
