"""Files in folders, zips and behind links: what is found, its class and split, and what is left out and said."""

import zipfile

import pytest

from minnow.folders import FolderError, Found, RowFile, check_losses, find_files

KINDS = (".png",)


def _write(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def _zip(path, *names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)


def _names(found):
    return [file.name for file in found.files]


def _labels(found):
    return [found.label(file.name) for file in found.files]


def _skipped(found):
    return {item.name: item.why for item in found.skipped}


def _found(*names, class_folder=None):
    return Found(tuple(RowFile(name, bytes) for name in names), class_folder=class_folder)


def test_hidden_files_and_those_of_systems_are_skipped_and_counted(tmp_path):
    hidden = (
        ".DS_Store",
        "cat/._1.png",
        ".ipynb_checkpoints/1.png",
        "__MACOSX/cat/1.png",
        "cat/Thumbs.db",
        "@eaDir/1.png",
    )
    _write(tmp_path, "cat/1.png", "dog/2.png", *hidden)
    found = find_files(tmp_path, KINDS)
    assert _names(found) == ["cat/1.png", "dog/2.png"]
    assert sorted(_skipped(found)) == sorted(
        [".DS_Store", "cat/._1.png", ".ipynb_checkpoints", "__MACOSX", "cat/Thumbs.db", "@eaDir"]
    )
    (notice,) = found.notices
    assert (notice.kind, notice.count) == ("skipped", 6)
    assert notice.text.startswith("Not read: hidden files and folders (6): .DS_Store, .ipynb_checkpoints, ")
    assert notice.text.endswith(" and 3 more.")


def test_other_endings_are_counted_by_ending(tmp_path):
    _write(tmp_path, "cat/1.PNG", "cat/2.xyz", "cat/3.xyz", "README", "cat/4.heic")
    found = find_files(tmp_path, KINDS, (".heic",))
    assert _names(found) == ["cat/1.PNG"]
    assert [notice.text for notice in found.notices] == [
        "Not read: files with the ending .heic (1): cat/4.heic.",
        "Not read: files with the ending .xyz (2): cat/2.xyz, cat/3.xyz.",
        "Not read: files without an ending (1): README.",
    ]
    assert [item.name for item in found.skipped if item.lost] == ["cat/4.heic"]


def test_links_to_class_folders_and_files_are_followed(tmp_path):
    _write(tmp_path / "store", "a/1.png", "b/2.png", "c.png")
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a", "b"):
        (data / name).symlink_to(tmp_path / "store" / name)
    (tmp_path / "store" / "b" / "3.png").symlink_to(tmp_path / "store" / "c.png")
    found = find_files(data, KINDS)
    assert _names(found) == ["a/1.png", "b/2.png", "b/3.png"]
    assert _labels(found) == ["a", "b", "b"]
    assert found.files[2].read() == b"c.png"


def test_circles_of_links_end_and_a_folder_is_read_once_under_its_own_name(tmp_path):
    _write(tmp_path / "data", "cat/1.png", "dog/2.png")
    _write(tmp_path / "far", "3.png")
    for place, target in (
        ("data/a link", "data/cat"),
        ("data/cat/up", "data"),
        ("data/dog/above", "."),
        ("data/far", "far"),
        ("far/back", "data"),
        ("far/self", "far"),
    ):
        (tmp_path / place).symlink_to(tmp_path / target)
    found = find_files(tmp_path / "data", KINDS)
    assert _names(found) == ["cat/1.png", "dog/2.png", "far/3.png"]
    assert sorted(_skipped(found)) == ["a link", "cat/up", "dog/above", "far/back", "far/self"]


def test_links_that_lead_nowhere_are_named_and_lost_where_they_would_be_rows(tmp_path):
    _write(tmp_path, "cat/1.png")
    for name in ("cat/2.png", "gone", "round"):
        (tmp_path / name).symlink_to(tmp_path / ("round" if name == "round" else "nothing"))
    found = find_files(tmp_path, KINDS)
    assert _names(found) == ["cat/1.png"]
    assert {(item.name, item.why, item.lost) for item in found.skipped} == {
        ("cat/2.png", "links that lead nowhere", True),
        ("gone", "links that lead nowhere", False),
        ("round", "links that lead nowhere", False),
    }


def test_an_empty_class_folder_is_named(tmp_path):
    _write(tmp_path, "cat/1.png", "odd/.DS_Store")
    (tmp_path / "none").mkdir()
    assert "Not read: empty folders (2): none, odd." in [notice.text for notice in find_files(tmp_path, KINDS).notices]


def test_a_zip_of_class_folders_is_read_alone_or_in_a_folder(tmp_path):
    _zip(tmp_path / "data" / "all.zip", "all/cat/1.png", "all/dog/2.png", "__MACOSX/all/cat/._1.png", "all/x.txt")
    for place, prefix in ((tmp_path / "data" / "all.zip", ""), (tmp_path / "data", "all/")):
        found = find_files(place, KINDS)
        assert _names(found) == [f"{prefix}all/cat/1.png", f"{prefix}all/dog/2.png"]
        assert _labels(found) == ["cat", "dog"]
        assert [found.split(file.name) for file in found.files] == ["", ""]
        assert found.files[1].read() == b"all/dog/2.png"
        assert len(found.skipped) == 2


def test_zips_stand_for_folders_of_their_names(tmp_path):
    _zip(tmp_path / "cat.zip", "1.png", "2.png")
    _zip(tmp_path / "dog.ZIP", "1.png")
    found = find_files(tmp_path, KINDS)
    assert list(zip(_names(found), _labels(found), strict=True)) == [
        ("cat/1.png", "cat"),
        ("cat/2.png", "cat"),
        ("dog/1.png", "dog"),
    ]


@pytest.mark.parametrize("unpacked", ["cat/1.png", "all/cat/1.png"])
def test_a_zip_that_is_unpacked_beside_itself_is_not_read_twice(unpacked, tmp_path):
    _zip(tmp_path / "all.zip", "cat/1.png", "dog/2.png", "__MACOSX/._x")
    _write(tmp_path, unpacked, unpacked.replace("cat/1", "dog/2"))
    found = find_files(tmp_path, KINDS)
    assert len(found.files) == 2
    assert _skipped(found) == {"all.zip": "zips whose files lie beside them"}


def test_names_of_the_finder_are_read_as_utf_8(tmp_path):
    _zip(tmp_path / "a.zip", "K\u00e4fer/1.png")
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(
        data.replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00")
    )  # without the mark of UTF-8
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() != ["K\u00e4fer/1.png"]
    assert _names(find_files(tmp_path / "a.zip", KINDS)) == ["K\u00e4fer/1.png"]


def test_zips_that_cannot_be_read_are_refused_by_name(tmp_path):
    _zip(tmp_path / "a.zip", "cat/1.png")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    (tmp_path / "cut.zip").write_bytes(data[:40])
    with pytest.raises(FolderError, match=r"cut.zip is not readable as a zip: .*. Download or make it anew"):
        find_files(tmp_path / "cut.zip", KINDS)
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(head) + flags] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    with pytest.raises(FolderError, match=r"locked.zip is protected with a password"):
        find_files(tmp_path / "locked.zip", KINDS)


