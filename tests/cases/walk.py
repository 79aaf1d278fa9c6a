"""The walk of one input, in this process: proposed as by `minnow new --yes`, read, fitted, exported, asked and served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from cases.writers import Written
from starlette.testclient import TestClient
from threadpoolctl import threadpool_limits

from minnow import config
from minnow.catalog import catalog
from minnow.contracts import Encoder
from minnow.insight import hints
from minnow.modalities.timeseries.options import SERIES, STAMP
from minnow.onboarding import entry
from minnow.onboarding.proposal import Proposal, Request
from minnow.onboarding.propose import propose
from minnow.records.bundle import FOLDER, open_bundle
from minnow.records.decision import Decision
from minnow.records.hint import Hint
from minnow.records.origin import Origin
from minnow.records.timing import Timing
from minnow.serving.app import create_app
from minnow.serving.pool import LoadedModel, ModelPool
from minnow.serving.predictor import Predictor
from minnow.stages import evaluate, finalists, intake, outcome, train, validate, variants
from minnow.stages.batches import write_batch
from minnow.stages.candidates import Candidate, Incumbents
from minnow.stages.case import Case
from minnow.stages.evaluate import Evaluation
from minnow.stages.finalists import Finalists
from minnow.stages.prepare import Prepared
from minnow.stages.train import TRAINING_SPLITS, Trained
from minnow.stages.validate import Findings
from minnow.types import Columns, Table
from minnow.workspace import Workspace

NAME = "tried"
_PARAMS = {"gboost": {"iterations": 15, "learning_rate": 0.3, "leaves": 4}}
_FAMILIES = {("text", "classify"): "linear", ("interactions", "rank"): "neighbours"}
_PER_REQUEST = 500
_TIMING = Timing(1.0, 1.0, 1.0, 1)


@dataclass(frozen=True)
class Walk:
    """What becomes of one input. Each part is made when it is first asked for.

    request: what the user asked of `minnow new`; more: keys that the user set in the entry's options; home: a folder of its
    own.
    """

    written: Written
    home: Path
    request: Request
    more: Mapping[str, Any]

    @cached_property
    def proposal(self) -> Proposal:
        """What `minnow new` proposes."""
        return propose(self.written.place, self.request)

    @property
    def said(self) -> str:
        """All that `minnow new` says of the input."""
        proposal = self.proposal
        return "\n".join([*proposal.found, *proposal.warnings, *proposal.reasons.values()])

    @cached_property
    def case(self) -> Case:
        """The use case as params.yaml has it, after `minnow new --yes` wrote the entry."""
        proposal = self.proposal
        if proposal.questions:
            raise ValueError(proposal.questions[0].text)
        for option, value in self.more.items():
            proposal.choose(f"options.{option}", value, "set by hand")
        self.home.mkdir(parents=True, exist_ok=True)
        params = self.home / "params.yaml"
        text = entry.text_of(NAME, proposal)
        params.write_text(f"seed: 7\nthreads: 1\nusecases:\n{text}", encoding="utf-8")
        return Case(NAME, config.load(params, catalog()), Workspace(self.home, params))

    @cached_property
    def table(self) -> Table:
        """The rows as a run reads them."""
        return intake.read(self.case)

    @property
    def notices(self) -> str:
        """All that reading says."""
        return "\n".join(notice.text for notice in self.table.notices)

    @cached_property
    def findings(self) -> Findings:
        """What the validation finds."""
        return validate.check(self.table, self.case.problem, NAME)

    @property
    def failures(self) -> list[str]:
        """Each expectation that is not met, which would stop a run."""
        return [finding.sentence for finding in self.findings.results if not finding.ok]

    @cached_property
    def prepared(self) -> Prepared:
        """Splits, encoder and encoded rows."""
        return intake.prepare_case(self.case, self.table)

    @cached_property
    def hints(self) -> list[Hint]:
        """Hints that are looked for before training."""
        return hints.hints_of(self.case, self.table, self.prepared)

    @cached_property
    def bundle(self) -> Path:
        """Folder of the bundle of the fitted family, written as a worker writes it."""
        handed, trained, made = (self.home / name for name in ("handed", "trained", "made"))
        for split in TRAINING_SPLITS:
            write_batch(handed / split, self.prepared.batches[split])
        for folder in (handed / "encoder", trained, made):
            folder.mkdir(parents=True, exist_ok=True)
        self.prepared.encoder.save(handed / "encoder")
        with threadpool_limits(1):  # threads of many small fits wait for each other most of the time
            train.fit(handed, self.family, _PARAMS.get(self.family, {}), 7, trained)
        usecase = self.case.usecase
        plan = variants.Plan(NAME, usecase.task, usecase.modality, self.family, self.family, usecase.options)
        variants.make(trained, trained, handed, plan, made)
        return made / variants.FLOAT / FOLDER

    @cached_property
    def predictor(self) -> Predictor:
        """What answers, in `minnow predict` and in the service."""
        return Predictor(self.bundle)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Scores on the exam, from the bundle's files."""
        return evaluate.evaluate(open_bundle(self.bundle), self.prepared.tables["test"])

    @property
    def score(self) -> float:
        """The score on the exam by the measure that decides."""
        return self.evaluation.primary.value

    @cached_property
    def decision(self) -> Decision:
        """What is decided of this model where there is no champion yet."""
        val = evaluate.evaluate(open_bundle(self.bundle), self.prepared.tables["val"])
        evaluate.record(val, "val")
        origin = Origin("", self.family, {}, 7, 1, "", "", "")
        candidate = Candidate(Trained(self.family, self.bundle, origin, True), variants.FLOAT, val, _TIMING, {})
        chosen = Finalists({"cpu": finalists.choose(self.case, "cpu", [candidate])})
        judged = outcome.judge_case(self.case, [candidate], self.prepared, {"cpu": Incumbents()}, chosen, self.hints)
        (decision,) = judged.decisions
        return decision

    @property
    def decided(self) -> str:
        """All that the decision says."""
        return "\n".join([*self.decision.reasons, *(hint.text for hint in self.decision.hints)])

    @property
    def family(self) -> str:
        """The family that is fitted: a fast one."""
        usecase = self.case.usecase
        return _FAMILIES.get((usecase.modality, usecase.task), "gboost")

    def inputs(self, place: Path) -> list[Any]:
        """What `minnow predict` reads of a file."""
        predictor = self.predictor
        return list(predictor.modality.from_file(place, predictor.options, predictor.encoder))

    @cached_property
    def own_inputs(self) -> list[Any]:
        """What `minnow predict` reads of the training file."""
        return self.inputs(self.written.asked)

    def answers(self, place: Path | None = None) -> list[dict[str, Any]]:
        """Answers of `minnow predict` to a file, by default to the training file."""
        return self.predictor.answer(self.own_inputs if place is None else self.inputs(place))

    def served(self, inputs: Sequence[Any]) -> list[dict[str, Any]]:
        """Answers of the service to inputs of JSON."""
        bodies = [inputs[start : start + _PER_REQUEST] for start in range(0, len(inputs), _PER_REQUEST)]
        posts = [(orjson.dumps({"inputs": body}), "application/json") for body in bodies]
        return [answer for answers in self._post(posts) for answer in answers]

    def served_files(self, files: Sequence[tuple[bytes, str]]) -> list[dict[str, Any]]:
        """Answers of the service to files, (bytes, content type) each."""
        return [answer for answers in self._post(files) for answer in answers]

    def _post(self, posts: Sequence[tuple[bytes, str]]) -> list[list[dict[str, Any]]]:
        pool = ModelPool(list)
        pool.models = {NAME: LoadedModel(f"{NAME}:1", self.predictor)}
        answered = []
        with TestClient(create_app(pool)) as client:
            for body, media in posts:
                response = client.post(
                    f"/{NAME}/{self.predictor.task_name}", content=body, headers={"content-type": media}
                )
                if response.status_code != 200:
                    raise AssertionError(f"{response.status_code}: {response.text}")
                answered.append(response.json()["answers"])
        return answered


