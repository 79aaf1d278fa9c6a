"""The command line: what it lists, and what it does not import."""

import subprocess
import sys

PROBE = """
import contextlib, sys
from minnow.cli import main
with contextlib.suppress(SystemExit):
    main()
heavy = {"numpy", "pydantic", "yaml", "mlflow", "optuna", "prefect", "tensorflow", "sklearn", "minnow.config"}
print("heavy:", sorted(heavy & set(sys.modules)))
"""
COMMANDS = [
    "run",
    "new",
    "tune",
    "pareto",
    "status",
    "results",
    "data",
    "list",
    "champions",
    "predict",
    "rollback",
    "retire",
    "withdraw",
    "verify",
    "receipt",
    "clean",
]


def test_help_lists_every_command_and_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", PROBE, "--help"], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[-1] == "heavy: []"
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 : -1]]
    assert listed == COMMANDS


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "minnow.cli", "list", "x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "families" in done.stderr


def test_measures_are_listed_by_task_with_how_they_are_written():
    done = subprocess.run(
        [sys.executable, "-m", "minnow.cli", "list", "measures"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    listed = next(line for line in lines if line.startswith("classify"))
    names = [name.strip(",") for name in listed.split()[1:]]
    assert names[0] == "accuracy"
    assert {"auc", "brier", "f1", "cost"} <= set(names)
    assert "{name: f1, positive: CLASS}" in done.stdout
    assert "{name: cost, costs: {TRUE: {PREDICTED: number}, ...}}" in done.stdout
    assert "coverage" not in done.stdout, "what cannot decide"
