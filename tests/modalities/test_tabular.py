"""Tables as the world writes them."""

import gzip

import numpy as np
import pytest

from minnow.modalities import tabular
from minnow.modalities._cells import kind_of
from minnow.modalities._files import FileError

NAMES = "size,colour,answer"
LINES = ["1.5,red,yes", "2,blue,no", "3e1,red,yes"]


def _write(folder, lines=LINES, names=NAMES, file="rows.csv"):
    path = folder / file
    path.write_text("\n".join([names, *lines]) + "\n")
    return path


def _read(path, **options):
    return tabular.read(path, tabular.Options(target="answer", **options))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator, tmp_path):
    path = _write(tmp_path, [line.replace(",", separator) for line in LINES], NAMES.replace(",", separator))
    assert _read(path).columns["size"].tolist() == [1.5, 2.0, 30.0]


@pytest.mark.parametrize("separator", ["::", " "])
def test_any_separator_may_be_named(separator, tmp_path):
    path = _write(tmp_path, [line.replace(",", separator) for line in LINES], NAMES.replace(",", separator))
    assert _read(path, separator=separator).columns["colour"].tolist() == ["red", "blue", "red"]


def test_quoted_and_padded_cells_are_read_as_they_are_meant(tmp_path):
    path = _write(tmp_path, [' 1 , "red, dark" , yes', '2, "say ""hi""",no', "3,  red  ,yes"])
    found = _read(path).columns
    assert found["colour"].tolist() == ["red, dark", 'say "hi"', "red"]
    assert found["answer"].tolist() == ["yes", "no", "yes"]


def test_a_line_break_in_quotes_keeps_the_line_of_each_row(tmp_path):
    path = _write(tmp_path, ['1,"red\ndark",yes', "2,blue,no"])
    assert _read(path).row_id.tolist() == ["rows.csv:2", "rows.csv:4"]


@pytest.mark.parametrize("spelling", ["", "NA", "n/a", "?", "null", "None", "-", "NaN", "#N/A"])
def test_missing_values_of_any_spelling(spelling, tmp_path):
    found = _read(_write(tmp_path, [f"{spelling},red,yes", f"2,{spelling},no"])).columns
    assert np.isnan(found["size"][0])
    assert found["colour"].tolist() == ["red", ""]


def test_a_spelling_of_ones_own_may_be_named(tmp_path):
    path = _write(tmp_path, ["-999,red,yes", "2,blue,no"])
    assert np.isnan(_read(path, missing=["-999"]).columns["size"][0])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", "-3e4", "+7"], "numeric"),
        (["0", "1"], "numeric"),
        (["true", "False"], "boolean"),
        (["Yes", "no"], "boolean"),
        (["y"], "boolean"),
        (["2024-01-31", "1999-12-01"], "date"),
        (["31.12.2024", "01.02.2023"], "date"),
        (["2024-01-31T10:00:00+02:00"], "date"),
        (["00501", "90210"], "categorical"),
        (["red", "7"], "categorical"),
        (["yes", "maybe"], "categorical"),
        ([], "numeric"),
    ],
)
def test_kinds_are_found_by_what_the_cells_hold(values, kind):
    assert kind_of(values) == kind


def test_a_decimal_comma_is_read_where_it_is_named(tmp_path):
    path = _write(tmp_path, ["1,5;red;yes", "-0,25;blue;no"], "size;colour;answer")
    assert _read(path, decimal=",").columns["size"].tolist() == [1.5, -0.25]


def test_a_kind_may_be_overridden(tmp_path):
    path = _write(tmp_path, ["1,true,yes", "2,false,no"])
    found = _read(path, kinds={"size": "categorical", "colour": "categorical"}).columns
    assert found["size"].tolist() == ["1", "2"]
    assert found["colour"].tolist() == ["true", "false"]


def test_dates_of_a_named_format(tmp_path):
    path = _write(tmp_path, ["03/04/2024,red,yes", "04/04/2024,red,no"])
    found = _read(path, dates={"size": "%d/%m/%Y"}).columns["size"]
    assert found.astype("datetime64[D]").astype(str).tolist() == ["2024-04-03", "2024-04-04"]
    with pytest.raises(FileError, match=r"column 'size': .* %d/%m/%Y or as %m/%d/%Y"):
        _read(path)


def test_parquet_is_read_like_the_csv_of_the_same_rows(tmp_path):
    import pandas as pd

    csv = _write(tmp_path, ["1,red,yes,true,2024-01-02", ",,no,false,2024-01-03"], f"{NAMES},new,day")
    frame = pd.DataFrame(
        {
            "size": [1.0, None],
            "colour": ["red", None],
            "answer": ["yes", "no"],
            "new": [True, False],
            "day": pd.to_datetime(["2024-01-02", "2024-01-03"]),
        }
    )
    frame.to_parquet(tmp_path / "rows.parquet")
    a, b = _read(csv), _read(tmp_path / "rows.parquet")
    for name, column in a.columns.items():
        assert b.columns[name].dtype.kind == column.dtype.kind, name
        np.testing.assert_array_equal(b.columns[name], column, err_msg=name)
    np.testing.assert_array_equal(a.key, b.key)


