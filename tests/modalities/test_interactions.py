import numpy as np
import pytest

from minnow import tasks
from minnow.config import SplitShares
from minnow.modalities import _bias, interactions
from minnow.modalities._catalogue import Items
from minnow.modalities._files import FileError
from minnow.stages import prepare

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
    assert encoded["seen"][:, :2].tolist() == [[0, 2], [-1, -1], [1, -1]]
    assert (encoded["seen"][:, 2:] == -1).all()
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


def _named(one):
    return [f"{user}{item}" for user, item in zip(one.columns["user"], one.columns["item"], strict=True)]


def test_the_last_of_each_user_is_left_out_and_the_one_before_is_val(tmp_path):
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
    table = _read(tmp_path, lines, options)
    sides = prepare.split(table, SplitShares(val=0.1, test=0.1), interactions.time_column(options))
    assert sorted(_named(sides["test"])) == ["ax", "by", "dr"]
    assert sorted(_named(sides["val"])) == ["az", "dq"]
    assert sorted(_named(sides["train"])) == ["aw", "ay", "bx", "cx", "dp"]


def test_without_times_rows_are_in_order_of_the_file(tmp_path):
    options = interactions.Options(time=None, split="last", min_rows=1)
    table = _read(tmp_path, ["a,z,1", "a,x,2", "b,y,1", "a,y,3"], options, "user,item,rating\n")
    assert table.columns["item"].tolist() == ["z", "x", "y", "y"]
    assert table.side.tolist() == ["train", "val", "train", "test"]
    with pytest.raises(ValueError, match=r"split: time needs options.time"):
        interactions.Options(time=None)


def test_rows_may_be_divided_whatever_came_first(tmp_path):
    options = interactions.Options(split="hash", min_rows=1)
    table = _read(tmp_path, [f"u{i % 9},i{i % 7},3,{i}" for i in range(60)], options)
    sides = prepare.split(table, SplitShares(val=0.2, test=0.2), interactions.time_column(options))
    assert sides["train"].columns["time"].max() > sides["test"].columns["time"].min()


CATALOGUE = "item::title::kinds\n" + "".join(
    f"{item}::{title}::{kinds}\n"
    for item, title, kinds in [
        ("y", "Why (1999)", "comic|sad"),
        ("x", "Ex (1950)", "comic"),
        ("new", "New (1998)", "sad"),
    ]
)
ITEMS = {
    "file": "films.dat",
    "separator": "::",
    "several": {"kinds": "|"},
    "within": {"year": {"column": "title", "pattern": r"\(([0-9]{4})\)$"}},
    "min_items": 1,
}


def test_a_catalogue_stands_aside_of_the_rows_and_its_items_are_labels(tmp_path):
    (tmp_path / "films.dat").write_text(CATALOGUE)
    options = interactions.Options(items=Items.model_validate(ITEMS), min_rows=1, file="rows.csv")
    table = interactions.examples(_read(tmp_path, ["a,x,5,1", "b,y,5,2", "b,z,5,3"], options), options)
    labels = interactions.vocabulary(np.array(["x", "y", "z"]), table, options)
    assert labels.tolist() == ["new", "x", "y", "z"]
    known = interactions.of_labels(table, labels, options)
    names = table.aside["attribute names"].tolist()
    assert known["attributes"][:, names.index("kinds: sad")].tolist() == [1, 0, 1, 0]
    assert known["attributes"][:, names.index("kinds: comic")].tolist() == [0, 1, 1, 0]
    years = known["attributes"][:, [name.startswith("year") for name in names]]
    assert years.sum(axis=1).tolist() == [1, 1, 1, 0]
    assert not (years[0] * years[2]).any()
    assert known["popularity"].argmin() == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("x,1\nx,2\n", "Each item must stand in items.csv once. x do not: items.csv:2, items.csv:3"),
        ("x,1\n,2\n", "items.csv:3: an item needs an id"),
        ("x,cheap\n", "items.csv:2: 'price' needs a number. Received: 'cheap'"),
    ],
)
def test_a_bad_row_of_a_catalogue_is_named(rows, message, tmp_path):
    (tmp_path / "items.csv").write_text("item,price\n" + rows)
    options = interactions.Options(items=Items(file="items.csv", numbers=["price"]), min_rows=1)
    with pytest.raises(FileError, match=message):
        _read(tmp_path, ["a,x,1,1"], options)


def test_likes_of_a_request_are_what_was_seen_and_unknown_ones_say_nothing(tmp_path):
    examples = interactions.examples(_read(tmp_path, ["b,x,5,1", "a,y,4,2"]), OPTIONS)
    encoder = interactions.Encoder.fit(examples, np.array(["x", "y", "z"]), OPTIONS)
    asked = [{"likes": ["z", "x"]}, {"user": "a", "likes": ["z", "no such"]}, "b", {"user": "nobody"}]
    encoded = encoder.encode(interactions.parse(asked, encoder))
    assert encoded["user"].tolist() == [0, 1, 2, 0]
    assert [[i for i in row if i >= 0] for row in encoded["seen"].tolist()] == [[0, 2], [1, 2], [0], []]


