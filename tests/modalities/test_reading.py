"""A table is read alike in training, from a file of inputs and from a request, however its cells are written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minnow.modalities import tabular
from minnow.tables.errors import FileError
from minnow.types import Array

ROWS = 60
Cell = tuple[str, Any]
"""A cell as it stands in the file, and the same value in JSON."""
START = datetime(2023, 12, 20, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A small table: name of a column -> its cells by row. The target is added.

    suffix, separator, encoding: of the file; header: whether it has one; ends: what stands behind the last cell of a row;
    index: whether a column without a name numbers the rows; options: of the use case.
    """

    columns: Mapping[str, Callable[[int], Cell]]
    suffix: str = ".csv"
    separator: str = ","
    encoding: str = "utf-8"
    header: bool = True
    ends: str = ""
    index: bool = False
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def rows(self) -> list[dict[str, Cell]]:
        return [{name: cell(i) for name, cell in self.columns.items()} for i in range(ROWS)]

    def write(self, folder: Path) -> Path:
        path = folder / f"rows{self.suffix}"
        if self.suffix == ".jsonl":
            lines = [json.dumps(row) for row in self.with_target(1)]
            path.write_text("\n".join(lines) + "\n")
        elif self.suffix == ".parquet":
            _write_parquet(path, self.with_target(1))
        else:
            path.write_bytes(self._text().encode(self.encoding))
        return path

    def with_target(self, which: int) -> list[dict[str, Any]]:
        """Rows of cells (0) or of JSON values (1), with the target."""
        return [self.as_request(i, which) | {"answer": ("no", "yes")[i % 2]} for i in range(ROWS)]

    def as_request(self, i: int, which: int) -> dict[str, Any]:
        return {name: cell[which] for name, cell in self.rows[i].items()}

    def _text(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.separator, lineterminator=f"{self.ends}\n")
        rows = self.with_target(0)
        if self.header:
            names = [*([""] if self.index else []), *rows[0]]
            out.write(self.separator.join(_quoted(name, self.separator) for name in names) + "\n")
        for i, row in enumerate(rows):
            writer.writerow([*([i] if self.index else []), *row.values()])
        return out.getvalue()


def _quoted(name: str, separator: str) -> str:
    return f'"{name}"' if separator in name or "\n" in name else name


def _write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(list(rows)), path)


def _moment(i: int) -> datetime:
    return START + timedelta(hours=37 * i)


def _day(i: int) -> datetime:
    return datetime(2024, 1, 1 + i)


def _dates(form: str) -> Callable[[int], Cell]:
    whole = "%H" in form or "%I" in form
    return lambda i: (
        _moment(i).strftime(form),
        _moment(i).replace(tzinfo=None).isoformat() if whole else _moment(i).date().isoformat(),
    )


def _number(i: int) -> float:
    """From 100 to 9,999.99, and back and forth."""
    return round(100 + 163.37 * ((i * 7) % ROWS), 2)


def _grouped(i: int) -> str:
    return f"{_number(i):,.2f}"


def _continental(i: int) -> str:
    return _grouped(i).translate(str.maketrans(",.", ".,"))


def _cycle(*cells: Cell) -> Callable[[int], Cell]:
    return lambda i: cells[i % len(cells)]


