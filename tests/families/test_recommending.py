"""What families of interactions promise for users and items that nobody has met."""

from types import SimpleNamespace

import numpy as np
import pytest

from minnow import exporters, families, runtimes, tasks
from minnow.config import SplitShares
from minnow.modalities import interactions
from minnow.modalities._catalogue import Items
from minnow.stages import prepare
from minnow.stages._handover import read_batch, write_batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

KINDS, PER_KIND, USERS = 4, 12, 120
LEANING = {"l2": [1.0], "popularity": [0.1]}
OPTIONS = interactions.Options(items=Items(file="items.csv", categories=["kind"]), file="rows.csv", half_life=50.0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Users take what is of their kind; of late everybody takes i000 and i001. The last item of each kind is new."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    items = [f"i{kind}{place:02}" for kind in range(KINDS) for place in range(PER_KIND)]
    (folder / "items.csv").write_text("item,kind\n" + "".join(f"{item},kind {item[1]}\n" for item in items))
    rows = []
    for user in range(USERS):
        taken = rng.choice(PER_KIND - 1, 8, replace=False)
        rows += [(f"u{user:03}", f"i{user % KINDS}{place:02}", int(rng.integers(900))) for place in taken]
    rows += [(f"u{user:03}", f"i00{place}", 900 + user) for user in range(USERS) for place in range(2)]
    (folder / "rows.csv").write_text("user,item,rating,time\n" + "".join(f"{u},{i},5,{t}\n" for u, i, t in rows))
    table = interactions.read(folder, OPTIONS)
    return prepare.prepare(table, interactions, OPTIONS, tasks.get("rank"), "rank", SplitShares(val=0.03, test=0.03))


@pytest.fixture(scope="module")
def ask(shop, tmp_path_factory):
    """Fit a family, export it, and ask the file."""
    made = {}

    def of(name, request, **params):
        made_as = (name, str(params))
        if made_as not in made:
            family, path = families.get(name), tmp_path_factory.mktemp(name) / "model.onnx"
            model = family.fit(shop.batches["train"], shop.batches["val"], family.Params.model_validate(params), seed=1)
            exporters.get("onnx").write(model, path)
            made[made_as] = runtimes.open_model(path)
        inputs = shop.encoder.encode(interactions.parse([request], shop.encoder))
        rows = {spec.name: inputs[spec.name] for spec in made[made_as].inputs}
        (answer,) = tasks.get("rank").answers(made[made_as].predict(rows), shop.labels, inputs, k=11)
        return answer["items"]

    return of


def test_content_knows_a_new_user_by_two_likes(ask):
    for kind in range(1, KINDS):
        found = ask("content", {"likes": [f"i{kind}00", f"i{kind}05"]}, **LEANING)
        assert {item[1] for item in found[:9]} == {str(kind)}
        assert f"i{kind}00" not in found


def test_content_recommends_an_item_that_nobody_took(ask, shop):
    new = f"i2{PER_KIND - 1}"
    assert new not in shop.tables["train"].columns["item"]
    assert new in ask("content", {"likes": ["i200", "i205"]}, **LEANING)
    assert new not in ask("content", {"likes": ["i100", "i105"]}, **LEANING)


def test_neighbours_know_a_new_user_by_two_likes(ask):
    found = ask("neighbours", {"likes": ["i300", "i305"]}, popularity=[0.001])
    assert sum(item[1] == "3" for item in found[:8]) >= 7


@pytest.mark.parametrize(("name", "params"), [("neighbours", {}), ("recommender", {"epochs": 2}), ("content", {})])
def test_a_user_of_whom_nothing_is_known_gets_what_is_popular_at_present(name, params, ask):
    assert set(ask(name, "nobody", **params)[:2]) == {"i000", "i001"}


def test_content_without_attributes_is_refused(shop):
    train = shop.batches["train"]
    bare = SimpleNamespace(of_labels={"attributes": np.zeros((len(shop.labels), 0), np.float32)}, target=train.target)
    with pytest.raises(ValueError, match=r"content needs attributes of items.*options.items"):
        families.get("content").fit(bare, bare, families.get("content").Params(), seed=1)


def test_what_is_known_of_labels_reaches_the_worker(shop, tmp_path):
    write_batch(tmp_path, shop.batches["train"])
    again = read_batch(tmp_path)
    assert again.of_labels.keys() == {"popularity", "attributes"}
    for name, value in shop.batches["train"].of_labels.items():
        np.testing.assert_array_equal(again.of_labels[name], value)
