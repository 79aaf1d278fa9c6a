"""What the models of a forecast read follows the step, the number of rows, and whether changes repeat after a season."""

import numpy as np
import pytest

from minnow.onboarding.proposal import Proposal, Request
from minnow.onboarding.table_entries import propose_columns

RNG = np.random.default_rng(0)
NEAR = [1, 2, 3, 6]
WALK = np.cumsum(RNG.normal(size=2000))


def _proposal(folder, header, lines, **request):
    path = folder / "rows.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    proposal = Proposal({"modality": "", "task": ""}, given=request.get("options", {}))
    propose_columns(proposal, path, Request(**request))
    return proposal


def _series(folder, step, values, **request):
    times = np.datetime64("2020-01-06T00:00:00").astype(f"datetime64[{np.datetime_data(step)[0]}]")
    lines = [f"{times + i * step},{value:.4f}" for i, value in enumerate(values)]
    return _proposal(folder, "time,load", lines, **request)


def _read(folder, step, values, **request):
    options = _series(folder, step, values, **request).options
    return options["window"], options.get("diff", []), options.get("week", False)


def _season(rows, count=600, noise=0.3):
    return np.tile(np.random.default_rng(1).normal(size=rows), count // rows + 1)[:count] + noise * RNG.normal(
        size=count
    )


@pytest.mark.parametrize(
    ("step", "season", "window", "further", "week"),
    [
        (np.timedelta64(1, "h"), 24, 12, [23, 24], False),
        (np.timedelta64(15, "m"), 96, 12, [95, 96], False),
        (np.timedelta64(1, "D"), 7, 28, [7], True),
        (np.timedelta64(7, "D"), 52, 12, [51, 52], False),
        (np.timedelta64(1, "M"), 12, 12, [11, 12], False),
        (np.timedelta64(3, "M"), 4, 16, [4], False),
    ],
    ids=str,
)
def test_a_season_that_suits_the_step_is_looked_back_at(step, season, window, further, week, tmp_path):
    count = 1300 if season == 96 else 660
    near = sorted({*NEAR, *further})
    assert _read(tmp_path, step, _season(season, count)) == (window, near, week)
    assert _read(tmp_path, step, WALK[:count]) == (12, NEAR, False)
    assert _read(tmp_path, step, RNG.normal(size=count)) == (12, NEAR, False)


def test_a_season_of_many_rows_is_not_looked_back_at(tmp_path):
    """Requests would have to bring a day of minutes."""
    assert _read(tmp_path, np.timedelta64(10, "m"), _season(144, 1800)) == (12, NEAR, False)


def test_a_season_is_looked_for_in_the_rows_of_train_alone(tmp_path):
    late = np.concatenate([RNG.normal(size=360), 5 * _season(24, 240)])
    assert _read(tmp_path, np.timedelta64(1, "h"), late) == (12, NEAR, False)
    assert _read(tmp_path, np.timedelta64(1, "h"), late[::-1])[1] == [*NEAR, 23, 24]


def test_a_week_of_hours_is_read_as_the_day_of_the_week(tmp_path):
    day = np.sin(np.arange(24) / 24 * 2 * np.pi) * 3
    week = np.concatenate([day * (1 if i < 5 else -1) for i in range(7)])
    values = np.tile(week, 9) + 0.3 * RNG.normal(size=9 * 168)
    assert _read(tmp_path, np.timedelta64(1, "h"), values) == (12, [*NEAR, 23, 24], True)


def test_a_target_further_ahead_has_the_season_before_it(tmp_path):
    values, hour = _season(24), np.timedelta64(1, "h")
    assert _read(tmp_path, hour, values, options={"horizon": 7})[1] == [*NEAR, 17, 24]
    assert _read(tmp_path, hour, values, options={"horizon": 24})[1] == [*NEAR, 24]


