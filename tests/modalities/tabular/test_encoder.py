"""Tables as arrays: numbers, categories and derived columns, and the requests that must give the same arrays."""

import json

import numpy as np
import pytest

from minnow.modalities import tabular
from minnow.tables.options import Split

NAMES = "size,colour,answer"
LINES = ["1.5,red,yes", "2,blue,no", "3e1,red,yes"]


def _write(folder, lines=LINES, names=NAMES):
    path = folder / "rows.csv"
    path.write_text("\n".join([names, *lines]) + "\n")
    return path


def test_the_column_of_a_split_is_no_feature(tmp_path):
    path = _write(tmp_path, ["1,red,yes", "2,red,no", "3,blue,no"])
    options = tabular.Options(target="answer", split=Split(by="group", column="colour"))
    table = tabular.read(path, options)
    assert table.group[0] == table.group[1] != table.group[2]
    assert tabular.CAPABILITIES.features(table.columns, options) == ["size"]


def test_the_column_of_weights_is_no_feature_and_may_be_in_a_request(tmp_path):
    path = _write(tmp_path, ["1,0.5,yes", "2,2,no", "3,1,no"], "size,survey weight,answer")
    options = tabular.Options(target="answer", weight="survey weight")
    table = tabular.read(path, options)
    assert tabular.CAPABILITIES.features(table.columns, options) == ["size"]
    assert table.columns["survey weight"].tolist() == [0.5, 2, 1]
    encoder = tabular.fit_encoder(table, np.array(["no", "yes"]), options)
    assert list(tabular.parse([{"size": 1, "survey weight": 3, "answer": None}], encoder)) == ["size"]
    other = tabular.read(_write(tmp_path, ["1,9,yes", "2,8,no", "3,7,no"], "size,survey weight,answer"), options)
    np.testing.assert_array_equal(other.key, table.key)


def test_rows_without_a_label_are_kept_apart_and_counted(tmp_path):
    lines = [*LINES[:2], "4,red,", LINES[2]]
    table = tabular.read(_write(tmp_path, lines), tabular.Options(target="answer", drop_unlabelled=True))
    assert table.columns["answer"].tolist() == ["yes", "no", "yes"]
    assert table.unlabelled.columns["size"].tolist() == [4]
    assert table.unlabelled.row_id.tolist() == ["rows.csv:4"]
    (notice,) = [notice for notice in table.notices if notice.kind == "label"]
    assert notice.text == "1 rows have no label in 'answer'; they are kept for teaching, not trained on."
    assert notice.count == 1
    whole = tabular.read(_write(tmp_path), tabular.Options(target="answer", drop_unlabelled=True))
    assert whole.unlabelled is None
    assert not [notice for notice in whole.notices if notice.kind == "label"]


def _encoder(folder, lines, names=NAMES, **options):
    chosen = tabular.Options(target="answer", min_category_rows=1, **options)
    table = tabular.read(_write(folder, lines, names), chosen)
    return tabular.fit_encoder(table, np.array([]), chosen), table


