"""Where the time of a run went, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from minnow.runners.progress import wide_console

_SHARE = 0.005
"""Steps with a smaller share of the run's time are one row together."""


def show(profile: Mapping[str, Any]) -> None:
    """Print the steps of a run in their order, with their seconds and shares. profile: as profile.json has it."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("use case")
    table.add_column("step")
    for name in ("seconds", "of CPU", "share"):
        table.add_column(name, justify="right")
    whole, short = profile["seconds"], [0, 0.0, 0.0]
    for one in profile["steps"]:
        if one["share"] < _SHARE:
            short = [short[0] + 1, short[1] + one["seconds"], short[2] + one["cpu_s"]]
            continue
        table.add_row(one["usecase"] or "", one["step"], *_figures(one["seconds"], one["cpu_s"], whole))
    if short[0]:
        steps = f"{short[0]} step{'' if short[0] == 1 else 's'} below {100 * _SHARE:g} % each"
        table.add_row("", steps, *_figures(short[1], short[2], whole))
    table.add_row("", "the whole run", *_figures(whole, profile["cpu_s"], whole))
    wide_console().print("", table, "", sep="\n")


def _figures(seconds: float, cpu_s: float, whole: float) -> tuple[str, str, str]:
    return f"{seconds:.1f}", f"{cpu_s:.1f}", f"{100 * seconds / whole if whole else 0:.0f} %"
