"""Spectrograms of sounds: told apart by their bands, whatever the loudness and the rate."""

import json

import numpy as np
import pytest
from recordings import tone

from minnow.modalities import audio
from minnow.modalities.audio import waveform
from minnow.types import Table


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


@pytest.mark.parametrize("rate", [1000, 4000, 7999, 8000, 11_025, 16_000, 44_100, 192_000, 2_000_000])
@pytest.mark.parametrize("count", [1, 50, 3999, 4001, 200_000])
def test_a_sound_is_resampled_only_as_far_as_it_is_kept_and_to_the_same_bits(rate, count):
    samples = np.random.default_rng(count).normal(0, 0.1, count).astype(np.float32)
    whole = waveform.pad_or_trim(waveform.resampled(samples, rate, 8000), 4000)
    np.testing.assert_array_equal(waveform.fitted(samples, rate, 8000, 4000), whole)


def test_a_rate_that_no_sound_has_is_refused_with_the_limits():
    for rate in (1, 31, 2_048_001, 2**31 - 1):
        with pytest.raises(ValueError, match=r"32 to 2,048,000 Hz can be resampled to 8,000 Hz"):
            waveform.fitted(np.zeros(10, np.float32), rate, 8000, 4000)
