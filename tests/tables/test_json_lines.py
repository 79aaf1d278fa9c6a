"""JSON lines as rows of a table."""

import json

import pytest

from minnow.tables.errors import FileError
from minnow.tables.files import SUFFIXES, find, passed_over


def _lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_values_keep_their_kinds(read):
    rows = _lines({"a": 1.5, "b": True, "c": "x", "y": "u"}, {"a": None, "b": False, "c": None, "y": "v"})
    columns = {name: str(values.tolist()) for name, values in read(rows, called="rows.jsonl").columns.items()}
    assert columns == {"a": "[1.5, nan]", "b": "[1, 0]", "c": "['x', '']", "y": "['u', 'v']"}


def test_rows_may_lack_keys_and_have_them_in_any_order(read):
    columns = read(_lines({"a": 1, "y": "u"}, {"y": "v", "b": 2}), called="rows.ndjson").columns
    assert str(columns["a"].tolist()) == "[1.0, nan]"
    assert str(columns["b"].tolist()) == "[nan, 2.0]"


def test_lists_and_objects_are_said_to_be_left_out(read, said):
    rows = _lines({"a": 1, "tags": ["x"], "y": "u"}, {"a": 2, "tags": None, "y": "v"})
    assert list(read(rows, called="rows.jsonl").columns) == ["a", "y"]
    assert "'tags' holds lists or objects in rows.jsonl and is not read." in said(rows, called="rows.jsonl")


def test_a_list_among_texts_is_refused_with_its_line(read):
    with pytest.raises(FileError, match=r"rows\.jsonl:2: 'a' must be a text, a number, true or false. Received: list"):
        read(_lines({"a": "x", "y": "u"}, {"a": ["x"], "y": "v"}), called="rows.jsonl")


def test_a_key_that_comes_late_is_said(said):
    rows = [{"a": i, "y": "u"} for i in range(1100)]
    text = said(_lines(*rows, {"a": 1, "late": 2, "y": "v"}), called="rows.jsonl")
    assert "'late' occurs in rows.jsonl from line 1,101 on, too late to be a column, and is not read." in text


def test_points_of_numbers_are_decimal_points_whatever_the_texts(read):
    columns = read(
        _lines({"a": 1.234, "b": "1,5", "y": "u"}, {"a": 5.678, "b": "2,5", "y": "v"}), called="rows.jsonl"
    ).columns
    assert columns["a"].tolist() == [1.234, 5.678]
    assert columns["b"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"rows\.jsonl:2: not readable as JSON"),
        ("[1]", r"rows\.jsonl:2: a line must be an object. Received: list"),
    ],
)
def test_a_line_that_is_no_row_is_named(line, message, read):
    with pytest.raises(FileError, match=message):
        read('{"a": 1, "y": "u"}\n' + line, called="rows.jsonl")


def test_a_mark_and_blank_lines_are_skipped(read):
    assert len(read("\ufeff" + _lines({"a": 1, "y": "u"}) + "\n\n", called="rows.jsonl", encoding="utf-8")) == 1


LIST = json.dumps([{"a": 1.5, "y": "u"}, {"y": "v"}, {"a": 2, "y": "u", "z": None}])


@pytest.mark.parametrize("content", [LIST, json.dumps(json.loads(LIST), indent=2), "\n [\n" + LIST[1:]])
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_one_list_of_objects_is_read_as_rows(content, name, read):
    table = read(content, called=name)
    assert str(table.columns["a"].tolist()) == "[1.5, nan, 2.0]"
    assert table.row_id.tolist() == [f"{name}:{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{\n"a": 1, "b": 2}',
            r"rows\.json must hold one object per line, or one list of objects. Received: one object \(a, b\)",
        ),
        ('[{"a": 1, "y": "u"}, 3]', r"rows\.json:2: a row must be an object. Received: int"),
        ('[{"a": 1,\n "y": }]', r"rows\.json: not readable as JSON"),
    ],
)
def test_a_list_that_holds_no_rows_is_named(content, message, read):
    with pytest.raises(FileError, match=message):
        read(content, called="rows.json")


def test_json_beside_a_table_is_not_read(tmp_path):
    (tmp_path / "rows.json").write_text(LIST)
    assert [path.name for path in find(tmp_path, None, SUFFIXES)] == ["rows.json"]
    (tmp_path / "rows.csv").write_text("a,y\n1,u\n")
    assert [path.name for path in find(tmp_path, None, SUFFIXES)] == ["rows.csv"]
    assert passed_over(tmp_path, SUFFIXES) == ["rows.json"]
