"""Tables as the world writes them."""

import gzip

import numpy as np
import pytest

from minnow.tables import typed
from minnow.tables.errors import FileError
from minnow.tables.options import Split, TableOptions

NAMES = "size,colour,answer"
LINES = ["1.5,red,yes", "2,blue,no", "3e1,red,yes"]


def _write(folder, lines=LINES, names=NAMES, file="rows.csv"):
    path = folder / file
    path.write_text("\n".join([names, *lines]) + "\n")
    return path


def _read(path, split=None, **options):
    return typed.read(path, TableOptions(target="answer", **options), Split.model_validate(split or {}))


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
    columns = _read(path).columns
    assert columns["colour"].tolist() == ["red, dark", 'say "hi"', "red"]
    assert columns["answer"].tolist() == ["yes", "no", "yes"]


def test_a_line_break_in_quotes_keeps_the_line_of_each_row(tmp_path):
    path = _write(tmp_path, ['1,"red\ndark",yes', "2,blue,no"])
    assert _read(path).row_id.tolist() == ["rows.csv:2", "rows.csv:4"]


@pytest.mark.parametrize("spelling", ["", "NA", "n/a", "?", "null", "None", "-", "NaN", "#N/A"])
def test_missing_values_of_any_spelling(spelling, tmp_path):
    columns = _read(_write(tmp_path, [f"{spelling},red,yes", f"2,{spelling},no"])).columns
    assert np.isnan(columns["size"][0])
    assert columns["colour"].tolist() == ["red", ""]


def test_a_spelling_of_ones_own_may_be_named(tmp_path):
    path = _write(tmp_path, ["-999,red,yes", "2,blue,no"])
    assert np.isnan(_read(path, missing=["-999"]).columns["size"][0])


def test_a_decimal_comma_is_read_where_it_is_named(tmp_path):
    path = _write(tmp_path, ["1,5;red;yes", "-0,25;blue;no"], "size;colour;answer")
    assert _read(path, decimal=",").columns["size"].tolist() == [1.5, -0.25]


def test_a_kind_may_be_overridden(tmp_path):
    path = _write(tmp_path, ["1,true,yes", "2,false,no"])
    columns = _read(path, kinds={"size": "categorical", "colour": "categorical"}).columns
    assert columns["size"].tolist() == ["1", "2"]
    assert columns["colour"].tolist() == ["true", "false"]


def test_dates_of_a_named_format(tmp_path):
    path = _write(tmp_path, ["03/04/2024,red,yes", "04/04/2024,red,no"])
    day = _read(path, dates={"size": "%d/%m/%Y"}).columns["size"]
    assert day.astype("datetime64[D]").astype(str).tolist() == ["2024-04-03", "2024-04-04"]
    with pytest.raises(FileError, match=r"column 'size': .*2024-04-03 .%d/%m/%Y. or 2024-03-04 .%m/%d/%Y."):
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


def test_named_files_fix_the_splits(tmp_path):
    _write(tmp_path, file="old.csv")
    _write(tmp_path, file="new.csv")
    assert _read(tmp_path).split is None
    splits = _read(tmp_path, file_splits={"new.csv": "test", "old.csv": "train"}).split
    assert splits.tolist() == ["test"] * 3 + ["train"] * 3


def test_a_split_by_group_keeps_the_rows_of_a_group_together(tmp_path):
    path = _write(tmp_path, ["1,red,yes", "2,red,no", "3,blue,no"])
    group = _read(path, split={"by": "group", "column": "colour"}).group
    assert group[0] == group[1] != group[2]


def test_equal_features_have_one_key_whatever_the_answer(tmp_path):
    key = _read(_write(tmp_path, ["1,red,yes", "1.0,red,no", "2,red,no"])).key
    assert key[0] == key[1] != key[2]


def test_labels_that_are_spelt_in_two_ways_become_one(tmp_path):
    path = _write(tmp_path, ["1,red,yes", "2,red,yes."])
    assert set(_read(path, label_as={"yes.": "yes"}).columns["answer"]) == {"yes"}


def test_a_header_with_one_name_too_few_is_of_row_names(tmp_path):
    table = _read(_write(tmp_path, ["a,1,red,yes", "b,2,blue,no"]))
    assert list(table.columns) == ["size", "colour", "answer"]
    assert table.columns["size"].tolist() == [1, 2]
    assert "names the rows and is not read" in table.notices[0].text


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
        r"'size' divides the rows.*1 are missing: rows.csv:5",
    ),
    ([], {}, r"must hold rows"),
]


@pytest.mark.parametrize(("lines", "options", "message"), BAD)
def test_a_table_that_cannot_be_read_says_where_and_what_to_do(lines, options, message, tmp_path):
    with pytest.raises(FileError, match=message):
        _read(_write(tmp_path, lines), **options)


def test_a_target_that_is_not_there_is_named_with_the_nearest(tmp_path):
    with pytest.raises(FileError, match=r"options.target: No column 'anser'. Did you mean 'answer'"):
        typed.read(_write(tmp_path), TableOptions(target="anser"), Split())


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
    with pytest.raises(FileError, match=r"rows.csv:3: text must be UTF-8.* Received byte 0xfc"):
        _read(tmp_path)


def test_points_in_a_target_are_thousands_signs_where_the_file_has_decimal_commas(tmp_path):
    """Also in labels that are plain numbers, such as 806.387 among 1.141.813, or alone."""
    for name, prices in (("some", ["806.387", "1.141.813", "952.275"]), ("all", ["806.387", "141.813", "952.275"])):
        rows = [f"{i},{i % 10};{prices[i % 3][:-3]}{i:03}" for i in range(100, 140)]
        (tmp_path / f"{name}.csv").write_text("size;price\n" + "\n".join(rows) + "\n")
        table = typed.read(tmp_path / f"{name}.csv", TableOptions(target="price"), Split())
        whole = [int(prices[i % 3][:-3].replace(".", "")) * 1000 + i for i in range(100, 140)]
        assert table.columns["price"].astype(float).tolist() == whole
