"""Time and memory at many rows: `make bench-scale`, or `python -m benchmarks.scale ROWS ...`.

A table of 20 numeric and 5 categorical columns with a class to predict is generated, and in a fresh copy of the project an
entry is proposed and run: `minnow new` with the families linear and gboost, then `minnow run --effort quick`. Beside it, a
plain script reads the same file with pandas and fits scikit-learn's logistic regression and histogram boosting, in a process of
its own. Memory is the largest sum of the resident memory of a command and all processes that it started, sampled ten times a
second. The commands run one after the other, so the figures of one machine are comparable; between machines only their ratios
are. The table is written to its section of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from benchmarks import sections
from benchmarks.overhead import environment, fresh_copy, timed

ROWS = (100_000, 1_000_000)
NUMERIC, CATEGORICAL, CATEGORIES = 20, 5, 12
RESULTS = Path(__file__).with_name("RESULTS.md")
SEED = 0
EVERY_S = 0.1
TIMES, FIXED_S, MOST_BYTES = {100_000: 1.5, 1_000_000: 3.0}, {100_000: 12.0, 1_000_000: 15.0}, {1_000_000: 3e9}
"""What a run may take, by rows: so many times the plain script and so many seconds more; and memory."""


@dataclass(frozen=True)
class Cost:
    """What a command took. cpu_s: of all its processes; peak: resident memory in bytes; output: what it printed."""

    seconds: float
    cpu_s: float
    peak: int
    output: str


def write_table(path: Path, rows: int) -> None:
    """Write a CSV of rows, the same for the same number: numbers, categories, and a class that depends on some of them."""
    random = np.random.default_rng([SEED, rows])
    numbers = random.normal(size=(rows, NUMERIC))
    codes = random.integers(0, CATEGORIES, size=(rows, CATEGORICAL))
    effect = random.normal(size=CATEGORIES)
    slope = random.normal(size=NUMERIC) * (np.arange(NUMERIC) % 2)
    signal = numbers @ slope + numbers[:, 0] * numbers[:, 2] + effect[codes[:, 0]] + random.normal(scale=2.0, size=rows)
    frame = pd.DataFrame({f"n{i}": np.round(numbers[:, i], 6) for i in range(NUMERIC)})
    names = np.array([f"kind {i}" for i in range(CATEGORIES)])
    for i in range(CATEGORICAL):
        frame[f"c{i}"] = names[codes[:, i]]
    frame["class"] = np.where(signal > 0, "yes", "no")
    frame.to_csv(path, index=False)


def measured(folder: Path, *command: str) -> Cost:
    """Run a command in a copy of the project. Exits when the command fails."""
    start, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=output, stderr=output)
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, _resident(process.pid))
            time.sleep(EVERY_S)
        seconds, (_, status, usage) = time.perf_counter() - start, ended
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{text}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, peak, text)


def _resident(pid: int) -> int:
    """Resident memory of a process and its descendants, in bytes."""
    total = 0
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def plain(path: Path) -> None:
    """Read, split, encode, fit and score as a short script does; its threads wait as those of a run do, without spinning."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    frame = pd.read_csv(path)
    target = frame.pop("class")
    texts = [name for name in frame.columns if name.startswith("c")]
    train, test, answers, expected = train_test_split(frame, target, test_size=0.2, random_state=SEED)
    others = [name for name in frame.columns if name not in texts]
    scaled = ColumnTransformer([("text", OneHotEncoder(), texts), ("numbers", StandardScaler(), others)])
    ordinal = ColumnTransformer([("text", OrdinalEncoder(), texts)], remainder="passthrough")
    models = {
        "linear": make_pipeline(scaled, LogisticRegression(max_iter=1000)),
        "gboost": make_pipeline(ordinal, HistGradientBoostingClassifier(random_state=SEED)),
    }
    for name, model in models.items():
        accuracy = accuracy_score(expected, model.fit(train, answers).predict(test))
        print(f"{name} {accuracy:.4f}")