def sent(walk: Walk) -> list[Any]:
    """The rows as a client sends them: each row, or the history up to each row of a series."""
    options = walk.case.options
    if not walk.written.series:
        return walk.written.inputs
    return [
        rows[max(0, end - options.length + 1) : end + 1]
        for rows in walk.written.series
        for end in range(options.window - 1, len(rows))
    ]


def check_answers(walk: Walk, every: int = 1) -> None:
    """Check that the entry runs, and that the model answers its own training file, over HTTP too.

    The validation passes; every row, or every full window, has an answer; what is read of the file for a prediction is encoded
    to the arrays that training encodes; and the service gives the same answers to the same rows. every: each how manieth row is
    sent to the service.
    """
    assert walk.failures == [], walk.failures
    answers = [{key: value for key, value in answer.items() if key != "file"} for answer in walk.answers()]
    files, rows = walk.written.files, [] if walk.written.files else sent(walk)
    assert len(answers) == len(files or rows), f"{len(answers)} answers to {len(files or rows)} rows"
    served = walk.served_files(files) if files else walk.served(rows[::every])
    differ = [i for i, (one, other) in enumerate(zip(answers[::every], served, strict=True)) if one != other]
    assert not differ, f"answers {differ[:5]} differ: {answers[::every][differ[0]]} and {served[differ[0]]}"
    _check_arrays(walk, walk.predictor.encoder)


def check_reading(walk: Walk) -> None:
    """Check without a model that the entry runs, and that file and rows of JSON are encoded as training encodes them."""
    assert walk.proposal.questions == []
    assert walk.failures == [], walk.failures
    walk.home.mkdir(parents=True, exist_ok=True)
    walk.prepared.encoder.save(walk.home)
    encoder = walk.case.modality.load_encoder(walk.home)
    own = walk.case.modality.from_file(walk.written.asked, walk.case.options, encoder)
    for inputs in (list(own), sent(walk)):
        if inputs:
            _check_arrays(walk, encoder, inputs)


def _check_arrays(walk: Walk, encoder: Encoder, inputs: list[Any] | None = None) -> None:
    """inputs: None for those of the training file."""
    if walk.case.usecase.task == "rank":
        return  # a row of the log asks for its user, an example is all of a user's rows
    module = walk.case.modality
    parsed = module.parse(walk.own_inputs if inputs is None else inputs, encoder)
    examples = module.examples(walk.table, walk.case.options).columns
    asked, trained = encoder.encode(parsed), encoder.encode(examples)
    places = np.arange(len(next(iter(trained.values()))))
    if STAMP in examples:
        place = {key: i for i, key in enumerate(_moments(parsed))}
        places = np.array([place[key] for key in _moments(examples)])
    else:
        assert len(next(iter(asked.values()))) == len(places), "every row is asked"
    for name, value in trained.items():
        np.testing.assert_array_equal(asked[name][places], value, err_msg=name)


def _moments(columns: Columns) -> list[tuple[str, int]]:
    """Series and time of each window."""
    stamps = columns[STAMP].tolist()
    series = columns[SERIES].tolist() if SERIES in columns else [""] * len(stamps)
    return list(zip(series, stamps, strict=True))