RATINGS = interactions.Options(target="rating", min_rows=1)


def _ratings(folder, n=400, options=RATINGS):
    """User u gives u less or more than the mean, item i gets i; times are in order."""
    rng = np.random.default_rng(0)
    lines = []
    for time in range(n):
        user, item = rng.integers(40), rng.integers(15)
        lines.append(f"u{user:02},i{item:02},{5 + (user - 20) / 10 + (item - 7) / 5:.3f},{time}")
    return _read(folder, lines, options)


def test_a_rating_is_an_example_and_its_unit_is_its_user(tmp_path):
    examples = interactions.examples(_read(tmp_path, ["a,x,5,1", "b,y,4,2", "a,y,3,3"], RATINGS), RATINGS)
    assert examples.columns["rating"].tolist() == [5, 4, 3]
    assert examples.unit[0] == examples.unit[2] != examples.unit[1]


def test_one_whom_nobody_knows_adds_nothing_to_what_is_known_of_the_other(tmp_path):
    examples = interactions.examples(_ratings(tmp_path), RATINGS)
    encoder = interactions.Encoder.fit(examples, np.empty(0, str), RATINGS)
    asked = [("u39", "i14"), ("u39", "new"), ("new", "i14"), ("new", "new")]
    parsed = interactions.parse([{"user": user, "item": item} for user, item in asked], encoder)
    both, user, item, nothing = encoder.encode(parsed)["anchor"].tolist()
    assert nothing == pytest.approx(examples.columns["rating"].mean(), abs=1e-4)
    assert user - nothing > 1
    assert item - nothing > 0.8
    assert both - nothing == pytest.approx(user - nothing + item - nothing, abs=1e-5)


@pytest.mark.parametrize("split", ["time", "hash"])
def test_a_rating_of_train_is_not_told_by_itself(split, tmp_path):
    """Ratings are noise: biases that held a row's own rating would seem to know it."""
    rng = np.random.default_rng(0)
    lines = [f"u{time % 150},i{rng.integers(200)},{rng.normal(5, 1):.3f},{time}" for time in range(600)]
    options = interactions.Options(target="rating", split=split, min_rows=1)
    table = _read(tmp_path, lines, options)
    found = prepare.prepare(table, interactions, options, tasks.get("rate"), "rate", SplitShares(val=0.1, test=0.2))
    train = found.batches["train"]
    counted = train.weight > 0
    told = train.inputs["anchor"][counted]
    assert 0.8 < counted.mean() <= 1
    assert abs(np.corrcoef(told, train.target[counted])[0, 1]) < 0.15
    by_heart = found.encoder.encode(found.tables["train"].columns)["anchor"][counted]
    assert np.corrcoef(by_heart, train.target[counted])[0, 1] > 0.3
    assert train.inputs.keys() == found.batches["val"].inputs.keys()


def test_in_order_of_time_nothing_is_told_by_what_comes_later():
    time = np.random.default_rng(0).permutation(100).astype(float)
    rows = _bias.Rows(np.zeros(100, np.int64), np.zeros(100, np.int64), time, time, 1, 1)
    asked = []
    for learn, ask in _bias.blocks(rows, None):
        assert time[learn].max() < time[ask].min()
        asked += ask.tolist()
    assert len(asked) == len(set(asked)) > 80


def test_what_is_held_back_is_tuned_on_later_rows():
    """Where ratings are of the user alone, items are held back as far as can be."""
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 20, 600), rng.integers(0, 200, 600)
    rating = user / 2 + rng.normal(0, 0.3, 600)
    rows = _bias.Rows(user, item, rating, np.arange(600.0), 20, 200)
    by_user, by_item = _bias.tuned(rows, None)
    assert by_item == max(_bias.HELD_BACK)
    assert by_user == min(_bias.HELD_BACK)


def test_the_bias_is_a_baseline_of_ratings(tmp_path):
    examples = interactions.examples(_ratings(tmp_path), RATINGS)
    train, later = examples.take(np.arange(220)), examples.take(np.arange(220, len(examples)))
    told = interactions.baselines(train, np.empty(0, str), RATINGS)["user+item bias"](later)
    assert np.abs(told - later.columns["rating"]).mean() < 0.35
    assert np.abs(later.columns["rating"] - train.columns["rating"].mean()).mean() > 0.8


def test_a_task_asks_for_its_own_target(tmp_path):
    table = _ratings(tmp_path)
    with pytest.raises(ValueError, match=r"Task 'rank' needs options.target: item"):
        interactions.contract(RATINGS, table, "rank")
    with pytest.raises(ValueError, match=r"Task 'rate' needs options.target: rating"):
        interactions.contract(OPTIONS, table, "rate")


def test_pairs_of_a_file_are_inputs_for_ratings(tmp_path):
    (tmp_path / "pairs.csv").write_text("user,item\na,x\n")
    assert interactions.from_file(tmp_path / "pairs.csv", RATINGS) == [{"user": "a", "item": "x"}]
