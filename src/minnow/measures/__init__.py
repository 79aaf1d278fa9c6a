"""Measures: scores with intervals, paired tests, latency of a runner."""

from minnow.measures.scores import score, score_all

__all__ = ["score", "score_all"]
