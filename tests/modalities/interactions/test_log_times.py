"""Times of interactions: whatever they are written in, they are the same seconds, or the file is refused with the reason."""

from datetime import UTC, datetime

import numpy as np
import pytest

from minnow.modalities import interactions
from minnow.tables.errors import FileError, ReadingError

START, STEP, ROWS = 1_705_244_388, 86_417, 40
SECONDS = [START + STEP * i for i in range(ROWS)]


def _formatted(form):
    return lambda s: datetime.fromtimestamp(s, UTC).strftime(form)


WRITTEN = {
    "seconds": (str, 1, "seconds since 1970: from 2024-01-14 14:59:48 to 2024-02-22"),
    "fractions of a second": (lambda s: f"{s}.0", 1, "seconds since 1970"),
    "milliseconds": (lambda s: str(s * 1000), 1, "milliseconds since 1970: from 2024-01-14 14:59:48"),
    "microseconds": (lambda s: str(s * 1_000_000), 1, "microseconds since 1970"),
    "nanoseconds": (lambda s: str(s * 1_000_000_000), 1, "nanoseconds since 1970"),
    "ISO": (_formatted("%Y-%m-%d %H:%M:%S"), 1, ""),
    "ISO in UTC": (_formatted("%Y-%m-%dT%H:%M:%SZ"), 1, ""),
    "ISO in another zone": (lambda s: _formatted("%Y-%m-%dT%H:%M:%S+01:00")(s + 3600), 1, ""),
    "AM and PM": (_formatted("%m/%d/%Y %I:%M:%S %p"), 1, "dates as %m/%d/%Y %I:%M:%S %p"),
    "day first": (_formatted("%d.%m.%Y %H:%M"), 60, "dates as %d.%m.%Y %H:%M"),
    "days": (_formatted("%d/%m/%Y"), 86_400, "dates as %d/%m/%Y: '22/02/2024' is 2024-02-22 (options.dates)"),
    "digits of a day": (_formatted("%Y%m%d"), 86_400, "dates as %Y%m%d: '20240222' is 2024-02-22"),
    "digits of a moment": (_formatted("%Y%m%d%H%M%S"), 1, "dates as %Y%m%d%H%M%S"),
}


def _lines(write, seconds=SECONDS):
    return [f"u{i % 5},i{i * 7 % 11},{1 + i % 5},{write(s)}" for i, s in enumerate(seconds)]


def _said(table):
    return " ".join(notice.text for notice in table.notices)


@pytest.mark.parametrize(("write", "precision", "said"), WRITTEN.values(), ids=WRITTEN)
def test_times_are_seconds_however_they_are_written(write, precision, said, read_rows):
    table = read_rows(_lines(write)[::-1])
    assert table.columns["time"].tolist() == [s // precision * precision for s in SECONDS]
    assert table.row_id[0] == f"rows.csv:{ROWS + 1}"
    assert said in _said(table)


def test_numbers_that_count_stay_as_they_are_and_that_is_said(read_rows):
    table = read_rows(_lines(str, range(ROWS)))
    assert table.columns["time"].tolist() == list(range(ROWS))
    assert "'time' holds numbers that are no times since 1970; larger ones are later" in _said(table)


def test_a_few_zeros_do_not_change_the_unit(read_rows):
    table = read_rows(_lines(lambda s: "0" if s == START else str(s * 1000)))
    assert table.columns["time"][:2].tolist() == [0, SECONDS[1]]
    assert "milliseconds since 1970: from 2024-01-15" in _said(table)


def test_times_in_two_units_are_refused_with_their_rows(read_rows):
    lines = _lines(lambda s: str(s * 1000) if s > SECONDS[2] else str(s))
    with pytest.raises(
        FileError, match=r"3 rows in seconds, such as rows.csv:2, .* 37 rows in milliseconds, .*options.dates"
    ):
        read_rows(lines)
    table = read_rows(lines, interactions.Options(min_rows=1, dates={"time": "ms"}))
    assert table.columns["time"][0] == SECONDS[0] / 1000


def test_dates_that_may_be_read_in_two_ways_are_asked_for(read_rows):
    lines = ["a,x,1,05/07/2024", "a,y,1,06/08/2024", "b,x,1,03/04/2024"]
    with pytest.raises(
        ReadingError, match=r"2024-07-05 \(%d/%m/%Y\) or 2024-05-07 \(%m/%d/%Y\).*options.dates"
    ) as refused:
        read_rows(lines)
    assert refused.value.option == "dates"
    options = interactions.Options(min_rows=1, dates={"time": refused.value.readings[0][0]})
    last = read_rows(lines, options).columns["time"][-1]
    assert datetime.fromtimestamp(last, UTC).date().isoformat() == "2024-08-06"


def test_the_named_one_of_two_columns_of_times_is_read(read_rows):
    lines = ["a,x,2024-01-01,2024-03-01", "b,y,2024-01-02,2024-02-01"]
    header = "user,item,created_at,updated_at\n"
    for name, order in (("created_at", ["x", "y"]), ("updated_at", ["y", "x"])):
        options = interactions.Options(min_rows=1, rating=None, time=name)
        assert read_rows(lines, options, header).columns["item"].tolist() == order
    with pytest.raises(FileError, match=r"options.time: No column 'time'.* Set it to null where the rows are in order"):
        read_rows(lines, interactions.Options(rating=None), header)
    with pytest.raises(
        FileError, match=r"options.rating: No column 'rating'.* Set it to null where there are no ratings"
    ):
        read_rows(lines, interactions.Options(time="updated_at"), header)


def test_formats_of_other_columns_are_refused(read_rows):
    options = interactions.Options(min_rows=1, dates={"when": "%Y"})
    with pytest.raises(FileError, match=r"options.dates must name the column of times, 'time'. Received: when"):
        read_rows(["a,x,1,2020"], options)


def test_times_of_parquet_are_the_same(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"user": [f"u{i % 5}" for i in range(ROWS)], "item": [f"i{i}" for i in range(ROWS)]}
    moments = [datetime.fromtimestamp(s, UTC) for s in SECONDS]
    for times in (SECONDS, [s * 1000 for s in SECONDS], [s * 10**9 for s in SECONDS], moments):
        pq.write_table(pa.table(columns | {"time": times}), tmp_path / "rows.parquet")
        table = interactions.read(tmp_path, interactions.Options(rating=None, min_rows=1))
        assert table.columns["time"].tolist() == SECONDS


@pytest.mark.parametrize(
    ("value", "seconds"), [(5, 5), (0.5, 0.5), ("12 hours", 43_200), ("3 days", 259_200), ("1 week", 604_800)]
)
def test_a_half_life_may_have_a_unit(value, seconds):
    assert interactions.Options(half_life=value).half_life == seconds


def test_a_half_life_without_a_known_unit_is_refused():
    with pytest.raises(ValueError, match=r"a number and one of seconds, minutes, hours, days, weeks"):
        interactions.Options.model_validate({"half_life": "3 moons"})


def test_popularity_halves_after_as_many_seconds_however_times_are_written(read_rows):
    popular = []
    for write in (str, lambda s: str(s * 1000), _formatted("%Y-%m-%d %H:%M:%S")):
        options = interactions.Options.model_validate({"min_rows": 1, "half_life": "2 days"})
        examples = interactions.examples(read_rows(_lines(write), options), options)
        labels = np.unique(examples.columns["item"])[1:]
        popular.append(interactions.CAPABILITIES.label_features(examples, labels, options)["popularity"].tolist())
    assert popular[0] == popular[1] == popular[2]
    assert max(popular[0]) < 3
