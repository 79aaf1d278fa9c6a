"""Sounds are answered alike from a file, as a body and in base64."""

import base64
import json
import logging

import numpy as np
import pytest
from recordings import STREAMED, chunk, header, packed, riff, saved, tone, wav, written

from minnow.modalities import audio
from minnow.modalities.audio.decode import decode
from minnow.tables.files import FileError

SOUNDS = {
    "high/1.wav": riff(header(3, 4), chunk(b"data", tone(900).astype("<f4").tobytes())),
    "high/2.wav": riff(header(1, 3, 11_025, 2, extensible=True), chunk(b"data", packed(tone(900), 3))),
    "high/3.flac": written(tone(950), "FLAC", "PCM_24"),
    "low/1.ogg": written(tone(300), "OGG"),
    "low/2.wav": riff(header(1, 2), chunk(b"data", packed(tone(300), 2), STREAMED), length=STREAMED),
    "low/3.wav": wav(packed(tone(310), 2)),
}
OPTIONS = audio.Options(seconds=0.4, bands=8)


@pytest.fixture
def folder(tmp_path):
    return saved(tmp_path / "sounds", SOUNDS)


@pytest.fixture
def encoder(folder):
    return audio.fit_encoder(audio.read(folder, OPTIONS), np.array(["high", "low"]), OPTIONS)


def test_training_files_bodies_and_base64_are_the_same_sounds(folder, encoder):
    rows = audio.read(folder, OPTIONS).columns["sound"]
    inputs = list(audio.from_file(folder, OPTIONS, encoder))
    columns = audio.parse(inputs, encoder)
    np.testing.assert_array_equal(columns["sound"], rows)
    assert audio.CAPABILITIES.about(columns, encoder) == {"file": sorted(SOUNDS)}
    sent = audio.parse(json.loads(json.dumps(inputs)), encoder)
    np.testing.assert_array_equal(sent["sound"], rows)
    assert audio.CAPABILITIES.about(sent, encoder) == {}
    for i, (name, data) in enumerate(sorted(SOUNDS.items())):
        assert base64.b64decode(inputs[i]) == data
        body = audio.CAPABILITIES.from_bytes(data, encoder)
        np.testing.assert_array_equal(audio.parse(body, encoder)["sound"], rows[i : i + 1])
        url = f"data:audio/wav;base64,{inputs[i]}"
        np.testing.assert_array_equal(audio.parse([url], encoder)["sound"], rows[i : i + 1])
        alone = list(audio.from_file(folder / name, OPTIONS, encoder))
        assert alone == [inputs[i]]


def test_sounds_outside_of_class_folders_are_answered_too(folder, encoder):
    saved(folder, {"0.wav": SOUNDS["low/3.wav"]})
    assert len(list(audio.from_file(folder, OPTIONS, encoder))) == 7


def test_inputs_are_read_one_by_one(folder, encoder):
    inputs = iter(audio.from_file(folder, OPTIONS, encoder))
    first = next(inputs)
    (folder / "high" / "2.wav").write_bytes(SOUNDS["low/3.wav"])
    assert base64.b64decode(first) == SOUNDS["high/1.wav"]
    assert base64.b64decode(next(inputs)) == SOUNDS["low/3.wav"]


def test_a_file_that_cannot_be_read_is_left_out_and_named(folder, encoder, caplog):
    saved(folder, {"high/2.wav": b"no sound", "low/9.m4a": b"x", ".DS_Store": b"x"})
    with caplog.at_level(logging.WARNING):
        inputs = list(audio.from_file(folder, OPTIONS, encoder))
    assert len(inputs) == 5
    said = [record.getMessage() for record in caplog.records]
    assert "high/2.wav is not read: Format not recognised." in said
    assert "Not read: files with the ending .m4a (1): low/9.m4a." in said


def test_a_file_without_any_sound_is_refused(tmp_path, encoder):
    saved(tmp_path, {"a.wav": b"no sound", "b.m4a": b"x"})
    with pytest.raises(FileError, match=r"a.wav must hold a sound as WAV.*: a.wav \(Format not recognised\)\."):
        list(audio.from_file(tmp_path / "a.wav", OPTIONS, encoder))
    with pytest.raises(FileError, match=r"It holds none\. Not read: files with the ending .m4a"):
        audio.from_file(tmp_path / "b.m4a", OPTIONS, encoder)


def test_a_body_that_is_no_sound_is_refused_with_the_reason(encoder):
    with pytest.raises(
        ValueError, match=r"The body: needed a sound as WAV, .* received 8 bytes: Format not recognised\."
    ):
        audio.CAPABILITIES.from_bytes(b"no sound", encoder)
    with pytest.raises(ValueError, match=r"inputs\[0\]: needed base64, received 'no sound!': "):
        audio.parse(["no sound!"], encoder)


def test_the_content_types_of_wav_flac_and_ogg_are_taken(encoder):
    taken = audio.CAPABILITIES.media(encoder)
    assert {"audio/wav", "audio/x-wav", "audio/flac", "audio/ogg", "audio/mpeg"} <= set(taken)


@pytest.mark.parametrize("name", sorted(SOUNDS))
def test_what_the_encoder_does_not_read_is_not_decoded_and_changes_nothing(name):
    whole, needed = decode(SOUNDS[name]), 1000
    part = decode(SOUNDS[name], lambda rate: needed)
    np.testing.assert_array_equal(part.samples[:needed], whole.samples[:needed])
    assert part.rate == whole.rate


def test_a_file_of_a_rate_that_no_sound_has_is_left_out_of_training(folder):
    saved(folder, {"low/4.wav": wav(b"\0\0" * 500, rate=1)})
    table = audio.read(folder, OPTIONS.model_copy(update={"max_lost": 0.5}))
    assert len(table) == len(SOUNDS)
    assert any("1 Hz" in notice.text or "4.wav" in notice.text for notice in table.notices)
