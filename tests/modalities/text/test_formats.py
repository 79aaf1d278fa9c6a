"""Tables of texts as people have them: read alike in training, from a file of inputs and from a request."""

import csv
import gzip
import io
import json
from dataclasses import dataclass

import numpy as np
import pytest

from minnow.modalities import text
from minnow.modalities.text.encoder import TextEncoder, TextLayout
from minnow.tables.errors import FileError, HeaderError

TEXTS = [
    f"{'Gut, wirklich' if i % 2 else 'Schlecht; gar nicht'} \u201eschön\u201c, die Lampe {'NA' if i % 3 else 'none'} {i}"
    for i in range(24)
]
LABELS = [("none", "mild")[i % 2] for i in range(24)]
WORDS = TextEncoder(["a"], TextLayout(4, 6, 16))


@dataclass(frozen=True)
class Form:
    """How a file is written. header: whether it has one; options: of the use case."""

    name: str = "rows.csv"
    separator: str = ","
    encoding: str = "utf-8"
    header: bool = True
    options: tuple[tuple[str, object], ...] = ()

    def write(self, folder, texts=TEXTS, labels=LABELS):
        path = folder / self.name
        rows = [
            {"id": i, "body": body, "mood": label} for i, (body, label) in enumerate(zip(texts, labels, strict=True))
        ]
        if "json" in self.name:
            data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(self.encoding)
        elif self.name.endswith(".parquet"):
            return _parquet(path, rows)
        else:
            out = io.StringIO()
            writer = csv.DictWriter(out, list(rows[0]), delimiter=self.separator, lineterminator="\r\n")
            if self.header:
                writer.writeheader()
            writer.writerows(rows)
            data = out.getvalue().encode(self.encoding)
        path.write_bytes(gzip.compress(data) if self.name.endswith(".gz") else data)
        return path


