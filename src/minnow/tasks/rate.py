"""Rate: predict the rating of an item by a user: a number as in `regress`, judged by the root mean squared error."""

from __future__ import annotations

from minnow.tasks import regress

CAPABILITIES = regress.CAPABILITIES
OUTPUT, ANSWER = regress.OUTPUT, regress.ANSWER
classes, encode, outputs_from_answers = regress.classes, regress.encode, regress.outputs_from_answers
flips, baselines, answers = regress.flips, regress.baselines, regress.answers

_BY_NAME = {measure.name: measure for measure in regress.MEASURES}
MEASURES = tuple(_BY_NAME[name] for name in ("rmse", "mae", "r2"))
FURTHER_MEASURES = regress.FURTHER_MEASURES
