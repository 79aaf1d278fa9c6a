"""Capabilities of texts: how many of their words the encoder knows, and the file that an answer is for."""

from __future__ import annotations

import numpy as np

from minnow.contracts import ModalityCapabilities
from minnow.modalities.text.encoder import TextEncoder
from minnow.modalities.text.ngrams import SPECIAL
from minnow.modalities.text.request import about
from minnow.types import Array, Columns


def _unknown(inputs: Columns, encoder: TextEncoder) -> Array | None:
    """Share of the words of each text without an id of their own, (n,); None where the options choose which words are known.

    That is so with selected n-grams, and where models read characters.
    """
    if encoder.ngram_vocabulary or encoder.char_ngrams:
        return None
    words = (inputs["tokens"] > 0).sum(axis=1)
    known = (inputs["tokens"] >= SPECIAL).sum(axis=1)
    return np.where(words > 0, 1 - known / np.maximum(words, 1), 0.0)


CAPABILITIES = ModalityCapabilities(unknown=_unknown, about=about)
