"""Sounds are read from class folders, names and zips; what is not read is counted and named."""

import zipfile

import numpy as np
import pytest
from recordings import STREAMED, chunk, header, packed, riff, saved, tone, wav, written

from minnow.folders import FolderError
from minnow.modalities import audio
from minnow.tables.files import FileError


def _wav(hertz=440):
    return wav(packed(tone(hertz), 2))


def _classes(count=12, **others):
    """Sounds of two classes, name -> bytes."""
    made = {f"{name}/{i:02}.wav": _wav(200 + 20 * i + 7 * len(name)) for name in ("high", "low") for i in range(count)}
    return made | others


def _said(table):
    return " ".join(notice.text for notice in table.notices)


def test_labels_and_speakers_stand_in_names_and_a_pattern_makes_the_test_set(tmp_path):
    names = [f"{digit}_{who}_{i}.wav" for digit in "01" for who in ("ada", "bob") for i in range(4)]
    options = audio.Options(label_part=0, group_part=1, test="*_[0-1].wav")
    table = audio.read(saved(tmp_path, {name: _wav(200 + 50 * i) for i, name in enumerate(names)}), options)
    assert table.columns["label"].tolist() == [name[0] for name in sorted(names)]
    assert len(np.unique(table.group)) == 2
    assert (table.split == "test").sum() == 8
    assert table.columns["sound"].shape == (16, 8000)


def test_a_sound_that_lies_in_no_folder_is_refused_by_name(tmp_path):
    with pytest.raises(FileError, match=r"stray.wav: a sound must be in a folder that is named after its class"):
        audio.read(saved(tmp_path, {"stray.wav": _wav()}), audio.Options())


def test_a_sound_beside_the_class_folders_is_left_out_and_named(tmp_path):
    table = audio.read(saved(tmp_path, _classes() | {"stray.wav": _wav()}), audio.Options())
    assert np.unique(table.columns["label"]).tolist() == ["high", "low"]
    assert "Not read: files outside of class folders (1): stray.wav." in _said(table)


def test_a_sound_that_cannot_be_taken_out_of_its_zip_is_counted_and_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name, data in _classes().items():
            archive.writestr(name, data)
        place = archive.getinfo("low/03.wav").header_offset + 60
    data = bytearray((tmp_path / "s.zip").read_bytes())
    data[place + 40] ^= 0xFF
    (tmp_path / "s.zip").write_bytes(bytes(data))
    table = audio.read(tmp_path / "s.zip", audio.Options())
    assert len(table) == 23
    assert "sounds that cannot be decoded (1): low/03.wav (it cannot be taken out of the zip: Bad CRC-32" in _said(
        table
    )


def test_a_class_that_loses_a_large_share_of_its_sounds_stops_the_use_case(tmp_path):
    saved(tmp_path, _classes() | {"low/a.wav": b"no sound", "low/b.wav": b"RIFF"})
    with pytest.raises(FolderError, match=r"2 of 14 files of the class 'low' cannot be read: low/a.wav \(Format not"):
        audio.read(tmp_path, audio.Options())
    table = audio.read(tmp_path, audio.Options(max_lost=0.2))
    assert len(table) == 24
    assert "Not read: sounds that cannot be decoded (2): low/a.wav (Format not recognised), low/b.wav" in _said(table)


def test_a_broken_sound_in_many_is_counted_and_named(tmp_path):
    nan = riff(header(3, 4), chunk(b"data", np.full(800, np.nan, "<f4").tobytes()))
    table = audio.read(saved(tmp_path, _classes() | {"low/99.wav": nan}), audio.Options())
    assert len(table) == 24
    assert "(1): low/99.wav (a sample that is not a finite number)." in _said(table)


def test_kinds_that_are_not_read_are_named_and_their_classes_lose_them(tmp_path):
    saved(tmp_path, _classes() | {"low/a.m4a": b"x", "low/notes.txt": b"x"})
    table = audio.read(tmp_path, audio.Options())
    assert "Not read: files with the ending .m4a (1): low/a.m4a." in _said(table)
    assert "are read once they are converted, for example with ffmpeg -i IN out.flac (1): low/a.m4a." in _said(table)
    assert "files with the ending .txt (1): low/notes.txt." in _said(table)
    saved(tmp_path, {"low/b.m4a": b"x"})
    with pytest.raises(FolderError, match=r"2 of 14 files of the class 'low' cannot be read: low/a.m4a, low/b.m4a"):
        audio.read(tmp_path, audio.Options())


