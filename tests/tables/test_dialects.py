"""Separators, quotation marks and escapes of delimited text."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from minnow.tables.dialects import find_separator
from minnow.tables.errors import FileError
from minnow.tables.frames import read_file
from minnow.tables.headers import units_below
from minnow.types import FileFormat

CELLS = st.text('abz 7.,;|\t:"\\äß\n', max_size=8).map(str.strip)
NAMES = ["size", "the colour", "name"]


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3).filter(any), min_size=1, max_size=12),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ending=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_table_in_any_dialect_comes_back(rows, separator, quoting, ending, encoding):
    assume(not units_below(rows))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=ending)
    writer.writerows([NAMES, *rows])
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_bytes(out.getvalue().encode(encoding))
        frame = read_file(path, FileFormat(), names=NAMES)
    assert list(frame.columns) == NAMES
    assert [list(row) for row in zip(*frame.columns.values(), strict=True)] == rows


def _columns(table):
    return {name: values.tolist() for name, values in table.columns.items()}


SEPARATED = {
    "tabs beat commas in cells": "a\tb\ty\n1,5\thello, world\tu\n2,5\tbye, now\tv\n",
    "semicolons beat decimal commas": "a;b;y\n1,5;hello;u\n2,5;bye;v\n",
    "a comma in the header": '"a";"b, c";y\n1,5;hello;u\n2,5;bye;v\n',
    "lists with semicolons in cells": "a,b,y\n1.5,hello;x;z,u\n2.5,bye;x;z,v\n",
    "Excel's first line": "sep=;\na;b;y\n1,5;hello;u\n2,5;bye;v\n",
    "Excel's first line with a mark": "\ufeffsep=;\r\na;b;y\r\n1,5;hello;u\r\n2,5;bye;v\r\n",
    "blanks, aligned": "  a   b     y\n1.5   hello u\n2.5   bye   v\n",
    "bars with a rule": " a   | b     | y\n-----+-------+---\n 1.5 | hello | u\n 2.5 | bye   | v\n(2 rows)\n",
    "two colons": "a::b::y\n1.5::hello::u\n2.5::bye::v\n",
    "two colons, and one in a cell": "a::b::y\n1.5::hello::u\n2.5::bye,: all::v\n",
    "single quotes": "'a','b','y'\n'1.5','hello','u'\n'2.5','bye','v'\n",
    "old line breaks": "a,b,y\r1.5,hello,u\r2.5,bye,v\r",
    "blank lines": "\na,b,y\n\n1.5,hello,u\n\n2.5,bye,v\n\n\n",
}


@pytest.mark.parametrize("content", SEPARATED.values(), ids=SEPARATED)
def test_cells_are_divided_as_they_are_meant(content, read):
    columns = list(_columns(read(content)).values())
    assert columns[0] == [1.5, 2.5]
    assert [text.split(",")[0].split(";")[0] for text in columns[1]] == ["hello", "bye"]
    assert columns[2] == ["u", "v"]


def test_two_colons_divide_rows_and_colons_with_empty_columns_stay_colons(tmp_path):
    def widths(text):
        (tmp_path / "rows.dat").write_text(text)
        frame = read_file(tmp_path / "rows.dat", FileFormat())
        return frame.form.separator, list(frame.columns)

    films = "key::name::kinds\n1::Toys (1995)::a|b|c\n2::War, The: Part 2 (1996)::a\n3::Both (1997)::b|c\n"
    assert widths(films) == ("::", ["key", "name", "kinds"])
    films = "1::Toys: One::a|b|c\n2::War, The: Part 2::a\n3::Both: Three::b|c\n"
    assert find_separator(films, '"') == "::", "each title has a colon"
    assert find_separator("root:x:0:0::/root:/bin\nann:x:1:1::/ann:/bin\n", '"') == ":"
    assert widths("name:x:n:gap:home\nroot:x:0::/root\nann:x:1000::/ann\n") == (":", ["name", "x", "n", "gap", "home"])


def test_backslashes_escape_quotes_and_missing_values(read):
    columns = read('a,b,y\n1,"say \\"hi\\", you",u\n\\N,"C:\\\\x",v\n').columns
    assert columns["b"].tolist() == ['say "hi", you', "C:\\x"]
    assert str(columns["a"].tolist()) == "[1.0, nan]"


def test_backslashes_that_escape_nothing_stay(read):
    assert read('a,b,y\n1,"C:\\dir\\",u\n2,"D:\\",v\n').columns["b"].tolist() == ["C:\\dir\\", "D:\\"]


def test_a_column_of_decimal_commas_alone_is_one_column(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("x\n1,5\n2,5\n2,7\n")
    (cells,) = read_file(path, FileFormat()).columns.values()
    assert list(cells) == ["1,5", "2,5", "2,7"]


def test_a_column_of_texts_alone_is_one_column(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("full name\nAnn Lee\nJohn Smith\n")
    assert list(read_file(path, FileFormat(), names=["full name"]).columns) == ["full name"]


@pytest.mark.parametrize(
    "content",
    ["size,y\n1,5,u\n1,7,v\n2,5,u\n", "a,b,y\n1,2,u\n1,2\n3,4,v\n", "a;b;y\n1;2;u\n1;2;3;u\n3;4;v\n"],
)
def test_a_row_of_another_width_is_named_with_the_separator(content, read):
    with pytest.raises(FileError, match=r"rows.csv:\d: a row needs . cells \(.*\). Received: .* \(options.separator\)"):
        read(content)


def test_a_quotation_mark_that_is_not_closed_is_named(read):
    for rows in ('1,"red,u\n2,blue,v\n', '1,"red,u\n2,"blue",v\n', '1,red,"u\n2,blue,v\n'):
        with pytest.raises(
            FileError, match=r"rows.csv:2: a quotation mark \(\"\) is opened in this row and not closed"
        ):
            read("a,b,y\n" + rows)


def test_a_mark_of_inches_does_not_close_cells_of_several_lines(read):
    table = read('a,b,y\n1,5" pipe,u\n2,"two\nlines",v\n3,"red","u\nu"\n')
    assert table.columns["b"].tolist() == ['5" pipe', "two\nlines", "red"]
    assert table.row_id.tolist() == ["rows.csv:2", "rows.csv:3", "rows.csv:5"]


def test_a_sample_that_ends_within_a_cell_is_read_further(read):
    cell = "many\nlines;\n" * 40_000
    table = read(f'a,b,y\n1,"{cell}",u\n2,"{cell}",v\n3,"x",u\n')
    assert [len(text) for text in table.columns["b"]] == [len(cell) - 1, len(cell) - 1, 1]