def test_named_files_fix_the_sides(tmp_path):
    _write(tmp_path, file="old.csv")
    _write(tmp_path, file="new.csv")
    assert _read(tmp_path).side is None
    sides = _read(tmp_path, sides={"new.csv": "test", "old.csv": "train"}).side
    assert sides.tolist() == ["test"] * 3 + ["train"] * 3


def test_a_split_by_group_keeps_a_group_together_and_out_of_the_features(tmp_path):
    path = _write(tmp_path, ["1,red,yes", "2,red,no", "3,blue,no"])
    options = tabular.Options(target="answer", split=tabular.Split(by="group", column="colour"))
    table = tabular.read(path, options)
    assert table.unit[0] == table.unit[1] != table.unit[2]
    assert tabular.features(table.columns, options) == ["size"]


def test_equal_features_have_one_key_whatever_the_answer(tmp_path):
    key = _read(_write(tmp_path, ["1,red,yes", "1.0,red,no", "2,red,no"])).key
    assert key[0] == key[1] != key[2]


def test_labels_that_are_spelt_in_two_ways_become_one(tmp_path):
    path = _write(tmp_path, ["1,red,yes", "2,red,yes."])
    assert set(_read(path, label_as={"yes.": "yes"}).columns["answer"]) == {"yes"}


def test_a_header_with_one_name_too_few_is_of_row_names(tmp_path):
    path = _write(tmp_path, ["a,1,red,yes", "b,2,blue,no"])
    assert _read(path).columns["row name"].tolist() == ["a", "b"]


ODD = [f"{i},red,yes" for i in range(200)]
BAD = [
    (["1,red"], {}, r"rows.csv:2: a row needs 3 cells \(size, colour, answer\). Received: 2"),
    ([*ODD, "abc,red,no"], {}, r"column 'size': 99.5 % of the cells are numbers.*'abc'.*options.missing.*rows.csv:202"),
    (
        ["abc,red,no"],
        {"kinds": {"size": "numeric"}},
        r"column 'size': 1 different cells are not numeric: 'abc' \(rows.csv:2\)",
    ),
    (["1,2024-13-45,no"], {"kinds": {"colour": "date"}}, r"column 'colour': .*not date: '2024-13-45' \(rows.csv:2\)"),
    (LINES, {"drop": ["colr"]}, r"options.drop: No column 'colr'. Did you mean 'colour'\? Known: answer, colour, size"),
    (LINES, {"kinds": {"siz": "numeric"}}, r"options.kinds: No column 'siz'. Did you mean 'size'"),
    (
        LINES,
        {"split": {"by": "time", "column": "sizes"}},
        r"options.split.column: No column 'sizes'. Did you mean 'size'",
    ),
    (LINES, {"split": {"by": "time", "column": "colour"}}, r"'colour' must hold dates or numbers"),
    (
        [*LINES, ",red,no"],
        {"split": {"by": "time", "column": "size"}},
        r"'size' divides the rows.*1 are not: rows.csv:5",
    ),
    ([], {}, r"must hold rows"),
]


@pytest.mark.parametrize(("lines", "options", "message"), BAD)
def test_a_table_that_cannot_be_read_says_where_and_what_to_do(lines, options, message, tmp_path):
    with pytest.raises(FileError, match=message):
        _read(_write(tmp_path, lines), **options)


def test_a_target_that_is_not_there_is_named_with_the_nearest(tmp_path):
    with pytest.raises(FileError, match=r"options.target: No column 'anser'. Did you mean 'answer'"):
        tabular.read(_write(tmp_path), tabular.Options(target="anser"))


def test_a_first_line_of_numbers_is_no_header(tmp_path):
    with pytest.raises(FileError, match=r"must begin with the names of its columns.*options.header"):
        _read(_write(tmp_path, names="1.5,red,yes"))
    assert len(_read(_write(tmp_path, names="1.5,red,yes"), header=NAMES.split(","))) == 4


def test_files_with_other_columns_are_refused(tmp_path):
    _write(tmp_path, file="a.csv")
    _write(tmp_path, names="size,hue,answer", file="b.csv")
    with pytest.raises(FileError, match=r"a.csv and b.csv must have the same columns. Only one has: colour, hue"):
        _read(tmp_path)