PLAIN: Mapping[str, Callable[[int], Cell]] = {
    "size": lambda i: (f"{_number(i)}", _number(i)),
    "count": lambda i: (str(i % 9), i % 9),
    "colour": _cycle(("red", "red"), ("blue; dark", "blue; dark"), ("green, light", "green, light")),
}
SIZE: Mapping[str, Callable[[int], Cell]] = {"size": PLAIN["size"]}
CASES = {
    "plain": Case(PLAIN),
    "thousands signs": Case({"price": lambda i: (_grouped(i), _number(i)), **PLAIN}),
    "thousands of apostrophes": Case({"price": lambda i: (_grouped(i).replace(",", "'"), _number(i)), **PLAIN}),
    "thousands of blanks": Case(
        {"price": lambda i: (_continental(i).replace(".", "\u202f"), _number(i))}, separator=";"
    ),
    "currency and percent": Case(
        {
            "price": lambda i: (f"${_grouped(i)}", _number(i)),
            "share": lambda i: (f"{i % 13}.5%", i % 13 + 0.5),
            "way": lambda i: (f"{i % 17} mi.", i % 17),
            "loss": lambda i: (f"(${i}.00)", -i),
        }
    ),
    "decimal commas": Case(
        {
            "price": lambda i: (f"{_continental(i)} €", _number(i)),
            "size": lambda i: (f"{i}".replace(".", ",") + ",5", i + 0.5),
            "day": _dates("%d.%m.%Y"),
            "share": lambda i: (f"{i % 7},25 %", i % 7 + 0.25),
        },
        separator=";",
    ),
    "day first": Case({"day": _dates("%d/%m/%Y"), **SIZE}),
    "day first with times": Case({"day": _dates("%d/%m/%Y %H:%M"), **SIZE}),
    "months first with AM and PM": Case({"day": _dates("%m/%d/%Y %I:%M %p"), **SIZE}),
    "names of months": Case({"day": _dates("%d %b %Y"), **SIZE}),
    "months": Case(
        {"month": lambda i: (f"{2015 + i // 12}-{i % 12 + 1:02d}", f"{2015 + i // 12}-{i % 12 + 1:02d}-01"), **SIZE}
    ),
    "times of the day": Case({"opens": lambda i: (f"{i % 12}:{i % 60:02d}", 3600 * (i % 12) + 60 * (i % 60)), **SIZE}),
    "quarters": Case(
        {"quarter": lambda i: (f"{2005 + i // 4}Q{i % 4 + 1}", f"{2005 + i // 4}-{3 * (i % 4) + 1:02d}-01"), **SIZE}
    ),
    "ISO with a time zone": Case({"at": lambda i: (_moment(i).isoformat(), _moment(i).isoformat()), **SIZE}),
    "milliseconds since 1970": Case(
        {"time": lambda i: (str(int(_moment(i).timestamp() * 1000)), int(_moment(i).timestamp() * 1000)), **SIZE}
    ),
    "milliseconds since 1970, asked as dates": Case(
        {"time": lambda i: (str(int(_moment(i).timestamp() * 1000)), _moment(i).isoformat()), **SIZE}
    ),
    "days without signs": Case(
        {"date": lambda i: (_moment(i).strftime("%Y%m%d"), int(_moment(i).strftime("%Y%m%d"))), **SIZE}
    ),
    "a format of the user": Case(
        {"year": lambda i: (str(1990 + i), 1990 + i), **SIZE}, options={"dates": {"year": "%Y"}}
    ),
    "yes and no": Case({"is new": _cycle(("yes", True), ("no", False), ("NA", None)), **SIZE}),
    "t and f": Case({"is new": _cycle(("t", True), ("f", False), ("t", True)), **SIZE}),
    "TRUE and FALSE": Case({"is new": _cycle(("TRUE", True), ("FALSE", False), ("", None)), **SIZE}),
    "1 and 0": Case({"is new": _cycle(("1", 1), ("0", 0), ("1", 1)), **SIZE}),
    "1 and 0 as booleans": Case(
        {"is new": _cycle(("1", True), ("0", False), ("1", 1)), **SIZE}, options={"kinds": {"is new": "boolean"}}
    ),
    "true, false and a third": Case({"is new": _cycle(("true", True), ("false", False), ("maybe", "maybe")), **SIZE}),
    "True, False and a third": Case({"is new": _cycle(("True", True), ("False", False), ("maybe", "maybe")), **SIZE}),
    "numbers and a word": Case({"grade": _cycle(("1", 1), ("2.5", 2.5), ("3.0", 3), ("high", "high")), **SIZE}),
    "numbers as categories": Case(
        {"code": _cycle(("5", 5), ("7.0", 7.0), ("12", 12)), **SIZE}, options={"kinds": {"code": "categorical"}}
    ),
    "codes with zeros": Case({"code": _cycle(("007", "007"), ("0150", "0150"), ("12", "12")), **SIZE}),
    "missing spellings": Case(
        {
            "a": lambda i: (("-", "N/A", f"{i}.5", f"{i}.25")[i % 4], (None, None, i + 0.5, i + 0.25)[i % 4]),
            "b": _cycle(("?", None), ("red", "red"), ("NULL", None), ("blue", "blue")),
            "c": _cycle(("none", "none"), ("some", "some"), ("k.A.", None)),
            "d": _cycle(("2024-01-05", "2024-01-05"), ("", None), ("2024-02-13", "2024-02-13")),
        },
        options={"missing": ["k.A."], "not_missing": ["none"]},
    ),
    "Windows-1252": Case(
        {"Straße": _cycle(("Köln", "Köln"), ("Zürich", "Zürich")), **PLAIN}, separator=";", encoding="cp1252"
    ),
    "UTF-16": Case({"Straße": _cycle(("Köln", "Köln"), ("Łódź", "Łódź")), **PLAIN}, separator="\t", encoding="utf-16"),
    "no header": Case(PLAIN, header=False, options={"header": [*PLAIN, "answer"]}),
    "separators at the end": Case(PLAIN, separator=";", ends=";"),
    "an index of pandas": Case(PLAIN, index=True),
    "names with brackets and line breaks": Case(
        {"pulse [1/min]": PLAIN["count"], "weight\n(kg)": PLAIN["size"], "sex, if known": PLAIN["colour"]}
    ),
    "numbers as names": Case({str(j): (lambda i, j=j: (f"{_number(i + j)}", _number(i + j))) for j in range(4)}),
    "long cells": Case({"note": lambda i: ("a" * 1500 + str(i % 3), "a" * 1500 + str(i % 3)), **SIZE}),
    "JSON lines": Case(
        {
            **PLAIN,
            "is new": _cycle(("true", True), ("false", False), ("", None)),
            "mixed": _cycle(("1", 1), ("2.5", 2.5), ("true", True), ("x", "x")),
            "at": lambda i: (_moment(i).isoformat(), _moment(i).isoformat()),
            "day": lambda i: (_moment(i).strftime("%d/%m/%Y"), _moment(i).strftime("%d/%m/%Y")),
            "price": lambda i: (_grouped(i), _grouped(i)),
            "time": lambda i: (str(int(_moment(i).timestamp())), int(_moment(i).timestamp())),
        },
        suffix=".jsonl",
    ),
    "Parquet": Case(
        {
            **PLAIN,
            "is new": _cycle(("true", True), ("false", False), ("", None)),
            "at": lambda i: (_moment(i).replace(tzinfo=None).isoformat(), _moment(i).replace(tzinfo=None)),
            "on": lambda i: (_moment(i).date().isoformat(), _moment(i).date()),
            "price": lambda i: (_grouped(i), _grouped(i)),
            "day": lambda i: (_moment(i).strftime("%d/%m/%Y"), _moment(i).strftime("%d/%m/%Y")),
            "gaps": lambda i: ("", None) if i % 5 == 0 else (str(i), i),
        },
        suffix=".parquet",
    ),
    "kinds of Parquet": Case(
        {
            "grade": lambda i: (str(i % 3), i % 3),
            "rate": lambda i: (f"{i % 3}.5", i % 3 + 0.5),
            "is new": _cycle(("true", True), ("false", False)),
            "on": lambda i: (_day(i % 5).isoformat(), _day(i % 5)),
            "at": lambda i: (str(int(_moment(i).timestamp())), int(_moment(i).timestamp())),
            **SIZE,
        },
        suffix=".parquet",
        options={"kinds": {**dict.fromkeys(("grade", "rate", "is new", "on"), "categorical"), "at": "date"}},
    ),
}


