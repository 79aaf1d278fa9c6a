"""The interaction log: read in order of time, and divided."""

import pytest

from minnow.config import SplitShares
from minnow.modalities import interactions
from minnow.stages import prepare
from minnow.tables.files import FileError


def test_rows_come_in_order_of_time(read_rows):
    table = read_rows(["a,x,1,30", "b,y,2,10", "a,z,3,20"])
    assert table.columns["item"].tolist() == ["y", "z", "x"]
    assert table.row_id.tolist() == ["rows.csv:3", "rows.csv:4", "rows.csv:2"]


def test_of_repeated_rows_the_last_in_time_is_kept_and_counted(read_rows):
    table = read_rows(["a,x,1,30", "a,x,2,10", "a,x,5,30", "b,x,3,20"])
    assert table.row_id.tolist() == ["rows.csv:5", "rows.csv:4"]
    assert table.columns["rating"].tolist() == [3, 5]
    assert table.columns["repeats"].tolist() == [0, 2]


def test_files_without_names_of_columns_and_with_long_separators(tmp_path):
    (tmp_path / "ratings.dat").write_text("1::0074::7::100\n2::0075::8::90\n")
    options = interactions.Options(separator="::", header=["user_id", "movie_id", "rating", "unix_time"])
    options = options.model_copy(update={"user": "user_id", "item": "movie_id", "time": "unix_time"})
    table = interactions.read(tmp_path, options)
    assert table.columns["item"].tolist() == ["0075", "0074"]
    assert table.row_id.tolist() == ["ratings.dat:2", "ratings.dat:1"]


def test_without_ratings_every_item_is_relevant(read_rows):
    options = interactions.Options(rating=None)
    table = read_rows(["a,x,1", "b,y,2"], options, "user,item,time\n")
    assert interactions.examples(table, options).columns["item"].tolist() == [["x"], ["y"]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,x,good,1", r"column 'rating': 1 different cells are not numeric: 'good' \(rows.csv:2\)"),
        ("a,x,1,soon", r"column 'time': 1 different cells are not date: 'soon' \(rows.csv:2\)"),
        ("a,x,1", "rows.csv:2: a row needs 4 cells"),
    ],
)
def test_a_bad_row_is_named_with_its_line(line, message, read_rows):
    with pytest.raises(FileError, match=message):
        read_rows([line])


def test_a_missing_column_is_refused_with_the_nearest(read_rows):
    with pytest.raises(FileError, match=r"No column 'rating'. Did you mean 'ratings'"):
        read_rows(["a,x,1,1"], header="user,item,ratings,time\n")


def test_users_with_few_rows_are_left_out(read_rows):
    lines = ["a,x,1,1", "a,y,1,2", "b,x,1,3"]
    table = read_rows(lines, interactions.Options(min_interactions=2))
    assert table.columns["user"].tolist() == ["a", "a"]
    with pytest.raises(FileError, match="No user of 2 has 3 interactions"):
        read_rows(lines, interactions.Options(min_interactions=3))


def _named(table):
    return [f"{user}{item}" for user, item in zip(table.columns["user"], table.columns["item"], strict=True)]


def test_the_last_of_each_user_is_left_out_and_the_one_before_is_val(read_rows):
    """Only relevant items are left out; a user of one keeps it, a user of two has no val."""
    options = interactions.Options(split="last", min_rating=3, min_rows=1)
    lines = [
        "a,x,5,4",
        "a,y,5,2",
        "a,z,5,3",
        "a,w,1,9",
        "b,x,5,1",
        "b,y,5,2",
        "c,x,5,7",
        "d,p,5,1",
        "d,q,5,2",
        "d,r,5,3",
    ]
    table = read_rows(lines, options)
    splits = prepare.split(table, SplitShares(val=0.1, test=0.1), interactions.time_column(options))
    assert sorted(_named(splits["test"])) == ["ax", "by", "dr"]
    assert sorted(_named(splits["val"])) == ["az", "dq"]
    assert sorted(_named(splits["train"])) == ["aw", "ay", "bx", "cx", "dp"]


def test_without_times_rows_are_in_order_of_the_file(read_rows):
    options = interactions.Options(time=None, split="last", min_rows=1)
    table = read_rows(["a,z,1", "a,x,2", "b,y,1", "a,y,3"], options, "user,item,rating\n")
    assert table.columns["item"].tolist() == ["z", "x", "y", "y"]
    assert table.split.tolist() == ["train", "val", "train", "test"]
    with pytest.raises(ValueError, match=r"split: time needs options.time"):
        interactions.Options(time=None)


def test_rows_may_be_divided_whatever_came_first(read_rows):
    options = interactions.Options(split="hash", min_rows=1)
    table = read_rows([f"u{i % 9},i{i % 7},3,{i}" for i in range(60)], options)
    splits = prepare.split(table, SplitShares(val=0.2, test=0.2), interactions.time_column(options))
    assert splits["train"].columns["time"].max() > splits["test"].columns["time"].min()
