"""Pages about what is served: HTML for people, JSON for programs. No page loads a script or style from elsewhere."""

from __future__ import annotations

import shlex
from html import escape
from typing import Any

import orjson

from minnow import __version__
from minnow.serving.pool import LoadedModel, ModelPool
from minnow.serving.request import JSON, KEYS, MOST_ITEMS

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:54rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}a{color:#0b5fad}
pre{background:#f3f5f7;padding:.75rem 1rem;overflow:auto;border-radius:6px;white-space:pre-wrap;word-break:break-all}
code{font-family:ui-monospace,monospace;font-size:.875rem}table{border-collapse:collapse}td,th{text-align:left;
padding:.2rem 1rem .2rem 0;vertical-align:top}.refused{color:#9a1b1b}
@media(prefers-color-scheme:dark){body{color:#e3e7eb;background:#14171a}pre{background:#20252a}a{color:#7db8f0}
.refused{color:#f2a1a1}}
"""


def index(pool: ModelPool, base_url: str) -> str:
    """Render the page at /: every use case with a request to copy. base_url: the address that the caller used."""
    parts = ["<h1>Minnow</h1>"]
    for usecase, model in sorted(pool.models.items()):
        parts += [
            f"<h2>{escape(usecase)}</h2>",
            f"<p>{_about(model)}</p>",
            f"<pre><code>{escape(_curl(usecase, model, base_url))}</code></pre>",
        ]
    if not pool.models:
        parts.append("<p>No model is served yet. <code>minnow run</code> trains, judges and publishes models.</p>")
    parts += [f"<p class=refused>{escape(reason)}</p>" for _, reason in sorted(pool.refused.items())]
    parts += [f"<p>{escape(usecase)} is retired: none of its models is served.</p>" for usecase in sorted(pool.retired)]
    parts.append("<p><a href=docs>Reference</a> · <a href=openapi.json>OpenAPI</a> · <a href=models>Models</a></p>")
    return _html("Minnow", parts)


def docs(pool: ModelPool) -> str:
    """Render the page at /docs: the OpenAPI document for people."""
    document = openapi(pool)
    parts = [f"<h1>{escape(document['info']['title'])}</h1><p>{escape(document['info']['description'])}</p>"]
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            parts += _operation(path, method, entry)
    return _html("Minnow: reference", parts)


def models(pool: ModelPool) -> dict[str, Any]:
    """List the models that are served, and why a newer one is not."""
    served = [
        {
            "tag": model.tag,
            "url": f"/{usecase}/{model.predictor.task_name}",
            "task": model.predictor.task_name,
            "modality": model.predictor.modality_name,
            **model.predictor.about,
        }
        for usecase, model in sorted(pool.models.items())
    ]
    return {"models": served, "refused": pool.refused, "retired": sorted(pool.retired)}


def openapi(pool: ModelPool, most_bytes: int | None = None, most_inputs: int | None = None) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document of what is served now."""
    limits = f" A body may hold {most_bytes} bytes and {most_inputs} inputs." if most_bytes else ""
    get = {"get": {"summary": "Models served, and why a newer one is not", "responses": {"200": _ok("Models", {})}}}
    paths = {
        f"/{usecase}/{model.predictor.task_name}": {"post": _post(usecase, model)}
        for usecase, model in sorted(pool.models.items())
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Minnow",
            "version": __version__,
            "description": f"Every answer names the model, the data and the code that made it.{limits}",
        },
        "paths": paths | {"/models": get},
    }


def _post(usecase: str, model: LoadedModel) -> dict[str, Any]:
    predictor = model.predictor
    content: dict[str, Any] = {JSON: {"schema": _question(model)}}
    if predictor.example is not None:
        content[JSON]["example"] = {"inputs": [predictor.example]}
    raw = {"schema": {"type": "string", "format": "binary"}}
    content |= dict.fromkeys(predictor.media, raw)
    refusals = {
        "400": "The body is not JSON",
        "404": "No such use case or task",
        "413": "The body is too long, or holds too many inputs",
        "415": "A content type that this use case does not take",
        "422": "An input that this use case cannot read",
    }
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    return {
        "operationId": f"{usecase}-{predictor.task_name}",
        "summary": f"{usecase}: {predictor.task_name} {predictor.modality_name}",
        "requestBody": {"required": True, "content": content},
        "responses": {"200": _ok("Answers, in the order of the inputs", _answer(model))}
        | {status: _ok(what, error) for status, what in refusals.items()},
    }


def _question(model: LoadedModel) -> dict[str, Any]:
    inputs, k = KEYS
    items = {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "description": "How many items a ranking lists"}
    return {
        "type": "object",
        "required": [inputs],
        "additionalProperties": False,
        "properties": {inputs: {"type": "array", "minItems": 1, "items": model.predictor.request}, k: items},
    }


def _answer(model: LoadedModel) -> dict[str, Any]:
    version = {"type": ["string", "null"]}
    about = {
        "type": "object",
        "properties": {name: {} for name in model.predictor.about["model"]},
    }
    return {
        "type": "object",
        "required": ["answers", "model", "data_version", "code_version"],
        "properties": {
            "answers": {"type": "array", "items": model.predictor.task.ANSWER},
            "model": about,
            "data_version": version,
            "code_version": version,
        },
    }


def _ok(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _operation(path: str, method: str, entry: dict[str, Any]) -> list[str]:
    parts = [f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(entry['summary'])}</p>"]
    for media, content in entry.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{escape(media)}</code></p>{_code(content['schema'])}")
        if "example" in content:
            parts.append(f"<p>Example</p>{_code(content['example'], indent=False)}")
    rows = []
    for status, response in entry["responses"].items():
        rows.append(f"<tr><td><code>{status}</code><td>{escape(response['description'])}")
    schema = entry["responses"]["200"]["content"][JSON]["schema"]
    return [*parts, f"<table>{''.join(rows)}</table>", f"<p>Answer</p>{_code(schema)}" if schema else ""]


def _code(value: Any, indent: bool = True) -> str:
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else 0).decode()
    return f"<pre><code>{escape(text)}</code></pre>"


def _about(model: LoadedModel) -> str:
    predictor = model.predictor
    name = predictor.bundle.name
    return escape(f"{predictor.task_name} {predictor.modality_name}: {name}, {model.tag}, sha {predictor.sha[:12]}")


def _curl(usecase: str, model: LoadedModel, base_url: str) -> str:
    url = f"{base_url.rstrip('/')}/{usecase}/{model.predictor.task_name}"
    body = orjson.dumps({"inputs": [model.predictor.example]}).decode()
    return f"curl {shlex.quote(url)} -H 'content-type: {JSON}' -d {shlex.quote(body)}"


def _html(title: str, parts: list[str]) -> str:
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{escape(title)}</title>"
    return f"<!doctype html><html lang=en><head>{head}<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
