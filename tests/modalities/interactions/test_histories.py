"""Histories: an example is a user, encoded with what they took."""

import numpy as np

from minnow.modalities import interactions
from minnow.types import Table

OPTIONS = interactions.Options(min_rows=1)


def test_an_example_is_a_user_with_what_they_liked(read_rows):
    options = interactions.Options(min_rating=3)
    table = read_rows(["b,x,5,1", "a,y,4,2", "b,z,3,3", "b,w,1,4", "c,x,2,5"], options)
    examples = interactions.examples(table, options)
    assert examples.columns["user"].tolist() == ["a", "b"]
    assert examples.columns["item"].tolist() == [["y", ""], ["x", "z"]]


def test_the_key_of_an_example_changes_with_its_items(read_rows):
    a = interactions.examples(read_rows(["a,x,5,1", "b,y,5,2"]), OPTIONS)
    b = interactions.examples(read_rows(["a,x,5,1", "b,y,5,2", "b,z,5,3"]), OPTIONS)
    assert (a.key == b.key).tolist() == [True, False]


def test_an_encoder_knows_what_each_user_took_and_nobody_else(read_rows):
    examples = interactions.examples(read_rows(["b,x,5,1", "a,y,4,2", "b,z,3,3", "b,new,1,4"]), OPTIONS)
    encoder = interactions.fit_encoder(examples, np.array(["x", "y", "z"]), OPTIONS)
    encoded = encoder.encode({"user": np.array(["b", "nobody", "a"])})
    assert encoded["user"].tolist() == [2, 0, 1]
    assert encoded["seen"][:, :2].tolist() == [[0, 2], [-1, -1], [1, -1]]
    assert (encoded["seen"][:, 2:] == -1).all()
    assert encoder.cardinalities == {"user": 3}


def test_columns_and_lines_are_inputs_for_a_prediction(tmp_path):
    (tmp_path / "users.txt").write_text("a\nb\n")
    (tmp_path / "users.csv").write_text("user\nc\n")
    assert list(interactions.from_file(tmp_path / "users.txt", OPTIONS, None)) == ["a", "b"]
    assert list(interactions.from_file(tmp_path / "users.csv", OPTIONS, None)) == ["c"]


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
    baselines = interactions.CAPABILITIES.baselines(train, labels, options)
    assert set(baselines) == {"recency (0.00115741 days)", "item-kNN", "PureSVD"}
    users = train.take(np.isin(train.columns["user"], ["new", "newer"]))
    assert {name: answer(users)[0, 0] for name, answer in baselines.items() if "recency" in name}.popitem()[1] == "z"
    firsts = [next(item for item in row if item not in ("a", "x")) for row in baselines["item-kNN"](users).tolist()]
    assert firsts == ["b", "y"]
    stranger = Table({**users.columns, "user": np.array(["nobody", "no one"])}, users.row_id, users.key)
    assert baselines["item-kNN"](stranger).shape == baselines["item-kNN"](users).shape


def test_likes_of_a_request_are_what_was_seen_and_unknown_ones_say_nothing(read_rows):
    examples = interactions.examples(read_rows(["b,x,5,1", "a,y,4,2"]), OPTIONS)
    encoder = interactions.fit_encoder(examples, np.array(["x", "y", "z"]), OPTIONS)
    inputs = [{"likes": ["z", "x"]}, {"user": "a", "likes": ["z", "no such"]}, "b", {"user": "nobody"}]
    encoded = encoder.encode(interactions.parse(inputs, encoder))
    assert encoded["user"].tolist() == [0, 1, 2, 0]
    assert [[i for i in row if i >= 0] for row in encoded["seen"].tolist()] == [[0, 2], [1, 2], [0], []]
