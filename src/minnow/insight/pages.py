"""The frame of HTML pages that load nothing from elsewhere."""

from __future__ import annotations

from html import escape

_STYLE = """
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


def render(title: str, heading: str, body: str) -> str:
    """Render a page. title, heading: text; body: HTML, with a newline at its end."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(heading)}</h1>
{body}</body>
</html>
"""
