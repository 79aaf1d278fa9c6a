"""The page of a front: every model in the plot and in a table, nothing loaded from elsewhere."""

import re
import xml.etree.ElementTree as ET

from minnow.config import Budget
from minnow.insight import front_page, fronts
from minnow.stages.judge import Rules
from minnow.tuning import front
from minnow.types import Score

RULES = Rules(binary=True, level=0.05, margin=0.01, higher_is_better=True)


def found(budget=None, names=("cnn", "linear", "odd<name>")):
    points = []
    for number, (entry, loss, size) in enumerate(zip(names, (0.02, 0.1, 0.2), (20_000, 4_000, 9_000), strict=True), 1):
        score = Score(1 - loss, 1 - 2 * loss, 1.0, 100)
        why = "it loses .2 of the recall of 'a'" if number == 1 else None
        points.append(
            front.Point(number, entry, {}, "int8", "int8", {}, score, loss, size, 60.5, 10, 5, str(number), refused=why)
        )
    return front.found(("small", "accuracy"), points, None, RULES, budget or Budget(), {"complete": 3})


def test_every_point_is_in_the_plot_and_in_a_table():
    page = front_page.page(found(Budget(size_bytes=10_000)))
    plot = ET.fromstring(re.search(r"<svg.*?</svg>", page, re.S)[0])
    groups = list(plot.iter("g"))
    assert len(groups) == 3
    assert {group.find("text").text for group in groups} == {
        "cnn/int8 of trial 1", "linear/int8 of trial 2", "odd<name>/int8 of trial 3"
    }  # fmt: skip
    assert "bytes: 20,000" in "".join(group.find("title").text for group in groups)
    assert page.count("<tr") == 3 + 2, "a row each, and the heads of two tables"
    assert "budget 10 kB" in page
    assert "recall of" in page


def test_a_page_loads_nothing_and_is_the_same_again():
    page = front_page.page(found())
    assert not re.search(r"https?://|src=|<script|@import|url\(", page)
    assert page == front_page.page(found())
    assert "prefers-color-scheme: dark" in page


def test_one_model_alone_has_a_page(tmp_path):
    one = found()
    alone = front.found(("small", "rmse"), one.points[1:2], None, RULES, Budget(), {"complete": 1})
    html, record = front_page.write(alone, tmp_path)
    assert "nan" not in html.read_text()
    assert record.read_text().startswith("{")


def test_what_binds_and_by_how_much_is_said():
    assert fronts.said(found(Budget(size_bytes=3_999))).endswith(
        "budget.size_bytes binds. The nearest is linear/int8 of trial 2: 4,000 bytes, 1 over 3,999 (0.0%)."
    )
    assert "60.50 us, 0.10 over 60.40" in fronts.said(found(Budget(p95_us=60.4)))
    assert fronts.said(found()).startswith("Chosen without a budget: linear/int8 of trial 2")
