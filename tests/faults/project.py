"""A small project in a folder of its own, its commands, and what must hold whatever was done to it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parents[2]
KEPT = ("src", "flows", "dvc.yaml", ".dvcignore", "uv.lock", "pyproject.toml", ".gitignore")
FAULTY = '''
"""faulty: a family that does what its parameters ask for."""
import os, signal
from minnow.contracts import FamilyCapabilities, Parameters
from minnow.families import linear
CAPABILITIES = FamilyCapabilities()
MODALITIES, TASKS, READS = ("tabular",), ("classify",), ("numbers",)
load = linear.load
class Params(Parameters):
    how: str = "raise"
def fit(train, val, params, *, seed, report=None):
    if params.how == "raise":
        raise RuntimeError("on purpose")
    if params.how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    hoard = []
    while True:
        hoard.append(bytearray(64 * 2**20))
'''
CHECK = """
import json, sys
from pathlib import Path
from minnow.serving.predictor import Predictor
from minnow.stores import champions, models
from minnow.stores.publication import divergence
from minnow.workspace import workspace
space = workspace()
served = models.newest("small")
if served is not None:
    Predictor(served.bundle, provenance=served.provenance)  # raises for anything half-written
    for model in models.history("small") if "all" in sys.argv else ():
        model.open()
champion = champions.current(space, "small", "cpu") if Path("mlflow.db").exists() else None
if champion is not None:
    champions.fetch(space, champion)
print(json.dumps({
    "served": served and served.sha, "champion": champion and champion.sha,
    "divergence": divergence("small", "cpu", champion),
}))
"""
PUBLISH = (
    "from flows import publish; from minnow import config; from minnow.catalog import catalog; "
    "from minnow.workspace import workspace; s = workspace(); publish.publish(s, config.load(s.params, catalog()), print)"
)


@dataclass
class Project:
    """A project in a folder. promotions: number of the last settings that promote; clean: what mended found, if that holds."""

    folder: Path
    promotions: int = 0
    clean: dict | None = None

    @classmethod
    def make(cls, folder):
        """Copy the code and write a table that a quarter of a second learns."""
        for name in KEPT:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, folder / name)
        (folder / "src" / "minnow" / "families" / "faulty.py").write_text(FAULTY)
        (folder / ".dvc").mkdir()
        shutil.copyfile(ROOT / ".dvc" / "config", folder / ".dvc" / "config")
        rng = np.random.default_rng(0)
        lines = [f"{x:.3f},{y:.3f},{'ab'[int(x + y > 0)]}" for x, y in rng.normal(size=(400, 2))]
        (folder / "rows.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
        made = cls(folder)
        made.settings()
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        return made

    def settings(self, seed=1, families=("linear",), **more):
        """Write params.yaml; another seed makes everything stale and, of gboost, another model."""
        self.clean = None
        entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "options": {"target": "kind"}}
        entry |= {"families": families if isinstance(families, dict) else list(families), "compression": ["float16"]}
        entry |= {"effort": "quick"}
        given = {"seed": seed, "threads": 1, "judge": {"level": 0.05}, "usecases": {"small": entry}} | more
        (self.folder / "params.yaml").write_text(yaml.safe_dump(given))

    def promoting(self):
        """Write params.yaml so that the next run promotes: each time a smaller model that is good enough."""
        self.promotions += 1
        fewer = {"iterations": 240 - 2 * self.promotions, "patience": None}
        self.settings(families={"gboost": fewer}, judge={"level": 0.05, "margin": 0.9, "smaller": 0.001})

    def decided(self):
        """The sha of the model that the decision of the last complete run promotes; None where there is none."""
        path = self.folder / "outcomes" / "small" / "decision.json"
        decision = json.loads(path.read_text())["cpu"] if path.exists() else {}
        return decision["sha"] if decision.get("promote") else None

    def start(self, *command, **more):
        """Start a command of this project's own code."""
        self.clean = None
        environment = {k: v for k, v in os.environ.items() if k not in ("BENTOML_HOME", "MLFLOW_TRACKING_URI")}
        path = os.pathsep.join([*more.pop("before", []), str(self.folder / "src"), str(self.folder)])
        environment |= more.pop("env", {})
        environment |= {"PYTHONPATH": path, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.Popen(
            [sys.executable, *command], cwd=self.folder, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **more,
        )  # fmt: skip

    def call(self, *command, timeout=240, **more):
        """Run a command to its end. Returns exit code and what it printed."""
        process = self.start(*command, **more)
        try:
            printed, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, printed

    def run(self, *arguments, **more):
        """The main job."""
        return self.call("-m", "flows.retrain", *arguments, **more)

    def kill_after(self, seconds, *command):
        """Start a command and end it by SIGKILL. Returns whether it was still running."""
        process = self.start(*command)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
            return True
        return False

    def state(self, *which):
        """What is served and who is champion; fails where a served bundle is not whole or a champion cannot be fetched.

        which: "all" looks at every publication there is, not at the newest alone.
        """
        code, printed = self.call("-c", CHECK, *which)
        assert code == 0, printed
        return json.loads(printed.splitlines()[-1])

    def ready(self):
        """Return the state that a test begins with: as the test before left it mended, else mended now."""
        return self.clean or self.mended()

    def mended(self):
        """Run once more: it must end right, with what is served as the registry says and nothing stale. Returns the state."""
        code, printed = self.run()
        assert code == 0, printed
        state = self.state()
        assert state["champion"], printed
        assert state["champion"] == state["served"]
        assert state["divergence"] is None
        code, status = self.call("-m", "dvc", "status")
        assert "up to date" in status, status
        self.clean = state
        return state
