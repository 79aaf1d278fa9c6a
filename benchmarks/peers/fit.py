"""Fit a peer to handed rows and answer the others: `python fit.py PEER FOLDER SEED`, in the environment of requirements.txt.

It imports nothing of Minnow. FOLDER holds rows.parquet, whose last columns are `target` (class index or number) and `part`:
"fit", "ask" or the number of a fold; and about.json with the task and the measure. Written are PEER.npz with the answers, (n,
k) probabilities or (n,) numbers, of the rows to ask, or, with folds, of every row by a fit to the other folds; and PEER.json
with the seconds of a fit and the bytes of the last model.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

THREADS = 2
FLAML_S = 60
FLAML_MEASURES = {"auc": "roc_auc", "rmse": "rmse", "mae": "mae", "accuracy": "accuracy"}
Answer = Callable[[pd.DataFrame], np.ndarray]


def lightgbm(rows: pd.DataFrame, target: np.ndarray, about: dict[str, Any], seed: int) -> tuple[Answer, int]:
    """LightGBM with its defaults, categories as such."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if about["classes"] else LGBMRegressor
    model = kind(random_state=seed, n_jobs=THREADS, verbose=-1).fit(rows, target)
    return answers_of(model), len(model.booster_.model_to_string().encode())


def histgb(rows: pd.DataFrame, target: np.ndarray, about: dict[str, Any], seed: int) -> tuple[Answer, int]:
    """scikit-learn's histogram boosting with its defaults, categories as such."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if about["classes"] else HistGradientBoostingRegressor
    model = kind(random_state=seed, categorical_features="from_dtype").fit(rows, target)
    return answers_of(model), len(pickle.dumps(model))


def flaml(rows: pd.DataFrame, target: np.ndarray, about: dict[str, Any], seed: int) -> tuple[Answer, int]:
    """FLAML with a budget of time; it divides the rows for its choice itself."""
    from flaml import AutoML

    model = AutoML()
    task, measure = ("classification" if about["classes"] else "regression"), FLAML_MEASURES[about["measure"]]
    settings = {"task": task, "metric": measure, "seed": seed, "n_jobs": THREADS, "verbose": 0}
    model.fit(rows, target, time_budget=FLAML_S, **settings)
    return answers_of(model), len(pickle.dumps(model.model))


def tfidf(rows: pd.DataFrame, target: np.ndarray, about: dict[str, Any], seed: int) -> tuple[Answer, int]:
    """Words and pairs of words by TF-IDF, and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    model.fit(rows["text"], target)
    return lambda asked: model.predict_proba(asked["text"]), len(pickle.dumps(model))


def fasttext(rows: pd.DataFrame, target: np.ndarray, about: dict[str, Any], seed: int) -> tuple[Answer, int]:
    """FastText on lower-case words with pairs of words, 25 epochs at a rate of 0.5, on lines in random order.

    In the order of the rows, all of one label and then those of the other, it learns the last label alone.
    """
    from fasttext import train_supervised

    lines, file = [_line(text) for text in rows["text"]], Path("fasttext.txt")
    order = np.random.default_rng(seed).permutation(len(lines))
    file.write_text("".join(f"__label__{target[i]} {lines[i]}\n" for i in order))
    model = train_supervised(str(file), wordNgrams=2, epoch=25, lr=0.5, seed=seed, thread=1, verbose=0)
    model.save_model("fasttext.bin")
    size = Path("fasttext.bin").stat().st_size
    Path("fasttext.bin").unlink()

    def answer(asked: pd.DataFrame) -> np.ndarray:
        found = np.zeros((len(asked), about["classes"]))
        for i, text in enumerate(asked["text"]):
            for probability, label in model.f.predict(
                f"{_line(text)}\n", about["classes"], 0.0, "strict"
            ):  # as for numpy 2
                found[i, int(label.removeprefix("__label__"))] = probability
        return found

    return answer, size


PEERS = {"lightgbm": lightgbm, "histgb": histgb, "flaml": flaml, "tfidf": tfidf, "fasttext": fasttext}


def _line(text: str) -> str:
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))


def answers_of(model: Any) -> Answer:
    """The probabilities of a classifier, (n, k), or the numbers of another model, (n,)."""
    return model.predict_proba if hasattr(model, "predict_proba") and hasattr(model, "classes_") else model.predict


def answered(peer: str, rows: pd.DataFrame, about: dict[str, Any], seed: int) -> tuple[np.ndarray, float, int]:
    """Fit and ask. Returns the answers, the seconds of a fit and the bytes of the last model."""
    target, part = rows.pop("target").to_numpy(), rows.pop("part").to_numpy()
    asked = [part == "ask"] if "ask" in part else [part == fold for fold in np.unique(part)]
    whole, seconds, size = None, 0.0, 0
    for ask in asked:
        start = time.perf_counter()
        answer, size = PEERS[peer](rows[~ask], target[~ask], about, seed)
        seconds += time.perf_counter() - start
        found = np.asarray(answer(rows[ask]))
        whole = np.zeros((len(rows), *found.shape[1:])) if whole is None else whole
        whole[ask] = found
    assert whole is not None
    return (whole[asked[0]] if len(asked) == 1 else whole), seconds / len(asked), size


def main(peer: str, folder: Path, seed: int) -> None:
    """Read the rows, fit, ask, and write the answers."""
    rows, about = pd.read_parquet(folder / "rows.parquet"), json.loads((folder / "about.json").read_text())
    for name in about["categories"]:
        rows[name] = rows[name].astype("category")
    found, seconds, size = answered(peer, rows, about, seed)
    np.savez_compressed(folder / f"{peer}.npz", answers=found)
    (folder / f"{peer}.json").write_text(json.dumps({"seconds": seconds, "size_bytes": size}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
