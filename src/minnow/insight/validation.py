"""The report of a validation: JSON for programs, and one HTML page that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from minnow.insight.pages import render
from minnow.records.files import write_json
from minnow.records.hint import Hint
from minnow.stages.validate import Finding, Findings

JSON, HTML = "validation.json", "validation.html"


def write(findings: Findings, hints: Sequence[Hint], folder: Path) -> Path:
    """Write validation.json and validation.html to a folder, the same bytes for the same findings.

    hints: what inflates a score, or what an exam cannot show. Returns the path of the page.
    """
    facts = {"usecase": findings.usecase, "ok": findings.ok, "rows": findings.rows}
    results = [finding.as_json() for finding in findings.results]
    said = {"notices": [asdict(notice) for notice in findings.notices], "hints": [hint.as_json() for hint in hints]}
    write_json(folder / JSON, {**facts, "results": results, **said})
    path = folder / HTML
    path.write_text(page(findings, hints), encoding="utf-8")
    return path


def page(findings: Findings, hints: Sequence[Hint] = ()) -> str:
    """Render the page, failed checks first."""
    count, failed = len(findings.results), sum(not finding.ok for finding in findings.results)
    verdict = f"{failed} of {count} checks failed" if failed else f"All {count} checks passed"
    sections = _list("How the files were read", [notice.text for notice in findings.notices])
    sections += _list("Hints", [hint.text for hint in hints])
    lines = "\n".join(_line(finding) for finding in sorted(findings.results, key=lambda finding: finding.ok))
    body = f"""<p>{verdict} on {findings.rows:,} rows.</p>
{sections}<table>
<thead><tr><th>Result</th><th>Expected</th><th>Found</th><th>Rows, at most ten</th></tr></thead>
<tbody>
{lines}
</tbody>
</table>
"""
    return render(f"{findings.usecase}: {verdict}", findings.usecase, body)


def _list(title: str, texts: Sequence[str]) -> str:
    """Render a section of sentences; nothing where there is none."""
    items = "".join(f"<li>{escape(text)}</li>\n" for text in texts)
    return f"<h2>{title}</h2>\n<ul>\n{items}</ul>\n" if texts else ""


def _line(finding: Finding) -> str:
    kind, mark = ("passed", "✓ passed") if finding.ok else ("failed", "✗ failed")
    examples = "<br>".join(f"<code>{escape(row)}</code>" for row in finding.examples)
    expected = f'{escape(finding.demand)}<br><span class="why">{escape(finding.why)}</span>'
    cells = f"<td>{expected}</td><td>{escape(finding.outcome)}</td><td>{examples}</td>"
    return f'<tr class="{kind}"><td class="mark">{mark}</td>{cells}</tr>'
