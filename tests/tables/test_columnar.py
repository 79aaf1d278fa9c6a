"""Large files are read as columns, with the result of reading them row by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from minnow.tables import coded, columnar, frames, typed
from minnow.tables.errors import FileError
from minnow.tables.options import Split, TableOptions
from minnow.types import FileFormat

ODD = (
    "", " ", "1", "0", "-0", "007", "-01", "1.5", "2.", ".5", "1e5", "1e400", "1e-400", "1_0", "+3", "nan", "NaN", "NA", "?",
    "-999",
    "-999.0", "inf", "1.234", "12.345", "1 000", "20240131", "1700000000", "true", "no", "a", " b ", "é", "\u00a0x",
    "\x85", "x\x1c", "total", "Sum:", "size", "colour", "answer", "Source: x", "3 rows", '"q"', "it's", "a\tb", "$5",
    "10:30", "2024-01-31",
)  # fmt: skip
NUMBERS = ("1.25", "-3", "0", "7.5", "1e3", "12", "")
cells = st.sampled_from(ODD)
HEADERS = ("size,colour,answer", "size,colour", "date,month,answer", ",size,answer", "size,size,answer", "1,2,3")


@st.composite
def files(draw):
    """The bytes of a file of three columns: mostly plain, with a few oddities."""
    columns = [draw(st.sampled_from(["odd", "numbers", "words"])) for _ in range(3)]
    kinds = {"odd": cells, "numbers": st.sampled_from(NUMBERS), "words": st.sampled_from(["yes", "no", "maybe"])}
    rows = draw(st.lists(st.tuples(*(kinds[kind] for kind in columns)), min_size=1, max_size=30))
    lines = [",".join(row) for row in rows]
    header = draw(st.sampled_from(HEADERS))
    extra = draw(st.lists(st.sampled_from(["", header, "1,2", "total,3,4,5", ",,", "x,y,"]), max_size=2))
    for line in extra:
        lines.insert(draw(st.integers(0, len(lines))), line)
    above = draw(st.sampled_from([[], [], ["A title"], [""]]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = end.join([*above, header, *lines]) + draw(st.sampled_from([end, "", end + end]))
    separator = draw(st.sampled_from([",", ",", ";", "\t", "|"]))
    mark = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return mark + text.replace(",", separator).encode(draw(st.sampled_from(["utf-8", "utf-8", "cp1252"])), "replace")


def read(path, *, columns: bool, **options):
    """Everything that reading gives, or the message of the error; and whether the file was read as columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnar, "LEAST_BYTES", 0 if columns else 1 << 40)
        patch.setattr(coded, "_FEW", options.pop("few", 0))
        used = []
        patch.setattr(columnar, "of_column", lambda column: used.append(1) or coded.of_column(column))
        try:
            table = typed.read(path, TableOptions(target="answer", **options), Split())
        except FileError as error:
            return str(error), bool(used)
    values = {name: (column.dtype.str, list(map(repr, column.tolist()))) for name, column in table.columns.items()}
    return (
        values,
        table.row_id.tolist(),
        table.key.tolist(),
        table.notices,
        table.reading,
        table.keys,
    ), bool(used)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files(),
    st.sampled_from([{}, {}, {"missing": ["-999"]}, {"decimal": ","}, {"kinds": {"size": "numeric"}}, {"few": 100}]),
)
@example(b"size,colour,answer\n1,a,yes\n1.5,total,no\n,,\n", {})
@example(b"size,colour,answer\n1,a,yes\nsize,colour,answer\n2,b,no\n", {})
@example(b"size,colour,answer\nsize,colour,answer\n1,b,no\n", {})
@example(b"size,colour,answer\n1,a,yes\nsize,x,answer\n2,b,no\n", {})
@example(b"size,colour,answer\n-999,a,yes\n-999.0,x,no\n2,b,no\n", {"missing": ["-999"]})
@example(b"size,colour,answer\n1.234,a,yes\n2.345,x,no\n2,b,no\n", {})
def test_a_file_read_as_columns_is_the_file_read_row_by_row(tmp_path, content, options):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    (by_columns, _), (by_rows, used) = read(path, columns=True, **options), read(path, columns=False, **options)
    assert by_columns == by_rows
    assert not used


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("few", [0, 100])
def test_a_plain_file_is_read_as_columns(end, mark, few, tmp_path):
    path = tmp_path / "rows.csv"
    random = np.random.default_rng(0)
    lines = [f"{value!r},{'ab'[i % 2]},{i % 3 or 'NA'},{i}" for i, value in enumerate(random.normal(size=300).tolist())]
    path.write_bytes((mark + end.join(["size,colour,shape,answer", *lines, ""])).encode())
    (by_columns, used), (by_rows, _) = read(path, columns=True, few=few), read(path, columns=False)
    assert used
    assert by_columns == by_rows


@pytest.mark.parametrize(
    "line",
    ['"a",b,c', "a,b", "a,b,c,d", "\x0ba,b,c", "", "size,colour,answer", "a,b\rc,d"],
    ids=["quoted", "short", "long", "control", "blank", "header", "return"],
)
def test_a_file_that_is_not_plain_is_read_row_by_row(line, tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    monkeypatch.setattr(columnar, "LEAST_BYTES", 0)
    lines = ["1,2,yes"] * 5
    path.write_text("\n".join(["size,colour,answer", *lines, line, *lines]) + "\n", newline="")
    file = frames.open_rows(path, FileFormat(), frames.Known())
    assert columnar.read_columns(path, file, next(file.rows)) is None


def test_a_small_file_is_read_row_by_row(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("size,answer\n1,yes\n2,no\n")
    file = frames.open_rows(path, FileFormat(), frames.Known())
    assert columnar.read_columns(path, file, next(file.rows)) is None
    assert isinstance(frames.read_file(path, FileFormat()).columns["size"], list | tuple)


def test_codes_are_cells():
    column = coded.Coded(["b", "a", ""], np.array([0, 1, 0, 2, 1], np.int32))
    assert list(column) == ["b", "a", "b", "", "a"]
    assert (column[1], column[1:3], column.index("a"), len(column)) == ("a", ["a", "b"], 1, 5)
    assert list(column.counts.items()) == [("b", 2), ("a", 2), ("", 1)]
    merged = replace(column, distinct=[None, "a", None])
    assert merged.counts == {None: 3, "a": 2}
