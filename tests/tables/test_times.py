"""Times as people write them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minnow.tables import times

STRPTIME = [form for form in times.FORMATS if form not in (times.ISO, times.QUARTER)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2049, 12, 31))


def _truth(text: str, form: str) -> int:
    moment = datetime.strptime(text, form)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


@given(form=st.sampled_from(STRPTIME), moments=st.lists(MOMENTS, min_size=1, max_size=9))
def test_moments_in_any_format_are_found_again_or_asked_for(form, moments):
    texts = list(dict.fromkeys(moment.replace(tzinfo=UTC).strftime(form) for moment in sorted(moments)))
    texts = sorted(texts, key=lambda text: _truth(text, form))
    truth = [_truth(text, form) for text in texts]
    readings = [[times.microseconds(text, found) for text in texts] for found in times.formats_of(texts)]
    assert truth in readings


@given(
    form=st.sampled_from(STRPTIME), moment=MOMENTS, place=st.integers(0, 30), sign=st.sampled_from("0123456789 :./aP")
)
def test_formats_are_parsed_as_by_strptime(form, moment, place, sign):
    """With one sign exchanged, which most formats must refuse."""
    text = moment.replace(tzinfo=UTC).strftime(form)
    text = text[:place] + sign + text[place + 1 :]
    try:
        expected = _truth(text, form)
    except (ValueError, OverflowError):
        expected = None
    try:
        found = times.microseconds(text, form)
    except (ValueError, OverflowError):
        found = None
    assert found == expected


READ = {
    "2024-01-31": "2024-01-31",
    "20240131T101112": "2024-01-31T10:11:12",
    "2024-01-31T10:11:12.123456789": "2024-01-31T10:11:12.123456",
    "2024-01-31T10:00:00+02:00": "2024-01-31T08:00:00",
    "2024-01-31 10:00:00 UTC": "2024-01-31T10:00:00",
    "2024-W05-3": "2024-01-31",
    "2024-031": "2024-01-31",
    "31.01.2024 10:11": "2024-01-31T10:11",
    "01/31/2024 12:00:00 AM": "2024-01-31",
    "31/01/2024": "2024-01-31",
    "31-Jan-24": "2024-01-31",
    "January 31, 2024": "2024-01-31",
    "31 January 2024": "2024-01-31",
    "31. 1. 2024": "2024-01-31",
    "2024年1月31日": "2024-01-31",
    "2024. 1. 31.": "2024-01-31",
    "Wed, 31 Jan 2024 10:00:00 +0100": "2024-01-31T09:00:00",
    "31/Jan/2024:10:00:00 +0100": "2024-01-31T09:00:00",
    "Wed Jan 31 10:00:00 2024": "2024-01-31T10:00:00",
    "2024-02": "2024-02-01",
    "02/2024": "2024-02-01",
    "Feb 2024": "2024-02-01",
    "2024M02": "2024-02-01",
    "2024Q2": "2024-04-01",
    "Q2 2024": "2024-04-01",
    "2Q2024": "2024-04-01",
}


@pytest.mark.parametrize(("text", "moment"), READ.items())
def test_a_date_is_read_whatever_the_country(text, moment):
    (form,) = times.formats_of([text])
    assert np.datetime64(times.microseconds(text, form), "us") == np.datetime64(moment)


@pytest.mark.parametrize(
    "text", ["hello", "12345", "2024", "10:30", "1.2.3", "2024-13-01", "31/31/2024", "room 2024-1", ""]
)
def test_what_is_no_date_has_no_format(text):
    assert times.formats_of([text]) == []


def test_day_and_month_may_be_exchanged():
    assert times.formats_of(["05/06/2024", "07/08/2024"]) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert times.formats_of(["05/06/2024", "13/08/2024"]) == ["%d/%m/%Y"]
    assert times.formats_of(["05.06.24"]) == ["%d.%m.%y"]


@pytest.mark.parametrize("step", [1, -1])
def test_the_order_of_many_dates_tells_day_and_month(step):
    dates = ["02/01/2024", "05/01/2024", "09/02/2024", "01/03/2024", "04/03/2024", "01/04/2024"]
    assert times.formats_of(dates[::step]) == ["%d/%m/%Y"]
    assert len(times.formats_of(dates[:4])) == 2


@pytest.mark.parametrize(("unit", "number"), [("s", 1.7e9), ("ms", 1.7e12), ("us", 1.7e15), ("ns", 1.7e18)])
def test_the_unit_of_numbers_since_1970_is_told_by_their_size(unit, number):
    assert times.unit_of_size([number, number * 1.01]) == unit
    assert times.from_number(number, unit) == 1_700_000_000_000_000
    assert times.from_number(f"{number:.0f}", unit) == 1_700_000_000_000_000


def test_numbers_of_two_units_or_none_have_no_unit():
    assert times.unit_of_size([1.7e9, 1.7e12]) is None
    assert times.unit_of_size([45_292.0]) is None
    assert times.unit_of_size([]) is None


def test_fractions_of_seconds_are_kept():
    assert times.from_number("1704672000.25", "s") == 1_704_672_000_250_000
    assert times.microseconds("2024-01-08 00:00:00,25", "%Y-%m-%d %H:%M:%S,%f") == 1_704_672_000_250_000


def test_digits_alone_are_days_or_months_where_the_name_is_that_of_a_time():
    assert times.digits_of(["20240131", "20240201"], "date") == "%Y%m%d"
    assert times.digits_of(["202401", "202402"], "month") == "%Y%m"
    assert times.digits_of(["20240131"], "number") is None
    assert times.digits_of(["20241331"], "date") is None
    assert times.are_days(["20240131"])
