"""Series are recognised by the pace of their rows, however their times are written, and counters of rows are no sensors."""

import itertools

import numpy as np
import pytest

from minnow.modalities.timeseries.moments import composed
from minnow.onboarding.columns import read_columns
from minnow.onboarding.pace import any_pace
from minnow.onboarding.proposal import Proposal, Request
from minnow.onboarding.propose import propose
from minnow.onboarding.table_entries import propose_columns

RNG = np.random.default_rng(0)
N = 480
HOURS = np.datetime64("2023-11-20T00") + np.arange(N)
LEVEL = 20 + 5 * np.sin(np.arange(N) / 4) + RNG.normal(size=N) / 9


def _csv(folder, header, lines):
    path = folder / "rows.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def _proposal(folder, header, lines, **request):
    """A proposal by the columns alone: rows are not read again for the limits of a run."""
    proposal = Proposal({"modality": "", "task": ""})
    propose_columns(proposal, _csv(folder, header, lines), Request(**request))
    return proposal


def _parts(moment):
    text = str(moment)
    return [str(int(part)) for part in (text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19]) if part]


@pytest.mark.parametrize(
    ("names", "step", "words"),
    [
        ("year,month,day,hour", np.timedelta64(1, "h"), "hour"),
        ("Year,Month,Day", np.timedelta64(1, "D"), "day"),
        ("yr,mnth", np.timedelta64(1, "M"), "month"),
        ("YEAR", np.timedelta64(1, "Y"), "year"),
        ("#YY,MM,DD,hh,mm", np.timedelta64(10, "m"), "10 minutes"),
        ("Jahr,Monat,Tag,Stunde,Minute,Sekunde", np.timedelta64(5, "s"), "5 s"),
    ],
)
def test_the_parts_of_a_moment_in_columns_are_its_time(names, step, words, tmp_path):
    rows = 200 if words == "year" else N
    count = names.count(",") + 1
    moments = (
        np.datetime64("1980-01-01T00:00:00").astype(f"datetime64[{np.datetime_data(step)[0]}]") + np.arange(rows) * step
    )
    lines = [",".join([*_parts(moment)[:count], f"{LEVEL[i]:.2f}"]) for i, moment in enumerate(moments)]
    proposal = _proposal(tmp_path, f"{names},load", lines)
    assert (proposal.entry["modality"], proposal.task) == ("timeseries", "forecast")
    assert proposal.options["time"] == (names.split(",") if count > 1 else names)
    assert proposal.reasons["modality"].endswith(f"every {words}")
    assert "drop" not in proposal.options


def test_a_run_reads_the_parts_of_a_moment_as_they_are_proposed(tmp_path):
    lines = [f"{i},{','.join(_parts(moment))},{LEVEL[i]:.2f}" for i, moment in enumerate(HOURS)]
    proposal = propose(_csv(tmp_path, "No,year,month,day,hour,load", lines), Request())
    assert (proposal.options["time"], proposal.options["drop"]) == (["year", "month", "day", "hour"], ["No"])
    assert not proposal.warnings
    assert proposal.train_rows == 0.6 * N - proposal.options["window"]


def test_parts_are_the_moment_that_a_run_reads(tmp_path):
    rows = [(2024, 2, 29, 23, 59, 59.25), (1999, 12, 31, 0, 0, 0), (1680, 1, 1, 1, 2, 3.5)] * 7
    path = _csv(tmp_path, "year,month,day,hour,minute,second,load", [",".join(map(str, (*row, 1))) for row in rows])
    columns = read_columns(Proposal({}), path, Request())
    assert any_pace(columns).stamps.tolist() == [composed(row) for row in rows]


def test_shops_whose_days_have_their_parts_in_columns_are_series(tmp_path):
    days = np.datetime64("2024-01-01") + np.arange(120)
    lines = [
        f"{shop},{','.join(_parts(day))},{100 * (shop == 'b') + LEVEL[i]:.2f}"
        for i, day in enumerate(days)
        for shop in "abc"
    ]
    options = _proposal(tmp_path, "shop,year,month,day,sold", lines).options
    assert (options["series"], options["time"]) == ("shop", ["year", "month", "day"])


