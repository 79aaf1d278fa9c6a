"""Files larger than memory are read in pieces."""

import gzip
import tracemalloc

import pytest

from minnow.tables.errors import FileError, HeaderError
from minnow.tables.frames import read_file, stream
from minnow.types import FileFormat

ROWS = 60_000


def test_memory_is_bounded_by_the_pieces(tmp_path):
    path = tmp_path / "rows.csv.gz"
    text = "a;b\n" + "".join(f"{i},5;text {i}\n" for i in range(ROWS))
    path.write_bytes(gzip.compress(text.encode()))
    next(stream(path, FileFormat(), rows=500))  # what is imported and compiled once
    pieces, peak = _peak(lambda: sum(len(frame) for frame in stream(path, FileFormat(), rows=500)))
    whole, peak_of_whole = _peak(lambda: len(read_file(path, FileFormat())))
    assert pieces == whole == ROWS
    assert peak < peak_of_whole / 3


def _peak(count):
    """What a function returns, and the most memory that it took."""
    tracemalloc.start()
    rows = count()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return rows, peak


def test_pieces_join_to_the_file_and_say_what_is_left_out_at_its_end(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c\n" + "1,2,3\n" * 10 + ",,\n")
    frames = list(stream(path, FileFormat(), rows=4))
    assert [len(frame) for frame in frames] == [4, 4, 2]
    assert [row for frame in frames for row in frame.row_id] == [f"rows.csv:{line}" for line in range(2, 12)]
    assert [notice.text for notice in frames[-1].notices] == ["The last row of rows.csv is empty and not read."]


def test_a_broken_row_is_met_where_it_stands(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c\n" + "1,2,3\n" * 10 + "1,2\n")
    frames = stream(path, FileFormat(), rows=4)
    assert len(next(frames)) == 4
    assert len(next(frames)) == 4
    with pytest.raises(FileError, match=r"rows.csv:12: a row needs 3 cells"):
        next(frames)


@pytest.mark.parametrize("first", ["5,7", "2019,2020", "1.5,2.5"])
def test_known_names_tell_a_header_from_a_row(first, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(f"{first}\n6,8\n")
    (frame,) = stream(path, FileFormat(), names=first.split(","))
    assert list(frame.columns) == first.split(",")


def test_a_first_line_of_numbers_is_no_header_of_other_names(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("1.5,2.5\n6,8\n")
    with pytest.raises(HeaderError):
        next(stream(path, FileFormat(), names=["a", "b"]))


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("1,2,u\n3,4,v\n", {"a": ["1", "3"], "b": ["2", "4"], "y": ["u", "v"]}),
        ("1,2\n3,4\n", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("a,b\n1,2\n3,4\n", {"a": ["1", "3"], "b": ["2", "4"]}),
        ("b;a\n2;1\n4;3\n", {"b": ["2", "4"], "a": ["1", "3"]}),
        ("1;2;\n3;4;\n", {"a": ["1", "3"], "b": ["2", "4"], "y": ["", ""]}),
        ("1;2;u;\n3;4;v;\n", {"a": ["1", "3"], "b": ["2", "4"], "y": ["u", "v"]}),
    ],
)
def test_a_file_without_a_header_may_lack_the_target_or_have_a_header(content, columns, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    (frame,) = stream(path, FileFormat(header=("a", "b", "y")), target="y")
    assert {name: list(cells) for name, cells in frame.columns.items()} == columns
