"""Ratings: by the biases of user and item, and never by themselves."""

import numpy as np
import pytest

from minnow import tasks
from minnow.config import SplitShares
from minnow.modalities import interactions
from minnow.modalities.interactions import bias
from minnow.stages import prepare
from minnow.stages.case import Problem
from minnow.types import OFFSET

OPTIONS = interactions.Options(min_rows=1)
RATINGS = interactions.Options(target="rating", min_rows=1)


@pytest.fixture
def table(read_rows):
    """User u gives u less or more than the mean, item i gets i; times are in order."""
    rng = np.random.default_rng(0)
    lines = []
    for time in range(400):
        user, item = rng.integers(40), rng.integers(15)
        lines.append(f"u{user:02},i{item:02},{5 + (user - 20) / 10 + (item - 7) / 5:.3f},{time}")
    return read_rows(lines, RATINGS)


def test_a_rating_is_an_example_and_its_group_is_its_user(read_rows):
    examples = interactions.examples(read_rows(["a,x,5,1", "b,y,4,2", "a,y,3,3"], RATINGS), RATINGS)
    assert examples.columns["rating"].tolist() == [5, 4, 3]
    assert examples.group[0] == examples.group[2] != examples.group[1]


def test_one_whom_nobody_knows_adds_nothing_to_what_is_known_of_the_other(table):
    examples = interactions.examples(table, RATINGS)
    encoder = interactions.fit_encoder(examples, np.empty(0, str), RATINGS)
    pairs = [("u39", "i14"), ("u39", "new"), ("new", "i14"), ("new", "new")]
    parsed = interactions.parse([{"user": user, "item": item} for user, item in pairs], encoder)
    both, user, item, nothing = encoder.encode(parsed)[OFFSET].tolist()
    assert nothing == pytest.approx(examples.columns["rating"].mean(), abs=1e-4)
    assert user - nothing > 1
    assert item - nothing > 0.8
    assert both - nothing == pytest.approx(user - nothing + item - nothing, abs=1e-5)


@pytest.mark.parametrize("split", ["time", "hash"])
def test_a_rating_of_train_is_not_predicted_from_itself(split, read_rows):
    """Ratings are noise: biases that held a row's own rating would seem to know it."""
    rng = np.random.default_rng(0)
    lines = [f"u{time % 150},i{rng.integers(200)},{rng.normal(5, 1):.3f},{time}" for time in range(600)]
    options = interactions.Options(target="rating", split=split, min_rows=1)
    table = read_rows(lines, options)
    problem = Problem("interactions", interactions, options, "rate", tasks.get("rate"))
    prepared = prepare.prepare(table, problem, SplitShares(val=0.1, test=0.2))
    train = prepared.batches["train"]
    counted = train.weight > 0
    offset = train.inputs[OFFSET][counted]
    assert 0.8 < counted.mean() <= 1
    assert abs(np.corrcoef(offset, train.target[counted])[0, 1]) < 0.15
    by_heart = prepared.encoder.encode(prepared.tables["train"].columns)[OFFSET][counted]
    assert np.corrcoef(by_heart, train.target[counted])[0, 1] > 0.3
    assert train.inputs.keys() == prepared.batches["val"].inputs.keys()


def test_a_loaded_encoder_does_not_encode_the_rows_of_train(table, tmp_path):
    examples = interactions.examples(table, RATINGS)
    encoder = interactions.fit_encoder(examples, np.empty(0, str), RATINGS)
    encoder.save(tmp_path / "encoder")
    with pytest.raises(ValueError, match=r"need the encoder that was fitted to them. Received: a loaded one"):
        interactions.load_encoder(tmp_path / "encoder").encode_train(examples.columns)


def test_in_order_of_time_nothing_is_predicted_from_what_comes_later():
    time = np.random.default_rng(0).permutation(100).astype(float)
    rows = bias.Ratings(np.zeros(100, np.int64), np.zeros(100, np.int64), time, time, 1, 1)
    predicted = []
    for learn, predict in bias.blocks(rows, None):
        assert time[learn].max() < time[predict].min()
        predicted += predict.tolist()
    assert len(predicted) == len(set(predicted)) > 80


def test_shrinkage_is_tuned_on_later_rows():
    """Where ratings are of the user alone, biases of items are shrunk as far as can be."""
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 20, 600), rng.integers(0, 200, 600)
    rating = user / 2 + rng.normal(0, 0.3, 600)
    rows = bias.Ratings(user, item, rating, np.arange(600.0), 20, 200)
    by_user, by_item = bias.tuned_shrinkage(rows, None)
    assert by_item == max(bias.SHRINKAGES)
    assert by_user == min(bias.SHRINKAGES)


def test_the_bias_is_a_baseline_of_ratings(table):
    examples = interactions.examples(table, RATINGS)
    train, later = examples.take(np.arange(220)), examples.take(np.arange(220, len(examples)))
    ratings = interactions.CAPABILITIES.baselines(train, np.empty(0, str), RATINGS)["user+item bias"](later)
    assert np.abs(ratings - later.columns["rating"]).mean() < 0.35
    assert np.abs(later.columns["rating"] - train.columns["rating"].mean()).mean() > 0.8


def test_a_task_asks_for_its_own_target(table):
    with pytest.raises(ValueError, match=r"Task 'rank' needs options.target: item"):
        interactions.expectations(RATINGS, table, "rank")
    with pytest.raises(ValueError, match=r"Task 'rate' needs options.target: rating"):
        interactions.expectations(OPTIONS, table, "rate")


def test_pairs_of_a_file_are_inputs_for_ratings(tmp_path):
    (tmp_path / "pairs.csv").write_text("user,item\na,x\n")
    assert list(interactions.from_file(tmp_path / "pairs.csv", RATINGS, None)) == [{"user": "a", "item": "x"}]