@pytest.mark.parametrize(
    "hour",
    [lambda hour: hour + 1, lambda hour: hour + 0.5, lambda hour: "" if hour == 5 else hour],
    ids=["24", "half", "none"],
)
def test_parts_that_are_no_moment_are_not_proposed(hour, tmp_path):
    """A run would refuse an hour of 24, half an hour, and a missing one."""
    lines = [
        f"{','.join(_parts(moment)[:3])},{hour(i % 24)},{RNG.normal():.3f},{LEVEL[i]:.2f}"
        for i, moment in enumerate(HOURS)
    ]
    assert "hour" not in _proposal(tmp_path, "year,month,day,hour,warm,load", lines).options.get("time", [])


def test_a_day_that_the_calendar_lacks_is_not_proposed(tmp_path):
    lines = [f"2023,{1 + i // 31 % 12},{1 + i % 31},{LEVEL[i]:.2f}" for i in range(N)]
    assert _proposal(tmp_path, "year,month,day,load", lines).entry["modality"] == "tabular"


def test_a_column_that_is_named_like_a_part_but_is_none_is_a_sensor(tmp_path):
    """`min` may be the least value of an hour."""
    lines = [f"{','.join(_parts(moment))},{LEVEL[i] - 5:.0f},{LEVEL[i]:.2f}" for i, moment in enumerate(HOURS)]
    options = _proposal(tmp_path, "year,month,day,hour,min,load", lines).options
    assert options["time"] == ["year", "month", "day", "hour"]
    assert "drop" not in options


def test_parts_of_rows_that_do_not_depend_on_each_other_are_a_table(tmp_path):
    lines = [f"{i},{','.join(_parts(moment))},{RNG.normal():.3f},{RNG.normal():.3f}" for i, moment in enumerate(HOURS)]
    assert _proposal(tmp_path, "case,year,month,day,hour,size,price", lines).entry["modality"] == "tabular"


def _counted(folder, name, values, rows=None):
    lines = [f"{HOURS[i]}:00,{values[i]},{LEVEL[i]:.2f}" for i in (range(N) if rows is None else rows)]
    return _proposal(folder, f"when,{name},load", lines)


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (np.arange(N) + 1, None),
        (N - np.arange(N), None),
        ([f"{one:.1f}" for one in np.arange(N) / 10], None),
        (np.arange(N), [i for i in range(N) if i % 7]),
        (np.arange(N), range(N - 1, -1, -1)),
    ],
    ids=["rows", "downwards", "tenths", "rows that are missing", "latest first"],
)
def test_a_count_of_the_rows_is_no_sensor(values, rows, tmp_path):
    proposal = _counted(tmp_path, "No", values, rows)
    assert proposal.options["drop"] == ["No"]
    assert "No: a count of the rows" in proposal.reasons["options.drop"]


