"""The section of RESULTS.md that `make bench-defaults` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from benchmarks import sections
from benchmarks.results import LOWER_IS_BETTER, RESULTS, Figure, header, number, reached

if TYPE_CHECKING:
    from benchmarks.defaults import Goal

Kept = Mapping[str, Sequence[Mapping[str, Any]]]
"""Entrant -> what is kept of it for each seed."""
TITLES = {
    "lightgbm": "LightGBM, defaults",
    "histgb": "scikit-learn's histogram boosting, defaults",
    "flaml": "FLAML, 60 s",
    "tfidf": "TF-IDF of words and pairs, logistic regression",
    "fasttext": "fastText, pairs of words, 25 epochs at a rate of 0.5",
}
ABOUT = (
    "of `minnow new` and `minnow run` without a setting, and of others that were fitted to the same rows of train and val, "
    "in the same run. `benchmarks/layouts.py` says how each set is laid out. Test is the official one where the files "
    "divide it, or else a fifth of the rows by their hash or the latest, and was read for one finalist of each family, "
    "declared on val. The finalist is what would be served, chosen without test; the best candidate is the best family on "
    "test, and so a little flattered. Intervals are of 95 %, over rows or over days for series, of the seed in the middle. "
    "Bytes of Minnow are of model and encoder, ready to be served; of others as they save or pickle themselves. Seconds are "
    "of the fit alone, on 2 cores, which other processes may use too; FLAML's 60 s are of the clock, so that a busy machine "
    "gives it fewer fits. Peers on series read what Minnow's encoder makes of them. Over folds a peer learns from all rows "
    "of the others, a family of Minnow from four fifths of them, with the last fifth as val."
)


@dataclass(frozen=True)
class Line:
    """A row of the table: the mean over seeds. each: the figure of each seed; goal: text on what is reached."""

    model: str
    figure: Figure
    each: tuple[float, ...]
    goal: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """It in Markdown."""
        figure = self.figure
        spread = f"; seeds {', '.join(map(number, self.each))}" if len(self.each) > 1 else ""
        counts = [f"{value:,.0f}" if value is not None else "" for value in (figure.rows, figure.size_bytes)]
        seconds = f"{figure.training_s:,.1f}" if figure.training_s is not None else ""
        cells = [figure.set, self.model, figure.measure, f"{number(figure.value)} ({figure.interval}){spread}"]
        return f"| {' | '.join([*cells, *counts, seconds, self.goal, self.source])} |"


def write(
    goals: Mapping[str, Goal],
    found: Mapping[str, Kept],
    seeds: Sequence[int],
    failed: Sequence[str],
    stale: Sequence[str],
) -> None:
    """Write the section. found: set -> what is kept of it; failed, stale: what failed, and is of earlier sources."""
    measured = {name: list(lines(goals[name], kept)) for name, kept in found.items()}
    missed = [
        f"{line.figure.set}, {line.model}" for rows in measured.values() for line in rows if "not reached" in line.goal
    ]
    text = [
        "# What the defaults reach, beside others",
        "",
        f"Written by `make bench-defaults`: figures {ABOUT} Seeds: {', '.join(map(str, seeds))}.",
        "",
        *header(["set", "model", "measure", "figure", "rows asked", "bytes", "fit s", "to reach", "reference"]),
        *(line.text for rows in measured.values() for line in rows),
        "",
        f"Not reached: {'; '.join(missed) or 'nothing that was measured'}.",
        "",
        f"Not run: {', '.join(name for name in goals if name not in found) or 'none'}.",
        *(["", f"Failed in the last call: {'; '.join(failed)}."] if failed else []),
        *(["", f"Of earlier sources: {', '.join(stale)}."] if stale else []),
        "",
        *(f"- {name}: {_commands(kept)}" for name, kept in found.items() if "minnow" in kept),
    ]
    sections.write(RESULTS, "\n".join(text))


def _commands(kept: Kept) -> str:
    """Text on what the two commands took, and what was decided."""
    about = [one["about"] for one in kept["minnow"]]
    new, run = mean(one["new_s"] for one in about), mean(one["run_s"] for one in about)
    peak = max(one["peak"] for one in about) / 1e9
    finalists = ", ".join(dict.fromkeys(one["finalist"] for one in about))
    return f"`minnow new` took {new:.0f} s, `minnow run` {run:.0f} s and {peak:.1f} GB; finalist {finalists}."


def lines(goal: Goal, kept: Kept) -> Iterator[Line]:
    """Rows of a set: best candidate, finalist, the other families, peers and baselines, as far as they were run."""
    runs = [_of_run(goal, [Figure(**one) for one in result["figures"]]) for result in kept.get("minnow", ())]
    families = _over_seeds({of for one in runs for of in one} - {"finalist"}, runs)
    if families:
        better = min if goal.measure in LOWER_IS_BETTER else max
        own = {of: line for of, line in families.items() if not of.startswith("baseline ")}
        best = better(own, key=lambda of: own[of].figure.value)
        finalist = _over_seeds({"finalist"}, runs)["finalist"]
        differences = [result["about"]["differences"] for result in kept["minnow"]]
        yield replace(
            own[best],
            model=f"best candidate: {own[best].model}",
            goal=_best_goal(goal, own[best].figure, families),
            source=goal.source,
        )
        yield replace(
            finalist,
            model=f"finalist: {finalist.model}",
            goal=_finalist_goal(goal, finalist.figure, families, differences),
        )
        yield from (own[of] for of in sorted(own) if of != best)
    for peer in goal.peers:
        figures = [_one(peer, goal, result["figures"]) for result in kept.get(peer, ())]
        if figures:
            line = _over_seeds({peer}, [{peer: one} for one in figures])[peer]
            yield replace(line, model=TITLES[peer])
    yield from (
        replace(line, model=f"without learning: {line.model}")
        for of, line in sorted(families.items())
        if of.startswith("baseline ")
    )


def _one(peer: str, goal: Goal, figures: Sequence[Mapping[str, Any]]) -> Figure:
    return next(Figure(**one) for one in figures if one["measure"] == goal.measure)


def _of_run(goal: Goal, figures: Sequence[Figure]) -> dict[str, Figure]:
    """Family, "finalist" or baseline -> its figure of one run; over folds with the bytes and seconds of the file."""
    by_name = {figure.of: figure for figure in figures if figure.measure == goal.measure}
    by_name = {
        of: one for of, one in by_name.items() if not of.startswith("baseline ") or "/" not in of
    }  # other families
    files = {of: figure for of, figure in by_name.items() if not of.startswith("folds ")}
    if goal.folds is None:
        return files
    over = {}
    for of, file in files.items():
        family = file.name.split("/")[0]
        if fold := by_name.get(f"folds {family}"):
            model = f"{file.name}, {goal.folds} folds"
            over[of] = replace(fold, name=model, size_bytes=file.size_bytes, training_s=file.training_s)
    return over


def _over_seeds(names: set[str], runs: Sequence[Mapping[str, Figure]]) -> dict[str, Line]:
    """Name -> its mean over seeds, with the interval of the seed in the middle and the bytes of the largest."""
    found = {}
    for of in names:
        same = [one[of] for one in runs if of in one]
        values = [figure.value for figure in same]
        middle = min(same, key=lambda figure: abs(figure.value - median(values)))
        sizes = [figure.size_bytes for figure in same if figure.size_bytes is not None]
        mid = replace(middle, value=mean(values), size_bytes=max(sizes, default=None))
        found[of] = Line(", ".join(dict.fromkeys(figure.name for figure in same)), mid, tuple(values))
    return found


def _best_goal(goal: Goal, figure: Figure, families: Mapping[str, Line]) -> str:
    if goal.baseline is None:
        return reached(figure, {"measure": goal.measure, "reach": goal.best})
    line = families.get(f"baseline {goal.baseline}")
    return "-" if line is None else reached(figure, {"measure": goal.measure, "reach": line.figure.value})


def _finalist_goal(
    goal: Goal, figure: Figure, families: Mapping[str, Line], differences: Sequence[Mapping[str, Any]]
) -> str:
    if goal.baseline is None:
        limit = {} if goal.most_bytes is None else {"most_bytes": goal.most_bytes}
        return reached(figure, {"measure": goal.measure, "reach": goal.finalist, **limit})
    found = [one[goal.baseline] for one in differences if goal.baseline in one]
    if not found:
        return "-"
    worst = max(found, key=lambda one: one["low"])
    interval = f"{worst['value']:+.4f}, {worst['low']:+.4f} to {worst['high']:+.4f}"
    verdict = "reached" if worst["low"] <= 0 else "not reached"
    return f"not below {goal.baseline} alone, paired (loss difference {interval}): {verdict}"
