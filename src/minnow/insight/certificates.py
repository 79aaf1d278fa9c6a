"""The page of a certificate: what a variant changes of its parent's answers, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from minnow.insight.pages import render
from minnow.records.certificate import REFUSED, Certificate, ClassChange
from minnow.types import Score

HTML = "certificate.html"
Lines = Sequence[tuple[str, str]]
"""What was measured, and the figure."""


def write(certificate: Certificate, folder: Path) -> Path:
    """Write certificate.html to a folder, the same bytes for the same certificate. Returns its path."""
    path = folder / HTML
    path.write_text(page(certificate), encoding="utf-8")
    return path


def page(one: Certificate) -> str:
    """Render the page: verdict and reasons first, then the figures, then the classes that lose most."""
    kind = "failed" if one.verdict == REFUSED else "passed"
    said = "".join(f"<li>{escape(reason)}</li>\n" for reason in one.reasons)
    compared = f"compared with {escape(one.parent)} on {one.rows:,} rows of val at the one-sided level {one.level:g}"
    body = f"""<p class="{kind}"><span class="mark">{one.verdict}</span>, {compared}.</p>
<ul>
{said}</ul>
{_table(("Measured", "Figure"), (*_figures(one), *_identity(one)))}"""
    if one.classes:
        heads = (
            "Class",
            "Rows",
            f"Recall of {one.parent}",
            f"Recall of {one.variant}",
            "Loss",
            "Interval, adjusted",
            "p, adjusted",
        )
        ordered = sorted(one.classes, key=lambda change: (-change.loss, change.label))
        body += f"<h2>Recall of each class</h2>\n{_table(heads, map(_of_class, ordered))}"
    title = f"{one.usecase}: certificate of {one.variant}"
    return render(f"{title}, {one.verdict}", title, body)


def _figures(one: Certificate) -> Lines:
    """The figures of a certificate."""
    measured, name = one.measured, one.measured.measure
    lines = [
        ("Answers that differ", _share(one.flips)),
        (name, f"{measured.variant:.6g}, parent {measured.parent:.6g}"),
        (f"Loss of {name}", f"{measured.loss:+.4g}, at most {_bound(measured.upper)}; margin {one.margin:.4g}"),
        (
            "Smallest difference that these rows show",
            f"{_bound(measured.detectable)} of {measured.n:,} rows or groups of rows",
        ),
        (
            "Rows or groups of rows needed to show one margin",
            "not known" if measured.needed is None else f"{measured.needed:,}",
        ),
    ]
    if (calibration := one.calibration) is not None:
        change = f"{calibration.change:+.4f} ({_bound(calibration.low)} to {_bound(calibration.high)})"
        lines.append(
            ("Expected calibration error", f"{calibration.variant:.4f}, parent {calibration.parent:.4f}: {change}")
        )
    if (worst := one.worst) is not None:
        lines.append(("Where most answers differ", f"{' and '.join(worst.conditions)}: {_share(worst.flips)}"))
    if (change_of := one.change) is not None:
        quantiles = ", ".join(f"{float(q):.0%}: {value:.4g}" for q, value in change_of.quantiles.items())
        lines.append((f"Quantiles of the {change_of.name}", quantiles))
    return lines


def _identity(one: Certificate) -> Lines:
    """Which files were compared."""
    saved = f"{one.size_bytes:,}, parent {one.parent_size_bytes:,}"
    lines = [
        ("Bytes of model and encoder", saved),
        ("Compared", f"{one.sha}, parent {one.parent_sha}"),
        ("Rows", one.fingerprint),
    ]
    if one.shipped:
        lines.append(
            ("Shipped, fitted again on train and val", f"{one.shipped}, parent {one.shipped_parent or 'not made'}")
        )
    return lines


def _of_class(one: ClassChange) -> tuple[str, ...]:
    interval = f"{_bound(one.low)} to {_bound(one.high)}" if one.can_tell else "too few rows to tell"
    return (
        one.label,
        f"{one.rows:,}",
        f"{one.parent:.4f}",
        f"{one.variant:.4f}",
        f"{one.loss:+.4f}",
        interval,
        f"{one.p:.2g}",
    )


def _share(score: Score) -> str:
    return f"{score.value:.2%} ({score.low:.2%} to {score.high:.2%}) of {score.n:,} rows or groups of rows"


def _bound(value: float | None) -> str:
    return "no bound" if value is None else f"{value:.4g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    lines = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>\n"
