"""Forecast: an answer is the number that a series will show a horizon from now. Its errors are those of `regress`."""

from __future__ import annotations

from minnow.tasks import regress

OUTPUT, BINARY_LOSS, MARGIN, ANSWER, MEASURES = (
    regress.OUTPUT,
    regress.BINARY_LOSS,
    regress.MARGIN,
    regress.ANSWER,
    regress.MEASURES,
)
loss, margin, vocabulary, encode = regress.loss, regress.margin, regress.vocabulary, regress.encode
flips, baselines, answers, stated = regress.flips, regress.baselines, regress.answers, regress.stated