def test_rows_that_requests_bring_beyond_the_window_are_said(tmp_path):
    why = [_series(tmp_path, np.timedelta64(1, unit), _season(rows)).reasons for unit, rows in (("h", 24), ("D", 7))]
    assert ["requests bring 25 rows" in one["options.diff"] for one in why] == [True, False]
    assert "requests" not in why[1]["options.diff"]


def test_few_rows_have_neither_a_season_nor_differences_beyond_their_window(tmp_path):
    assert _read(tmp_path, np.timedelta64(1, "h"), _season(24, 250)) == (12, NEAR, False)
    assert _read(tmp_path, np.timedelta64(1, "D"), WALK[:30]) == (4, [1, 2, 3], False)
    assert _read(tmp_path, np.timedelta64(1, "D"), _season(7, 150))[0] == 21


def test_missing_values_hide_no_season(tmp_path):
    values = _season(24)
    values[::10] = np.nan
    lines = [f"{np.datetime64('2024-01-01T00') + i},{'' if np.isnan(one) else one}" for i, one in enumerate(values)]
    assert _proposal(tmp_path, "time,load", lines).options["diff"] == [*NEAR, 23, 24]


def test_a_shop_that_has_just_opened_does_not_narrow_what_is_read_of_the_others(tmp_path):
    days, sold = np.datetime64("2024-01-01") + np.arange(300), {name: 9 * _season(7, 300) for name in "abc"}
    lines = [f"{day},{name},{sold[name][i]:.3f}" for i, day in enumerate(days) for name in sold]
    lines += [f"{day},new,{i}" for i, day in enumerate(days[:20])]
    options = _proposal(tmp_path, "time,shop,sold", lines).options
    assert (options["series"], options["window"], options["diff"], options["week"]) == ("shop", 28, [*NEAR, 7], True)


def test_classes_are_read_from_the_window_alone(tmp_path):
    hours, warm = np.datetime64("2024-01-01T00") + np.arange(400), np.sin(np.arange(400) / 24 * 2 * np.pi)
    lines = [f"{hour},{warm[i]:.3f},{'on' if warm[i] > 0 else 'off'}" for i, hour in enumerate(hours)]
    options = _proposal(tmp_path, "time,warm,lamp", lines).options
    assert options == {"target": "lamp", "window": 12}


def test_numbers_alone_are_a_series_though_neighbours_do_not_resemble_each_other(tmp_path):
    proposal = _series(tmp_path, np.timedelta64(1, "D"), RNG.normal(size=300))
    assert (proposal.entry["modality"], proposal.task) == ("timeseries", "forecast")
    proposal = _series(tmp_path, np.timedelta64(1, "D"), RNG.integers(0, 9, 300))
    assert proposal.task == "forecast", "without a sensor, few different numbers are no classes"


def test_sensors_that_a_run_refuses_are_left_out(tmp_path):
    """Empty, missing for long, or with one value for long."""
    cells = {
        "load": [f"{one:.3f}" for one in WALK[:400]],
        "empty": [f"{one:.3f}" if i % 3 == 0 else "" for i, one in enumerate(WALK[:400])],
        "broken": [f"{one:.3f}" if i < 340 else "" for i, one in enumerate(WALK[:400])],
        "constant": ["7"] * 400,
        "stuck": [f"{min(one, i) if i > 220 else 3:.3f}" for i, one in enumerate(WALK[:400])],
        "seldom": ["1" if i % 30 == 0 else "0" for i in range(400)],
        "good": [f"{one:.3f}" if i % 3 else "" for i, one in enumerate(WALK[400:800])],
    }
    hours = np.datetime64("2024-01-01T00") + np.arange(400)
    lines = [",".join([str(hour), *row]) for hour, row in zip(hours, zip(*cells.values(), strict=True), strict=True)]
    header = ",".join(["time", *cells])
    proposal = _proposal(tmp_path, header, lines, target="load")
    assert proposal.options["drop"] == ["empty", "broken", "constant", "stuck"]
    kept = _proposal(tmp_path, header, lines, target="load", options={"max_stuck": 0.9, "max_missing_run": 0.2})
    assert kept.options["drop"] == ["empty", "constant"]
