"""Names of users in Markdown."""

import mistune
import pytest

from minnow.records.markdown import plain

NAMES = [
    "pulse [/min]",
    "a|b",
    "<b>x</b>",
    "*x*",
    "_x_",
    "`x`",
    "[x](y)",
    "\\",
    "![x](y)",
    "a_b_c",
    "{x}",
    "%s",
    ":smile:",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_written(name):
    page = mistune.create_markdown(plugins=["table"], escape=True)
    assert plain_text(page(f"- labels: {plain(name)}")) == f"labels: {name}"
    table = page(f"| measure | value |\n|---|---|\n| {plain(name)} | 1 |\n")
    assert f"<td>{escaped(name)}</td>" in table


def test_a_name_of_two_lines_stays_in_its_line():
    assert plain("a\nb\r\nc") == "a b c"
    assert plain("item_01") == "item_01"


def escaped(name):
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_text(page):
    return (
        page.strip().removeprefix("<ul>\n<li>").removesuffix("</li>\n</ul>").replace("&lt;", "<").replace("&gt;", ">")
    )
