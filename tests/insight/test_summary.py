"""What is printed of the scores of several series."""

import io

from rich.console import Console

from minnow.insight.summary import print_series
from minnow.records.decision import SeriesScore, SeriesScores

QUANTILES = {"min": 0.5, "q25": 0.6, "median": 0.7, "q75": 0.8, "max": 0.9}


def printed(series):
    out = io.StringIO()
    print_series(Console(file=out, width=200), series)
    return out.getvalue()


def test_the_score_of_each_of_few_series_is_printed():
    text = printed(SeriesScores(2, QUANTILES, {"shop [2]": SeriesScore(0.9, 1200), "shop 1": SeriesScore(0.5, 10)}))
    assert text == "  Of each series: shop 1 0.5000 (10 rows), shop [2] 0.9000 (1,200 rows)\n"


def test_of_many_series_the_quantiles_are_printed_and_the_worst():
    text = printed(SeriesScores(30, QUANTILES, {"shop 7": SeriesScore(0.5, 10)}))
    assert "Of 30 series: min 0.5000, q25 0.6000, median 0.7000, q75 0.8000, max 0.9000" in text
    assert "With the worst scores: shop 7 0.5000 (10 rows)" in text
