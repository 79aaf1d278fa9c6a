"""What a run shows while it works."""

import functools
import io
import itertools

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from minnow.runners import progress


@pytest.fixture
def clock(monkeypatch):
    """Half a minute passes between any two looks at the clock."""
    ticks = itertools.count(step=30)
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(ticks)))


def shown(reports, terminal=False, measure=None):
    console = Console(file=io.StringIO(), width=140, force_terminal=terminal)
    with progress.Display(console) as display, display.step("digits: train cnn", measure) as report:
        for one in reports:
            report(*one)
    return console.file.getvalue()


def test_without_a_terminal_a_long_step_says_each_minute_how_far_it_is(clock):
    lines = shown([(n, 5, {"val_loss": 1 / n}) for n in range(1, 6)]).splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "digits: train cnn 60 s 2 of 5, about 90 s left loss 0.5000 on val (the family's own)",
        "digits: train cnn 120 s 4 of 5, about 30 s left loss 0.2500 on val (the family's own)",
        "digits: train cnn 180.0 s loss 0.2000 on val (the family's own)",
    ]


def test_a_step_that_reports_no_figures_keeps_those_it_reported_last(clock):
    assert "loss 0.5000 on val" in shown([(1, 3, {"val_loss": 0.5}), (3, 3, {})]).splitlines()[-1]


def test_the_measure_of_the_use_case_is_shown_in_the_place_of_losses_in_units_of_their_own():
    reported = {"loss": 0.74, "val_loss": 0.65, "mae": 56.5, "val_mae": 49.396}
    (line,) = shown([(1, 1, reported)], measure="mae").splitlines()
    assert line.endswith(" s  mae 49.40 on val")
    assert shown([(1, 1, {"val_loss": 0.65})], measure="mae").rstrip().endswith("loss 0.6500 on val (the family's own)")


def test_without_a_terminal_a_line_is_neither_broken_nor_drawn_over(capsys):
    with progress.Display() as display:
        display.say("word " * 100)
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert not {"\r", "\x1b"} & set(text)


def test_the_measure_of_a_last_epoch_is_shown_while_it_trains_and_not_left_as_that_of_the_model(clock):
    console = Console(file=io.StringIO(), width=140, force_terminal=False)
    with progress.Display(console) as display, display.step("digits: train cnn", "accuracy", final=False) as report:
        for epoch in range(1, 5):
            report(epoch, 4, {"val_accuracy": 0.25})
    lines = console.file.getvalue().splitlines()
    assert lines[0].endswith("accuracy 0.2500 on val")
    assert lines[-1].endswith(" s")


def test_a_short_step_is_one_line():
    assert len(shown([(n, 5, {}) for n in range(1, 6)]).splitlines()) == 1


def test_on_a_terminal_the_bar_says_it(clock):
    assert "left" not in shown([(n, 5, {}) for n in range(1, 6)], terminal=True)


def test_names_in_brackets_are_printed_as_they_are(capsys):
    with progress.Display() as display:
        display.say("column 'pulse [/min]' and 'weight [kg]'")
    assert "column 'pulse [/min]' and 'weight [kg]'" in capsys.readouterr().out


ODD = ["pulse [/min]", "[red]x[/red]", "a|b", "<b>x</b>", "{x}", "%s", ":smile:", "[link=x]y"]


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("name", ODD)
def test_names_are_shown_as_they_are_written(name, terminal, monkeypatch):
    console = functools.partial(progress.Lines, file=io.StringIO(), force_terminal=terminal)
    monkeypatch.setattr(progress, "Lines", console)
    console = progress.wide_console()
    with progress.Display(console) as display:
        display.say(name)
        with display.step(name) as report:
            report(1, 2, {name: 1.0})
            display._progress.refresh()
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    console.print(table)
    shown = Text.from_ansi(console.file.getvalue()).plain
    assert shown.count(name) >= 5


@pytest.mark.parametrize(("seconds", "lines"), [(0.9, 0), (1.1, 1)])
def test_a_step_that_is_mostly_short_leaves_a_line_only_where_it_takes_long(seconds, lines, monkeypatch):
    ticks = iter([0.0, seconds])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))
    console = Console(file=io.StringIO(), width=140)
    with progress.Display(console) as display, display.step("publish", counted=False):
        pass
    assert len(console.file.getvalue().splitlines()) == lines
