"""Columns of files: what their cells mean, by themselves, by the other columns, or by the user's answer."""

import numpy as np
import pytest

from minnow.tables import typed
from minnow.tables.errors import ColumnError, ReadingError
from minnow.tables.options import TableOptions


def _csv(*columns: list[str], names="abcdefg", separator=",") -> str:
    """A file with these columns and the target; cells that hold the separator are quoted."""
    columns = (*columns, ["u", "v"] * len(columns[0]))
    quoted = [[f'"{cell}"' if separator in cell else cell for cell in column] for column in columns]
    header = [*names[: len(columns) - 1], "y"]
    return "\n".join(map(separator.join, [header, *zip(*quoted, strict=False)])) + "\n"


NUMBERS = {
    "a thousands comma beside a point": (_csv(["1,234", "3.5"]), [1234, 3.5]),
    "a thousands comma in two groups": (_csv(["1,234", "1,234,567"]), [1234, 1234567]),
    "a decimal comma of two digits": (_csv(["1,234", "3,55"]), [1.234, 3.55]),
    "a zero before a decimal comma": (_csv(["1,234", "0,555"]), [1.234, 0.555]),
    "another column shows a point": (_csv(["1,234", "5,678"], ["2.5", "3.5"]), [1234, 5678]),
    "another column shows a comma": (_csv(["1,234", "5,678"], ["2,5", "3,5"]), [1.234, 5.678]),
    "points of thousands, by another column": (_csv(["1.234", "5.678"], ["2,5", "3,5"], separator=";"), [1234, 5678]),
    "the same with tabs": (_csv(["1.234", "5.678"], ["2,5", "3,5"], separator="\t"), [1234, 5678]),
    "a point in a file with commas": (_csv(["1.234", "5.678"]), [1.234, 5.678]),
    "a point in a file with semicolons, by another column": (
        _csv(["1.234", "5.678"], ["2.5", "3.5"], separator=";"),
        [1.234, 5.678],
    ),
    "apostrophes": (_csv(["1'234.50", "12.00"]), [1234.5, 12]),
    "India": (_csv(["1,23,456.50", "12,34,567"]), [123456.5, 1234567]),
    "accounts": (_csv(["(1,234.00)", "$ (5.00)"]), [-1234, -5]),
    "SAP": (_csv(["1.234,56-", "10,00"], separator=";"), [-1234.56, 10]),
    "currency": (_csv(["$1,234.00", "$5.00"]), [1234, 5]),
    "currency in some cells": (_csv(["$1,234.00", "5.00"]), [1234, 5]),
    "percent": (_csv(["26.6%", "0.8%"]), [26.6, 0.8]),
    "units": (_csv(["90,067 mi.", "1.5 mi."]), [90067, 1.5]),
    "units in the plural": (_csv(["1 day", "2 days"]), [1, 2]),
    "times of the day": (_csv(["10:30", "9:15"]), [37800, 33300]),
    "durations": (_csv(["0:01:02.5", "100:00:00"]), [62.5, 360000]),
    "prices without hundredths": (_csv(["49,-", "1,50"], separator=";"), [49, 1.5]),
    "exponents": (_csv(["1e5", "2.5E-1"]), [1e5, 0.25]),
    "Excel's errors": (_csv(["1.5", "#DIV/0!"]), [1.5, np.nan]),
    "a database's null": (_csv(["1.5", "\\N"]), [1.5, np.nan]),
}


