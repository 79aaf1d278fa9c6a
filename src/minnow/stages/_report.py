"""A validation report as one HTML page that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
table { border-collapse: collapse; width: 100%; margin-top: 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid #dde2ea; }
th { font-weight: 600; background: #f4f6f9; }
.failed td { background: #fdf1f0; }
.mark { font-weight: 600; white-space: nowrap; }
.passed .mark { color: #1c7a3f; }
.failed .mark { color: #b3261e; }
.why { color: #5b6575; }
code { font: 14px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { background: #14181f; color: #e4e8ee; } th { background: #1f2630; } th, td { border-color: #323b48; }
  .failed td { background: #33201f; } .why { color: #a2acba; }
  .passed .mark { color: #63c88a; } .failed .mark { color: #ff8a80; }
}
"""


def demand(result: dict[str, Any]) -> str:
    """Say in words what was expected: "column 'label': values to not be null"."""
    words = result["expectation"].removeprefix("expect_").removeprefix("table_").removeprefix("column_")
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result["settings"].items())
    column = f"column '{result['column']}': " if result["column"] else ""
    return column + words.replace("_", " ") + (f" ({settings})" if settings else "")


def outcome(result: dict[str, Any]) -> str:
    """Say in words what was found: "3 rows (0.10 %): '', 'x'"."""
    if result.get("error"):
        return f"could not be judged: {result['error'].strip().splitlines()[-1][:200]}"
    if result["rows"] is not None:
        values = ", ".join(repr(value) for value in result["observed"])
        return f"{result['rows']:,} rows ({100 * result['share']:.2f} %)" + (f": {values}" if values else "")
    if result["observed"] is None:
        return "yes" if result["ok"] else "no"
    observed = result["observed"]
    return f"{observed:,}" if isinstance(observed, int | float) else str(observed)


def sentence(result: dict[str, Any]) -> str:
    """Put a result into one line: what was expected, why, what was found, and where."""
    rows = f", such as {', '.join(result['examples'])}" if result["examples"] else ""
    return f"{demand(result)}, because {result['why']}. Found: {outcome(result)}{rows}."


def page(usecase: str, rows: int, results: Sequence[dict[str, Any]], hints: Sequence[str] = ()) -> str:
    """Render the page, failed expectations first."""
    failed = sum(not result["ok"] for result in results)
    verdict = (
        f"{failed} of {len(results)} expectations failed" if failed else f"All {len(results)} expectations are met"
    )
    noted = "".join(f"<li>{escape(hint)}</li>\n" for hint in hints)
    aside = f"<h2>Hints</h2>\n<ul>\n{noted}</ul>\n" if hints else ""
    lines = "\n".join(_line(result) for result in sorted(results, key=lambda result: result["ok"]))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(usecase)}: {verdict}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(usecase)}</h1>
<p>{verdict} on {rows:,} rows.</p>
{aside}<table>
<thead><tr><th>Result</th><th>Expected</th><th>Found</th><th>Rows, at most ten</th></tr></thead>
<tbody>
{lines}
</tbody>
</table>
</body>
</html>
"""


def _line(result: dict[str, Any]) -> str:
    kind, mark = ("passed", "✓ met") if result["ok"] else ("failed", "✗ failed")
    examples = "<br>".join(f"<code>{escape(row)}</code>" for row in result["examples"])
    expected = f'{escape(demand(result))}<br><span class="why">{escape(result["why"])}</span>'
    cells = f"<td>{expected}</td><td>{escape(outcome(result))}</td><td>{examples}</td>"
    return f'<tr class="{kind}"><td class="mark">{mark}</td>{cells}</tr>'
