"""The target: spellings of missing values are classes where there are others, and numbers are numbers."""

import numpy as np
import pytest

from minnow.tables.errors import ReadingError

SPELLED = ["none", "NA", "unknown", "-", "null"]


def _rows(labels: list[str]) -> str:
    return "a,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels))


def _labels(table) -> list[str]:
    return table.columns["y"].tolist()


@pytest.mark.parametrize("spelling", SPELLED)
def test_a_class_may_be_called_like_a_missing_value(spelling, read, said):
    labels = ["mild", spelling, "severe", spelling]
    assert _labels(read(_rows(labels))) == labels
    assert f"'y': {spelling!r} in 2 rows is a class of the target (options.missing makes it a missing" in said(
        _rows(labels)
    )


@pytest.mark.parametrize("spelling", SPELLED)
def test_it_is_missing_where_the_user_says_so(spelling, read):
    assert _labels(read(_rows(["mild", spelling, "severe"]), missing=[spelling])) == ["mild", "", "severe"]


@pytest.mark.parametrize("spelling", SPELLED)
def test_it_is_missing_among_numbers(spelling, read, said):
    assert _labels(read(_rows(["1.5", spelling, "2.5"]))) == ["1.5", "", "2.5"]
    assert f"{spelling!r} in 1 row stands for a missing value" in said(_rows(["1.5", spelling, "2.5"]))
    assert _labels(read(_rows(["1.5", spelling, "2.5"]), not_missing=[spelling])) == ["1.5", spelling, "2.5"]


def test_an_empty_cell_is_always_missing(read):
    assert _labels(read(_rows(["mild", "", "none"]))) == ["mild", "", "none"]


@pytest.mark.parametrize("spelling", ["none", "NA", ""])
def test_csv_and_parquet_agree(spelling, read, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"a": ["x", spelling, "z"], "y": ["mild", spelling, "severe"]}
    csv = read("a,y\n" + "".join(f"{a},{y}\n" for a, y in zip(*columns.values(), strict=True)))
    (tmp_path / "rows.csv").unlink()
    pq.write_table(
        pa.table({name: pa.array([cell or None for cell in cells]) for name, cells in columns.items()}),
        tmp_path / "rows.parquet",
    )
    parquet = read({})
    for name in columns:
        assert parquet.columns[name].tolist() == csv.columns[name].tolist()
    np.testing.assert_array_equal(parquet.key, csv.key)
    assert [notice.text for notice in parquet.notices] == [notice.text for notice in csv.notices]


def test_many_numbers_become_plain_ones(read, said):
    content = "a,y\n" + "".join(f'{i}.5,"$1,{i:03d}"\n' for i in range(200, 260))
    assert _labels(read(content))[:2] == ["1200", "1201"]
    assert "'y' holds numbers with thousands sign ',' and unit '$': '$1,200' is 1200" in said(content)


def test_many_numbers_that_can_be_read_in_two_ways_are_asked_for(read):
    with pytest.raises(ReadingError, match=r"column 'y': '1\.200' may be 1200 .* or 1\.2 "):
        read("a;y\n" + "".join(f"x{i};1.{i}\n" for i in range(200, 260)))


def test_a_few_grades_with_decimal_commas_become_plain_numbers(read):
    assert _labels(read("a;y\n1,5;1,3\n2,5;1,7\n3,5;2,0\n")) == ["1.3", "1.7", "2"]


@pytest.mark.parametrize("labels", [["$5", "$10"], ["1,234", "5,678"], ["1.0", "1"], ["5-10", "10-20"], ["007", "010"]])
def test_a_few_classes_keep_their_names(labels, read):
    content = "a,y\n" + "".join(f'{i},"{label}"\n' for i, label in enumerate(labels * 3))
    assert _labels(read(content)) == labels * 3


def test_the_kind_of_a_few_numbers_may_be_named(read):
    assert _labels(read("a,y\n1,$5\n2,$10\n", kinds={"y": "numeric"})) == ["5", "10"]


def test_spellings_of_a_label_are_merged_by_the_cell_without_blanks(read):
    rows = _rows(["yes", "Yes ", "no", "YES"])
    assert _labels(read(rows, label_as={"Yes ": "yes", "YES": "yes"})) == ["yes", "yes", "no", "yes"]