def test_a_place_without_sounds_says_what_it_holds_instead(tmp_path):
    saved(tmp_path, {"low/a.m4a": b"x", "low/b.m4a": b"x"})
    with pytest.raises(FileError, match=r"must hold a sound as WAV.* It holds none\. .*\.m4a \(2\): low/a.m4a.*ffmpeg"):
        audio.read(tmp_path, audio.Options())


def test_files_of_many_kinds_are_classes_together(tmp_path):
    sounds = {
        "low/1.wav": riff(header(1, 3, extensible=True), chunk(b"data", packed(tone(300), 3))),
        "low/2.WAV": riff(header(3, 4), chunk(b"data", tone(300).astype("<f4").tobytes())),
        "low/3.wav": riff(header(1, 2), chunk(b"data", packed(tone(300), 2), STREAMED), length=STREAMED),
        "high/1.flac": written(tone(900), "FLAC", "PCM_16"),
        "high/2.ogg": written(tone(900), "OGG"),
        "high/3.mp3": written(tone(900), "MP3"),
    }
    table = audio.read(saved(tmp_path, sounds), audio.Options())
    assert table.columns["label"].tolist() == ["high"] * 3 + ["low"] * 3
    np.testing.assert_allclose(table.columns["seconds"], 0.5, atol=0.01)
    np.testing.assert_allclose(table.columns["sound"][4], table.columns["sound"][3], atol=1e-6)
    assert "read to the end of the file (1): low/3.wav." in _said(table)


def test_hidden_files_and_those_of_a_mac_are_no_sounds_and_no_classes(tmp_path):
    mac = {f"__MACOSX/sounds/{name}/._{i:02}.wav": b"\0\5\x16\7" for name in ("high", "low") for i in range(12)}
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
        for name, data in (_classes() | mac | {".ipynb_checkpoints/00-checkpoint.wav": _wav()}).items():
            archive.writestr(name if name.startswith(("__", ".")) else f"sounds/{name}", data)
    plain = audio.read(saved(tmp_path / "plain", _classes()), audio.Options())
    for place in (
        tmp_path / "sounds.zip",
        saved(tmp_path / "zipped", {"s.zip": (tmp_path / "sounds.zip").read_bytes()}),
    ):
        table = audio.read(place, audio.Options())
        np.testing.assert_array_equal(table.columns["label"], plain.columns["label"])
        np.testing.assert_array_equal(table.key, plain.key)
        assert "Not read: hidden files and folders (25): " in _said(table)


def test_links_to_class_folders_are_followed_and_circles_end(tmp_path):
    saved(tmp_path / "kept", _classes())
    (tmp_path / "linked").mkdir()
    for name in ("high", "low"):
        (tmp_path / "linked" / name).symlink_to(tmp_path / "kept" / name)
    (tmp_path / "kept" / "low" / "again").symlink_to(tmp_path / "kept" / "low")
    table = audio.read(tmp_path / "linked", audio.Options())
    assert np.unique(table.columns["label"], return_counts=True)[1].tolist() == [12, 12]


@pytest.mark.parametrize("top", ["", "speech/"])
def test_folders_train_and_test_fix_the_split_below_a_folder_of_all(top, tmp_path):
    sounds = {f"{top}{split}/{name}": data for split in ("train", "test") for name, data in _classes(2).items()}
    table = audio.read(saved(tmp_path, sounds), audio.Options())
    assert sorted(set(table.columns["label"].tolist())) == ["high", "low"]
    assert table.split.tolist() == ["test"] * 4 + ["train"] * 4


def test_the_class_is_in_the_folder_that_class_folder_names(tmp_path):
    sounds = {f"{name}/{who}/{i}.wav": _wav(300 + i) for name in ("high", "low") for who in "ab" for i in range(2)}
    saved(tmp_path, sounds)
    for place, labels in ((None, {"a", "b"}), (0, {"high", "low"}), (-2, {"high", "low"})):
        table = audio.read(tmp_path, audio.Options(class_folder=place))
        assert set(table.columns["label"].tolist()) == labels


def test_samples_beyond_full_scale_are_not_counted_as_clipped(tmp_path):
    loud = {
        f"low/{name}.wav": riff(header(3, 4), chunk(b"data", samples.astype("<f4").tobytes()))
        for name, samples in {"a": tone(300, loud=4.0, seconds=1), "b": np.sign(tone(300, seconds=1))}.items()
    }
    options = audio.Options()
    table = audio.read(saved(tmp_path, {"high/1.wav": _wav()} | loud), options)
    clipped = audio.describe(table, options)["clipped"]
    assert clipped[1] < 0.1
    assert clipped[2] > 0.9
