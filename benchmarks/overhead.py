"""The overhead of the pipeline over its fits: `make bench-overhead`.

Measured in a fresh copy of the project: a plain script with the same fits, exports and evaluations; `minnow run` from an empty
cache; then, with nothing changed, `minnow run`, `dvc repro` and `minnow --help`, medians of three. The processes run one after
the other, so the figures of one machine are comparable; between machines only their ratios are.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIXED_S, SHARE, AGAIN_S, REPRO_S, HELP_S = 25.0, 0.05, 8.0, 3.0, 1.0
IGNORED = shutil.ignore_patterns(
    ".venv", ".git", ".minnow", ".bentoml", ".prefect", "mlflow.db*", "mlartifacts", "mlruns", "data", "outcomes",
    "metrics", "timings", "__pycache__", ".dvc", ".*_cache", ".hypothesis",
)  # fmt: skip
PROBE = (
    "import sys; from flows.retrain import main; code = main([]); "
    "print('heavy:', [m for m in ('tensorflow', 'prefect') if m in sys.modules]); sys.exit(code)"
)


def fresh_copy(folder: Path) -> Path:
    """Copy the project without the files that runs write, into a new git repository."""
    copy = folder / "project"
    shutil.copytree(Path.cwd(), copy, ignore=IGNORED)
    shutil.copytree(Path.cwd() / ".dvc", copy / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "copy"],
    ):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return copy


def environment(copy: Path) -> dict[str, str]:
    """Variables of a process that runs the code of a copy of the project."""
    path = os.pathsep.join([str(copy / "src"), str(copy)])
    bin_first = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = {**os.environ, "PYTHONPATH": path, "PATH": bin_first}
    variables.pop("BENTOML_HOME", None)
    return variables


def timed(copy: Path, *command: str) -> tuple[float, str]:
    """Run a command in the copy. Returns seconds and its output; exits when the command fails."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=copy, env=environment(copy), capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return seconds, done.stdout


def median(copy: Path, *command: str, runs: int = 3) -> float:
    """Median seconds of several runs."""
    return statistics.median(timed(copy, *command)[0] for _ in range(runs))


def main() -> int:
    """Measure and print. Returns 1 when a limit is exceeded."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        copy = fresh_copy(Path(folder))
        timed(copy, python, "-m", "minnow.cli", "data")
        timed(copy, python, "-m", "flows._server")  # as `make setup` does
        plain, _ = timed(copy, python, "-m", "benchmarks.plain", str(Path(folder) / "plain"))
        flow, _ = timed(copy, python, "-m", "flows.retrain")
        again = median(copy, python, "-m", "flows.retrain")
        heavy = timed(copy, python, "-c", PROBE)[1].strip().splitlines()[-1]
        repro = median(copy, python, "-m", "dvc", "repro")
        help_ = median(copy, python, "-m", "minnow.cli", "--help")
    rows = [
        ("plain script", plain, None),
        ("minnow run, from nothing", flow, plain * (1 + SHARE) + FIXED_S),
        ("minnow run, nothing changed", again, AGAIN_S),
        ("dvc repro, nothing changed", repro, REPRO_S),
        ("minnow --help", help_, HELP_S),
    ]
    for name, seconds, limit in rows:
        print(f"{name:<30} {seconds:7.1f} s" + (f"   allowed {limit:7.1f} s" if limit else ""))
    print(f"overhead of the flow           {flow - plain:7.1f} s, {flow / plain - 1:+.0%}")
    print(f"imported with nothing changed: {heavy}")
    return int(any(limit is not None and seconds > limit for _, seconds, limit in rows) or heavy != "heavy: []")


if __name__ == "__main__":
    sys.exit(main())