class Read:
    """A case that was read: its file, the encoder after a journey to disk and back, and the arrays of training."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.path = case, case.write(folder)
        self.options = tabular.Options(target="answer", min_category_rows=1, **case.options)
        self.table = tabular.read(self.path, self.options)
        tabular.fit_encoder(self.table, np.array(["no", "yes"]), self.options).save(folder)
        self.encoder = tabular.load_encoder(folder)
        self.expected = self.encoder.encode(self.table.columns)

    def check(self, inputs: Sequence[Any]) -> None:
        _same(self.encoder.encode(tabular.parse(inputs, self.encoder)), self.expected)

    def from_file(self, path: Path | None = None) -> list[Any]:
        return list(tabular.from_file(path or self.path, self.options, self.encoder))


def _same(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.fixture(params=CASES, scope="module")
def read(request, tmp_path_factory):
    return Read(CASES[request.param], tmp_path_factory.mktemp("case"))


def test_a_training_file_is_answered_row_by_row_as_it_was_learned(read):
    assert len(read.table) == ROWS
    read.check(read.from_file())


def test_rows_as_cells_of_the_file_are_read_as_the_file(read):
    rows = [read.case.as_request(i, 0) for i in range(ROWS)]
    read.check(json.loads(json.dumps(rows)))


def test_rows_as_values_of_json_are_read_as_the_file(read):
    rows = [read.case.as_request(i, 1) for i in range(ROWS)]
    read.check(json.loads(json.dumps(rows, default=lambda value: value.isoformat())))


def _text(read: Read, names: Sequence[str], separator: str = ",", header: bool = True) -> str:
    """Rows of a case as another program would write them: with these columns in this order."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    rows = read.case.with_target(0)
    if header:
        writer.writerow(names)
    writer.writerows([row.get(name, i) for name in names] for i, row in enumerate(rows))
    return out.getvalue()