def compare(copy: Path, folder: Path, rows: int, *, outputs: bool) -> tuple[list[str], bool]:
    """Measure and print one size. outputs: print what the commands printed.

    Returns the rows of the table, and whether the limits of this size are met.
    """
    path, name = folder / f"rows_{rows}.csv", f"rows_{rows}"
    write_table(path, rows)
    python = sys.executable
    script = measured(copy, python, "-m", "benchmarks.scale", "--plain", str(path))
    minnow = [python, "-m", "minnow.cli"]
    families = ["--family", "linear", "--family", "gboost"]
    new = measured(copy, *minnow, "new", name, "--data", str(path), *families, "--yes", "--no-trial")
    run = measured(copy, *minnow, "run", name, "--effort", "quick", "--profile")
    path.unlink()
    lines = []
    for title, cost in (("plain script", script), ("minnow new --no-trial", new), ("minnow run --effort quick", run)):
        lines.append(f"| {rows:,} | {title} | {cost.seconds:.0f} | {cost.cpu_s:.0f} | {cost.peak / 1e9:.1f} GB | |")
        figures = f"{cost.seconds:8.1f} s {cost.cpu_s:8.1f} s of CPU {cost.peak / 1e9:6.2f} GB"
        print(f"{rows:>9,} rows  {title:<22}{figures}", flush=True)
        if outputs:
            print(cost.output, flush=True)
    allowed = TIMES.get(rows, np.inf) * script.seconds + FIXED_S.get(rows, 0.0)
    most = MOST_BYTES.get(rows, np.inf)
    print(f"{rows:>9,} rows  {'allowed':<22}{allowed:8.1f} s {'':>17} {most / 1e9:6.2f} GB", flush=True)
    met = run.seconds <= allowed and run.peak <= most
    if rows in TIMES:
        memory = f" and {most / 1e9:.1f} GB" if rows in MOST_BYTES else ""
        in_cpu = TIMES[rows] * script.cpu_s + FIXED_S[rows]
        reach = (
            f"{TIMES[rows]:g} x the script + {FIXED_S[rows]:.0f} s = {allowed:.0f} s (in CPU {in_cpu:.0f} s){memory}"
        )
        lines[-1] = f"{lines[-1].removesuffix(' |')} {reach}: {'reached' if met else 'not reached'} |"
    return lines, met


def write(lines: Sequence[str]) -> None:
    """Write the section of benchmarks/RESULTS.md."""
    load = f"{os.getloadavg()[2]:.1f} of {os.cpu_count()} cores"
    head = [
        "# Time and memory at many rows",
        "",
        f"Written by `make bench-scale`: {NUMERIC} numeric and {CATEGORICAL} categorical columns, families linear and gboost. "
        f"Load of the machine in the last 15 minutes: {load}; where others work on it, the seconds of CPU of all "
        "processes say more than those of the clock. Memory is that of all processes together.",
        "",
        "| rows | command | seconds | seconds of CPU | memory | to reach |",
        "|---|---|---|---|---|---|",
    ]
    sections.write(RESULTS, "\n".join([*head, *lines]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 1 when a limit is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=list(ROWS), help="sizes of the table")
    parser.add_argument(
        "--outputs", action="store_true", help="print what the commands printed, with the time of each step"
    )
    parser.add_argument("--plain", type=Path, help="run the plain script on a file, and nothing else")
    options = parser.parse_args(arguments)
    if options.plain:
        plain(options.plain)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        copy = fresh_copy(folder)
        timed(copy, sys.executable, "-m", "flows._server")  # as `make setup` does
        done = [compare(copy, folder, rows, outputs=options.outputs) for rows in options.rows]
    write([line for lines, _ in done for line in lines])
    return int(not all(met for _, met in done))


if __name__ == "__main__":
    sys.exit(main())
