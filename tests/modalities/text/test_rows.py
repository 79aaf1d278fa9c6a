"""Texts on disk: read with the line of every row, and refused by it."""

import re

import pytest

from minnow.modalities import text
from minnow.modalities.text.encoder import TextEncoder, TextLayout
from minnow.tables.files import FileError

OPTIONS = text.Options(min_rows=1)
WORDS = TextEncoder(["a"], TextLayout(4, 6, 16))


def _write(folder, content, name="rows.csv"):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def test_rows_keep_the_line_that_they_begin_on(tmp_path):
    _write(tmp_path, 'id,label,text\n1,yes,"two\nlines, here"\n\n2,no,one\n')
    table = text.read(tmp_path, OPTIONS)
    assert table.columns["text"].tolist() == ["two\nlines, here", "one"]
    assert table.columns["label"].tolist() == ["yes", "no"]
    assert table.row_id.tolist() == ["rows.csv:2", "rows.csv:5"]


def test_the_key_ignores_outer_white_space_and_the_label(tmp_path):
    _write(tmp_path, "text,label\n a b ,yes\na b,no\na  b,no\n")
    key = text.read(tmp_path, OPTIONS).key
    assert key[0] == key[1] != key[2]


def test_files_named_train_and_test_fix_the_split_together(tmp_path):
    _write(tmp_path, "text,label\na,x\n", "train.csv")
    assert text.read(tmp_path, OPTIONS).split is None
    _write(tmp_path, "text,label\nb,x\n", "test.csv")
    split = text.read(tmp_path, OPTIONS).split
    assert split is not None
    assert split.tolist() == ["test", "train"]


def test_other_separators_and_names(tmp_path):
    _write(tmp_path, "review::stars\nfine, thanks::5\n", "rows.dat")
    options = text.Options(file="rows.dat", separator="::", text="review", label="stars")
    table = text.read(tmp_path, options)
    assert table.columns["text"].tolist() == ["fine, thanks"]
    assert table.columns["label"].tolist() == ["5"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("txt,label\na,b\n", "No column 'text'. Did you mean 'txt'"),
        ("text,label\na,b\nc\n", r"rows.csv:3: a row needs 2 cells \(text, label\). Received: 1"),
        ("text,label\na,b,c\n", "rows.csv:2: a row needs 2 cells"),
        ('text,label\na,b\n"c,b\nd,b\n', "rows.csv:3: a quotation mark .* is opened in this row and not closed"),
        ("text,label\ngrün,b\n".encode() + b"gr\xfcn,b\n", "rows.csv:3: text must be UTF-8.* Received byte 0xfc"),
        ("text,label\n", "must hold rows"),
        ("", "It is empty"),
    ],
)
def test_a_bad_file_is_named_with_its_line(content, message, tmp_path):
    _write(tmp_path, content)
    with pytest.raises(FileError, match=message):
        text.read(tmp_path, OPTIONS)


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"must hold a file of .csv"):
        text.read(tmp_path, OPTIONS)


def test_lines_and_columns_are_inputs_for_a_prediction(tmp_path):
    _write(tmp_path, "one\n\ntwo\n", "inputs.txt")
    _write(tmp_path, "id,text\n1,three\n", "inputs.csv")
    assert list(text.from_file(tmp_path / "inputs.txt", OPTIONS, WORDS)) == ["one", "two"]
    assert list(text.from_file(tmp_path / "inputs.csv", OPTIONS, WORDS)) == ["three"]
    with pytest.raises(FileError, match=r"none\.json: .*No such file"):
        list(text.from_file(tmp_path / "none.json", OPTIONS, WORDS))
    _write(tmp_path, "[1,", "cut.json")
    with pytest.raises(FileError, match="not readable as JSON"):
        list(text.from_file(tmp_path / "cut.json", OPTIONS, WORDS))


def test_a_json_object_a_line_is_read_as_a_row(tmp_path):
    (tmp_path / "some.jsonl").write_text('{"text": "good, really", "stars": 5}\n\n{"stars": 1, "text": "bad"}\n')
    table = text.read(tmp_path, text.Options(label="stars"))
    assert table.columns["text"].tolist() == ["good, really", "bad"]
    assert table.columns["label"].tolist() == ["5", "1"]
    assert table.row_id.tolist() == ["some.jsonl:1", "some.jsonl:3"]
    assert list(text.from_file(tmp_path / "some.jsonl", text.Options(), WORDS)) == ["good, really", "bad"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "some.jsonl:2: not readable as JSON"),
        ("[1]", "some.jsonl:2: a line must be an object. Received: list"),
        (
            '{"text": ["a"], "label": "b"}',
            "some.jsonl:2: 'text' must be a text, a number, true or false. Received: list",
        ),
    ],
)
def test_a_line_that_is_no_row_is_refused_by_its_place(line, why, tmp_path):
    (tmp_path / "some.jsonl").write_text('{"text": "a", "label": "b"}\n' + line + "\n")
    with pytest.raises(FileError, match=re.escape(why)):
        text.read(tmp_path, text.Options())


def test_a_key_that_only_some_lines_have_is_missing_in_the_others(tmp_path):
    (tmp_path / "some.jsonl").write_text('{"label": "b"}\n{"text": "a", "label": "b"}\n')
    assert text.read(tmp_path, text.Options()).columns["text"].tolist() == ["", "a"]


def test_plain_files_of_one_label_each_are_read_line_by_line(tmp_path):
    (tmp_path / "x.pos").write_text("very good\n\nfine , too\n")
    (tmp_path / "x.neg").write_text("bad\n")
    (tmp_path / "other.csv").write_text("is not read\n")
    table = text.read(tmp_path, text.Options(lines={"x.pos": "positive", "x.neg": "negative"}))
    assert list(zip(table.columns["text"], table.columns["label"], strict=True)) == [
        ("very good", "positive"),
        ("fine , too", "positive"),
        ("bad", "negative"),
    ]
    assert table.row_id.tolist() == ["x.pos:1", "x.pos:3", "x.neg:1"]