@pytest.mark.parametrize(("content", "values"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_mean_what_the_file_says(content, values, read):
    np.testing.assert_array_equal(read(content).columns["a"], values)


TEXTS = {
    "leading zeros": ["00501", "90210"],
    "phones": ["+49 170 123 456", "+49 171 123 456"],
    "addresses of computers": ["192.168.1.1", "10.0.0.1"],
    "versions": ["1.2.3", "1.10.0"],
    "ranges": ["1-2", "2-5"],
    "streets": ["12 Main St", "14 Oak St"],
    "social security": ["123-45-6789", "123-45-6780"],
    "mixed": ["red", "7"],
}


@pytest.mark.parametrize("cells", TEXTS.values(), ids=TEXTS)
def test_ids_and_names_are_no_numbers(cells, read):
    assert read(_csv(cells)).columns["a"].tolist() == cells


def test_groups_of_digits_are_a_code_where_the_name_says_so(read):
    content = _csv(["612 345 678", "612 345 679"])
    assert read(content.replace("a,y", "phone,y")).columns["phone"].tolist() == ["612 345 678", "612 345 679"]
    assert read(content.replace("a,y", "visits,y")).columns["visits"].tolist() == [612345678, 612345679]


AMBIGUOUS = [
    (_csv(["1,234", "5,678"]), "decimal", "1,234", {",": "1.234", ".": "1234"}, ","),
    (_csv(["1.234", "5.678"], separator=";"), "decimal", "1.234", {",": "1234", ".": "1.234"}, "."),
    (_csv(["1,234", "5,678"], ["1.234", "5.678"], separator=";"), "decimal", "1,234", {",": "1.234", ".": "1234"}, ","),
    (_csv(["€1,234", "€999"]), "decimal", "€1,234", {",": "1.234", ".": "1234"}, "."),
]


@pytest.mark.parametrize(("content", "option", "example", "readings", "answer"), AMBIGUOUS)
def test_numbers_that_can_be_read_in_two_ways_are_asked_for(content, option, example, readings, answer, read):
    with pytest.raises(ReadingError) as error:
        read(content)
    assert (error.value.column, error.value.option, error.value.example) == ("a", option, example)
    assert dict(error.value.readings) == readings
    for sign, value in readings.items():
        assert f"{value} (options.decimal: '{sign}')" in str(error.value)
    assert f"column 'a': {example!r} may be " in str(error.value)
    assert "(rows.csv:2). Say which under options.decimal." in str(error.value)
    assert read(content, decimal=answer).columns["a"][0] == float(readings[answer])


def test_a_decimal_sign_that_does_not_fit_is_refused(read):
    with pytest.raises(ColumnError, match=r"column 'a': '1,234\.5' is no number with the sign ',' of options\.decimal"):
        read(_csv(["1,234.5", "7,000.5"]), decimal=",")


def test_a_sensor_is_asked_for_like_any_column(tmp_path):
    """Where a modality needs numbers, a column is not read in another way than where it finds them."""
    (tmp_path / "rows.csv").write_text(_csv(["1.234", "5.678"], separator=";"))
    frame, _, _ = typed.look(tmp_path, TableOptions(target=""))
    with pytest.raises(ReadingError):
        typed.Columnwise(frame, TableOptions(target="")).numbers("a")


DIFFERENT = {
    "decimal signs": (_csv(["1,5", "2.5", "3"]), r"its numbers are written in several ways: '1,5' and '2\.5'"),
    "units": (_csv([f"{i} {'kg' if i % 2 else 'lb'}" for i in range(30)]), r"have several units: '0 lb', '1 kg'"),
    "units in some cells": (_csv([f"{i}{' kg' * (i % 2)}" for i in range(30)]), "have several units: '0', '1 kg'"),
    "magnitudes": (_csv([f"{i}.5{'KM'[i % 2]}" for i in range(30)]), r"have several units: '0\.5K', '1\.5M'"),
    "dates": (
        _csv([f"2024-01-{i:02d}" if i % 2 else f"{i:02d}.02.2024" for i in range(1, 29)]),
        r"its dates are written in several ways: '2024-01-01' and '02\.02\.2024'",
    ),
    "odd numbers": (
        _csv([*map(str, range(60)), "n.d."]),
        r"98\.4 % of the cells are numbers, others are not: 'n\.d\.'",
    ),
    "one spelling in many cells": (
        _csv([*map(str, range(60)), *["n.d."] * 30]),
        r"66\.7 % of the cells are numbers, others are not: 'n\.d\.'",
    ),
    "limits of measurement": (
        _csv([*map(str, range(60)), *["<0.1", "<0.2", "<0.5", ">100"] * 9]),
        r"62\.5 % of the cells are numbers, others are not: '<0\.1', '<0\.2', '<0\.5', '>100'",
    ),
    "odd dates": (
        _csv([*(f"2024-01-{i:02d}" for i in range(1, 29)), "0000-00-00"]),
        r"96\.6 % of the cells are dates, others are not: '0000-00-00'",
    ),
}


@pytest.mark.parametrize(("content", "message"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_column_that_is_nearly_of_one_kind_never_becomes_categories_in_silence(content, message, read):
    with pytest.raises(ColumnError, match=f"column 'a': .*{message}.*options.kinds") as error:
        read(content)
    assert error.value.column == "a"
    assert read(content, kinds={"a": "categorical"}).columns["a"].dtype == object


def test_odd_cells_are_named_with_their_rows(read):
    with pytest.raises(ColumnError) as error:
        read(_csv([*map(str, range(60)), "n.d.", "bad", "n.d."]))
    assert error.value.cells == {"rows.csv:62": "n.d.", "rows.csv:63": "bad", "rows.csv:64": "n.d."}
    assert "First rows: 'n.d.' (rows.csv:62, rows.csv:64), 'bad' (rows.csv:63)." in str(error.value)


def test_whole_numbers_of_a_file_with_decimal_commas_may_have_them_later(read):
    formats = read(_csv(["1", "20"], ["2,5", "3,5"], separator=";")).reading.columns
    assert formats["a"].decimal == formats["b"].decimal == ","
    formats = read(_csv(["1", "20"], ["2.5", "3.5"])).reading.columns
    assert formats["a"].decimal == formats["b"].decimal == "."


DATES = {
    "day first": (_csv(["31/01/2024", "05/07/2024"]), ["2024-01-31", "2024-07-05"]),
    "month first": (_csv(["01/31/2024", "07/05/2024"]), ["2024-01-31", "2024-07-05"]),
    "AM and PM": (_csv(["01/31/2024 12:00 AM", "07/05/2024 01:00 PM"]), ["2024-01-31", "2024-07-05T13:00"]),
    "quarters": (_csv(["2024Q1", "2024Q3"]), ["2024-01-01", "2024-07-01"]),
    "fractions": (_csv(["2024-01-31T00:00:00.020", "2024-01-31"]), ["2024-01-31T00:00:00.020", "2024-01-31"]),
    "zones": (_csv(["2024-01-31T10:00+02:00", "2024-01-31T10:00Z"]), ["2024-01-31T08:00", "2024-01-31T10:00"]),
}


@pytest.mark.parametrize(("content", "moments"), DATES.values(), ids=DATES)
def test_dates_are_found(content, moments, read):
    np.testing.assert_array_equal(read(content).columns["a"], np.array(moments, "datetime64[us]"))


EPOCHS = {
    "timestamp": ["1704672000.25", "1704672001"],
    "created_at": ["1704672000250", "1704672001000"],
    "Zeit": ["1704672000250000", "1704672001000000"],
    "ts": ["1704672000250000000", "1704672001000000000"],
}


@pytest.mark.parametrize(("name", "cells"), EPOCHS.items())
def test_numbers_since_1970_are_moments_by_their_name_and_size(name, cells, read, said):
    content = _csv(cells).replace("a,y", f"{name},y")
    expected = np.array(["2024-01-08T00:00:00.250", "2024-01-08T00:00:01"], "datetime64[us]")
    np.testing.assert_array_equal(read(content).columns[name], expected)
    assert f"'{name}' holds " in said(content)
    assert "since 1970: " in said(content)
    assert read(_csv(cells)).columns["a"].dtype == np.float64


def test_dates_that_can_be_read_in_two_ways_are_asked_for(read):
    content = _csv(["05/06/2024", "07/08/2024"])
    with pytest.raises(
        ReadingError, match=r"'05/06/2024' may be 2024-06-05 \(%d/%m/%Y\) or 2024-05-06 \(%m/%d/%Y\)"
    ) as error:
        read(content)
    assert (error.value.option, [form for form, _ in error.value.readings]) == ("dates", ["%d/%m/%Y", "%m/%d/%Y"])
    assert str(read(content, dates={"a": "%d/%m/%Y"}).columns["a"][0]).startswith("2024-06-05")


def test_numbers_that_must_be_dates_need_a_unit(read):
    with pytest.raises(ColumnError, match=r"numbers such as '45292' must be dates.*options.dates: s, ms, us or ns"):
        read(_csv(["45292", "45293"]), kinds={"a": "date"})
    assert str(read(_csv(["45292", "45293"]), dates={"a": "s"}).columns["a"][0]).startswith("1970-01-01")


def test_counts_are_numbers_where_times_are_needed(tmp_path):
    (tmp_path / "rows.csv").write_text(_csv(["1", "2"], ["20240131", "20240201"], ["1704672000000", "1704672001000"]))
    frame, _, _ = typed.look(tmp_path, TableOptions(target=""))
    kinds = [typed.Columnwise(frame, TableOptions(target="")).moments(name).values.dtype.kind for name in "abc"]
    assert kinds == ["f", "M", "M"]


SAID = [
    (_csv(["1,234.5", "2,000.5"]), "'a' holds numbers with thousands sign ',': '1,234.5' is 1234.5 (options.decimal"),
    (_csv(["1,5", "2,5"]), "'a' holds numbers with decimal sign ',': '1,5' is 1.5 (options.decimal, options.kinds)."),
    (_csv(["5 kg", "6 kg"]), "'a' holds numbers with unit 'kg': '5 kg' is 5 (options.decimal, options.kinds)."),
    (_csv(["10:30", "9:15"]), "'a' holds times of the day or durations: '10:30' is 37800 seconds"),
    (_csv(["31/01/2024", "05/07/2024"]), "'a' holds dates as %d/%m/%Y: '31/01/2024' is 2024-01-31 (options.dates)."),
    (_csv(["1.5", "NA", "?"]), "'a': '?' in 1 row, 'NA' in 1 row stands for a missing value (options.not_missing"),
]


@pytest.mark.parametrize(("content", "sentence"), SAID)
def test_what_was_found_is_said(content, sentence, said):
    assert sentence in said(content)


def test_what_is_plain_is_not_worth_a_word(read):
    assert read(_csv(["1.5", "2"], ["2024-01-31", "2024-02-01"], ["red", "blue"], ["yes", "no"])).notices == ()


def test_many_spellings_among_numbers_are_categories(read):
    cells = [*map(str, range(60)), *(f"PC {i}" for i in range(30))]
    assert read(_csv(cells)).columns["a"].tolist() == cells


@pytest.mark.parametrize("missing", [[-999], ["-999"], ["-999.0"], [-999.0]])
def test_a_number_may_stand_for_missing_values_in_every_column_and_file(missing, read, said, tmp_path):
    content = _csv(["-999", "5"], ["-999.00", "0.5"], ["-999,0", "0,5"], separator=";")
    columns = [str(values.tolist()) for values in list(read(content, missing=missing).columns.values())[:3]]
    assert columns == ["[nan, 5.0]", "[nan, 0.5]", "[nan, 0.5]"]
    (tmp_path / "rows.csv").unlink()
    lines = '{"a": -999, "b": -999.0, "y": "u"}\n{"a": 5, "b": 0.5, "y": "v"}\n'
    columns = read(lines, called="rows.jsonl", missing=missing).columns
    assert [str(columns[name].tolist()) for name in "ab"] == ["[nan, 5.0]", "[nan, 0.5]"]