def test_a_meter_is_a_sensor(tmp_path):
    """Its numbers rise too, but by unequal steps."""
    for values in (np.cumsum(RNG.integers(0, 4, N)), np.cumsum(RNG.random(N)), np.arange(N) // 2 * 2):
        assert "drop" not in _counted(tmp_path, "kwh", values).options


def test_a_count_that_begins_anew_in_each_series_is_no_sensor_and_text_is_none_either(tmp_path):
    lines = [f"{shop},{i + 1},{HOURS[i]}:00,hall,{LEVEL[i]:.2f}" for shop, i in itertools.product("ab", range(N))]
    proposal = _proposal(tmp_path, "shop,row,when,place,load", lines)
    assert proposal.options["series"] == "shop"
    assert proposal.options["drop"] == ["place", "row"]
    assert proposal.reasons["options.drop"].startswith("place: not numbers, and so no sensor; row: a count of the rows")


def test_a_count_that_is_asked_for_as_the_target_stays(tmp_path):
    lines = [f"{HOURS[i]}:00,{LEVEL[i]:.2f},{i}" for i in range(N)]
    assert _proposal(tmp_path, "when,load,total", lines).options["target"] == "load"
    options = _proposal(tmp_path, "when,load,total", lines, target="total").options
    assert options["target"] == "total"
    assert "drop" not in options


def test_a_count_is_no_sign_that_rows_depend_on_each_other(tmp_path):
    lines = [f"{HOURS[i]}:00,{i},{RNG.normal():.3f},{'ab'[int(RNG.integers(2))]}" for i in range(N)]
    assert _proposal(tmp_path, "opened,number,size,answer", lines).entry["modality"] == "tabular"


def test_a_series_that_is_asked_for_needs_times(tmp_path):
    lines = [f"{one:.2f},{i % 3}" for i, one in enumerate(LEVEL)]
    with pytest.raises(ValueError, match="A series needs a time in each row"):
        _proposal(tmp_path, "load,kind", lines, modality="timeseries")
    options = _proposal(
        tmp_path,
        "year,month,load",
        [f"{2000 + i * i},{1 + i % 12},{LEVEL[i]:.2f}" for i in range(14)],
        modality="timeseries",
    ).options
    assert options["time"] == ["year", "month"]


@pytest.mark.parametrize(
    ("name", "first", "step", "words", "clock"),
    [
        ("time", 1821, 1, "year", True),  # years
        ("time", 1_700_000_000, 600, "10 minutes", True),  # since 1970
        ("t", 1, 1, "1 (of an unknown unit)", False),  # a count
        ("time", 1949, 1 / 12, "0.083", False),  # years with a fraction, whose order is read
        ("decimal_date", 0.0, 0.25, "0.25 (of an unknown unit)", False),
    ],
)
def test_numbers_that_are_named_after_a_time_are_one(name, first, step, words, clock, tmp_path):
    lines = [f"{first + i * step:.8g},{LEVEL[i]:.2f}" for i in range(120)]
    if first > 1e6:
        lines = [f"{first + i * step},{LEVEL[i]:.2f}" for i in range(120)]
    proposal = propose(_csv(tmp_path, f"{name},load", lines), Request())
    assert (proposal.entry["modality"], proposal.task) == ("timeseries", "forecast")
    assert proposal.options["target"] == "load"
    assert proposal.options.get("time", "time") == name
    assert f"every {words}" in proposal.reasons["modality"]
    assert proposal.options.get("clock", True) is clock
    assert not proposal.warnings


def test_numbers_that_are_named_after_a_time_but_are_measured_are_a_column(tmp_path):
    times = RNG.exponential(100, 120)
    lines = [f"{times[i]:.1f},{RNG.normal():.2f},{times[i] + RNG.normal():.2f}" for i in range(120)]
    proposal = propose(_csv(tmp_path, "time,age,cost", lines), Request())
    assert (proposal.entry["modality"], proposal.options) == ("tabular", {"target": "cost"})


@pytest.mark.parametrize("part", ["quarter", "hr"])
def test_a_part_of_the_calendar_names_no_series(part, tmp_path):
    period = 4 if part == "quarter" else 12
    lines = [f"{1950 + i // period},{1 + i % period},{LEVEL[i]:.2f},{LEVEL[-i]:.2f}" for i in range(N)]
    proposal = _proposal(tmp_path, f"year,{part},warm,load", lines)
    assert "series" not in proposal.options
    assert proposal.entry["modality"] == "tabular"


def test_gaps_of_a_target_are_allowed_with_the_reason(tmp_path):
    lines = [f"{moment}:00,{'' if 100 <= i < 160 else f'{LEVEL[i]:.2f}'}" for i, moment in enumerate(HOURS)]
    proposal = propose(_csv(tmp_path, "when,load", lines), Request())
    assert proposal.options["max_missing_run"] == 0.14
    assert proposal.reasons["options.max_missing_run"] == "the target is missing in a row: 12.5 % of the rows"
    assert not proposal.warnings