def test_numbers_are_scaled_and_gaps_told_apart(tmp_path):
    encoder, table = _encoder(tmp_path, ["1,red,yes", ",red,no", "3,red,no", "5,red,no"])
    numbers = encoder.encode(table.columns)["numbers"]
    assert numbers.shape == (4, 2)
    assert numbers[:, 1].tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(numbers[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(numbers[1, 0], 0, atol=1e-6)  # the median, which is the mean here


def test_rare_and_unseen_categories_share_one_id(tmp_path):
    lines = [f"1,{colour},yes" for colour in ["red"] * 5 + ["blue"] * 3 + ["pink"]]
    encoder, table = _encoder(tmp_path, lines, max_categories=2)
    ids = encoder.encode(table.columns)["categories"][:, 0]
    assert encoder.cardinalities == {"categories": 4}
    parsed = tabular.parse([{"size": 1, "colour": value} for value in ("pink", "lilac", None, "red")], encoder)
    unseen = encoder.encode(parsed)["categories"][:, 0]
    assert unseen[0] == unseen[1] == ids[-1] == 1
    assert unseen.tolist() == [1, 1, 0, ids[0]]


def test_a_column_that_changed_its_kind_is_refused(tmp_path):
    encoder, _ = _encoder(tmp_path, LINES)
    _, other = _encoder(tmp_path, ["big,red,yes", "small,blue,no"])
    with pytest.raises(
        ValueError, match=r"Column 'size' was numeric when the model was trained and is categorical now"
    ):
        encoder.encode(other.columns)


def test_a_misspelt_column_of_a_request_is_named_with_the_nearest(tmp_path):
    encoder, _ = _encoder(tmp_path, LINES)
    with pytest.raises(ValueError, match=r"inputs\[0\].*No column 'colr'. Did you mean 'colour'"):
        tabular.parse([{"size": 1, "colr": "red"}], encoder)


def test_a_request_may_hold_what_the_table_held_and_no_model_reads(tmp_path):
    table = tabular.read(_write(tmp_path), tabular.Options(target="answer", drop=["colour"]))
    options = tabular.Options(target="answer", drop=["colour"])
    encoder = tabular.fit_encoder(table, np.array(["no", "yes"]), options)
    encoder.save(tmp_path)
    for same in (encoder, tabular.load_encoder(tmp_path)):
        parsed = tabular.parse([{"size": 1, "colour": "red", "answer": "yes"}], same)
        assert list(parsed) == ["size"]
        with pytest.raises(ValueError, match="No column 'weight'"):
            tabular.parse([{"size": 1, "weight": 3}], same)


def _houses(folder, n=40):
    rng = np.random.default_rng(0)
    lines = [f"{rng.integers(1, 9)},{rng.integers(0, 4)},{'ab'[i % 2]},{rng.normal():.3f}" for i in range(n)]
    return _write(folder, lines, "rooms,homes,kind,answer")


def test_columns_are_made_of_others_alike_in_training_and_in_a_request(tmp_path):
    path = _houses(tmp_path)
    chosen = tabular.Options(
        target="answer", ratios=[["rooms", "homes"]], logs=["rooms"], rotations=[["rooms", "homes"]]
    )
    table = tabular.read(path, chosen)
    tabular.fit_encoder(table, np.empty(0, str), chosen).save(tmp_path)
    encoder = tabular.load_encoder(tmp_path)
    numbers = encoder.encode(table.columns)["numbers"]
    assert numbers.shape == (40, 2 + 1 + 1 + 6)
    assert np.isfinite(numbers).all()
    rooms, homes = table.columns["rooms"], table.columns["homes"]
    ratio = np.where(homes == 0, np.nan, rooms / np.where(homes == 0, 1, homes))
    filled = np.where(homes == 0, np.nanmedian(ratio), ratio)
    np.testing.assert_allclose(numbers[:, 2], (filled - filled.mean()) / filled.std(), atol=1e-5)
    assert np.corrcoef(numbers[:, 3], np.log1p(rooms))[0, 1] > 0.9999
    rotated = np.cos(np.pi / 8) * numbers[:, 0] + np.sin(np.pi / 8) * numbers[:, 1]
    assert np.corrcoef(numbers[:, 4], rotated)[0, 1] > 0.9999
    rows = [{"rooms": float(a), "homes": float(b), "kind": "a"} for a, b in zip(rooms, homes, strict=True)]
    np.testing.assert_allclose(encoder.encode(tabular.parse(rows, encoder))["numbers"], numbers)


@pytest.mark.parametrize(
    ("derived", "message"),
    [
        ({"ratios": [["rooms", "home"]]}, r"options.ratios: .*'home'.*'homes'"),
        ({"logs": ["kind"]}, r"options.logs: .*'kind'"),
        ({"rotations": [["rooms", "answer"]]}, r"options.rotations: .*'answer'"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(derived, message, tmp_path):
    chosen = tabular.Options(target="answer", **derived)
    with pytest.raises(ValueError, match=message):
        tabular.fit_encoder(tabular.read(_houses(tmp_path), chosen), np.empty(0, str), chosen)


def test_an_encoder_of_an_older_version_answers_the_same(tmp_path):
    chosen = tabular.Options(target="answer", rotations=[["rooms", "homes"]])
    table = tabular.read(_houses(tmp_path), chosen)
    encoder = tabular.fit_encoder(table, np.empty(0, str), chosen)
    encoder.save(tmp_path)
    value = json.loads((tmp_path / "encoder.json").read_text())
    for recipe in value["made"]:
        recipe["kind"] = "turns"
        recipe["made"]["name"] = recipe["made"]["name"].replace("rotated", "turned")
    (tmp_path / "encoder.json").write_text(json.dumps(value))
    older = tabular.load_encoder(tmp_path)
    for name, values in encoder.encode(table.columns).items():
        np.testing.assert_array_equal(older.encode(table.columns)[name], values)
