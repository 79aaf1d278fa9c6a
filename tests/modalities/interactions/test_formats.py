"""Files of interactions as people have them: read alike in training and from a file of inputs, with every id as it is."""

import csv
import gzip
import io
import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

from minnow.modalities import interactions
from minnow.tables.errors import FileError

USERS = ["None", "NA", "007", "7", "-", "null", "Jean\u00a0D", "a;b,c"]
ROWS = [(USERS[i % 8], f"{i * 5 % 9:03d}", 1.5 + i % 4, 1_705_244_388 + 60 * i) for i in range(48)]
NAMES = ["who", "what", "stars", "when"]
ROLES = {"user": "who", "item": "what", "rating": "stars", "time": "when", "min_rows": 1}


@dataclass(frozen=True)
class Form:
    """How a file is written. header: whether it has one; comma: whether ratings have a decimal comma."""

    name: str = "rows.csv"
    separator: str = ","
    encoding: str = "utf-8"
    header: bool = True
    comma: bool = False

    def write(self, folder):
        path = folder / self.name
        rows = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
        if "json" in self.name:
            data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        elif self.name.endswith(".parquet"):
            return _parquet(path, rows)
        else:
            data = self._text(rows).encode(self.encoding)
        path.write_bytes(gzip.compress(data) if self.name.endswith(".gz") else data)
        return path

    def _text(self, rows):
        out = io.StringIO()
        if len(self.separator) > 1:
            return "".join(self.separator.join(map(str, row.values())) + "\n" for row in rows)
        writer = csv.writer(out, delimiter=self.separator, lineterminator="\n")
        writer.writerows([NAMES] if self.header else [])
        writer.writerows([self._decimal(value) for value in row.values()] for row in rows)
        return out.getvalue()

    def _decimal(self, value):
        return str(value).replace(".", ",") if self.comma and isinstance(value, float) else value


def _parquet(path, rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


FORMS = {
    "comma": (Form(), {}),
    "semicolon and decimal commas": (Form(separator=";", comma=True), {}),
    "decimal commas in quotes": (Form(comma=True), {}),
    "tab": (Form("rows.tsv", "\t"), {}),
    "a table in .txt": (Form("rows.txt", "\t"), {}),
    "Windows-1252": (Form(separator=";", encoding="cp1252"), {}),
    "gzip": (Form("rows.csv.gz"), {}),
    "JSON lines": (Form("rows.jsonl"), {}),
    "Parquet": (Form("rows.parquet"), {}),
    "no header": (Form("rows.dat", "\t", header=False), {"header": NAMES}),
    "no header, .txt": (Form("rows.txt", header=False), {"header": NAMES}),
    "a long separator": (Form("rows.dat", "::", header=False), {"header": NAMES, "separator": "::"}),
}


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def form(request):
    return request.param


def _options(more, **others):
    return interactions.Options.model_validate(ROLES | more | others)


def _learned(path, options, folder):
    table = interactions.read(path, options)
    examples = interactions.examples(table, options)
    labels = np.unique(table.columns["item"]) if options.target == "item" else np.empty(0, "<U1")
    interactions.fit_encoder(examples, labels, options).save(folder)
    return table, interactions.load_encoder(folder)


@pytest.mark.parametrize("target", ["item", "rating"])
def test_a_training_file_and_its_folder_are_answered_row_by_row(form, target, tmp_path):
    how, more = form
    options, path = _options(more, target=target), how.write(tmp_path)
    table, encoder = _learned(path, options, tmp_path / "encoder")
    kept = {(user, item): (rating, time) for user, item, rating, time in ROWS}
    columns = {name: values.tolist() for name, values in table.columns.items()}
    read = zip(columns["user"], columns["item"], columns["rating"], columns["time"], strict=True)
    assert {(user, item): (rating, time) for user, item, rating, time in read} == kept
    inputs = list(interactions.from_file(path, options, encoder))
    expected = [row[0] for row in ROWS] if target == "item" else [{"user": row[0], "item": row[1]} for row in ROWS]
    assert inputs == expected
    assert {one.where for one in inputs} >= set(table.row_id.tolist())
    answered = encoder.encode(interactions.parse(inputs, encoder))
    assert answered["user"].all()
    requested = encoder.encode(interactions.parse(json.loads(json.dumps(inputs)), encoder))
    for name, values in answered.items():
        np.testing.assert_array_equal(values, requested[name])
    assert list(interactions.from_file(tmp_path, options, encoder)) == inputs


def test_decimal_commas_are_said_with_the_option(tmp_path):
    how, more = FORMS["semicolon and decimal commas"]
    (notice,) = [n for n in interactions.read(how.write(tmp_path), _options(more)).notices if n.where == "stars"]
    assert notice.text == "'stars' holds numbers with decimal sign ',' (options.decimal)."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("7,001\n007,002\n", [("7", "001"), ("007", "002")]),
        ("7,001,9\n", [("7", "001")]),
        ("7,001,3,9\n", [("7", "001")]),
    ],
)
def test_a_file_without_a_header_may_lack_ratings_and_times(content, expected, tmp_path):
    how, more = FORMS["no header, .txt"]
    options = _options(more, target="rating")
    _, encoder = _learned(how.write(tmp_path), options, tmp_path / "encoder")
    (tmp_path / "new.csv").write_text(content)
    inputs = list(interactions.from_file(tmp_path / "new.csv", options, encoder))
    assert [(one["user"], one["item"]) for one in inputs] == expected
    (tmp_path / "new.csv").write_text("7\n")
    with pytest.raises(FileError, match=r"new.csv:1: a row needs 4 cells \(who, what, stars, when\)"):
        list(interactions.from_file(tmp_path / "new.csv", options, encoder))


