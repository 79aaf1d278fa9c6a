"""MLflow is imported by one thread at a time: two that import parts of it at once make each other fail."""

import subprocess
import sys

import pytest

RACE = """
import threading
from pathlib import Path
from minnow.stores import champions, database, tracking
from minnow.workspace import Workspace
root = Path({root!r})
space = Workspace(root, root / "params.yaml")
first = {{
    "a failure is tracked": lambda: tracking.begin(space, tracking.Record("small")),
    "a champion is asked for": lambda: champions.tags_of(space, "small"),
    "a run is looked for": lambda: tracking.exists(space, "gone"),
    "an error may pass": lambda: database.is_passing(OSError()),
}}[{what!r}]
thread = threading.Thread(target=database.warm_up)
thread.start()
first()
thread.join()
"""


@pytest.mark.parametrize(
    "what", ["a failure is tracked", "a champion is asked for", "a run is looked for", "an error may pass"]
)
def test_what_uses_mlflow_first_waits_for_its_import_in_the_background(what, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", RACE.format(root=str(tmp_path), what=what)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Exception in thread" not in done.stderr
