"""The page of a certificate: verdict, figures and classes, and the same bytes every time."""

from __future__ import annotations

import numpy as np
from certifying import BOUNDS, evaluated, labelled, rows_of

from minnow.insight import certificates
from minnow.stages.certificate import certify

TARGET = np.r_[np.full(60, 2), np.arange(2940) % 2]


def _spoilt():
    batch = rows_of(TARGET, ("no", "yes", "<b>rare"))
    ours = labelled(batch, np.where(np.arange(3000) < 30, 0, TARGET))
    return certify(ours, labelled(batch, TARGET, variant="float32"), {}, BOUNDS)


def test_the_page_says_verdict_reasons_figures_and_the_class_that_lost_most_first(tmp_path):
    made = _spoilt()
    path = certificates.write(made, tmp_path)
    text = path.read_text()
    assert path.name == "certificate.html"
    assert '<span class="mark">refused</span>' in text
    assert "It loses 0.5000 of the recall of &#x27;&lt;b&gt;rare&#x27;" in text
    assert "<b>rare" not in text
    assert "1.00% (0.70% to 1.42%) of 3,000 rows" in text
    assert text.index("<td>&lt;b&gt;rare</td>") < text.index("<td>no</td>")
    assert made.sha in text
    assert made.parent_sha in text
    assert "http" not in text.replace("https://", "http://").split("<style>")[0]
    assert certificates.write(made, tmp_path).read_text() == text


def test_the_page_of_numbers_has_quantiles_and_no_classes():
    batch = rows_of(np.linspace(0, 1, 50, dtype=np.float32), task="regress")
    ours, theirs = (evaluated(batch, {"value": np.linspace(0, end, 50)}) for end in (1.1, 1.0))
    text = certificates.page(certify(ours, theirs, {}, BOUNDS))
    assert "Quantiles of the answer minus that of the parent" in text
    assert "100%: 0.1" in text
    assert "Recall of each class" not in text