def test_a_file_of_users_alone_is_answered(form, tmp_path):
    how, more = form
    _, encoder = _learned(how.write(tmp_path), _options(more), tmp_path / "encoder")
    for name, head in (("new.txt", ""), ("new.csv", "who\n")):
        if not (more and head):
            (tmp_path / name).write_text(head + "Jean\u00a0D\nwho is it\n007\n", encoding="utf-8")
            inputs = list(interactions.from_file(tmp_path / name, _options(more), encoder))
            assert inputs == ["Jean\u00a0D", "who is it", "007"], name


def test_ids_of_64_bits_stay_apart_in_parquet(tmp_path):
    ids = [1_234_567_890_123_456_789, 1_234_567_890_123_456_790, 3]
    _parquet(tmp_path / "rows.parquet", [{"who": i, "what": i, "stars": 1, "when": n} for n, i in enumerate(ids)])
    table = interactions.read(tmp_path, _options({}))
    assert table.columns["user"].tolist() == table.columns["item"].tolist() == list(map(str, ids))


def test_an_id_that_the_model_knows_is_answered_whatever_it_holds(tmp_path):
    odd = ["a\tb", "u" * 300, "line\nbreak"]
    rows = [
        {"who": user, "what": item, "stars": 1, "when": n}
        for n, (user, item) in enumerate(zip(odd, "xyz", strict=True))
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for target in ("item", "rating"):
        options = _options({}, target=target)
        _, encoder = _learned(tmp_path / "rows.jsonl", options, tmp_path / target)
        inputs = list(interactions.from_file(tmp_path / "rows.jsonl", options, encoder))
        assert interactions.parse(json.loads(json.dumps(inputs)), encoder)["user"].tolist() == odd
    for unknown in ("c\td", "v" * 300):
        with pytest.raises(ValueError, match=r"^inputs\[0\]: needed .* received 'user': "):
            interactions.parse([{"user": unknown, "item": "x"}], encoder)
    assert interactions.parse([{"user": "Zo\u00eb\u00a0\U0001f469\u200d\U0001f467", "item": "x"}], encoder)


def test_an_empty_id_is_named_by_its_line(tmp_path):
    how, more = FORMS["comma"]
    _, encoder = _learned(how.write(tmp_path), _options(more), tmp_path / "encoder")
    (tmp_path / "new.csv").write_text("who,what\na,b\n,c\n")
    inputs = list(interactions.from_file(tmp_path / "new.csv", _options(more), encoder))
    with pytest.raises(ValueError, match=r"^new.csv:3: needed the id of a user.*received an empty id"):
        interactions.parse(inputs, encoder)


def test_half_of_a_surrogate_pair_is_refused_by_its_row(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"user": "a", "item": "x"}\n{"user": "b\\ud800", "item": "x"}\n')
    with pytest.raises(FileError, match=r"rows.jsonl:2: 'user' holds half of a surrogate pair"):
        interactions.read(tmp_path, interactions.Options(rating=None, time=None, split="last"))


ITEMS = {"file": "items.csv", "numbers": ["price"], "categories": ["kind"], "min_items": 1}


def _with_items(folder, text, **more):
    (folder / "log.csv").write_text("user,item,rating,time\n" + "".join(f"u{i % 3},i{i},1,{i}\n" for i in range(8)))
    (folder / "items.csv").write_bytes(text.encode("cp1252"))
    options = interactions.Options.model_validate({"min_rows": 1, "items": ITEMS | more})
    return interactions.read(folder, options)


def test_the_file_of_items_is_read_by_evidence(tmp_path):
    plain = _with_items(
        tmp_path, "item,price,kind\n" + "".join(f"i{i},{1000 + i * 3.5},{'ab'[i % 2]}\n" for i in range(8))
    )
    prices = [f"{1000 + i * 3.5:,.2f}".translate(str.maketrans(",.", ".,")) for i in range(8)]
    written = "item;price;kind\n" + "".join(f"i{i};{prices[i]} \u20ac;{'ab'[i % 2]}\n" for i in range(8))
    other = _with_items(tmp_path, written)
    for name, values in plain.side_tables.items():
        np.testing.assert_array_equal(other.side_tables[name], values)
    said = " ".join(notice.text for notice in other.notices)
    assert (
        "'price' holds numbers with decimal sign ',' and thousands sign '.' and unit '\u20ac' (options.items.decimal)"
        in said
    )
    assert "items.csv is read as Windows-1252" in said


def test_numbers_of_items_that_may_be_read_in_two_ways_are_asked_for(tmp_path):
    text = "item;price;kind\ni0;1.500;a\ni1;2.250;b\n"
    with pytest.raises(FileError, match=re.escape("items.csv: 'price' holds numbers that may be")) as refused:
        _with_items(tmp_path, text)
    assert "options.items.decimal" in str(refused.value)
    assert len(_with_items(tmp_path, text, decimal=",").side_tables["items"]) == 2
    with pytest.raises(
        FileError, match=r"items.csv:3: 'price' needs a number. Received: 'n.b.'.*options.items.missing"
    ):
        _with_items(tmp_path, "item;price;kind\ni0;1,5;a\ni1;n.b.;b\n")
    assert _with_items(tmp_path, "item;price;kind\ni0;1,5;a\ni1;n.b.;b\n", missing=["n.b."])


def test_items_without_attributes_are_counted_and_a_file_of_others_is_refused(tmp_path):
    table = _with_items(tmp_path, "item,price,kind\ni0,1,a\ni1,2,b\nnew,3,a\n")
    assert "6 of 8 items are not in items.csv and have no attributes: i2, i3, i4, i5, i6, ..." in table.notices[-1].text
    with pytest.raises(
        FileError, match=r"items.csv must hold the items of the interactions, such as 'i0'. Received in 'item': '0'"
    ):
        _with_items(tmp_path, "item,price,kind\n0,1,a\n1,2,b\n")
    options = interactions.Options.model_validate({"file": "items.csv", "items": ITEMS})
    with pytest.raises(FileError, match=r"must hold a file of interactions besides items.csv"):
        interactions.read(tmp_path, options)
