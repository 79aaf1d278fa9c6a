"""Hands the rows of a use case to the peers, and scores their answers: both by Minnow's own reading, splitting and measures.

Peers are fitted to the rows of train and val together, and answer those of test, or the rows of each fold by the others. Of
tables they get the columns as they were read, categories as text; of texts the text; of series what the encoder makes of
them, flat, and what is learned of a forecast is the change from its last value, as Minnow's families do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from minnow import tasks
from minnow.lineage import key_of
from minnow.measures.scores import score_all
from minnow.stages import folds, intake
from minnow.stages.case import Case
from minnow.types import OFFSET, Array, Batch, Columns, Score, Table

PEERS = Path(__file__).parent / "peers"
FIT, REQUIREMENTS = PEERS / "fit.py", PEERS / "requirements.txt"
ROWS, ABOUT, LEARNED = "rows.parquet", "about.json", ("train", "val")


@dataclass(frozen=True)
class Handed:
    """Rows on disk, and what answers are scored against. asked: the rows that a peer answers, encoded."""

    case: Case
    folder: Path
    asked: Batch

    def scores(self, peer: str) -> dict[str, Score]:
        """Score the answers that a peer has written, measure -> score."""
        answers = np.load(self.folder / f"{peer}.npz")["answers"]
        if self.asked.offset is not None:
            answers = answers + self.asked.offset
        measures = tasks.measures(self.case.usecase.task, self.case.usecase.measure_name)
        return score_all(measures, {self.case.task.OUTPUT: answers}, self.asked)


def hand_over(case: Case, folder: Path, measure: str) -> Handed:
    """Write the rows of a case to a folder. measure: which peers that choose by one are to choose by."""
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    batches = prepared.batches
    if case.usecase.folds:
        asked, parts = _of_folds(case, table, prepared.labels)
        frame, target = _frame(case, table, asked), asked.target
    else:
        asked, splits = batches["test"], [*LEARNED, "test"]
        parts = np.repeat(["fit", "fit", "ask"], [len(batches[split]) for split in splits])
        frame = pd.concat([_frame(case, prepared.tables[split], batches[split]) for split in splits], ignore_index=True)
        target = np.concatenate([batches[split].relative().target for split in splits])
    categories = [] if case.usecase.modality == "text" else _texts(frame)
    about = {"classes": len(prepared.labels), "categories": categories, "measure": measure}
    folder.mkdir(parents=True, exist_ok=True)
    frame.assign(target=target, part=parts).to_parquet(folder / ROWS)
    (folder / ABOUT).write_text(json.dumps(about))
    return Handed(case, folder, asked)


def _of_folds(case: Case, table: Table, labels: Array) -> tuple[Batch, Array]:
    """All rows as they are answered, without inputs, and the fold of each, (n,) str."""
    target = case.task.encode(table.columns[case.problem.target], labels)
    asked = Batch({}, target, labels, case.usecase.task, table.key, measure=case.usecase.measure_name)
    return asked, folds.divisions(case, table)[folds.TOGETHER].astype(str)


def _frame(case: Case, table: Table, batch: Batch) -> pd.DataFrame:
    """Features of rows: columns as they were read, or what the encoder of a series makes."""
    if case.usecase.modality == "timeseries":
        return _flat({name: values for name, values in batch.inputs.items() if name != OFFSET})
    return pd.DataFrame({name: values for name, values in table.columns.items() if name != case.problem.target})


def _flat(inputs: Columns) -> pd.DataFrame:
    """Encoded arrays with one column for each value of a row."""
    wide = {name: values.reshape(len(values), -1) for name, values in inputs.items()}
    return pd.DataFrame({f"{name} {i}": values[:, i] for name, values in wide.items() for i in range(values.shape[1])})


def _texts(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]


def python() -> Path:
    """The interpreter of the peers' environment in .minnow, which is built where there is none of these requirements."""
    made_from = {"requirements": REQUIREMENTS.read_text(), "python": sys.version}
    folder = (Path(".minnow") / "bench-peers" / key_of(made_from)).absolute()
    done, interpreter = folder / "complete", folder / "bin" / "python"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv = str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", str(interpreter), "--requirement", str(REQUIREMENTS)]
        subprocess.run(install, check=True)
        done.touch()
    return interpreter


def fit(interpreter: Path, peer: str, folder: Path, seed: int) -> tuple[float, int]:
    """Fit a peer to handed rows in its own environment. Returns seconds and bytes; raises RuntimeError where it fails."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OMP_NUM_THREADS")}
    command = [str(interpreter), "-W", "ignore", str(FIT.absolute()), peer, str(folder), str(seed)]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{peer} failed:\n{done.stderr[-3000:]}")
    value = json.loads((folder / f"{peer}.json").read_text())
    return value["seconds"], value["size_bytes"]
