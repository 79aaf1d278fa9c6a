"""Entries for sounds run: what is proposed was read as a run reads it."""

import numpy as np
import pytest
from recordings import chunk, header, packed, riff, saved, tone, wav, written

from minnow.modalities import audio
from minnow.onboarding.proposal import Request
from minnow.onboarding.propose import propose


def _wav(i=0, rate=8000, seconds=0.4):
    return wav(packed(tone(200 + 3 * i, rate, seconds), 2), rate)


def _classes(count=30, names=("high", "low"), seconds=0.4):
    return {
        f"{name}/{i:02}.wav": _wav(i + 50 * k, seconds=seconds) for k, name in enumerate(names) for i in range(count)
    }


def _read(proposal, data):
    """Read the rows with the proposed options, and check what has no statistics: a run would."""
    options = audio.Options(**proposal.options)
    table = audio.read(data, options)
    described = audio.describe(table, options)
    assert len(table) >= options.min_rows
    assert described["class_share"].min() >= options.min_class_share
    assert described["seconds"].min() >= options.least_seconds
    repeated = np.unique(table.key, return_counts=True)[1]
    assert repeated[repeated > 1].sum() <= options.max_duplicates * len(table)
    return table


def _warned(proposal):
    return " ".join(proposal.warnings)


def _found(proposal):
    return " ".join(proposal.found)


def test_folders_that_are_hidden_are_no_classes(tmp_path):
    saved(tmp_path, _classes() | {".ipynb_checkpoints/00.wav": _wav(), "high/._00.wav": b"\0\5", "readme.txt": b"x"})
    proposal = propose(tmp_path, Request())
    assert proposal.entry["modality"] == "audio"
    assert proposal.reasons["modality"] == "60 sounds in 2 classes by their folders: high, low"
    assert "Not read: hidden files and folders (2): " in _found(proposal)
    assert "files with the ending .txt (1): readme.txt" in _found(proposal)
    assert proposal.options == {"rate": 8000, "seconds": 0.4}
    _read(proposal, tmp_path)


def test_rates_and_lengths_are_seen_in_every_kind_and_class(tmp_path, monkeypatch):
    monkeypatch.setattr("minnow.onboarding.sound_entries._MOST_SOUNDS", 30)
    saved(tmp_path, _classes())
    flac = {f"mid/{i:02}.flac": written(tone(200 + i, 44_100, 2.0), "FLAC", "PCM_16", 44_100) for i in range(12)}
    floats = riff(header(3, 4), chunk(b"data", tone(440, seconds=0.3).astype("<f4").tobytes()))
    proposal = propose(saved(tmp_path, flac | {"low/99.wav": floats}), Request())
    assert proposal.options == {"rate": 16_000, "seconds": 2.0}
    assert len(_read(proposal, tmp_path)) == 73


def test_few_rare_short_and_repeated_sounds_are_allowed_for_and_named(tmp_path):
    saved(tmp_path, _classes(12) | {"low/x.wav": _wav(), "high/s.wav": _wav(99, seconds=0.03), "odd/1.wav": _wav(7)})
    proposal = propose(tmp_path, Request())
    options = proposal.options
    assert (options["min_rows"], options["least_seconds"]) == (27, 0.03)
    assert options["max_duplicates"] == pytest.approx(0.16)
    assert "The class 'odd' has 1 of the sounds, so that train, val or test lacks it" in _warned(proposal)
    _read(proposal, tmp_path)


def test_a_rare_class_lowers_the_smallest_share(tmp_path):
    saved(tmp_path, _classes(120, seconds=0.1) | {"odd/1.wav": _wav(7, seconds=0.1)})
    proposal = propose(tmp_path, Request())
    assert proposal.options["min_class_share"] == 0.002
    options = audio.Options(**proposal.options)
    assert audio.describe(audio.read(tmp_path, options), options)["class_share"].min() >= options.min_class_share


def test_broken_sounds_are_named_and_a_class_that_loses_many_has_no_entry(tmp_path):
    saved(tmp_path, _classes() | {"low/x1.wav": b"no sound"})
    proposal = propose(tmp_path, Request())
    assert "Not read: sounds that cannot be decoded (1): low/x1.wav (Format not recognised)" in _found(proposal)
    saved(tmp_path, {f"low/x{i}.wav": b"no sound" for i in range(5)})
    with pytest.raises(ValueError, match=r"5 of 35 files of the class 'low' cannot be read: low/x0.wav \(Format not"):
        propose(tmp_path, Request())


def test_sounds_of_kinds_that_are_not_read_are_named_with_what_to_do(tmp_path):
    saved(tmp_path, {f"{name}/{i}.m4a": b"x" for name in "ab" for i in range(9)})
    with pytest.raises(ValueError, match=r"must hold a sound as WAV.*\.m4a \(18\).* ffmpeg"):
        propose(tmp_path, Request())


def test_the_class_is_a_part_of_the_names_that_repeats(tmp_path):
    names = {f"take-{i}-{name}-{i % 5}.wav": _wav(i) for i, name in enumerate(["bell", "knock"] * 30)}
    proposal = propose(saved(tmp_path, names), Request())
    assert (proposal.options["label_part"], proposal.options["separator"]) == (2, "-")
    assert "options.label_part 3 ('0') of take-0-bell-0.wav" in _warned(proposal)
    assert set(_read(proposal, tmp_path).columns["label"].tolist()) == {"bell", "knock"}


def test_in_folders_of_folders_the_outer_ones_are_classes(tmp_path):
    sounds = {
        f"{c}/{who}/{i:02}.wav": _wav(9 * i + k)
        for k, c in enumerate(("high", "low"))
        for who in "abc"
        for i in range(9)
    }
    proposal = propose(saved(tmp_path, sounds), Request())
    assert proposal.options["class_folder"] == 0
    assert "Where it is (a, b, c), set options.class_folder: 1." in _warned(proposal)
    assert set(_read(proposal, tmp_path).columns["label"].tolist()) == {"high", "low"}


def test_few_sounds_get_no_compression_that_needs_many(tmp_path):
    few, many = (propose(saved(tmp_path / str(n), _classes(n)), Request()).entry["compression"] for n in (30, 130))
    assert (few, many) == (["float16"], ["float16", "int8"])


def test_sounds_without_classes_are_asked_about(tmp_path):
    saved(tmp_path, {f"sound{i}.wav": _wav(i) for i in range(20)})
    with pytest.raises(ValueError, match=r"a folder per class, or a part of their names that repeats.*sound0.wav"):
        propose(tmp_path, Request())


def test_long_and_slow_sounds_get_options_within_their_limits(tmp_path):
    sounds = {f"{name}/{i}.wav": _wav(i, rate=500, seconds=70) for name in "ab" for i in range(25)}
    proposal = propose(saved(tmp_path, sounds), Request())
    assert proposal.options["seconds"] == 60.0
    assert proposal.options["rate"] == 1000
    audio.Options(**proposal.options)
