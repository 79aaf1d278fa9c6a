import numpy as np
import pytest

from minnow.modalities import interactions
from minnow.modalities._files import FileError

OPTIONS = interactions.Options(min_rows=1)


def _read(folder, lines, options=OPTIONS, header="user,item,rating,time\n"):
    (folder / "rows.csv").write_text(header + "\n".join(lines) + "\n")
    return interactions.read(folder, options)


def test_rows_come_in_order_of_time(tmp_path):
    table = _read(tmp_path, ["a,x,1,30", "b,y,2,10", "a,z,3,20"])
    assert table.columns["item"].tolist() == ["y", "z", "x"]
    assert table.row_id.tolist() == ["rows.csv:3", "rows.csv:4", "rows.csv:2"]


def test_of_repeated_rows_the_last_in_time_is_kept_and_counted(tmp_path):
    table = _read(tmp_path, ["a,x,1,30", "a,x,2,10", "a,x,5,30", "b,x,3,20"])
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


def test_without_ratings_every_item_is_relevant(tmp_path):
    options = interactions.Options(rating=None)
    table = _read(tmp_path, ["a,x,1", "b,y,2"], options, "user,item,time\n")
    assert interactions.examples(table, options).columns["item"].tolist() == [["x"], ["y"]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a,x,good,1", "rows.csv:2: column 'rating' needs a number. Received: 'good'"),
        ("a,x,1,2021-01-01", "rows.csv:2: column 'time' needs a number"),
        ("a,x,1", "rows.csv:2: a row needs 4 cells"),
    ],
)
def test_a_bad_row_is_named_with_its_line(line, message, tmp_path):
    with pytest.raises(FileError, match=message):
        _read(tmp_path, [line])


def test_a_missing_column_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(FileError, match=r"No column 'rating'. Did you mean 'ratings'"):
        _read(tmp_path, ["a,x,1,1"], header="user,item,ratings,time\n")


def test_users_with_few_rows_are_left_out(tmp_path):
    lines = ["a,x,1,1", "a,y,1,2", "b,x,1,3"]
    table = _read(tmp_path, lines, interactions.Options(min_interactions=2))
    assert table.columns["user"].tolist() == ["a", "a"]
    with pytest.raises(FileError, match="No user of 2 has 3 interactions"):
        _read(tmp_path, lines, interactions.Options(min_interactions=3))


def test_an_example_is_a_user_with_what_they_liked(tmp_path):
    options = interactions.Options(min_rating=3)
    table = _read(tmp_path, ["b,x,5,1", "a,y,4,2", "b,z,3,3", "b,w,1,4", "c,x,2,5"], options)
    examples = interactions.examples(table, options)
    assert examples.columns["user"].tolist() == ["a", "b"]
    assert examples.columns["item"].tolist() == [["y", ""], ["x", "z"]]


def test_the_key_of_an_example_changes_with_its_items(tmp_path):
    a = interactions.examples(_read(tmp_path, ["a,x,5,1", "b,y,5,2"]), OPTIONS)
    b = interactions.examples(_read(tmp_path, ["a,x,5,1", "b,y,5,2", "b,z,5,3"]), OPTIONS)
    assert (a.key == b.key).tolist() == [True, False]


def test_an_encoder_knows_what_each_user_took_and_nobody_else(tmp_path):
    examples = interactions.examples(_read(tmp_path, ["b,x,5,1", "a,y,4,2", "b,z,3,3", "b,new,1,4"]), OPTIONS)
    encoder = interactions.Encoder.fit(examples, np.array(["x", "y", "z"]), OPTIONS)
    encoded = encoder.encode({"user": np.array(["b", "nobody", "a"])})
    assert encoded["user"].tolist() == [2, 0, 1]
    assert encoded["seen"].tolist() == [[0, 2], [-1, -1], [1, -1]]
    assert encoder.sizes == {"user": 3}


def test_columns_and_lines_are_inputs_for_a_prediction(tmp_path):
    (tmp_path / "users.txt").write_text("a\nb\n")
    (tmp_path / "users.csv").write_text("user\nc\n")
    assert interactions.from_file(tmp_path / "users.txt", OPTIONS) == ["a", "b"]
    assert interactions.from_file(tmp_path / "users.csv", OPTIONS) == ["c"]


def test_the_baselines_list_what_neighbours_took_and_what_is_popular_at_present(tmp_path):
    """Users of a like a and b, users of x like x and y; z is what everybody takes of late."""
    rows = [(f"u{u}", item, u) for u in range(20) for item in (("a", "b") if u % 2 else ("x", "y"))]
    rows += [(f"u{u}", "z", 1_000_000 + u) for u in range(10)]
    rows += [("new", "a", 5), ("newer", "x", 6)]
    lines = [f"{user},{item},5,{time}" for user, item, time in rows]
    (tmp_path / "rows.csv").write_text("user,item,rating,time\n" + "\n".join(lines) + "\n")
    options = interactions.Options(half_life=100.0)
    train = interactions.examples(interactions.read(tmp_path, options), options)
    labels = np.array(["a", "b", "x", "y", "z"])
    found = interactions.baselines(train, labels, options)
    assert set(found) == {"recency (0.00115741 days)", "item-kNN", "PureSVD"}
    asked = train.take(np.isin(train.columns["user"], ["new", "newer"]))
    assert {name: answer(asked)[0, 0] for name, answer in found.items() if "recency" in name}.popitem()[1] == "z"
    firsts = [next(item for item in row if item not in ("a", "x")) for row in found["item-kNN"](asked).tolist()]
    assert firsts == ["b", "y"]
    stranger = interactions.Table({**asked.columns, "user": np.array(["nobody", "no one"])}, asked.row_id, asked.key)
    assert found["item-kNN"](stranger).shape == found["item-kNN"](asked).shape
