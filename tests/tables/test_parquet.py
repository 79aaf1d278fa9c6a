"""Parquet, which pandas writes from frames, is read like the CSV of the same frame."""

import numpy as np
import pytest

from minnow.tables.errors import FileError

pd = pytest.importorskip("pandas")


def _frame(index=None):
    columns = {
        "a": [1.5, None, 3.0],
        "s": ["NA", "x", None],
        "t": pd.to_datetime(["2024-01-01"] * 3),
        "y": ["none", "u", "v"],
    }
    return pd.DataFrame(columns, index=index)


INDICES = {
    "counted": None,
    "shuffled": [2, 0, 1],
    "repeated": [0, 1, 0],
    "texts": ["r1", "r2", "r3"],
    "two levels": pd.MultiIndex.from_tuples([(0, 1), (0, 2), (1, 1)]),
    "dates": pd.date_range("2024-02-01", periods=3),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_a_frame_is_the_same_table_from_csv_and_parquet(index, read, tmp_path):
    frame = _frame(index)
    frame.to_csv(tmp_path / "rows.csv")
    csv = read({})
    (tmp_path / "rows.csv").unlink()
    frame.to_parquet(tmp_path / "rows.parquet", index=True)
    parquet = read({})
    assert (
        list(parquet.columns)
        == list(csv.columns)
        == [*(["column 1"] if "dates" in str(index) or "2024" in str(index) else []), "a", "s", "t", "y"]
    )
    for name, values in csv.columns.items():
        np.testing.assert_array_equal(parquet.columns[name], values, err_msg=name)
    np.testing.assert_array_equal(parquet.key, csv.key)


def test_a_shuffled_index_is_said_to_be_left_out(said, tmp_path):
    _frame([2, 0, 1]).to_parquet(tmp_path / "rows.parquet")
    assert "'__index_level_0__' is the index of a pandas frame in rows.parquet and is not read." in said({})


def test_an_index_with_a_name_is_a_column(read, tmp_path):
    _frame(pd.Index([5, 6, 7], name="size")).to_parquet(tmp_path / "rows.parquet")
    assert read({}).columns["size"].tolist() == [5, 6, 7]


def test_kinds_of_parquet(read, said, tmp_path):
    frame = pd.DataFrame({
        "i": pd.array([1, None, 3], dtype="Int64"), "b": pd.array([True, None, False], dtype="boolean"),
        "c": pd.Categorical(["p", "q", None]), "z": pd.to_datetime(["2024-01-01 00:00"] * 3).tz_localize("Europe/Berlin"),
        "text": ["1,5", "2,5", None], "l": [[1, 2], [3], []], "raw": [b"x", b"y", None], "y": [1, 0, 1],
    })  # fmt: skip
    frame.to_parquet(tmp_path / "rows.parquet")
    columns = read({}).columns
    assert str(columns["i"].tolist()) == "[1.0, nan, 3.0]"
    assert columns["b"].tolist() == [1, -1, 0]
    assert columns["c"].tolist() == ["p", "q", ""]
    assert str(columns["z"][0]).startswith("2023-12-31T23:00")
    assert str(columns["text"].tolist()) == "[1.5, 2.5, nan]"
    assert columns["y"].tolist() == ["1", "0", "1"]
    assert "l" not in columns
    assert "raw" not in columns
    assert "'l' holds list<element: int64> in rows.parquet and is not read." in said({})


def test_a_frame_without_rows_is_refused(read, tmp_path):
    _frame().iloc[:0].to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(FileError, match=r"must hold rows. It holds none"):
        read({})


def test_a_number_may_stand_for_missing_values(read, said, tmp_path):
    pd.DataFrame({"a": [-999.0, 1.5], "i": [-999, 2], "y": ["u", "v"]}).to_parquet(tmp_path / "rows.parquet")
    columns = read({}, missing=[-999]).columns
    assert [str(columns[name].tolist()) for name in "ai"] == ["[nan, 1.5]", "[nan, 2.0]"]
    assert "'a': '-999' in 1 row stands for a missing value" in said({}, missing=[-999])
