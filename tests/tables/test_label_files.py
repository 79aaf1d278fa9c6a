"""Labels of files from a table beside them: which row means which file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.folders import Found, RowFile
from minnow.tables.errors import FileError
from minnow.tables.label_files import LabelFile, labelled, rows_of


def _found(*names):
    return Found(tuple(RowFile(name, bytes) for name in names))


@pytest.mark.parametrize(
    "cell", ["pictures/a/1.png", "./pictures/a/1.png", "a/1.png", "1.png", "1", "a/1", "pictures\\a\\1.png", "/a/1.png"]
)
def test_a_row_names_a_file_by_its_path_or_the_end_of_it_with_or_without_suffix(cell):
    assert rows_of(["pictures/a/1.png", "pictures/b/2.png"], ["2", cell, None]) == {
        "pictures/a/1.png": [1],
        "pictures/b/2.png": [0],
    }


@given(st.lists(st.text("ab1", min_size=1, max_size=4), min_size=1, max_size=8, unique=True), st.randoms())
@settings(max_examples=50, deadline=None)
def test_files_of_different_names_are_found_in_any_order(stems, random):
    cells = [f"{stem}.png" for stem in stems]
    random.shuffle(cells)
    assert rows_of([f"x/{stem}.png" for stem in stems], cells) == {f"x/{cell}": [i] for i, cell in enumerate(cells)}


def test_a_name_with_a_dot_is_not_cut_where_the_whole_is_there():
    assert rows_of(["v1.5.png", "v1.png"], ["v1.5", "v1.png"]) == {"v1.5.png": [0], "v1.png": [1]}


@pytest.mark.parametrize("table", ["train/labels.csv", "train.csv"])
def test_of_two_folders_the_one_of_the_table_is_meant(table):
    assert rows_of(["test/1.png", "train/1.png"], ["1.png"], table) == {"train/1.png": [0]}


def test_a_row_that_could_mean_two_files_is_refused():
    with pytest.raises(
        FileError, match=r"labels.csv: '1.png' must name one file. Received: a/1.png, b/1.png. Write the folder"
    ):
        rows_of(["a/1.png", "b/1.png"], ["1.png"], "labels.csv")


def _table(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_files_have_the_labels_and_splits_of_the_table_and_the_others_are_left_out(tmp_path):
    _table(
        tmp_path,
        "l.csv",
        "name,kind,part\n1.png,cat,train\n2.png,dog,validation\n3.png,,train\n9.png,cat,test\n4.png,dog,test\n",
    )
    option = LabelFile(file="l.csv", name="name", label="kind", split="part")
    found = labelled(_found("1.png", "2.png", "3.png", "4.png", "5.png"), tmp_path, option)
    names = [file.name for file in found.files]
    assert [(name, found.label(name), found.split(name)) for name in names] == [
        ("1.png", "cat", "train"),
        ("2.png", "dog", "val"),
        ("4.png", "dog", "test"),
    ]
    assert [notice.text for notice in found.notices] == [
        "1 rows of l.csv name no file that is read: 9.png.",
        "Not read: files that the table of labels does not name (2): 3.png, 5.png.",
    ]
    assert not found.class_notices
    found.check_losses(0.0)


def test_several_tables_fix_the_split_by_their_names(tmp_path):
    for split in ("train", "test"):
        _table(tmp_path, f"{split}.csv", f"id,y\n{split}1,a\n{split}2,b\n")
    option = LabelFile(file=["train.csv", "test.csv"], name="id", label="y")
    found = labelled(_found("train1.png", "train2.png", "test1.png", "test2.png"), tmp_path, option)
    assert [found.split(file.name) for file in found.files] == ["train", "train", "test", "test"]


@pytest.mark.parametrize(
    ("table", "option", "message"),
    [
        ("n,y\n1.png,a\n", {"file": "other.csv"}, r"label_file: other.csv must be a file in .* no such file"),
        ("n,y\n1.png,a\n2.png,b\n", {"name": "m"}, r"label_file: No column 'm'"),
        (
            "n,y\n8.png,a\n9.png,b\n",
            {},
            r"column 'n' of l.csv must name the files. Received: '8.png', where the first file is 1.png",
        ),
        (
            "n,y\n1.png,a\n1.png,b\n2.png,b\n",
            {},
            r"l.csv: a file must have one label. Received for 1.png: a, b. Keep one.",
        ),
    ],
)
def test_what_a_table_must_hold(tmp_path, table, option, message):
    _table(tmp_path, "l.csv", table)
    with pytest.raises(FileError, match=message):
        labelled(
            _found("1.png", "2.png"), tmp_path, LabelFile(**{"file": "l.csv", "name": "n", "label": "y", **option})
        )


def test_a_row_that_is_there_twice_with_one_label_is_one(tmp_path):
    _table(tmp_path, "l.csv", "n,y\n1.png,a\n1.png,a\n2.png,b\n")
    found = labelled(_found("1.png", "2.png"), tmp_path, LabelFile(file="l.csv", name="n", label="y"))
    assert [found.label(file.name) for file in found.files] == ["a", "b"]
