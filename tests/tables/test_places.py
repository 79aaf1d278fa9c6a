"""Folders of files: which are read, and which are said to be left out."""

import pytest

from minnow.tables.errors import FileError, HeaderError

ROWS = "a,b,y\n1,2,u\n3,4,v\n"


@pytest.mark.parametrize(
    "name",
    [
        "README.txt",
        "readme_first.txt",
        "Read me.txt",
        "LICENSE.txt",
        "licence.txt",
        "CHANGELOG.txt",
        "data_description.txt",
    ],
)
def test_files_for_people_are_said_to_be_left_out(name, read, said):
    files = {"rows.csv": ROWS, name: "These rows are made up, by me\n\nsee the header, please\n"}
    assert len(read(files)) == 2
    assert f"One other file is not read: {name} (options.file names the files to read)." in said(files)


def test_a_text_of_ones_own_is_no_readme(read):
    assert len(read({"notices.txt": ROWS})) == 2


def test_a_competition_s_files(read, said):
    files = {
        "train.csv": "Id,b,y\n1,2,u\n2,4,v\n",
        "test.csv": "Id,b\n3,2\n",
        "sample_submission.csv": "Id,Predicted\n3,u\n",
    }
    assert read(files).row_id.tolist() == ["train.csv:2", "train.csv:3"]
    text = said(files)
    assert "test.csv is not read: its rows have no answer to learn from; it lacks 'y' (options.file" in text
    assert "sample_submission.csv is not read: its answers are to be filled in (options.file names" in text


def test_files_are_joined_by_the_names_of_their_columns(read):
    table = read({"a.csv": ROWS, "b.tsv": "y\tb\ta\nw\t5\t6\n", "c.jsonl": '{"b": 7, "a": 8, "y": "z"}\n'})
    assert table.columns["a"].tolist() == [1, 3, 6, 8]
    assert table.columns["y"].tolist() == ["u", "v", "w", "z"]
    assert table.row_id.tolist()[2:] == ["b.tsv:2", "c.jsonl:1"]


def test_an_index_in_each_of_several_files(read):
    table = read({"a.csv": ",b,y\n0,2,u\n1,4,v\n", "b.csv": ",b,y\n0,5,w\n1,6,z\n"})
    assert list(table.columns) == ["b", "y"]


def test_files_that_write_numbers_in_two_ways_are_refused(read):
    with pytest.raises(FileError, match=r"column 'a': .* '1,5' and '2\.5'.* '1,5' \(a\.csv:2\), '2\.5' \(b\.csv:2\)"):
        read({"a.csv": "a;y\n1,5;u\n3,5;v\n", "b.csv": "a,y\n2.5,u\n"})


@pytest.mark.parametrize("names", [("rows.csv", "rows.tsv"), ("rows.csv", "rows.csv.gz"), ("Rows.csv", "rows.jsonl")])
def test_one_table_in_two_files_is_asked_for(names, read):
    with pytest.raises(FileError, match=r"seem to hold the same rows twice. Name the one to read under options.file"):
        read(dict.fromkeys(names, ROWS))


def test_a_file_that_is_no_table_is_asked_for(read):
    with pytest.raises(FileError, match=r"words.txt:3: .* name those to read under options.file") as error:
        read({"rows.csv": ROWS, "words.txt": "one, two, three\nfour, five, six\nseven, eight\n"})
    assert not isinstance(error.value, HeaderError)
    with pytest.raises(FileError, match=r"rows\.csv and words\.txt must have the same columns.*options\.file"):
        read({"rows.csv": ROWS, "words.txt": "some words\nand more\n"})
    assert len(read({"rows.csv": ROWS, "words.txt": "some words\nand more\n"}, file="rows.csv")) == 2


def test_what_is_there_is_named_where_nothing_can_be_read(read):
    with pytest.raises(FileError, match=r"must hold a file of \.csv, .*Received: data\.xlsx, picture\.png\."):
        read({"data.xlsx": b"PK", "picture.png": b"PNG", ".hidden.csv": ROWS})


def test_a_file_of_the_options_that_is_not_there_is_named_with_the_nearest(read):
    with pytest.raises(FileError, match=r"options\.file_splits: No file 'rows\.tsv'\. Did you mean 'rows\.csv'"):
        read(ROWS, file_splits={"rows.tsv": "test"})
