"""Forecast: predict the value of a series one horizon ahead; scored as in `regress`."""

from __future__ import annotations

from minnow.tasks import regress

CAPABILITIES = regress.CAPABILITIES
OUTPUT, ANSWER = regress.OUTPUT, regress.ANSWER
MEASURES, FURTHER_MEASURES = regress.MEASURES, regress.FURTHER_MEASURES
classes, encode = regress.classes, regress.encode
outputs_from_answers, flips = regress.outputs_from_answers, regress.flips
baselines, answers = regress.baselines, regress.answers
