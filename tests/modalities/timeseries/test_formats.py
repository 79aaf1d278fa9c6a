"""What training found of how cells are written is what files and requests are read by."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from minnow.modalities import timeseries
from minnow.tables.errors import FileError, ReadingError

START = datetime(2024, 1, 8)


def rows(count, step_s=21_600.0):
    """Time, a number, a switch and a label of each row."""
    rng = np.random.default_rng(0)
    moments = [START + timedelta(seconds=i * step_s) for i in range(count)]
    return [
        (one, round(float(rng.normal(20, 2)), 2), i % 3 == 0, "auf" if i % 2 else "zu") for i, one in enumerate(moments)
    ]


FILES = {
    "european": (
        "Zeit;Wert;y",
        lambda one, number, switch, label: f"{one:%d.%m.%Y %H:%M};{number:.2f};{label}".replace(
            f"{number:.2f}", f"{number:.2f}".replace(".", ",")
        ),
        {"time": "Zeit"},
        lambda one, number: {"Zeit": one.isoformat(), "Wert": number},
    ),
    "am and pm": (
        "time,load,y",
        lambda one, number, switch, label: f"{one:%m/%d/%Y %I:%M:%S %p},{number},{label}",
        {},
        lambda one, number: {"time": one.isoformat(" "), "load": number},
    ),
    "milliseconds": (
        "timestamp,noise,y",
        lambda one, number, switch, label: (
            f"{(one - datetime(1970, 1, 1)) // timedelta(milliseconds=1)},{number},{label}"
        ),
        {"time": "timestamp"},
        lambda one, number: {"timestamp": (one - datetime(1970, 1, 1)) // timedelta(milliseconds=1), "noise": number},
    ),
    "units": (
        "time,warmth,open,y",
        lambda one, number, switch, label: f"{one.isoformat()},{number} °C,{'yes' if switch else 'no'},{label}",
        {},
        lambda one, number: None,
    ),
}


def written(folder, kind, count=60, step_s=21_600.0):
    header, line, options, _ = FILES[kind]
    folder.mkdir(exist_ok=True)
    path = folder / "series.csv"
    path.write_text("\n".join([header, *(line(*row) for row in rows(count, step_s))]) + "\n", encoding="utf-8")
    return path, timeseries.Options(**{"target": "y", "min_rows": 5, "window": 3} | options)


def fitted(path, options):
    examples = timeseries.examples(timeseries.read(path, options), options)
    return timeseries.fit_encoder(examples, np.array(["auf", "zu"]), options), examples


def same(a, b):
    assert a.keys() == b.keys()
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name], err_msg=name)


@pytest.mark.parametrize("kind", FILES)
def test_a_model_answers_its_own_file_as_it_was_trained(kind, tmp_path):
    path, options = written(tmp_path, kind)
    encoder, examples = fitted(path, options)
    encoder.save(tmp_path)
    loaded = timeseries.load_encoder(tmp_path)
    inputs = list(timeseries.from_file(path, options, loaded))
    assert len(inputs) == 58
    expected = encoder.encode(examples.columns)
    same(loaded.encode(timeseries.parse(inputs, loaded)), expected)
    same(loaded.encode(timeseries.parse(json.loads(json.dumps(inputs)), loaded)), expected)


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "units"])
def test_a_request_may_hold_numbers_and_iso_times_too(kind, tmp_path):
    path, options = written(tmp_path, kind)
    encoder, examples = fitted(path, options)
    typed = [FILES[kind][3](one, number) for one, number, *_ in rows(60)]
    parsed = timeseries.parse([typed[end - 3 : end] for end in range(3, 61)], encoder)
    same(encoder.encode(parsed), encoder.encode(examples.columns))


def test_a_file_with_rows_out_of_order_is_put_in_order(tmp_path):
    path, options = written(tmp_path, "european")
    encoder, examples = fitted(path, options)
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(lines)]) + "\n")
    inputs = list(timeseries.from_file(path, options, encoder))
    same(encoder.encode(timeseries.parse(inputs, encoder)), encoder.encode(examples.columns))


def test_a_file_needs_no_target(tmp_path):
    path, options = written(tmp_path, "am and pm")
    encoder, _ = fitted(path, options)
    bare = [line.rsplit(",", 1)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(bare) + "\n")
    assert len(list(timeseries.from_file(path, options, encoder))) == 58
    path.write_text("\n".join(line.split(",")[0] for line in bare) + "\n")
    with pytest.raises(FileError, match=r"must have the columns that the model reads: time, load. It lacks load"):
        list(timeseries.from_file(path, options, encoder))


def test_inputs_of_a_file_are_made_one_by_one(tmp_path):
    path, options = written(tmp_path, "am and pm")
    encoder, _ = fitted(path, options)
    inputs = timeseries.from_file(path, options, encoder)
    assert len(next(inputs)) == 3
    assert next(inputs)[0] is not None


def test_a_cell_of_another_kind_is_named_by_file_and_line(tmp_path):
    path, options = written(tmp_path, "european")
    encoder, _ = fitted(path, options)
    lines = path.read_text().splitlines()
    lines[4] = "08.01.2024 18:00;warm;auf"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(FileError, match=r"^series.csv:5: 'Wert' must hold a finite number.*Received: 'warm'"):
        list(timeseries.from_file(path, options, encoder))
    lines[4] = "gestern;20,5;auf"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(
        FileError, match=r"^series.csv:5: 'Zeit' must hold a time stamp in each row. Received: 'gestern'"
    ):
        list(timeseries.from_file(path, options, encoder))


def test_days_and_months_that_cannot_be_told_apart_are_asked_for(tmp_path):
    lines = [f"0{i}/0{i + 1}/2024 00:00,{i},{'a' if i % 2 else 'b'}" for i in range(1, 5)]
    (tmp_path / "series.csv").write_text("\n".join(["time,a,y", *lines]) + "\n")
    with pytest.raises(ReadingError, match=r"column 'time': .* may be .* options.dates"):
        timeseries.read(tmp_path, timeseries.Options(target="y"))
    chosen = timeseries.Options(target="y", dates={"time": "%d/%m/%Y %H:%M"})
    table = timeseries.read(tmp_path, chosen)
    assert str(table.columns["row time"][0])[:10] == "2024-02-01"


def test_missing_values_are_spelled_as_in_the_training_files(tmp_path):
    lines = [
        f"{(START + timedelta(minutes=i)).isoformat()},{'kaputt' if i % 9 == 4 else i % 7},{'a' if i % 2 else 'b'}"
        for i in range(60)
    ]
    (tmp_path / "series.csv").write_text("\n".join(["time,a,y", *lines]) + "\n")
    chosen = timeseries.Options(target="y", missing=["kaputt"], min_rows=5)
    encoder, examples = fitted(tmp_path, chosen)
    encoder.save(tmp_path)
    loaded = timeseries.load_encoder(tmp_path)
    inputs = list(timeseries.from_file(tmp_path / "series.csv", chosen, loaded))
    parsed = timeseries.parse(json.loads(json.dumps(inputs)), loaded)
    np.testing.assert_array_equal(parsed["sensor a"], examples.columns["sensor a"])
    with pytest.raises(ValueError, match=r"^inputs\[0\]: needed a finite number.*received 'broken'"):
        timeseries.parse([[{"time": "2024-01-08", "a": "broken"}]], loaded)


def test_times_of_several_columns_are_read_from_a_file_too(tmp_path):
    lines = [f"2024,1,{1 + i // 24},{i % 24},{i % 5},{'a' if i % 2 else 'b'}" for i in range(60)]
    (tmp_path / "series.csv").write_text("\n".join(["year,month,day,hour,a,y", *lines]) + "\n")
    chosen = timeseries.Options(target="y", time=["year", "month", "day", "hour"], min_rows=5)
    encoder, examples = fitted(tmp_path, chosen)
    inputs = list(timeseries.from_file(tmp_path / "series.csv", chosen, encoder))
    parsed = timeseries.parse(json.loads(json.dumps(inputs)), encoder)
    np.testing.assert_array_equal(parsed["row stamp"], examples.columns["row stamp"])
    assert timeseries.CAPABILITIES.about(parsed, encoder)["time"][:2] == ["2024-01-01T00:00:00", "2024-01-01T01:00:00"]


def test_parquet_is_answered_as_the_text_that_it_holds(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path, options = written(tmp_path, "european")
    encoder, examples = fitted(path, options)
    columns = {"Zeit": [one for one, *_ in rows(60)], "Wert": [number for _, number, *_ in rows(60)]}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    inputs = list(timeseries.from_file(tmp_path / "rows.parquet", options, encoder))
    same(encoder.encode(timeseries.parse(inputs, encoder)), encoder.encode(examples.columns))
