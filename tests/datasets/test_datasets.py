import csv
import hashlib
import itertools

import numpy as np
import pytest
import registered

from minnow import datasets


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    datasets.write_all(folder)
    return folder


@pytest.mark.parametrize("name", datasets.names())
def test_every_data_set_has_the_bytes_that_it_promises(name, written):
    promised = datasets.get(name).SHA256
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (written / name).iterdir()}
    assert files == promised


def test_write_all_writes_the_wanted_ones_alone(tmp_path):
    assert datasets.write_all(tmp_path, ["shop"]) == [tmp_path / "shop"]
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_an_unknown_data_set_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(KeyError, match=r"No data set 'digit'. Did you mean 'digits'"):
        datasets.write_all(tmp_path, ["digit"])


def test_digits_are_the_scans_of_scikit_learn(written):
    from sklearn.datasets import load_digits

    with np.load(written / "digits" / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    np.testing.assert_array_equal(images, load_digits().images)
    assert images.dtype == np.uint8
    assert labels.tolist() == load_digits().target.astype(str).tolist()


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_reviews_are_distinct_and_balanced(written):
    rows = _rows(written / "reviews" / "reviews.csv")
    labels = [row["label"] for row in rows]
    assert len(rows) == len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == 4000
    assert set(labels) == {"positive", "negative"}
    assert 0.45 < labels.count("positive") / len(labels) < 0.55


def test_single_words_predict_most_reviews_and_pairs_predict_more(written):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    rows = _rows(written / "reviews" / "reviews.csv")
    text, label = [row["text"] for row in rows], [row["label"] for row in rows]
    accuracy = {}
    for n in (1, 2):
        counts = CountVectorizer(ngram_range=(1, n), binary=True).fit_transform(text)
        model = LogisticRegression(max_iter=500).fit(counts[:3000], label[:3000])
        accuracy[n] = model.score(counts[3000:], label[3000:])
    assert 0.82 < accuracy[1] < 0.92
    assert accuracy[1] + 0.02 < accuracy[2] < 0.97


def test_in_the_shop_time_goes_on_and_nobody_takes_an_article_twice(written):
    rows = _rows(written / "shop" / "interactions.csv")
    times = [int(row["time"]) for row in rows]
    assert len(rows) == len({(row["user"], row["item"]) for row in rows}) == 20_000
    assert all(a < b for a, b in itertools.pairwise(times))
    assert {row["rating"] for row in rows} == set("12345")


def _ndcg(scores, seen, relevant, k=10):
    top = np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :k]
    gains = 1 / np.log2(np.arange(2, k + 2))
    relevant = relevant & ~seen
    gained = (np.take_along_axis(relevant, top, 1) * gains).sum(1)
    ideal = np.cumsum(gains)[np.minimum(relevant.sum(1), k) - 1]
    return (gained / ideal)[relevant.any(1)].mean()


def test_in_the_shop_neighbours_predict_far_better_than_popularity(written):
    rows = _rows(written / "shop" / "interactions.csv")
    bought = {split: np.zeros((800, 250), bool) for split in ("train", "val")}
    for number, row in enumerate(rows[: len(rows) * 8 // 10]):
        split = "train" if number < len(rows) * 6 // 10 else "val"
        bought[split][int(row["user"][1:]), int(row["item"][1:])] = True
    seen = bought["train"].astype(float)
    length = np.sqrt(seen.sum(0)) + 1e-9
    alike = seen.T @ seen / np.outer(length, length)
    np.fill_diagonal(alike, 0)
    popularity = _ndcg(np.tile(seen.sum(0), (800, 1)), bought["train"], bought["val"])
    neighbours = _ndcg(seen @ alike, bought["train"], bought["val"])
    assert neighbours > 2 * popularity
    assert neighbours > 0.25


def test_at_home_neither_light_nor_clock_alone_predicts_the_lamp(written):
    rows = _rows(written / "home" / "home.csv")
    assert len(rows) == len({row["time"] for row in rows}) == 56 * 144
    lamp = np.array([row["lamp"] == "on" for row in rows])
    light, hour = (np.array([float(row["light"]) for row in rows]), np.array([int(row["time"][11:13]) for row in rows]))
    assert 0.2 < lamp.mean() < 0.5
    accuracy = {
        "light": max(((light < limit) == lamp).mean() for limit in range(0, 400, 10)),
        "clock": sum(max(lamp[hour == h].sum(), (~lamp[hour == h]).sum()) for h in range(24)) / len(rows),
    }
    assert max(accuracy.values()) < 0.9


def test_pitch_or_loudness_alone_classify_sounds_badly_and_both_together_well(written):
    from sklearn.linear_model import LogisticRegression

    from minnow.modalities import audio

    options = audio.Options(seconds=0.7, bands=24, frame_ms=32, hop_ms=16)
    table = audio.read(written / "sounds", options)
    label = table.columns["label"]
    spectrogram = audio.fit_encoder(table, np.empty(0), options).encode(table.columns)["image"]
    views = {"pitch": spectrogram.mean(axis=1), "loudness": spectrogram.mean(axis=2), "both": spectrogram}
    order = np.random.default_rng(0).permutation(len(label))
    train, test = order[:540], order[540:]
    accuracy = {}
    for name, values in views.items():
        rows = values.reshape(len(values), -1)
        model = LogisticRegression(C=0.01, max_iter=200).fit(rows[train], label[train])
        accuracy[name] = model.score(rows[test], label[test])
    assert np.unique(label, return_counts=True)[1].min() > 100
    assert accuracy["loudness"] < 0.65
    assert accuracy["pitch"] < accuracy["both"] - 0.05
    assert 0.75 < accuracy["both"] < 0.95


@pytest.mark.parametrize("name", datasets.names())
def test_public_names_are_those_of_the_contract(name):
    registered.check_names(datasets.registry, name, datasets.DataSet)


def test_pyright_reads_every_data_set():
    registered.check_listed(datasets.registry)