def _parquet(path, rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


HEADER = (("header", ["id", "body", "mood"]),)
FORMS = {
    "comma": Form(),
    "semicolon": Form(separator=";"),
    "tab": Form("rows.tsv", "\t"),
    "pipe": Form("rows.psv", "|"),
    "a table in .txt": Form("rows.txt", "\t"),
    "Windows-1252": Form(separator=";", encoding="cp1252"),
    "UTF-16": Form(separator="\t", encoding="utf-16"),
    "a mark of UTF-8": Form(encoding="utf-8-sig"),
    "a named encoding": Form(encoding="cp1250", options=(("encoding", "cp1250"),)),
    "gzip": Form("rows.csv.gz"),
    "JSON lines": Form("rows.jsonl"),
    "JSON lines, gzip": Form("rows.ndjson.gz"),
    "Parquet": Form("rows.parquet"),
    "no header": Form(header=False, options=HEADER),
    "no header, tab": Form("rows.data", "\t", header=False, options=HEADER),
    "no header, .txt": Form("rows.txt", ";", header=False, options=HEADER),
}


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def form(request):
    return request.param


def _options(form):
    return text.Options.model_validate({"text": "body", "label": "mood", **dict(form.options)})


def _learned(path, options, folder):
    table = text.read(path, options)
    text.fit_encoder(table, np.unique(table.columns["label"]), options).save(folder)
    return table, text.load_encoder(folder)


def _encoded(inputs, encoder):
    return encoder.encode(text.parse(list(inputs), encoder))["tokens"].tolist()


def test_a_training_file_and_its_folder_are_answered_row_by_row(form, tmp_path):
    options, path = _options(form), form.write(tmp_path)
    table, encoder = _learned(path, options, tmp_path / "encoder")
    assert table.columns["text"].tolist() == TEXTS
    assert table.columns["label"].tolist() == LABELS
    expected = encoder.encode(table.columns)["tokens"].tolist()
    inputs = list(text.from_file(path, options, encoder))
    assert [one.where for one in inputs] == table.row_id.tolist()
    assert _encoded(inputs, encoder) == expected
    assert _encoded(text.from_file(tmp_path, options, encoder), encoder) == expected
    assert _encoded(json.loads(json.dumps(inputs)), encoder) == expected


def test_a_file_of_texts_alone_is_answered(form, tmp_path):
    options = _options(form)
    _, encoder = _learned(form.write(tmp_path), options, tmp_path / "encoder")
    texts = ["one, two; three\tfour | five", 'say "hello"', "last"]
    files = {"new.txt": ""} if form.options == HEADER else {"new.csv": "body\n", "new.txt": "", "body.txt": "body\n"}
    for name, head in files.items():
        (tmp_path / name).write_text(head + "\n".join(texts) + "\n")
        assert list(text.from_file(tmp_path / name, options, encoder)) == texts, name


def test_windows_1252_is_said_and_a_class_called_none_too(tmp_path):
    form = FORMS["Windows-1252"]
    table = text.read(form.write(tmp_path), _options(form))
    said = " ".join(notice.text for notice in table.notices)
    assert "rows.csv is read as Windows-1252" in said
    assert "'mood': 'none' in 12 rows is a class of the target" in said


def test_a_file_without_a_header_may_lack_the_label(tmp_path):
    options = text.Options(header=["label", "text"])
    (tmp_path / "rows.csv").write_text('yes,"good, really"\nno,"bad, really"\nyes,"fine, too"\n')
    _, encoder = _learned(tmp_path / "rows.csv", options, tmp_path / "encoder")
    (tmp_path / "new.csv").write_text('"good, really"\nplain\n')
    (tmp_path / "new.txt").write_text("good, really\nplain\n")
    for name in ("new.csv", "new.txt"):
        assert list(text.from_file(tmp_path / name, options, encoder)) == ["good, really", "plain"]


def test_the_separator_of_files_without_a_header_is_kept_by_the_encoder(tmp_path):
    options = text.Options(header=["label", "text"])
    (tmp_path / "rows.txt").write_text("".join(f"{'ab'[i % 2]}\tword {i}\n" for i in range(9)))
    _, encoder = _learned(tmp_path / "rows.txt", options, tmp_path / "encoder")
    assert encoder.separator == "\t"
    (tmp_path / "new.txt").write_text("a, b\nc, d\ne, f\n")
    assert list(text.from_file(tmp_path / "new.txt", options, encoder)) == ["a, b", "c, d", "e, f"]


def test_a_text_that_holds_the_name_of_its_column_is_no_header(tmp_path):
    for texts in (["this text is good", "that one, too"], ["this text is good", "that text is bad"]):
        (tmp_path / "new.txt").write_text("\n".join(texts) + "\n")
        assert list(text.from_file(tmp_path / "new.txt", text.Options(), WORDS)) == texts


def test_a_table_in_txt_may_have_cells_of_several_lines(tmp_path):
    lines = "".join(f'"first\nsecond\n\nthird {i}";{i}\n' for i in range(200))
    (tmp_path / "new.txt").write_text("text;id\n" + lines)
    assert len(list(text.from_file(tmp_path / "new.txt", text.Options(), WORDS))) == 200


def test_files_of_lines_are_answered_by_their_folder_and_one_by_one(tmp_path):
    options = text.Options(lines={"good.txt": "yes", "bad.txt": "no"})
    (tmp_path / "good.txt").write_text("text\nvery good\n")
    (tmp_path / "bad.txt").write_text("text, bad\n\n")
    table, encoder = _learned(tmp_path, options, tmp_path / "encoder")
    assert list(text.from_file(tmp_path, options, encoder)) == table.columns["text"].tolist()
    assert list(text.from_file(tmp_path / "good.txt", options, encoder)) == ["text", "very good"]
    with pytest.raises(FileError, match=r"options.lines must name other.txt"):
        text.read(_other(tmp_path), options)


def _other(folder):
    path = folder / "other.txt"
    path.write_text("x\n")
    return path


def test_a_row_that_cannot_be_answered_is_named_by_its_line(tmp_path):
    (tmp_path / "new.csv").write_text("id,text\n1,good\n2,\n")
    with pytest.raises(
        ValueError, match=r"^new.csv:3: needed a text of 1 to 100,000 characters, received an empty text"
    ):
        text.parse(list(text.from_file(tmp_path / "new.csv", text.Options(), WORDS)), WORDS)


def test_files_are_read_no_further_than_texts_are_taken(tmp_path):
    (tmp_path / "new.csv").write_text("id,text\n" + "1,good\n" * 9000 + "1,2,3\n")
    inputs, taken = text.from_file(tmp_path / "new.csv", text.Options(), WORDS), []
    with pytest.raises(FileError, match=r"new.csv:9002: a row needs 2 cells"):
        taken.extend(inputs)
    assert len(taken) > 4000


def test_labels_are_read_by_the_rules_of_tables(tmp_path):
    rows = ["a,Yes", "b,yes ", "c,YES", "d,no", "e,NA", "f,", "g,k.A."]
    (tmp_path / "rows.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    merged = {"label_as": {"Yes": "yes", "YES": "yes"}, "missing": ["k.A."]}
    table = text.read(tmp_path, text.Options.model_validate(merged))
    assert table.columns["label"].tolist() == ["yes", "yes", "yes", "no", "NA", "", ""]
    kept = text.read(tmp_path, text.Options.model_validate(merged | {"drop_unlabelled": True}))
    assert kept.columns["text"].tolist() == ["a", "b", "c", "d", "e"]
    assert kept.unlabelled is not None
    assert kept.unlabelled.columns["text"].tolist() == ["f", "g"]
    assert "2 texts have no label; they are kept for teaching" in kept.notices[-1].text
    said = " ".join(notice.text for notice in table.notices)
    assert "'NA' in 1 row is a class of the target" in said
    assert "'k.A.' in 1 row stands for a missing value" in said


def test_numbers_as_labels_may_be_missing_and_are_read_as_written(tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\na,1\nb,2\nc,NA\n")
    assert text.read(tmp_path, text.Options()).columns["label"].tolist() == ["1", "2", ""]
    values = text.read(tmp_path, text.Options(not_missing=["NA"])).columns["label"].tolist()
    assert values == ["1", "2", "NA"]
    path = _parquet(tmp_path / "rows.parquet", [{"text": name, "label": name} for name in ("1", "2", "NA")])
    assert text.read(path, text.Options()).columns["label"].tolist() == ["1", "2", ""]
    assert text.read(path, text.Options(not_missing=["NA"])).columns["label"].tolist() == ["1", "2", "NA"]


def test_a_text_that_swallowed_rows_is_refused_unless_quotes_are_named(tmp_path):
    (tmp_path / "sms.txt").write_text('ham\tok\nspam\t"Free entry, win\nham\tI said so..."\nham\tyes\n')
    header = {"header": ["label", "text"]}
    with pytest.raises(FileError, match=r"sms.txt:2: the text holds a line break and tabs after it.* options.quote"):
        text.read(tmp_path, text.Options.model_validate(header))
    assert len(text.read(tmp_path, text.Options.model_validate(header | {"quote": "\x01"}))) == 4
    assert len(text.read(tmp_path, text.Options.model_validate(header | {"quote": '"'}))) == 3


def test_half_of_a_surrogate_pair_is_refused_by_its_row(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "x"}\n{"text": "a\\ud800", "label": "x"}\n')
    with pytest.raises(FileError, match=r"rows.jsonl:2: half of a surrogate pair"):
        text.read(tmp_path, text.Options())


def test_a_file_without_a_header_is_answered_with_the_option(tmp_path):
    (tmp_path / "rows.csv").write_text("".join(f"{('yes', 'no')[i % 2]},word {i}\n" for i in range(9)))
    with pytest.raises(HeaderError, match=r"options.header"):
        text.read(tmp_path, text.Options())
    (tmp_path / "rows.csv").write_text('1,"good, really"\n2,"bad"\n3,"fine"\n')
    with pytest.raises(FileError, match=r"options.header"):
        text.read(tmp_path, text.Options())


def test_signs_that_python_takes_for_white_space_stay_words_of_their_own(tmp_path):
    """Their ids would be those of other words after a load."""
    (tmp_path / "rows.csv").write_text("text,label\n" + "a\x1cb lamp,x\na\x1cb lamp,y\n" * 3)
    table, again = _learned(tmp_path, text.Options(), tmp_path / "encoder")
    assert "\x1c" in again.words
    encoder = text.fit_encoder(table, np.array(["x", "y"]), text.Options())
    assert _encoded(["a\x1cb lamp"], again) == _encoded(["a\x1cb lamp"], encoder)
