"""Forecast: predict the value of a series one horizon ahead; scored as in `regress`."""

from __future__ import annotations

from minnow.tasks import regress

CAPABILITIES = regress.CAPABILITIES
OUTPUT, BINARY_LOSS = regress.OUTPUT, regress.BINARY_LOSS
ANSWER, MEASURES = regress.ANSWER, regress.MEASURES
loss, margin, classes, encode = regress.loss, regress.margin, regress.classes, regress.encode
outputs_from_answers, flips = regress.outputs_from_answers, regress.flips
baselines, answers = regress.baselines, regress.answers