def test_a_damaged_file_of_a_zip_is_an_error_of_that_file(tmp_path):
    _zip(tmp_path / "a.zip", "cat/1.png", "cat/2.png")
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"cat/1.pngcat/1.png", b"cat/1.pngXXX/1.png"))
    one, two = find_files(tmp_path / "a.zip", KINDS).files
    with pytest.raises(OSError, match="it cannot be taken out of the zip"):
        one.read()
    assert two.read() == b"cat/2.png"


def test_a_place_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FolderError, match=r"nothing must be a folder or a file. It does not exist"):
        find_files(tmp_path / "nothing", KINDS)


LAYOUTS = {
    "class folders": ({"cat/1": ("cat", ""), "dog/2": ("dog", "")}, None),
    "one class folder": ({"cat/1": ("cat", ""), "cat/2": ("cat", "")}, None),
    "no folder": ({"1": ("", ""), "2": ("", "")}, None),
    "a shared folder is no class and no split": ({"train/cat/1": ("cat", ""), "train/dog/2": ("dog", "")}, None),
    "splits": ({"train/cat/1": ("cat", "train"), "Test/dog/2": ("dog", "test")}, None),
    "splits in a shared folder": ({"set/train/cat/1": ("cat", "train"), "set/test/dog/2": ("dog", "test")}, None),
    "all three splits": (
        {"train/a/1": ("a", "train"), "valid/a/2": ("a", "val"), "test/a/3": ("a", "test")},
        None,
    ),
    "without test, val is the test set": ({"train/a/1": ("a", "train"), "val/a/2": ("a", "test")}, None),
    "a further folder beside the splits": (
        {"train/a/1": ("a", "train"), "test/a/2": ("a", "test"), "extra/a/3": ("a", "")},
        None,
    ),
    "splits without classes are no classes": ({"train/1": ("", ""), "test/2": ("", "")}, None),
    "a train is a class among others": ({"train/1": ("train", ""), "bus/2": ("bus", "")}, None),
    "deeper files": ({"cat/1": ("cat", ""), "dog/2": ("dog", ""), "dog/pug/3": ("dog", "")}, None),
    "folders in folders": ({"x/cat/1": ("cat", ""), "x/dog/2": ("dog", ""), "y/cat/3": ("cat", "")}, None),
    "the outer folder": ({"x/cat/1": ("x", ""), "x/dog/2": ("x", ""), "y/cat/3": ("y", "")}, 0),
    "the inner folder": ({"cat/1": ("cat", ""), "dog/pug/2": ("pug", "")}, -1),
    "a folder that some lack": ({"cat/1": ("", ""), "dog/pug/2": ("pug", "")}, 1),
    "a file beside shared folders": (
        {"all/cover": ("", ""), "all/cat/1": ("cat", ""), "all/dog/2": ("dog", "")},
        None,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_folders_give_classes_and_splits(layout):
    expected, class_folder = LAYOUTS[layout]
    found = _found(*expected, class_folder=class_folder)
    assert {name: (found.label(name), found.split(name)) for name in expected} == expected


def test_a_few_stray_files_do_not_move_the_class_folders():
    names = [f"{outer}/{inner}/{i}" for outer in "xy" for inner in ("cat", "dog") for i in range(10)]
    found = _found(*names, "x/cover")
    assert [found.label(name) for name in ("x/cat/1", "x/cover")] == ["cat", ""]
    kept = found.in_classes()
    assert _skipped(kept) == {"x/cover": "files outside of class folders"}
    kept.check_losses(0.1)


def test_what_folders_leave_open_is_said():
    (notice,) = _found("cat/tabby/1", "cat/other/2", "dog/pug/3").class_notices
    assert notice.text == (
        "The class is the folder that a file is in, 'tabby' for cat/tabby/1; options.class_folder: 0 takes 'cat'."
    )
    (notice,) = _found("cat/1", "dog/2", "dog/pug/3").class_notices
    assert notice.text.startswith("1 files lie in folders below their class folder: dog/pug/3 has the class 'dog'.")
    (notice,) = _found("train/cat/1", "val/dog/2").class_notices
    assert "is the test set" in notice.text
    assert not _found("cat/1", "dog/2").class_notices
    assert not _found("cat/tabby/1", "dog/pug/3", class_folder=0).class_notices
    assert _found("t/cat/tabby/1", "t/dog/pug/3").readings == {0: ["cat", "dog"], 1: ["pug", "tabby"]}


def test_a_class_that_loses_too_many_files_stops_with_its_names(tmp_path):
    _write(tmp_path, *(f"cat/{i}.png" for i in range(9)), "cat/x.heic", *(f"dog/{i}.png" for i in range(8)))
    find_files(tmp_path, KINDS, (".heic",)).check_losses(0.1)
    found = find_files(tmp_path, KINDS, (".heic",)).without({"cat/0.png": "truncated"}, "files that cannot be read")
    assert len(found.files) == 16
    assert "Not read: files that cannot be read (1): cat/0.png (truncated)." in [n.text for n in found.notices]
    with pytest.raises(
        FolderError, match=r"^2 of 10 files of the class 'cat' cannot be read: cat/x.heic, cat/0.png"
    ) as info:
        found.check_losses(0.1)
    assert "(truncated). At most a share of 0.1 may be missing. Convert or remove" in str(info.value)
    found.check_losses(0.2)


def test_a_class_that_loses_all_of_its_files_is_still_a_class(tmp_path):
    _write(tmp_path, "in/cat/1.png", "in/cat/2.png", "in/dog/1.heic", "README.txt")
    found = find_files(tmp_path, KINDS, (".heic",))
    assert _labels(found) == ["cat", "cat"]
    with pytest.raises(FolderError, match="1 of 1 files of the class 'dog'"):
        found.check_losses(0.5)


def test_classes_stay_what_they_are_when_files_turn_out_to_be_broken():
    found = _found("cat/tabby/1", "cat/other/2", "dog/pug/3", class_folder=0)
    assert _labels(found.without({"dog/pug/3": "cut"}, "files that cannot be read")) == ["cat", "cat"]


def test_files_without_a_class_are_measured_against_all():
    check_losses({"cat": 50, "dog": 50}, {"": ["cover.png"]}, 0.1)
    with pytest.raises(FolderError, match=r"1 of 5 files, outside of class folders, cannot be read: cover.png"):
        check_losses({"cat": 4}, {"": ["cover.png"]}, 0.1)
