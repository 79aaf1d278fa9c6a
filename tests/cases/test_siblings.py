"""Other inputs of the same kinds: proposed, read, and asked with their own rows from file and JSON, without a model."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import soundfile
from cases import writers
from cases.walk import Walk, check_reading
from cases.writers import MONDAY, Written
from PIL import Image

from minnow.modalities.timeseries.options import SENSOR, SERIES, TIME
from minnow.onboarding.proposal import Request
from minnow.stages.validate import DataError

COUNT = 120
RNG = np.random.default_rng
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _walk(written: Written, home: Path, more: dict[str, Any] | None = None, **request: Any) -> Walk:
    return Walk(written, home / "home", Request(**request), more or {})


def _checked(written: Written, home: Path, **request: Any) -> Walk:
    walk = _walk(written, home, **request)
    check_reading(walk)
    return walk


# ---------------------------------------------------------------------------------------------------------------- tables


def _signs(value: float, decimal: str, thousands: str, digits: int = 0) -> str:
    return f"{value:,.{digits}f}".replace(",", "T").replace(".", decimal).replace("T", thousands)


COUNTRIES = {
    "Germany": (",", ".", ";"),
    "Switzerland": (".", "'", ";"),
    "France": (",", "\u202f", ";"),
    "Sweden": (",", "\u00a0", "\t"),
    "Britain": (".", ",", ","),
}


@pytest.mark.parametrize("country", COUNTRIES)
def test_numbers_are_read_as_in_their_country_in_features_and_target(country, tmp_path):
    decimal, thousands, separator = COUNTRIES[country]
    rng = RNG(0)
    area, rooms = rng.integers(700, 9000, COUNT), rng.uniform(1, 7, COUNT).round(1)
    price = area * 190 + rng.integers(0, 60_000, COUNT)
    rows = [
        [_signs(a, decimal, thousands), _signs(r, decimal, thousands, 1), _signs(p, decimal, thousands)]
        for a, r, p in zip(area, rooms, price, strict=True)
    ]
    written = writers.table(tmp_path / "rows.csv", ["area", "rooms", "price"], rows, separator=separator)
    walk = _checked(written, tmp_path)
    assert walk.proposal.task == "regress"
    assert walk.table.columns["area"].tolist() == area.tolist()
    assert walk.table.columns["rooms"].tolist() == rooms.tolist()
    assert walk.table.columns["price"].astype(float).tolist() == price.tolist()


UNITS: dict[str, Callable[[int], str]] = {
    "euros behind": lambda v: f"{v} €",
    "dollars before": lambda v: f"${v:,}.00",
    "a code of a currency": lambda v: f"USD {v}",
    "a unit of several signs": lambda v: f"{v} m³/h",
    "brackets of accounts": lambda v: f"({-v})" if v < 0 else f"{v}",
    "a minus behind, as from SAP": lambda v: f"{-v}-" if v < 0 else f"{v}",
    "a minus of print": lambda v: f"\u2212{-v}" if v < 0 else f"{v}",
}


@pytest.mark.parametrize("unit", UNITS)
def test_a_column_of_amounts_with_their_unit_is_numeric(unit, tmp_path):
    rng = RNG(1)
    values = rng.integers(1000, 9000, COUNT) * np.where(
        np.arange(COUNT) % 4 == 0, -1 if "minus" in unit or "brackets" in unit else 1, 1
    )
    rows = [[UNITS[unit](int(v)), i % 7, "pq"[i % 2]] for i, v in enumerate(values)]
    walk = _checked(writers.table(tmp_path / "rows.csv", ["amount", "n", "kind"], rows), tmp_path)
    assert walk.table.columns["amount"].tolist() == values.tolist()


def test_a_number_that_may_be_two_is_asked_for_with_both_readings(tmp_path):
    values = [1061, *RNG(1).integers(1000, 9000, COUNT - 1)]
    rows = [[f"{value:,}", i % 7, "pq"[i % 2]] for i, value in enumerate(values)]
    written = writers.table(tmp_path / "rows.csv", ["amount", "n", "kind"], rows, separator=";")
    (question,) = _walk(written, tmp_path).proposal.questions
    assert "'1,061' may be 1.061 (options.decimal: ',') or 1061 (options.decimal: '.')" in question.text
    with pytest.raises(ValueError, match=r"options\.decimal"):
        _ = _walk(written, tmp_path).case
    for options, meaning in question.choices:
        walk = _checked(written, tmp_path / meaning, options=options)
        assert walk.table.columns["amount"][0] == float(meaning)


DATES = {
    "day, month in letters": "%d-%b-%Y",
    "American": "%m/%d/%Y",
    "with hours of the afternoon": "%m/%d/%Y %I:%M %p",
    "with points": "%d.%m.%Y",
    "Chinese": "%Y年%m月%d日",
    "in UTC": "%Y-%m-%dT%H:%M:%SZ",
}


@pytest.mark.parametrize("kind", DATES)
def test_dates_of_many_countries_are_days(kind, tmp_path):
    days = [MONDAY + int(d) * DAY for d in RNG(2).integers(0, 700, COUNT)]
    rows = [[f"{day:{DATES[kind]}}", f"{i % 9}.5", "pq"[i % 2]] for i, day in enumerate(days)]
    walk = _checked(writers.table(tmp_path / "rows.csv", ["ordered", "n", "kind"], rows), tmp_path, split="hash")
    assert walk.table.columns["ordered"].tolist() == days


def test_a_date_that_may_be_two_is_asked_for_with_both_readings(tmp_path):
    days = RNG(2).integers(1, 13, (COUNT, 2))
    rows = [[f"{a:02}/{b:02}/2024", f"{i % 9}.5", "pq"[i % 2]] for i, (a, b) in enumerate(days)]
    written = writers.table(tmp_path / "rows.csv", ["ordered", "n", "kind"], rows)
    (question,) = _walk(written, tmp_path).proposal.questions
    assert {options["dates"]["ordered"] for options, _ in question.choices} == {"%d/%m/%Y", "%m/%d/%Y"}
    for options, _ in question.choices:
        walk = _checked(
            written, tmp_path / options["dates"]["ordered"].replace("/", "-"), split="hash", options=options
        )
        expected = [datetime.strptime(row[0], options["dates"]["ordered"]) for row in rows]
        assert walk.table.columns["ordered"].tolist() == expected


def test_a_target_that_may_be_two_numbers_is_asked_for(tmp_path):
    rows = [[f"{i % 9}.5", i % 7, f"{value:,}"] for i, value in enumerate(RNG(2).integers(1000, 9000, COUNT))]
    written = writers.table(tmp_path / "rows.csv", ["a", "b", "price"], rows, separator="\t")
    assert _walk(written, tmp_path).proposal.questions == [], "a decimal point is in another column"
    written = writers.table(tmp_path / "whole.csv", ["a", "b", "price"], [[i, *row[1:]] for i, row in enumerate(rows)])
    (question,) = _walk(written, tmp_path).proposal.questions
    assert "column 'price'" in question.text


def test_a_column_of_dates_with_an_odd_cell_stops_with_its_row(tmp_path):
    rows = [[f"{MONDAY + i * DAY:%d/%m/%Y}", f"{i % 9}.5", "pq"[i % 2]] for i in RNG(3).permutation(COUNT)]
    rows[30][0] = "soon"
    walk = _walk(writers.table(tmp_path / "rows.csv", ["ordered", "n", "kind"], rows), tmp_path)
    assert any("'ordered'" in warning and "'soon' (rows.csv:32)" in warning for warning in walk.proposal.warnings)
    with pytest.raises(DataError, match=r"'soon' \(rows\.csv:32\)"):
        _ = walk.table


FILES: dict[str, dict[str, Any]] = {
    "tabs, and commas in cells": {"separator": "\t"},
    "bars after a line for Excel": {"separator": "|", "before": '"sep=|"\r\n', "line_end": "\r\n"},
    "UTF-16": {"separator": "\t", "encoding": "utf-16"},
    "line ends of old Macs": {"line_end": "\r"},
    "all cells in quotes": {"separator": ";", "quoting": csv.QUOTE_ALL},
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_many_programs_are_read(kind, tmp_path):
    rows = [[f"{v:.3f}", f"x, y; {i % 5}", "pq"[i % 2]] for i, v in enumerate(RNG(4).normal(size=COUNT))]
    walk = _checked(writers.table(tmp_path / "rows.csv", ["a", "note", "kind"], rows, **FILES[kind]), tmp_path)
    assert list(walk.table.columns) == ["a", "note", "kind"]
    assert walk.table.columns["note"].tolist() == [row[1] for row in rows]


HEADERS = {
    "years": ["2019", "2020", "2021", "2022"],
    "wavelengths": ["400.5", "401.5", "402.5", "kind"],
    "counted from one": ["1", "2", "3", "4"],
    "letters beyond ASCII": ["größe", "höhe", "é", "kind"],
    "none": [],
}


@pytest.mark.parametrize("kind", HEADERS)
def test_names_are_told_from_rows(kind, tmp_path):
    rows = [[*(f"{v:.3f}" for v in values), int(values[0] > 0)] for values in RNG(5).normal(size=(COUNT, 3))]
    walk = _checked(writers.table(tmp_path / "rows.csv", HEADERS[kind], rows), tmp_path)
    assert len(walk.table) == COUNT
    assert list(walk.table.columns) == (HEADERS[kind] or ["column 1", "column 2", "column 3", "column 4"])


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_the_index_that_pandas_writes_is_no_feature_though_its_rows_are_shuffled(name, tmp_path):
    values = RNG(6).normal(size=(COUNT, 2))
    rows = [[i, f"{values[i, 0]:.3f}", f"{values[i, 1]:.3f}", int(values[i, 0] > 0)] for i in RNG(7).permutation(COUNT)]
    walk = _checked(writers.table(tmp_path / "rows.csv", [name, "a", "b", "kind"], rows), tmp_path)
    assert list(walk.table.columns) == ["a", "b", "kind"]
    assert "not read" in walk.said


@pytest.mark.parametrize("name", ["NA", "unknown", "-", "?", "n/a", "null"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_what_may_stand_for_a_missing_value_is_a_class_beside_others(name, suffix, tmp_path):
    values = RNG(8).normal(size=COUNT)
    grades = np.array([name, "mild", "severe"])[np.digitize(values, [-0.5, 0.5])]
    path = tmp_path / f"rows{suffix}"
    rows = [
        {"a": round(v, 3), "b": i % 7, "grade": g} for i, (v, g) in enumerate(zip(values, grades.tolist(), strict=True))
    ]
    if suffix == ".parquet":
        import pandas as pd

        pd.DataFrame(rows).to_parquet(path, index=False)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        writers.table(path, ["a", "b", "grade"], [list(row.values()) for row in rows])
    walk = _checked(Written(path, path, rows), tmp_path)
    assert set(walk.prepared.labels.tolist()) == {name, "mild", "severe"}
    assert len(walk.table) == COUNT


VARIANTS = {
    "numbers": (["1", "1.0", "0", "0.0"], 2),
    "case": (["churn", "Churn", "CHURN", "stay"], 2),
    "blanks inside": (["New York", "New  York", "new york", "Boston"], 2),
}


@pytest.mark.parametrize("kind", VARIANTS)
def test_spellings_of_a_label_are_merged_by_an_option(kind, tmp_path):
    labels, classes = VARIANTS[kind]
    rows = [[f"{v:.3f}", f"{i % 9}.5", labels[i % 4]] for i, v in enumerate(RNG(9).normal(size=COUNT))]
    walk = _checked(writers.table(tmp_path / "rows.csv", ["a", "b", "renew"], rows), tmp_path)
    assert walk.prepared.labels.size == classes
    assert "one label in several spellings" in walk.proposal.reasons["options.label_as"]


# ----------------------------------------------------------------------------------------------------------------- texts


def _texts(words: tuple[str, str], count: int = COUNT) -> list[tuple[str, str]]:
    return [
        (f"it was a {words[i % 2]} day in the kitchen, with tea {i} and {i % 7} cups", ("low", "high")[i % 2])
        for i in range(count)
    ]


def _as_text(kind: str, folder: Path) -> Written:
    rows = _texts(("dull", "bright"))
    texts = [text for text, _ in rows]
    if kind == "documents in a zip":
        path = folder / "docs.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for i, (text, mood) in enumerate(rows):
                archive.writestr(f"docs/{mood}/{i:03}.txt", text)
                archive.writestr(f"__MACOSX/docs/{mood}/._{i:03}.txt", b"\0")
        return Written(path, path, texts[1::2] + texts[0::2])
    if kind == "documents in train and test":
        for i, (text, mood) in enumerate(rows):
            place = folder / ("test" if i >= 90 else "train") / mood / f"{i:03}.txt"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return Written(folder, folder, [t for part in (texts[90:], texts[:90]) for t in part[1::2] + part[0::2]])
    if kind == "JSON lines, packed":
        path = folder / "notes.jsonl.gz"
        path.write_bytes(gzip.compress("".join(json.dumps({"review": t, "stars": m}) + "\n" for t, m in rows).encode()))
        return Written(path, path, texts)
    if kind == "without a header, label first":
        written = writers.table(folder / "sms.txt", [], [row[::-1] for row in rows], separator="\t")
    else:
        written = writers.table(folder / "notes.tsv", ["body", "mood"], rows, separator="\t")
    return Written(written.place, written.asked, texts)


@pytest.mark.parametrize(
    "kind",
    [
        "tabs",
        "without a header, label first",
        "JSON lines, packed",
        "documents in a zip",
        "documents in train and test",
    ],
)
def test_texts_as_they_come(kind, tmp_path):
    (tmp_path / "data").mkdir()
    walk = _checked(_as_text(kind, tmp_path / "data"), tmp_path)
    assert walk.proposal.entry["modality"] == "text"
    assert sorted(walk.table.columns["text"]) == sorted(walk.written.inputs)
    assert walk.prepared.labels.tolist() == ["high", "low"]


@pytest.mark.parametrize(
    "words", [("今日はとても良かったです", "昨日はとても悪かったです"), ("วันนี้อากาศดีมากเลย", "เมื่อวานอากาศแย่มาก")]
)
def test_japanese_and_thai_are_split_by_characters(words, tmp_path):
    rows = [(f"{words[i % 2]}{words[i % 2][: 1 + i % 9]}{i}", "ab"[i % 2]) for i in range(COUNT)]
    written = writers.table(tmp_path / "texts.csv", ["text", "label"], rows)
    walk = _checked(Written(written.place, written.asked, [text for text, _ in rows]), tmp_path)
    assert walk.proposal.entry["modality"] == "text"
    assert [hint for hint in walk.hints if hint.kind == "unknown"] == []


# ---------------------------------------------------------------------------------------------------------------- series


def _swing(count: int, seed: int = 10) -> np.ndarray:
    return (20 + 3 * np.sin(np.arange(count) / 4) + RNG(seed).normal(0, 0.2, count)).round(1)


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


BERLIN = ZoneInfo("Europe/Berlin")
CLOCKS: dict[str, Callable[[int], Any]] = {
    "microseconds": lambda i: _seconds(MONDAY + i * HOUR) * 10**6,
    "nanoseconds": lambda i: _seconds(MONDAY + i * HOUR) * 10**9,
    "months": lambda i: f"{1990 + i // 12}-{1 + i % 12:02}",
    "quarters": lambda i: f"{1950 + i // 4}Q{1 + i % 4}",
    "the double hour of autumn, with its offsets": lambda i: (
        (datetime(2024, 10, 25, tzinfo=UTC) + i * HOUR).astimezone(BERLIN).isoformat()
    ),
    "the newest first": lambda i: (MONDAY - i * HOUR).isoformat(),
}


@pytest.mark.parametrize("kind", CLOCKS)
def test_times_of_many_recorders_are_series(kind, tmp_path):
    rows = [[CLOCKS[kind](i), value] for i, value in enumerate(_swing(COUNT))]
    written = writers.table(tmp_path / "log.csv", ["time", "warm"], rows)
    in_order = written.inputs[::-1] if kind == "the newest first" else written.inputs
    walk = _checked(Written(written.place, written.asked, series=[in_order]), tmp_path)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("timeseries", "forecast")
    steps = np.diff(walk.table.columns[TIME]).astype("timedelta64[h]").astype(int)
    assert set(steps.tolist()) <= (set(range(28 * 24, 93 * 24)) if kind in ("months", "quarters") else {1})


def test_series_that_take_turns_in_one_file_are_kept_apart(tmp_path):
    rows = [
        [shop, f"{MONDAY + i * DAY:%d/%m/%Y}", 100 * shop + value]
        for i, value in enumerate(_swing(COUNT))
        for shop in (1, 2, 3)
    ]
    written = writers.table(tmp_path / "shops.csv", ["shop", "date", "sold"], rows)
    apart = [written.inputs[shop::3] for shop in range(3)]
    walk = _checked(Written(written.place, written.asked, series=apart), tmp_path)
    assert (walk.proposal.options["series"], walk.proposal.options["time"]) == ("shop", "date")
    past = walk.prepared.tables["train"].columns
    for shop in (1, 2, 3):
        assert np.abs(past[SENSOR + "sold"][past[SERIES] == str(shop)] - 100 * shop - 20).max() < 10


def test_of_two_columns_of_times_one_is_the_time_and_the_other_no_sensor(tmp_path):
    moments = [MONDAY + i * HOUR for i in range(COUNT)]
    rows = [
        [moment.isoformat(), (moment + timedelta(seconds=40 + i % 9)).isoformat(), value]
        for i, (moment, value) in enumerate(zip(moments, _swing(COUNT), strict=True))
    ]
    written = writers.table(tmp_path / "log.csv", ["measured", "received", "warm"], rows)
    walk = _checked(Written(written.place, written.asked, series=[written.inputs]), tmp_path)
    assert walk.proposal.options["time"] == "measured"
    assert walk.table.columns[TIME].tolist() == moments
    assert "received" in walk.proposal.options["drop"]


def test_a_day_and_an_hour_in_two_columns_are_one_time(tmp_path):
    moments = [MONDAY + i * HOUR for i in range(COUNT)]
    rows = [
        [f"{moment:%d.%m.%Y}", f"{moment:%H:%M}", f"{value}".replace(".", ",")]
        for moment, value in zip(moments, _swing(COUNT), strict=True)
    ]
    written = writers.table(tmp_path / "log.csv", ["Datum", "Uhrzeit", "warm"], rows, separator=";")
    walk = _checked(Written(written.place, written.asked, series=[written.inputs]), tmp_path)
    assert walk.proposal.options["time"] == ["Datum", "Uhrzeit"]
    assert walk.table.columns[TIME].tolist() == moments


def test_the_double_hour_of_autumn_is_told_apart_where_the_zone_is_named(tmp_path):
    instants = [datetime(2024, 10, 25, tzinfo=UTC) + i * HOUR for i in range(2 * COUNT)]
    rows = [
        [f"{instant.astimezone(BERLIN):%Y-%m-%d %H:%M}", value]
        for instant, value in zip(instants, _swing(2 * COUNT), strict=True)
    ]
    written = writers.table(tmp_path / "log.csv", ["time", "warm"], rows)
    with pytest.raises(ValueError, match=r"options\.time_zone, such as Europe/Berlin"):
        _ = _walk(written, tmp_path).proposal
    walk = _walk(written, tmp_path / "zone", options={"time_zone": "Europe/Berlin"})
    assert walk.table.columns[TIME].tolist() == [instant.replace(tzinfo=None) for instant in instants]


# ---------------------------------------------------------------------------------------------------------- interactions

TIMES: dict[str, Callable[[datetime], Any]] = {
    "milliseconds": lambda moment: _seconds(moment) * 1000,
    "days first": lambda moment: f"{moment:%d/%m/%Y %H:%M:%S}",
    "in UTC": lambda moment: moment.isoformat() + "Z",
}


@pytest.mark.parametrize("kind", TIMES)
def test_logs_of_many_shops_are_in_order_of_time(kind, tmp_path):
    rng = RNG(11)
    rows = []
    for user in range(30):
        for item in rng.choice(12, size=6, replace=False):
            moment = MONDAY + timedelta(seconds=int(rng.integers(0, 60 * 86_400)))
            rows.append([f"u{user}", f"i{item}", 4, TIMES[kind](moment), moment])
    written = writers.table(
        tmp_path / "log.csv", ["customer_id", "sku", "rating", "timestamp"], [row[:4] for row in rows]
    )
    walk = _checked(Written(written.place, written.asked, [row[0] for row in rows]), tmp_path)
    assert (walk.proposal.entry["modality"], walk.proposal.options["item"]) == ("interactions", "sku")
    assert walk.table.columns["time"].tolist() == sorted(_seconds(row[4]) for row in rows)


# --------------------------------------------------------------------------------------------------- pictures and sounds

PICTURES = {"GIF": ".gif", "TIFF": ".tif", "LA": ".png", "I;16": ".PNG", "RGBA": ".webp", "L": ".bmp"}


@pytest.mark.parametrize("kind", PICTURES)
def test_pictures_of_many_kinds_are_read(kind, tmp_path):
    rng = RNG(12)
    for label in ("box", "ring"):
        (tmp_path / "data" / "pictures" / label).mkdir(parents=True)
        for i in range(26):
            grey = writers.shape(label, rng)
            picture = Image.fromarray(grey.astype(np.uint16) * 257) if kind == "I;16" else Image.fromarray(grey)
            picture = picture.convert(kind) if kind in ("LA", "RGBA") else picture
            picture.save(tmp_path / "data" / "pictures" / label / f"{i:03}{PICTURES[kind]}", lossless=True)
    walk = _checked(Written(tmp_path / "data", tmp_path / "data"), tmp_path)
    assert walk.prepared.labels.tolist() == ["box", "ring"]
    assert len(walk.table) == 52
    boxes = walk.table.columns["image"][walk.table.columns["label"] == "box"]
    assert boxes[:, :4].min() > 190
    assert boxes[:, 4:].max() < 60


SOUNDS = {
    "FLAC": ("FLAC", None),
    "Ogg": ("OGG", None),
    "eight bits": ("WAV", "PCM_U8"),
    "mu-law": ("WAV", "ULAW"),
    "stereo": ("WAV", None),
}


@pytest.mark.parametrize("kind", SOUNDS)
def test_sounds_of_many_recorders_are_read(kind, tmp_path):
    rng = RNG(13)
    form, subtype = SOUNDS[kind]
    suffix = {"FLAC": ".flac", "OGG": ".ogg", "WAV": ".WAV"}[form]
    for label in ("high", "low"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(26):
            sound = writers.tone(label, rng)
            sound = np.stack([sound, sound], axis=1) if kind == "stereo" else sound
            path = tmp_path / "data" / label / f"{i:03}{suffix}"
            soundfile.write(path, sound, writers.RATE, format=form, subtype=subtype)
    walk = _checked(Written(tmp_path / "data", tmp_path / "data"), tmp_path)
    assert (walk.proposal.entry["modality"], walk.prepared.labels.tolist()) == ("audio", ["high", "low"])
    assert len(walk.table) == 52