CONTENTS = {
    "gzip": gzip.compress(b"a,b\n1,2\n"),
    "a PNG picture": b"\x89PNG\r\n\x1a\n",
    "Parquet": b"PAR1....PAR1",
    "UTF-16": "size,colour\n1,red\n".encode("utf-16"),
    "binary": b"size\0\0\0",
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_file_that_is_not_what_its_name_says_is_named_for_what_it_is(kind, tmp_path):
    (tmp_path / "rows.csv").write_bytes(CONTENTS[kind])
    with pytest.raises(FileError, match=rf"rows.csv must hold text. Received: {kind}"):
        _read(tmp_path)


def test_a_parquet_file_that_is_none(tmp_path):
    (tmp_path / "rows.parquet").write_text("size,colour\n")
    with pytest.raises(FileError, match="not readable as Parquet"):
        _read(tmp_path)


def test_mixed_encodings_are_named_by_line(tmp_path):
    (tmp_path / "rows.csv").write_bytes("size,colour,answer\n1,grün,yes\n".encode() + "2,grün,no\n".encode("latin-1"))
    with pytest.raises(FileError, match=r"rows.csv:3: text must be UTF-8. Received byte 0xfc"):
        _read(tmp_path)


def _encoder(folder, lines, names=NAMES, **options):
    chosen = tabular.Options(target="answer", min_category_rows=1, **options)
    table = tabular.read(_write(folder, lines, names), chosen)
    return tabular.Encoder.fit(table, np.array([]), chosen), table


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
    assert encoder.sizes == {"categories": 4}
    asked = tabular.parse([{"size": 1, "colour": value} for value in ("pink", "lilac", None, "red")], encoder)
    unseen = encoder.encode(asked)["categories"][:, 0]
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
    table = _read(_write(tmp_path), drop=["colour"])
    options = tabular.Options(target="answer", drop=["colour"])
    encoder = tabular.Encoder.fit(table, np.array(["no", "yes"]), options)
    encoder.save(tmp_path)
    for one in (encoder, tabular.Encoder.load(tmp_path)):
        whole = tabular.parse([{"size": 1, "colour": "red", "answer": "yes"}], one)
        assert list(whole) == ["size"]
        with pytest.raises(ValueError, match="No column 'weight'"):
            tabular.parse([{"size": 1, "weight": 3}], one)


def test_a_split_names_its_column():
    with pytest.raises(ValueError, match="names its column"):
        tabular.Split(by="time")


def _houses(folder, n=40):
    rng = np.random.default_rng(0)
    lines = [f"{rng.integers(1, 9)},{rng.integers(0, 4)},{'ab'[i % 2]},{rng.normal():.3f}" for i in range(n)]
    return _write(folder, lines, "rooms,homes,kind,answer")


def test_columns_are_made_of_others_alike_in_training_and_in_a_request(tmp_path):
    path = _houses(tmp_path)
    chosen = tabular.Options(target="answer", ratios=[["rooms", "homes"]], logs=["rooms"], turns=[["rooms", "homes"]])
    table = tabular.read(path, chosen)
    tabular.Encoder.fit(table, np.empty(0, str), chosen).save(tmp_path)
    encoder = tabular.Encoder.load(tmp_path)
    found = encoder.encode(table.columns)["numbers"]
    assert found.shape == (40, 2 + 1 + 1 + 6)
    assert np.isfinite(found).all()
    rooms, homes = table.columns["rooms"], table.columns["homes"]
    ratio = np.where(homes == 0, np.nan, rooms / np.where(homes == 0, 1, homes))
    filled = np.where(homes == 0, np.nanmedian(ratio), ratio)
    np.testing.assert_allclose(found[:, 2], (filled - filled.mean()) / filled.std(), atol=1e-5)
    assert np.corrcoef(found[:, 3], np.log1p(rooms))[0, 1] > 0.9999
    turned = np.cos(np.pi / 8) * found[:, 0] + np.sin(np.pi / 8) * found[:, 1]
    assert np.corrcoef(found[:, 4], turned)[0, 1] > 0.9999
    rows = [{"rooms": float(a), "homes": float(b), "kind": "a"} for a, b in zip(rooms, homes, strict=True)]
    np.testing.assert_allclose(encoder.encode(tabular.parse(rows, encoder))["numbers"], found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ratios": [["rooms", "home"]]}, r"options.ratios: .*'home'.*'homes'"),
        ({"logs": ["kind"]}, r"options.logs: .*'kind'"),
        ({"turns": [["rooms", "answer"]]}, r"options.turns: .*'answer'"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(given, message, tmp_path):
    chosen = tabular.Options(target="answer", **given)
    with pytest.raises(ValueError, match=message):
        tabular.Encoder.fit(tabular.read(_houses(tmp_path), chosen), np.empty(0, str), chosen)
