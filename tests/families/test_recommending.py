"""What families of interactions answer for users and items without interactions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from minnow import exporters, families, runtimes, tasks
from minnow.config import SplitShares
from minnow.modalities import interactions
from minnow.modalities.interactions.item_features import ItemOptions
from minnow.stages.batches import read_batch, write_batch
from minnow.stages.case import Problem
from minnow.stages.prepare import prepare

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

KINDS, PER_KIND, USERS = 4, 12, 120
STRONG = {"l2": [1.0], "popularity": [0.1]}
OPTIONS = interactions.Options(
    items=ItemOptions(file="items.csv", categories=["kind"]), file="rows.csv", half_life=50.0
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Users take what is of their kind; of late everybody takes i000 and i001. The last item of each kind is new."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    items = [f"i{kind}{number:02}" for kind in range(KINDS) for number in range(PER_KIND)]
    (folder / "items.csv").write_text("item,kind\n" + "".join(f"{item},kind {item[1]}\n" for item in items))
    rows = []
    for user in range(USERS):
        own = rng.choice(PER_KIND - 1, 8, replace=False)
        rows += [(f"u{user:03}", f"i{user % KINDS}{item:02}", int(rng.integers(900))) for item in own]
    rows += [(f"u{user:03}", f"i00{item}", 900 + user) for user in range(USERS) for item in range(2)]
    (folder / "rows.csv").write_text("user,item,rating,time\n" + "".join(f"{u},{i},5,{t}\n" for u, i, t in rows))
    table = interactions.read(folder, OPTIONS)
    problem = Problem("interactions", interactions, OPTIONS, "rank", tasks.get("rank"))
    return prepare(table, problem, SplitShares(val=0.03, test=0.03))


@pytest.fixture(scope="module")
def ask(shop, tmp_path_factory):
    """Fit a family, export it, and ask the file."""
    sessions = {}

    def answer(name, request, **params):
        key = (name, str(params))
        if key not in sessions:
            family, path = families.get(name), tmp_path_factory.mktemp(name) / "model.onnx"
            model = family.fit(shop.batches["train"], shop.batches["val"], family.Params.model_validate(params), seed=1)
            exporters.get("onnx").write(model, path)
            sessions[key] = runtimes.open_model(path)
        inputs = shop.encoder.encode(interactions.parse([request], shop.encoder))
        rows = {spec.name: inputs[spec.name] for spec in sessions[key].inputs}
        (ranking,) = tasks.get("rank").answers(sessions[key].predict(rows), shop.labels, inputs, k=11)
        return ranking["items"]

    return answer


def test_content_knows_a_new_user_by_two_likes(ask):
    for kind in range(1, KINDS):
        items = ask("content", {"likes": [f"i{kind}00", f"i{kind}05"]}, **STRONG)
        assert {item[1] for item in items[:9]} == {str(kind)}
        assert f"i{kind}00" not in items


def test_content_recommends_an_item_that_nobody_took(ask, shop):
    new = f"i2{PER_KIND - 1}"
    assert new not in shop.tables["train"].columns["item"]
    assert new in ask("content", {"likes": ["i200", "i205"]}, **STRONG)
    assert new not in ask("content", {"likes": ["i100", "i105"]}, **STRONG)


def test_neighbours_know_a_new_user_by_two_likes(ask):
    items = ask("neighbours", {"likes": ["i300", "i305"]}, popularity=[0.001])
    assert sum(item[1] == "3" for item in items[:8]) >= 7


def test_neighbours_weigh_the_items_with_most_users_where_they_are_too_many(shop, monkeypatch):
    neighbours, train = families.get("neighbours"), shop.batches["train"]
    users = np.bincount(train.target[train.target >= 0], minlength=len(train.labels))
    assert neighbours._frequent_items(train, neighbours.Params()).tolist() == np.flatnonzero(users).tolist()
    monkeypatch.setattr(neighbours, "_USUAL_ITEMS", 6)
    kept = neighbours._frequent_items(train, neighbours.Params())
    assert len(kept) == 6
    assert kept.tolist() == sorted(kept.tolist())
    assert users[kept].min() >= np.delete(users, kept).max()
    all_of_five = neighbours._frequent_items(train, neighbours.Params(least_rows=5))
    assert all_of_five.tolist() == np.flatnonzero(users >= 5).tolist(), "what params.yaml sets holds"


@pytest.mark.parametrize(
    ("name", "params"), [("popularity", {}), ("neighbours", {}), ("recommender", {"epochs": 2}), ("content", {})]
)
def test_a_user_of_whom_nothing_is_known_gets_what_is_popular_at_present(name, params, ask):
    assert set(ask(name, "nobody", **params)[:2]) == {"i000", "i001"}


def test_content_without_attributes_is_refused(shop):
    train = shop.batches["train"]
    without = SimpleNamespace(
        label_features={"attributes": np.zeros((len(shop.labels), 0), np.float32)}, target=train.target
    )
    with pytest.raises(ValueError, match=r"content needs attributes of items.*options.items"):
        families.get("content").fit(without, without, families.get("content").Params(), seed=1)


def test_label_features_reach_the_worker(shop, tmp_path):
    write_batch(tmp_path, shop.batches["train"])
    again = read_batch(tmp_path)
    assert again.label_features.keys() == {"popularity", "attributes"}
    for name, value in shop.batches["train"].label_features.items():
        np.testing.assert_array_equal(again.label_features[name], value)
