"""How old an interaction may be to say what is popular: chosen on val, by popularity and by all families that rank."""

from __future__ import annotations

import numpy as np
import pytest

from minnow import families, tasks
from minnow.config import SplitShares
from minnow.families import _popularity
from minnow.modalities import interactions
from minnow.stages.case import Problem
from minnow.stages.prepare import prepare
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

RANKING = [
    ("popularity", {}),
    ("neighbours", {"l2": [1.0]}),
    ("recommender", {"epochs": 2}),
]
USERS, ITEMS, WEEKS, DAY = 4000, 120, 20, 86_400


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Rows of users who take what is popular, the same items all the time, or others in each week; the options read them."""
    made = {}

    def log(drift, **options):
        if drift not in made:
            folder, rng = tmp_path_factory.mktemp("log"), np.random.default_rng(5)
            times = np.sort(rng.integers(0, WEEKS * 7 * DAY, 12_000))
            rank = np.minimum(rng.geometric(0.15, len(times)) - 1, ITEMS - 1)
            item = (rank + 5 * (times // (7 * DAY)) * drift) % ITEMS
            lines = [
                f"u{u},i{i:03},{t}" for u, i, t in zip(rng.integers(0, USERS, len(times)), item, times, strict=True)
            ]
            (folder / "rows.csv").write_text("user,item,time\n" + "\n".join(lines) + "\n")
            made[drift] = folder
        checked = interactions.Options(rating=None, **options)
        problem = Problem("interactions", interactions, checked, "rank", tasks.get("rank"))
        table = interactions.read(made[drift], checked)
        return lambda join: prepare(table, problem, SplitShares(), join=join)

    return log


def _ndcg(outputs, batch):
    return np.nanmean(tasks.get("rank").MEASURES[0].rows(outputs, batch))


def _fit(name, params, prepared):
    family = families.get(name)
    return families.fit(
        name, prepared.batches["train"], prepared.batches["val"], family.Params.model_validate(params), seed=1
    )


@pytest.mark.parametrize(("name", "params"), RANKING, ids=[name for name, _ in RANKING])
def test_where_other_items_are_taken_each_week_old_interactions_hardly_count(name, params, logs):
    model = _fit(name, params, logs(drift=1)(join=False))
    (half_life,) = model.settled["half_life"]
    assert half_life < 14 * DAY


def test_where_nothing_changes_popularity_is_that_of_all_time(logs):
    prepared = logs(drift=0)(join=False)
    model = _fit("popularity", {}, prepared)
    val, test = prepared.batches["val"], prepared.batches["test"]
    (half_life,) = model.settled["half_life"]
    assert half_life is None or half_life > 30 * DAY
    plain = tasks.get("rank").baselines(prepared.batches["train"])["popularity"]
    assert _ndcg(model.predict(val.inputs), val) >= _ndcg(plain(val), val)
    assert _ndcg(model.predict(test.inputs), test) >= 0.97 * _ndcg(plain(test), test)


@pytest.mark.parametrize(("name", "params"), RANKING, ids=[name for name, _ in RANKING])
def test_fitted_again_to_train_and_val_it_is_as_good_as_present_popularity(name, params, logs):
    """Where other items are taken each week, what was popular before val says nothing about test."""
    before, joined = (logs(drift=1)(join=join) for join in (False, True))
    model = _fit(name, params, before)
    again = _fit(name, params | model.settled, joined)
    test = joined.batches["test"]
    recent = {"scores": np.tile(_recent(joined), (len(test), 1))}
    assert again.settled["half_life"] == model.settled["half_life"]
    assert _ndcg(again.predict(test.inputs), test) >= 0.95 * _ndcg(recent, test)
    stale = before.batches["test"]
    assert _ndcg(model.predict(stale.inputs), stale) < 0.7 * _ndcg(recent, test)


def _recent(prepared):
    columns = prepared.tables["train"].columns
    return interactions.histories.recent_popularity(columns["moment"], columns["item"], prepared.labels, 7.0 * DAY)


def test_a_half_life_of_the_options_holds(logs):
    options = {"half_life": 3.0 * DAY}
    prepared = logs(drift=0, **options)(join=False)
    model = _fit("popularity", {}, prepared)
    assert model.settled == {}
    columns = prepared.tables["train"].columns
    recent = interactions.histories.recent_popularity(columns["moment"], columns["item"], prepared.labels, 3.0 * DAY)
    scores = model.predict(prepared.batches["val"].take(np.arange(1)).inputs)["scores"][0]
    assert np.corrcoef(np.argsort(np.argsort(scores)), np.argsort(np.argsort(recent)))[0, 1] > 0.99


def test_half_lives_have_units_and_one_of_them_is_not_chosen_on_val(logs):
    params = families.get("popularity").Params.model_validate({"half_life": ["2 days"]})
    assert params.half_life == [2.0 * DAY]
    batches = logs(drift=0)(join=False).batches
    nobody: Batch = batches["val"].take(np.arange(0))
    _, settled = _popularity.present(batches["train"], nobody, params)
    assert settled == {"half_life": [2.0 * DAY]}


def test_ages_in_bins_give_nearly_the_popularity_of_any_half_life(logs):
    prepared = logs(drift=1)(join=False)
    features, columns = prepared.batches["train"].label_features, prepared.tables["train"].columns
    for half_life in (0.5 * DAY, 3.0 * DAY, 40.0 * DAY):
        exact = interactions.histories.recent_popularity(columns["moment"], columns["item"], prepared.labels, half_life)
        binned = features["by_age"] @ 0.5 ** (features["ages"] / half_life)
        np.testing.assert_allclose(binned, exact, rtol=0.05, atol=0.01 * exact.max())
    assert features["by_age"].sum() == (columns["item"] != "").sum()