@pytest.fixture
def plain(tmp_path):
    return Read(CASES["plain"], tmp_path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_may_be_in_another_order_among_others_and_without_the_target(plain, separator, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(_text(plain, ["colour", "remark", "size", "count"], separator))
    plain.check(plain.from_file(path))


def test_a_folder_is_read_file_by_file(plain, tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    lines = plain.path.read_text().splitlines(keepends=True)
    (folder / "b.csv").write_text("".join([lines[0], *lines[21:]]))
    (folder / "a.csv").write_text("".join(lines[:21]))
    (folder / "README.txt").write_text("Two files.")
    plain.check(plain.from_file(folder))
    assert [row.where for row in plain.from_file(folder)][19:21] == ["a.csv:21", "b.csv:2"]
    only = plain.options.model_copy(update={"file": "a.csv"})
    assert len(list(tabular.from_file(folder, only, plain.encoder))) == 20


def test_rows_of_typed_json_lines_and_parquet_are_read_as_the_csv_of_training(tmp_path):
    read = Read(CASES["decimal commas"], tmp_path)
    rows = [read.case.as_request(i, 1) for i in range(ROWS)]
    (tmp_path / "other.jsonl").write_text("\n".join(json.dumps(row | {"more": {"a": 1}}) for row in rows))
    read.check(read.from_file(tmp_path / "other.jsonl"))
    days = [row | {"day": datetime.fromisoformat(row["day"]), "more": 1.5} for row in rows]
    _write_parquet(tmp_path / "other.parquet", days)
    read.check(read.from_file(tmp_path / "other.parquet"))


@pytest.mark.parametrize("order", [1, -1])
def test_a_file_for_a_given_header_may_lack_the_target_or_have_a_header_of_its_own(order, tmp_path):
    read = Read(CASES["no header"], tmp_path)
    path = tmp_path / "other.csv"
    path.write_text(_text(read, list(PLAIN), header=False))
    read.check(read.from_file(path))
    for names in ([*PLAIN], [*PLAIN, "answer"]):
        path.write_text(_text(read, names[::order]))
        read.check(read.from_file(path))


@pytest.mark.parametrize(
    "name", ["plain", "numbers as names", "separators at the end", "an index of pandas", "no header"]
)
def test_a_file_of_one_row_is_read_as_one_of_many(name, tmp_path):
    read = Read(CASES[name], tmp_path)
    lines = read.path.read_text().splitlines(keepends=True)
    path = tmp_path / "other.csv"
    path.write_text("".join(lines[: 1 + read.case.header]))
    found = read.encoder.encode(tabular.parse(read.from_file(path), read.encoder))
    _same(found, {name: values[:1] for name, values in read.expected.items()})


def test_a_missing_column_is_named_in_full_once_for_the_file(tmp_path):
    read = Read(CASES["names with brackets and line breaks"], tmp_path)
    path = tmp_path / "other.csv"
    path.write_text("weight (kg),sex\n1,red\n")
    with pytest.raises(
        FileError, match=r"must have the columns 'pulse \[1/min\]', 'sex, if known'\. It has: 'weight \(kg\)', 'sex'"
    ):
        read.from_file(path)
    path.write_text("1,2.5,red\n2,3.5,red\n3,4.5,blue\n")
    with pytest.raises(FileError, match=r"'pulse \[1/min\]', 'weight \(kg\)', 'sex, if known'"):
        read.from_file(path)
    with pytest.raises(ValueError, match=r"inputs\[0\]: .* received none for 'pulse \[1/min\]'"):
        tabular.parse([{"weight\n(kg)": 1, "sex, if known": None}], read.encoder)


def test_the_rows_numbers_of_pandas_are_ignored_in_a_request(plain):
    rows = [plain.case.as_request(i, 1) | {"": i, "Unnamed: 0": i, "__index_level_0__": i} for i in range(ROWS)]
    plain.check(rows)


REFUSED = [
    ("currency and percent", "way", "12 km", r"whose unit is 'km', while the numbers of this column are in 'mi\.'"),
    ("currency and percent", "price", "€12.00", r"whose unit is '€', while the numbers of this column are in '\$'"),
    ("currency and percent", "price", "1.234,50", r"the decimal sign '\.' and the thousands sign ','"),
    ("plain", "size", "12 km", "whose unit is 'km', while the numbers of this column have no unit"),
    ("plain", "size", "1,050", r"the decimal sign '\.' and no thousands sign"),
    ("times of the day", "opens", "9", "while this column holds times, written as h:mm"),
    ("decimal commas", "size", "1.250", "the decimal sign ',' and no thousands sign"),
    ("codes with zeros", "code", 7, "holds codes such as '007', which must be texts"),
    ("yes and no", "is new", 2, "needed true, false or null in 'is new', received int 2"),
    ("plain", "colour", 1.5, "needed a text"),
    ("plain", "colour", True, "needed a text"),
    (
        "day first",
        "day",
        1704067200,
        r"such as \d\d/\d\d/2024 or 2024-\d\d-\d\d, or null .* the dates of this column are texts",
    ),
    ("day first", "day", "01/31/2024", r"such as \d\d/\d\d/2024 or 2024"),
    ("quarters", "quarter", "2024Q5", r"such as 20\d\dQ\d or 20"),
    ("milliseconds since 1970", "time", "soon", r"such as 17\d{11} or 20"),
]


@pytest.mark.parametrize(("name", "column", "value", "reason"), REFUSED)
def test_a_value_that_may_mean_something_else_is_refused_with_the_reason(name, column, value, reason, tmp_path):
    read = Read(CASES[name], tmp_path)
    good = read.case.as_request(0, 1)
    with pytest.raises(ValueError, match=rf"^inputs\[1\]: needed .* in '{column}', received .*") as refused:
        tabular.parse([good, good | {column: value}], read.encoder)
    assert re.search(reason, str(refused.value)), refused.value


def test_a_percent_sign_or_currency_may_be_absent(tmp_path):
    read = Read(CASES["currency and percent"], tmp_path)
    rows = [read.case.as_request(0, 0) | row for row in ({}, {"share": "0.5", "price": "100.00", "way": "0"})]
    parsed = tabular.parse(rows, read.encoder)
    for name, values in parsed.items():
        assert values[0] == values[1], name


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_row_that_cannot_be_read_is_named_by_file_and_line(suffix, tmp_path):
    read = Read(replace(CASES["plain"], suffix=suffix), tmp_path)
    rows = read.from_file()
    rows[6]["size"] = "big"
    line = {".csv": 8, ".jsonl": 7, ".parquet": 6}[suffix]
    with pytest.raises(
        ValueError, match=rf"^rows\{suffix}:{line}: needed a finite number or null in 'size', received str 'big'"
    ):
        tabular.parse(rows, read.encoder)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_file_is_read_no_further_than_its_rows_are_taken(suffix, tmp_path):
    """So it may be larger than memory: what is wrong far below is met where it stands."""
    read = Read(replace(CASES["plain"], suffix=suffix), tmp_path)
    header, *lines = read.path.read_text().splitlines()
    lines = lines * 200 if suffix == ".csv" else [header, *lines] * 200
    path = tmp_path / f"long{suffix}"
    path.write_text("\n".join([*([header] if suffix == ".csv" else []), *lines, "{broken"]) + "\n")
    taken = []
    with pytest.raises(FileError, match=rf"long{suffix}:{len(lines) + 1 + (suffix == '.csv')}: "):
        taken.extend(tabular.from_file(path, read.options, read.encoder))
    assert len(taken) > 0.5 * len(lines)
    assert taken[-1].where == f"long{suffix}:{len(taken) + (suffix == '.csv')}"


def test_parquet_is_read_no_further_than_its_rows_are_taken(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    read = Read(replace(CASES["plain"], suffix=".parquet"), tmp_path)
    path = tmp_path / "long.parquet"
    _write_parquet(path, read.case.with_target(1) * 400)
    whole, taken = pq.ParquetFile.iter_batches, []

    def counted(*given, **named):
        for batch in whole(*given, **named):
            taken.append(len(batch))
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    rows = tabular.from_file(path, read.options, read.encoder)
    assert next(rows)["size"] == read.case.as_request(0, 1)["size"]
    assert sum(taken) < 0.5 * ROWS * 400


@pytest.mark.parametrize("value", [-999, -999.0, "-999", "-999.0", None, "NA"])
def test_a_number_that_stands_for_missing_values_does_so_in_requests(value, tmp_path):
    read = Read(replace(CASES["plain"], options={"missing": [-999]}), tmp_path)
    rows = [read.case.as_request(0, 1) | {"size": value}, read.case.as_request(0, 1)]
    size = tabular.parse(rows, read.encoder)["size"]
    assert np.isnan(size).tolist() == [True, False]
